// Good documents that were changed, and what the real programs say of them. Where the
// change is not about the signature, the changed document is signed again.
'use strict';
const { NOW, WORKSPACE, author, authors, compared, draft, signed, verdict } =
    require('./world.cjs');
const { edges, signatures } = require('./signatures.cjs');

const FIELDS = ['format', 'workspace', 'path', 'value', 'author', 'timestamp', 'signature'];
const good = signed(draft());
const [suzy, matt] = [authors.suzy, authors.matt];
const suzysKey = suzy.address.slice(6);

// What the reference takes and esd refuses, and why.
const FRACTION = 'timestamps are integers in everything that orders and stores them';
const TOO_LONG = 'the bytes behind the 64th of a signature are anybody\'s';

const cases = [];
function add(category, tests, document, { workspace = WORKSPACE, text, refused } = {}) {
    const docJson = text || JSON.stringify(document);
    const ask = (program) => verdict(program, docJson, workspace, NOW);
    cases.push({ category, tests, workspace, refused, ...compared(ask, 'expect'), docJson });
}
const again = (category, tests, over, options) =>
    add(category, tests, signed(draft(over)), options);

for (const field of FIELDS) {
    const { [field]: _, ...rest } = good;
    add('missing-field', field, rest);
    for (const value of [null, true, [good[field]], { a: 1 }]) {
        add('type', `${field} is ${JSON.stringify(value).slice(0, 9)}`, { ...good, [field]: value });
    }
    const other = field === 'timestamp' ? String(good[field]) : 7;
    add('type', `${field}, text for a number or the reverse`, { ...good, [field]: other });
    add('type', `${field} is empty`, { ...good, [field]: '' });
}

for (const [field, value] of [
    ['extra', 1], ['', ''], ['_localIndex', 3], ['_', null], ['deleteAfter', null],
    ['content', good.value], ['contentHash', 'b'], ['Value', 'x'], ['value ', 'x'],
]) {
    add('extra-field', JSON.stringify(field), { ...good, [field]: value });
}
for (const [was, is] of [['value', 'content'], ['path', 'Path'], ['workspace', 'share']]) {
    add('renamed-field', is, {}, { text: JSON.stringify(good).replace(`"${was}"`, `"${is}"`) });
}
for (const format of ['es.4', 'es.2', 'es.5', 'ES.3', 'es.3 ', 'es3', 'toString', 'constructor', '__proto__']) {
    add('format', format, signed({ ...draft(), format }));
}
for (const text of ['null', 'true', '7', '"es.3"', '[]', '{}', '[{}]']) {
    add('not-a-document', text, null, { text });
}
for (const [tests, change] of [
    ['a trailing comma', (text) => text.replace(/}$/, ',}')],
    ['NaN for a timestamp', (text) => text.replace(/\d{16}/, 'NaN')],
    ['single quotes', (text) => text.replaceAll('"', "'")],
    ['cut off', (text) => text.slice(0, -1)],
    ['a raw newline', (text) => text.replace('dance', 'dan\nce')],
]) {
    add('not-json', tests, null, { text: change(JSON.stringify(good)) });
}

for (const [tests, timestamp, refused] of [
    ['just too early', 10 ** 13 - 1], ['milliseconds', NOW / 1000], ['seconds', NOW / 1e6],
    ['zero', 0], ['negative', -NOW], ['just too far ahead', NOW + 600000001],
    ['milliseconds taken for seconds', NOW * 1000], ['2^53', 2 ** 53], ['2^53 - 1', 2 ** 53 - 1],
    ['a half', NOW - 0.5, FRACTION], ['a quarter', NOW - 999999.75, FRACTION],
    ['a fraction too early', 10 ** 13 - 0.5, FRACTION], ['a millionth', 10 ** 13 + 0.01, FRACTION],
]) {
    again('timestamp', tests, { timestamp }, { refused });
}
for (const [tests, spelled] of [
    ['infinity', '1e400'], ['5000 digits', '9'.repeat(5000)], ['-0', '-0'],
    ['a fraction that does not round away', `${NOW}.4`], ['hexadecimal text', '"0x5AB"'],
]) {
    const text = JSON.stringify(good).replace(String(good.timestamp), spelled);
    add('timestamp-spelling', tests, null, { text });
}

