// A real Earthstar client, driven over its standard streams: one JSON command a line in
// (ASCII only: readline also splits at U+2028), one JSON answer a line out. It owns one storage of one workspace for as long as it runs.
//
// node client.js PACKAGE WORKSPACE [SQLITE_FILE]      PACKAGE: earthstar-5 or earthstar-6
//
//   {"do": "write", "documents": [{author, path, content, timestamp?, deleteAfter?}, …]}
//   {"do": "ingest", "documents": [signed documents]}     what the storage said of each
//   {"do": "documents"}                                   all of them, history included
//   {"do": "sync", "url": "…"}       one round of syncLocalAndHttp
//   {"do": "press", "url": "…"}      the Syncer behind the apps' sync button
//
// Authors are named by their four-letter shortname; a keypair is made at first use.
'use strict';
const { Console } = require('console');
const readline = require('readline');

global.console = new Console(process.stderr); // 5.x chats on stdout, which is ours

const [packageName, workspace, sqliteFile] = process.argv.slice(2);
const earthstar = require(packageName);
const isFive = packageName === 'earthstar-5';
const storage = openStorage();
const keypairs = new Map();

function openStorage() {
    const validators = [earthstar.ValidatorEs4];
    if (!sqliteFile) {
        return new earthstar.StorageMemory(validators, workspace);
    }
    const mode = 'create-or-open';
    return new earthstar.StorageSqlite({ mode, workspace, validators, filename: sqliteFile });
}

const commands = {
    write: ({ documents }) => documents.forEach(write),
    ingest: ({ documents }) => documents.map(ingest),
    documents: () => storage.documents(isFive ? { includeHistory: true } : { history: 'all' }),
    sync: ({ url }) => timed(() => earthstar.syncLocalAndHttp(storage, url)),
    press: ({ url }) => press(url),
};

function write({ author, ...document }) {
    const result = storage.set(keypair(author), { format: 'es.4', ...document });
    if (earthstar.isErr(result)) {
        throw result;
    }
}

function keypair(shortname) {
    if (!keypairs.has(shortname)) {
        keypairs.set(shortname, earthstar.generateAuthorKeypair(shortname));
    }
    return keypairs.get(shortname);
}

function ingest(document) {
    const result = storage.ingestDocument(document, 'harness');
    return earthstar.isErr(result) ? `${result.name}: ${result.message}` : String(result);
}

async function timed(round) {
    const begun = performance.now();
    const { pull, push, pushStats } = await round();
    const seconds = (performance.now() - begun) / 1000;
    return { pull, push: push || pushStats || null, seconds }; // 5.x says pushStats
}

async function press(url) {
    const syncer = new (earthstar.Syncer1 || earthstar.Syncer)(storage);
    syncer.addPub(url);
    const rejected = await syncer.sync().then(() => null, String);
    const { syncState, pubs } = syncer.state;
    return { button: syncState, pub: pubs[0].syncState, rejected };
}

async function main() {
    for await (const line of readline.createInterface({ input: process.stdin })) {
        process.stdout.write(JSON.stringify(await answer(JSON.parse(line))) + '\n');
    }
    storage.close();
}

async function answer(command) {
    try {
        return { value: (await commands[command.do](command)) ?? null };
    } catch (error) {
        return { rejected: `${error.name}: ${error.message}` };
    }
}

main();
