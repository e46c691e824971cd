// An earthstar-pub from before version 6, of which npm has none: its API, as those pubs
// were seen to answer, over the storage of the real earthstar of their day and behind the
// real Express. It holds what it holds in memory, and takes any workspace.
//
// node old_pub.js VERSION      2.0.2 or 5.6.2
'use strict';
const { createRequire } = require('module');

const ofThePub = createRequire(require.resolve('earthstar-pub'));
const cors = ofThePub('cors');
const express = ofThePub('express');

const API = '/earthstar-api/v1/:workspace';
const VERSIONS = {
    '2.0.2': { earthstar: 'earthstar-2', validator: 'ValidatorEs3', limit: '100kb' },
    '5.6.2': { earthstar: 'earthstar-5', validator: 'ValidatorEs4', limit: '10mb', streams: true },
};
const { earthstar, validator, limit, streams } = VERSIONS[process.argv[2]];
const { StorageMemory, [validator]: format } = require(earthstar);

console.log = () => {}; // the storages chat
const stores = new Map();

const app = express();
app.use(cors());
app.use(express.json({ limit }));
app.get(`${API}/documents`, held((store, req, res) => res.json(store.documents({ includeHistory: true }))));
app.get(`${API}/paths`, held((store, req, res) => res.json(store.paths())));
app.post(`${API}/documents`, express.json({ type: '*/*' }), take);
if (streams) {
    app.get(`${API}/stream`, held(stream));
}
app.get('/', (req, res) => res.send('<!DOCTYPE html><h1>Earthstar Pub</h1>'));
app.listen(0);

function held(answer) {
    return (req, res) => {
        const store = stores.get(req.params.workspace);
        return store ? answer(store, req, res) : res.sendStatus(404);
    };
}

function take(req, res) {
    const { workspace } = req.params;
    if (!stores.has(workspace)) {
        stores.set(workspace, new StorageMemory([format], workspace));
    }
    let numIngested = 0;
    for (const document of req.body) {
        const result = stores.get(workspace).ingestDocument(document);
        numIngested += result === true || result === 'ACCEPTED' ? 1 : 0;
    }
    const numTotal = req.body.length;
    res.json({ numIngested, numIgnored: numTotal - numIngested, numTotal });
}

function stream(store, req, res) {
    res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
    res.write('\n');
    const say = (data) => res.write(`data: ${data}\n\n`);
    say('KEEPALIVE');
    res.write(':\n\n');
    const unsubscribe = store.onWrite.subscribe(({ document }) => say(JSON.stringify(document)));
    const alive = setInterval(() => say('KEEPALIVE'), 28_000);
    req.on('close', () => {
        clearInterval(alive);
        unsubscribe();
    });
}
