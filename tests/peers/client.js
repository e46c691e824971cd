// A real Earthstar client, driven over its standard streams: one JSON command a line in
// (ASCII only: readline also splits at U+2028), one JSON answer a line out. It owns one storage of one workspace for as long as it runs.
//
// node client.js PACKAGE WORKSPACE [SQLITE_FILE]      PACKAGE: earthstar-2, -3, -5 or -6
//
//   {"do": "write", "documents": [{author, path, content, timestamp?, deleteAfter?}, …]}
//   {"do": "ingest", "documents": [signed documents]}     what the storage said of each
//   {"do": "documents"}                                   all of them, history included
//   {"do": "sync", "url": "…"}       one round of syncLocalAndHttp
//   {"do": "press", "url": "…"}      the Syncer behind the apps' sync button
//   {"do": "follow", "url": "…"}     sync, and from then on live (earthstar-5 and -6)
//   {"do": "expect", "path": "…"}    look out for what somebody else writes there
//   {"do": "arrived"}                wait for it: the document, and when it came in µs
//
// Authors are named by their four-letter shortname; a keypair is made at first use.
// 2.x and 3.x write es.3, whose documents have a value instead of a content.
'use strict';
const { Console } = require('console');
const readline = require('readline');

global.console = new Console(process.stderr); // before 6 they chat on stdout, ours

const [packageName, workspace, sqliteFile] = process.argv.slice(2);
const earthstar = require(packageName);
const writesEs3 = 'ValidatorEs3' in earthstar;
const saysHistory = packageName === 'earthstar-6' ? { history: 'all' } : { includeHistory: true };
const storage = openStorage();
const keypairs = new Map();
let expected = null; // the promise of a document that is still to come

function openStorage() {
    const validators = [writesEs3 ? earthstar.ValidatorEs3 : earthstar.ValidatorEs4];
    if (!sqliteFile) {
        return new earthstar.StorageMemory(validators, workspace);
    }
    const mode = 'create-or-open';
    return new earthstar.StorageSqlite({ mode, workspace, validators, filename: sqliteFile });
}

const commands = {
    write: ({ documents }) => documents.forEach(write),
    ingest: ({ documents }) => documents.map(ingest),
    documents: () => storage.documents(saysHistory),
    sync: ({ url }) => timed(() => earthstar.syncLocalAndHttp(storage, url)),
    press: ({ url }) => press(url),
    follow: ({ url }) => follow(url),
    expect: ({ path }) => {
        expected = arrival(path);
    },
    arrived: () => expected,
};

function write({ author, content, ...document }) {
    const written = writesEs3
        ? { format: 'es.3', value: content, ...document }
        : { format: 'es.4', content, ...document };
    const result = storage.set(keypair(author), written);
    if (result === false) {
        throw new Error('it was refused'); // es.3 does not say why
    }
    if (isError(result)) {
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
    return isError(result) ? `${result.name}: ${result.message}` : String(result);
}

function isError(result) {
    return result instanceof Error;
}

async function timed(round) {
    const begun = performance.now();
    const { pull, push, pushStats } = await round();
    const seconds = (performance.now() - begun) / 1000;
    return { pull, push: push || pushStats || null, seconds }; // before 6: pushStats
}

async function press(url) {
    const syncer = new (earthstar.Syncer1 || earthstar.Syncer)(storage);
    syncer.addPub(url);
    const rejected = await syncer.sync().then(() => null, String);
    const { syncState, pubs } = syncer.state;
    return { button: syncState, pub: pubs[0].syncState, rejected };
}

// It returns when the stream is open, which they expect a browser to provide.
async function follow(url) {
    global.EventSource = require('eventsource');
    const live = new earthstar.OnePubOneWorkspaceSyncer(storage, url);
    await live.syncOnceAndContinueLive();
    await new Promise((opened) => {
        if (live.pullStream.readyState === EventSource.OPEN) {
            opened();
        }
        live.pullStream.addEventListener('open', opened);
    });
}

function arrival(path) {
    return new Promise((arrived) => {
        const unsubscribe = storage.onWrite.subscribe((event) => {
            if (event.document.path === path && !event.isLocal) {
                unsubscribe();
                arrived({ document: event.document, at: Date.now() * 1000 });
            }
        });
    });
}

async function main() {
    for await (const line of readline.createInterface({ input: process.stdin })) {
        process.stdout.write(JSON.stringify(await answer(JSON.parse(line))) + '\n');
    }
    storage.close?.(); // es.3 knows no end of a storage
}

async function answer(command) {
    try {
        return { value: (await commands[command.do](command)) ?? null };
    } catch (error) {
        return { rejected: `${error.name}: ${error.message}` };
    }
}

main();
