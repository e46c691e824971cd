// Addresses, paths, encodings, keys: what the real programs say of single strings.
'use strict';
const { CryptoChloride, attempt, author, authors, compared, reference, seedOf, validator } =
    require('./world.cjs');

const suzy = authors.suzy.address;
const key = suzy.slice(6);

const workspaces = [
    '+a.b', '+gardening.friends', '+gardening.Friends', '+gardening.FRIENDS', '+gardening.9', '+a.0OIl',
    '+gardening.xxxxxxxxxxxxxxxxxxxx', '+solarpunk.6efJ8v8rtwoBxfN5MKeT', `+solarpunk.${key}`,
    '+abcdefghijklmno.b', '+abcdefghijklmnop.b', `+a.${'Z'.repeat(44)}`, `+a.${'Z'.repeat(45)}`,
    '', '+', '.', '+.', '+a', '+a.', '+.b', 'a.b', '@a.b', '//a.b', '++a.b', '+a..b', '+a.b.c', '+a.b.',
    '+a1.b', '+1a.b', '+A.b', '+aB.c', '+a-b.c', '+a_b.c', '+a b.c', '+é.b', '+a.é', '+a.b-c', '+a.b_c',
    '+a.b c', '+a.b/', '+a.b ', ' +a.b', '+a.b\n', '+a.\u0661', '+a.🌻', '+a.b+', '+a.b%20',
];
const addresses = [
    suzy, authors.matt.address, `@suzy.${'A'.repeat(44)}`, `@suzy.${'z'.repeat(44)}`, `@suzy.a${'0OIl'.repeat(10)}999`,
    `@suzy.1${key.slice(1)}`, `@suzy.0${key.slice(1)}`, `@suzy.9${key.slice(1)}`, `@suzy.${key}a`, `@suzy.${key.slice(1)}`,
    `@suz.${key}`, `@suzyy.${key}`, `@suz1.${key}`, `@1uzy.${key}`, `@Suzy.${key}`, `@sUzy.${key}`, `@su-y.${key}`,
    `@su y.${key}`, `@süzy.${key}`, `@.${key}`, `suzy.${key}`, `+suzy.${key}`, `@@suzy.${key}`, `@suzy${key}`,
    `@suzy..${key}`, `@suzy.${key}.`, `@suzy.${key}\n`, ` ${suzy}`, `${suzy} `, `@suzy.${key.slice(0, -1)}_`,
    `@suzy.${key.slice(0, -1)}é`, `@suzy.${key.slice(0, -2)}🌻`, '', '@', '@suzy', '@suzy.', '@suzy.b',
    `@suzy.b${'a'.repeat(52)}`, `@suzy.b${'a'.repeat(43)}`,
];
const marks = Array.from({ length: 130 }, (_, code) => String.fromCharCode(code));
const paths = [
    '/a', '', '/', '//', 'a', 'a/', '/a/', '/a/b', '/a//b', '//a', '/@', '/@a', '/a@', '/a/@b', '/~', '/a~', '/.', '/..', '/%', '/%2F',
    '/A/Z/0/9', "/'()-._~!*$&+,:=?@%", `/${'a'.repeat(511)}`, `/${'a'.repeat(512)}`, '/a'.repeat(300),
    '/a\n', ' /a', '/a b', '/é', '/🌻', '/\u0660', '/ａ', '/a\\b', '/wiki/shared/Page%20Title',
    ...marks.filter((mark) => !/[a-zA-Z0-9]/.test(mark)).map((mark) => `/a${mark}b`),
];
const owned = [
    '/a', '/a~', '/~', '/~/', `/~${suzy}`, `/~${suzy}/a`, `/a/~${suzy}`, `/a~${suzy}b`, `/~${authors.matt.address}`,
    `/~${authors.matt.address}~${suzy}`, `/~~${suzy}`, `/~ ${suzy}`, `/~/${suzy}`, `/${suzy}`, `/${suzy}~`,
    `/%7E${suzy}`, `/~${suzy.slice(0, -1)}`, `/~${suzy.slice(1)}`, `/~${suzy.toLowerCase()}`, `/~${suzy}~`, `/~@fern.${key}`,
];

