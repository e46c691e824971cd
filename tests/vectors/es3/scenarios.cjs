// Documents in some order, what the real stores do with each, and what they then hold.
'use strict';
const { NOW, WORKSPACE, at, authors, compared, draft, reference, signed } = require('./world.cjs');

const EARLY = NOW - 2000000;
const LATE = NOW - 1000000;
const FOURTEEN = 20000000000000; // digits; as text it is past every document of our time
const path = '/wiki/shared/Bees';

function by(name, timestamp, over = {}) {
    const keypair = authors[name];
    return signed(draft({ author: keypair.address, timestamp, ...over }), keypair);
}

// The same moment and author, another value: the signatures decide.
function tied() {
    const pair = [by('suzy', LATE, { value: 'one' }), by('suzy', LATE, { value: 'two' })];
    return pair.sort((a, b) => (a.signature < b.signature ? -1 : 1));
}

const early = by('suzy', EARLY);
const late = by('suzy', LATE, { value: 'They sing.' });
const others = by('matt', EARLY - 1);
const deleted = by('suzy', NOW, { value: '' });
const old = by('suzy', FOURTEEN, { value: 'as old as the hills' });
const [smaller, larger] = tied();
const lengthened = {
    ...early,
    signature: reference.encodeSig(Buffer.concat([reference.decodeSig(early.signature), Buffer.from([9])])),
};
const elsewhere = by('suzy', LATE, { path: '/wiki/shared/Ants' });
const invalid = { ...late, value: 'They do not.' };
const future = by('suzy', NOW + 600000001);
const ofEs4 = {
    format: 'es.4', workspace: WORKSPACE, path, contentHash: 'b', content: '', author: '@suzy.b',
    timestamp: LATE, deleteAfter: null, signature: 'b',
};

const orders = {
    'a newer one replaces an older one': [early, late],
    'an older one is ignored': [late, early],
    'the same one is ignored': [early, early],
    'the larger signature replaces the smaller at one moment': [smaller, larger],
    'the smaller signature is ignored at one moment': [larger, smaller],
    'two at one moment, again and again': [smaller, larger, smaller, larger],
    'every author has a version': [early, others],
    'every author has a version, the other way round': [others, late, early],
    'fourteen digits replace sixteen': [late, old],
    'sixteen digits do not replace fourteen': [old, late],
    'an empty value is a version like any': [late, deleted],
    'and may be written over': [by('suzy', NOW - 1, { value: '' }), by('suzy', NOW, { value: 'back' })],
    'an empty value of one author hides nothing of another': [others, deleted],
    'two paths': [late, elsewhere],
    'an invalid one changes nothing': [early, invalid, late],
    'one from the future changes nothing': [early, future],
    'a document of es.4 is not for these programs': [ofEs4, early],
    'one of another workspace': [{ ...early, workspace: '+gardening.Enemies' }, late],
    'five authors': Object.keys(authors).map((name, number) => by(name, LATE + number)),
    'five authors, then again': [4, 2, 0, 3, 1, 0].map((number, turn) =>
        by(Object.keys(authors)[number], LATE + (turn % 3))
    ),
    'the same key under another name is another author': [
        early, signed(draft({ author: `@fern.${authors.suzy.address.slice(6)}`, timestamp: EARLY })),
    ],
    // Anybody can make one; the text of its rank is the larger one, or is not.
    'a lengthened signature': [early, lengthened],
};

function run([tests, documents]) {
    const ask = (program) =>
        at(NOW, () => {
            const store = new program.StorageMemory([program.ValidatorEs3], WORKSPACE);
            const results = documents.map((document) =>
                store.ingestDocument(document) ? 'accepted' : 'refused'
            );
            const held = store.documents({ includeHistory: true }).map((document) =>
                documents.findIndex((one) => JSON.stringify(one) === JSON.stringify(document))
            );
            const latest = store.documents().map((document) =>
                documents.findIndex((one) => JSON.stringify(one) === JSON.stringify(document))
            );
            return { results, held, latest, paths: store.paths(), authors: store.authors() };
        });
    const refused = tests === 'a lengthened signature' || undefined;
    return { category: 'ingest', tests, refused, docs: documents.map((one) => JSON.stringify(one)), ...compared(ask, 'expect') };
}

module.exports = Object.entries(orders).map(run);
