// An app on a page, as small as can be: it holds one workspace in memory, and does what
// it is told. `earthstar` is a real release, loaded before this file. See client.py for
// who tells it; tests/peers/client.js does the same without a browser.
'use strict';

const isThree = 'ValidatorEs3' in earthstar;
const keypairs = new Map();
let storage = null;
let awaited = null; // of a document that is still to come: when it did

const commands = {
    open({ workspace }) {
        const validator = isThree ? earthstar.ValidatorEs3 : earthstar.ValidatorEs4;
        storage = new earthstar.StorageMemory([validator], workspace);
    },
    write: ({ documents }) => documents.forEach(write),
    documents: () => storage.documents({ includeHistory: true }),
    sync: ({ url }) => timed(() => earthstar.syncLocalAndHttp(storage, url)),
    press: ({ url }) => press(url),
    follow: ({ url }) => follow(url),
    expect: ({ path }) => { awaited = arrival(path); },
    arrived: () => awaited,
};

function write({ author, content, ...document }) {
    const written = isThree
        ? { format: 'es.3', value: content, ...document }
        : { format: 'es.4', content, ...document };
    const result = storage.set(keypair(author), written);
    if (result === false || result instanceof Error) {
        throw result || new Error('it was refused');
    }
}

function keypair(shortname) {
    if (!keypairs.has(shortname)) {
        keypairs.set(shortname, earthstar.generateAuthorKeypair(shortname));
    }
    return keypairs.get(shortname);
}

async function timed(round) {
    const begun = performance.now();
    const { pull, pushStats } = await round();
    const seconds = (performance.now() - begun) / 1000;
    return { pull, push: pushStats || null, seconds };
}

async function press(url) {
    const syncer = new earthstar.Syncer(storage);
    syncer.addPub(url);
    const rejected = await syncer.sync().then(() => null, String);
    const { syncState, pubs } = syncer.state;
    return { button: syncState, pub: pubs[0].syncState, rejected };
}

// Live from both sides; it returns when the stream is open.
async function follow(url) {
    const live = new earthstar.OnePubOneWorkspaceSyncer(storage, url);
    await live.syncOnceAndContinueLive();
    await new Promise((opened) => {
        if (live.pullStream.readyState === EventSource.OPEN) {
            opened();
        }
        live.pullStream.addEventListener('open', opened);
    });
}

// The document at that path when somebody else's arrives, and the microsecond it did.
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

async function answer(command) {
    try {
        return { value: (await commands[command.do](command)) ?? null };
    } catch (error) {
        return { rejected: `${error.name}: ${error.message}` };
    }
}
