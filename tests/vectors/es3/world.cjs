// The two real programs, a fixed clock and fixed authors; and what the programs say.
'use strict';
const crypto = require('crypto');

global.console = new console.Console(require('fs').createWriteStream('/dev/null')); // they chat
const reference = require('earthstar-3');
const older = require('earthstar-2');
const { CryptoChloride } = require('earthstar-3/build/crypto/cryptoChloride.js');

const NOW = 1595750400000000; // 26 July 2020, 08:00
const WORKSPACE = '+gardening.Friends9';
const validator = reference.ValidatorEs3;

function at(now, work) {
    const clock = Date.now;
    Date.now = () => now / 1000;
    try {
        return work();
    } finally {
        Date.now = clock;
    }
}

const seedOf = (text) => crypto.createHash('sha256').update(text).digest();

// The first key of that name for which its text is as wanted: the real generator also
// tries until it has 44 characters and no digit in front.
function author(shortname, wanted = /^[A-Za-z].{43}$/) {
    for (let number = 0; ; number += 1) {
        const seed = seedOf(`es.3 vectors, ${shortname} ${number}`);
        const buffers = CryptoChloride.generateKeypairBuffers(seed);
        const key = reference.encodePubkey(buffers.pubkey);
        if (wanted.test(key)) {
            return { address: `@${shortname}.${key}`, secret: reference.encodeSecret(seed) };
        }
    }
}

const authors = Object.fromEntries(
    ['suzy', 'matt', 'fern', 'zzzz', 'aaaa'].map((name) => [name, author(name)])
);

function draft(over = {}) {
    return {
        format: 'es.3',
        workspace: WORKSPACE,
        path: '/wiki/shared/Bees',
        value: 'They dance.',
        author: authors.suzy.address,
        timestamp: NOW - 1000000,
        signature: '',
        ...over,
    };
}

// The signature that *keypair* gives the document, whatever the document is.
function signed(document, keypair = authors.suzy) {
    const buffers = {
        pubkey: reference.decodePubkey(keypair.address.slice(6)),
        secret: reference.decodeSecret(keypair.secret),
    };
    const signature = CryptoChloride.sign(buffers, validator.hashDocument(document));
    return { ...document, signature };
}

function attempt(work) {
    try {
        return work();
    } catch (error) {
        return 'throws';
    }
}

// What one of the programs says of the text of one document.
function verdict(program, text, workspace, now) {
    let document;
    try {
        document = JSON.parse(text);
    } catch (error) {
        return { parse: 'fails' };
    }
    return at(now, () => {
        const store = new program.StorageMemory([program.ValidatorEs3], workspace);
        const isValid = () => program.ValidatorEs3.documentIsValid(document);
        return {
            validate: attempt(() => (isValid() ? 'valid' : 'invalid')),
            ingest: attempt(() => (store.ingestDocument(document) ? 'accepted' : 'refused')),
        };
    });
}

// `answer`, and `differs` where the older program says something else.
function compared(ask, key) {
    const [answer, other] = [ask(reference), ask(older)];
    const same = JSON.stringify(answer) === JSON.stringify(other);
    return same ? { [key]: answer } : { [key]: answer, differs: { '2.0.2': other } };
}

module.exports = {
    CryptoChloride, NOW, WORKSPACE, at, attempt, author, authors, compared, draft,
    reference, seedOf, signed, validator, verdict,
};