for (const mark of [...' "#;<>[\\]^`{|}\u007f\u0000\t\n\r\u00a0é\u0660️🌻Ａ']) {
    again('path-character', JSON.stringify(mark), { path: `/a${mark}b` });
}
for (const path of ['', '/', '//', 'a', 'a/b', '/a/', '//a', '/a//b', '/@', '/@a', `/${suzy.address}`, '/wiki/Bees/', ' /a', '/a\n', '~/a']) {
    again('path-structure', path, { path });
}
for (const path of [
    '/~', '/~/a', `/~${matt.address}`, `/~ ${suzy.address}`.replace(' ', '/'), `/a~${suzysKey}`,
    `/~${suzy.address.slice(0, -1)}`, `/~${suzy.address.toLowerCase()}`, `/~@fern.${suzysKey}`, '/a~b',
]) {
    again('write-permission', path, { path });
}

for (const [workspace, store] of [
    ['+gardening.friends'], ['+Gardening.Friends9'], ['+gardening.friends9'], ['+gardening.Friends'],
    ['+gardening.Friends9 '], ['gardening.Friends9'], ['+gardening.Friends9\n'],
]) {
    again('workspace-mismatch', JSON.stringify(workspace), { workspace }, { workspace: store });
}
for (const workspace of [
    '+a1.b', '+a.b_', '+a.', '+.b', '+a', '+A.b', '+a.b.c', '+a..b', '++a.b', '//a.b', '+a.é',
    `+a.${'b'.repeat(45)}`, '+abcdefghijklmnop.b', '+a.b\n', '+a b.c', '',
]) {
    again('workspace', JSON.stringify(workspace), { workspace });
}

const digit = author('suzy', /^\d.{43}$/);
const short = author('suzy', /^[A-Za-z].{42}$/);
const asAuthor = (category, tests, address, keypair = suzy) =>
    add(category, tests, signed(draft({ author: address }), keypair));
asAuthor('author', 'a key with a digit in front', digit.address, digit);
asAuthor('author', 'a key of 43 characters', short.address, short);
asAuthor('author', 'a key in base32', `@suzy.b${'a'.repeat(52)}`);
asAuthor('author', 'the sigil of workspaces', `+suzy.${suzysKey}`);
asAuthor('author', 'no sigil', `suzy.${suzysKey}`);
asAuthor('author', 'a newline at the end', `${suzy.address}\n`);
asAuthor('author', 'two dots', `@suzy..${suzysKey}`);
asAuthor('author', 'a mark in the key', `${suzy.address.slice(0, -1)}_`);
for (const name of ['suz', 'suzyy', 'suz1', '1uzy', 'Suzy', 'su.y', 'su y', 'süzy', '']) {
    asAuthor('author', `the name ${JSON.stringify(name)}`, `@${name}.${suzysKey}`);
}
asAuthor('author-key', 'a letter that base58 lacks', suzy.address.replace(/.$/, 'l'));
asAuthor('author-key', 'a zero', suzy.address.replace(/.$/, '0'));
asAuthor('author-key', '33 bytes', `@suzy.${'z'.repeat(44)}`);
asAuthor('author-key', 'the first letter in the other case', `@suzy.${suzysKey[0].toLowerCase()}${suzysKey.slice(1)}`);
asAuthor('author-key', "another author's", matt.address);
// The same key under another name is another author, and signs for it.
asAuthor('same-key', 'another name', `@fern.${suzysKey}`);

for (const field of ['workspace', 'path', 'value', 'author', 'timestamp']) {
    const over = { workspace: '+gardening.Enemies', author: matt.address, timestamp: NOW };
    add('changed-after-signing', field, { ...good, [field]: over[field] || `${good[field]}s` });
}
for (const [tests, document] of edges(draft)) {
    add('ed25519-edge', tests, document);
}
for (const [tests, signature, isLong] of signatures(good)) {
    add('signature', tests, { ...good, signature }, { refused: isLong && TOO_LONG });
}

module.exports = cases;