const parsed = (category, name) => (input) => {
    const ask = (program) => attempt(() => program[name](input)[`${category}Parsed`] !== null);
    return { category: `${category}-address`, input, ...compared(ask, 'ok') };
};
const aPath = (input) => ({
    category: 'path', input, ...compared(({ ValidatorEs3 }) => ValidatorEs3.pathIsValid(input), 'ok'),
});
const mayWrite = (path) => ({
    category: 'may-write', input: { author: suzy, path }, ok: validator.authorCanWriteToPath(suzy, path),
});

const bytes = [
    '', '00', '0000', '00ff', '01', '39', '3a', 'ff', '0100', 'ffff', '00000001', '61', '626262', '636363',
    '516b6fcd0f', 'bf4f89001e670274dd', '572e4794', 'ecac89cad93923c02321', '10c8511e', '00'.repeat(10),
    '00'.repeat(32), 'ff'.repeat(32), `01${'00'.repeat(31)}`, `00${'ff'.repeat(31)}`, 'ff'.repeat(64), '00'.repeat(64),
    ...Array.from({ length: 6 }, (_, number) => seedOf(`bytes ${number}`).toString('hex')),
];
const texts = [
    '', '1', '11', '2', 'z', 'zz', '1z', 'z1', '21', 'Ldp', key, '0', 'O', 'I', 'l', 'a0', '0a', 'aO', 'é', '🌻', '\u0661', ' ', 'a ', ' a',
    'a\n', '+', '/', '=', 'a=', 'z'.repeat(44), '1'.repeat(44), 'zéz', 'z'.repeat(90), '\u0000',
];
const encoded = (hex) => ({
    category: 'base58-encode', hex, text: reference.encodeSig(Buffer.from(hex, 'hex')),
});
function decoded(text) {
    const found = attempt(() => reference.decodeSig(text).toString('hex'));
    return { category: 'base58-decode', text, ok: found !== 'throws', hex: found };
}

function fromSeed(number) {
    const seed = seedOf(`seed ${number}`);
    const { pubkey } = CryptoChloride.generateKeypairBuffers(seed);
    const [hex, text] = [seed.toString('hex'), reference.encodePubkey(pubkey)];
    return { category: 'key', seedHex: hex, secret: reference.encodeSecret(seed), key: text };
}

const messages = ['', 'a', 'hello', 'é', '🌻', 'a\nb', '\u0000', 'x'.repeat(1000)];
const message = (text, number) => {
    const name = Object.keys(authors)[number % 5];
    return {
        category: 'sign', author: name, message: text, sha256: reference.sha256(text),
        signature: reference.sign(authors[name], text),
    };
};

const good = reference.sign(authors.suzy, 'hello');
const digit = author('suzy', /^\d.{43}$/);
const verifications = [
    [suzy, good, 'hello'], [suzy, good, 'hell'], [suzy, good, 'hello '], [suzy, good, ''], [suzy, '', 'hello'],
    [suzy, good.slice(1), 'hello'], [suzy, `${good}1`, 'hello'], [suzy, ` ${good}`, 'hello'], [suzy, `z${good}`, 'hello'],
    [authors.matt.address, good, 'hello'], [`@fern.${key}`, good, 'hello'], [`@su.${key}`, good, 'hello'],
    [suzy.toLowerCase(), good, 'hello'], [digit.address, good, 'hello'], [`@suzy.${'l'.repeat(44)}`, good, 'hello'],
    [`@suzy.${'z'.repeat(44)}`, good, 'hello'], ['', good, 'hello'],
    [suzy, reference.encodeSig(Buffer.concat([reference.decodeSig(good), Buffer.alloc(3)])), 'hello'],
];
const verified = ([address, signature, text]) => {
    const ask = (program) => attempt(() => program.verify(address, signature, text)) === true;
    const long = attempt(() => reference.decodeSig(signature).length) > 64;
    const answer = compared(ask, 'valid');
    return { category: 'verify', address, signature, message: text, ...answer, refused: answer.valid && long };
};

module.exports = {
    addresses: [
        ...workspaces.map(parsed('workspace', 'parseWorkspaceAddress')),
        ...addresses.map(parsed('author', 'parseAuthorAddress')),
        ...paths.map(aPath),
        ...owned.map(mayWrite),
    ],
    keys: [
        ...bytes.map(encoded),
        ...texts.map(decoded),
        ...Array.from({ length: 12 }, (_, number) => fromSeed(number)),
        ...messages.map(message),
        ...verifications.map(verified),
    ],
};
