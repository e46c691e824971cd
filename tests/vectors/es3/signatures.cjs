// Signatures that are not what they should be: in their spelling, in what they sign, and
// in their mathematics.
'use strict';
const { CryptoChloride, authors, reference, seedOf, signed, validator } = require('./world.cjs');

const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const SMALL_ORDER = {
    'of order two': `ec${'ff'.repeat(30)}7f`,
    'of order four, not canonical': `ed${'ff'.repeat(30)}7f`,
    'of order one, not canonical': `ee${'ff'.repeat(30)}7f`,
    'of order eight': 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
    'of order eight, the other': 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
};

const { decodeSig: decode, encodeSig: encode } = reference;
const suzy = authors.suzy;

function signedText(text, keypair = suzy) {
    const buffers = {
        pubkey: reference.decodePubkey(keypair.address.slice(6)),
        secret: reference.decodeSecret(keypair.secret),
    };
    return CryptoChloride.sign(buffers, text);
}

// Of a good document: [what it is, the signature, whether only its length is wrong].
function signatures(good) {
    const { signature } = good;
    const bytes = decode(signature);
    const hash = validator.hashDocument(good);
    const digest = Buffer.from(hash, 'hex');
    const longer = (extra) => encode(Buffer.concat([bytes, extra]));
    return [
        ['none', ''],
        ['one character missing', signature.slice(0, -1)],
        ['one character missing in front', signature.slice(1)],
        ['one character more', `${signature}1`],
        ['a 1 in front: a zero byte', `1${signature}`],
        ['a z in front: multibase', `z${signature}`],
        ['a space in front', ` ${signature}`],
        ['a newline behind', `${signature}\n`],
        ['the last character another', signature.replace(/.$/, (last) => (last === '2' ? '3' : '2'))],
        ['the other case', signature.toLowerCase()],
        ['a zero', `0${signature.slice(1)}`],
        ['a capital O', `O${signature.slice(1)}`],
        ['a capital I', `I${signature.slice(1)}`],
        ['a small l', `l${signature.slice(1)}`],
        ['a letter that is not ASCII', `é${signature.slice(1)}`],
        ['hexadecimal', bytes.toString('hex')],
        ['base64', bytes.toString('base64')],
        ['zero bytes', '1'.repeat(64)],
        ['63 bytes', encode(bytes.subarray(0, 63))],
        ['32 bytes', encode(bytes.subarray(0, 32))],
        ['its halves the other way round', encode(Buffer.concat([bytes.subarray(32), bytes.subarray(0, 32)]))],
        ['65 bytes', longer(Buffer.from([7])), true],
        ['65 bytes, the last one zero', longer(Buffer.alloc(1)), true],
        ['96 bytes', longer(seedOf('more')), true],
        ['128 bytes: twice itself', longer(bytes), true],
        ["of another author's key", signedText(hash, authors.matt)],
        ['of another document', signed({ ...good, value: 'They sing.' }).signature],
        ['of the 32 bytes', signedText(digest)],
        ['of the hash in upper case', signedText(hash.toUpperCase())],
        ['of the hash in base64', signedText(digest.toString('base64'))],
        ['of the hash and a newline', signedText(`${hash}\n`)],
        ['of the hash text with a newline at its end', signedText(hashed(good, (text) => `${text}\n`))],
        ['of the hash text with the value itself', signedText(hashed(good, (text) => text.replace(/\n[0-9a-f]{64}\n/, `\n${good.value}\n`)))],
        ['of the hash text in the order of es.4', signedText(hashed(good, (text) => text.split('\n').sort().join('\n')))],
        ['of the hash text with its lines ended by CR LF', signedText(hashed(good, (text) => text.replaceAll('\n', '\r\n')))],
    ];
}

// The hash of the hash text, changed.
function hashed(good, change) {
    const text = [
        good.format, good.workspace, good.path, reference.sha256(good.value), good.timestamp, good.author,
    ].join('\n');
    if (reference.sha256(text) !== validator.hashDocument(good)) {
        throw new Error('the hash text is another');
    }
    return reference.sha256(change(text));
}

// [what it is, a document], whose signature a lax library would take.
function edges(draft) {
    const good = signed(draft());
    const bytes = decode(good.signature);
    const found = [['S is not reduced', { ...good, signature: encode(unreduced(bytes)) }]];
    for (const [tests, hex] of Object.entries(SMALL_ORDER)) {
        const point = Buffer.from(hex, 'hex');
        const address = `@suzy.${reference.encodePubkey(point)}`;
        const nothing = Buffer.concat([point, Buffer.alloc(32)]);
        found.push([`a key ${tests}`, { ...draft({ author: address }), signature: encode(nothing) }]);
        const halved = Buffer.concat([point, bytes.subarray(32)]);
        found.push([`R ${tests}`, { ...good, signature: encode(halved) }]);
    }
    return found;
}

function unreduced(bytes) {
    const half = Buffer.from(bytes.subarray(32)).reverse().toString('hex');
    const sum = (BigInt(`0x${half}`) + ORDER).toString(16).padStart(64, '0');
    return Buffer.concat([bytes.subarray(0, 32), Buffer.from(sum, 'hex').reverse()]);
}

module.exports = { edges, signatures };
