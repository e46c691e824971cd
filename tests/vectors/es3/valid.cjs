// Documents that the real programs make and accept.
'use strict';
const { NOW, WORKSPACE, at, authors, draft, reference, seedOf, signed, validator, verdict } =
    require('./world.cjs');

const owner = authors.suzy.address;
const short = {
    'plain': {},
    'empty value, which is how documents are deleted': { value: '' },
    'a digit first in the suffix': { workspace: '+gardening.9friends' },
    'one letter, one digit': { workspace: '+a.0' },
    'the longest workspace address': { workspace: `+abcdefghijklmno.${'aZ9'.repeat(14)}xY` },
    'an address that is good in es.4 too': { workspace: '+gardening.friends' },
    'letters that base58 lacks in the suffix': { workspace: '+gardening.0OIl' },
    'the shortest path': { path: '/a' },
    'all marks of a path': { path: "/'()-._!*$&+,:=?@%" },
    'upper case and digits': { path: '/WIKI/2020' },
    'a question mark': { path: '/search?q=bees' },
    'a star': { path: '/*' },
    'an exclamation mark, and nothing expires': { path: '/chat/!/hello!' },
    'an author later in the path': { path: '/a/@b' },
    'dots': { path: '/../.' },
    'percent signs that encode nothing': { path: '/%zz%00%' },
    'owned': { path: `/about/~${owner}/profile`, value: '{"longname":"Suzy"}' },
    'owned at the end': { path: `/about/~${owner}` },
    'owned by two': { path: `/~${authors.matt.address}~${owner}` },
    'owned, letters glued on': { path: `/~${owner}xyz` },
    'owned, a bare tilde as well': { path: `/~/~${owner}` },
    'an author without a tilde': { path: `/about/${owner}` },
    'the earliest time': { timestamp: 10 ** 13 },
    'now': { timestamp: NOW },
    'ten minutes ahead': { timestamp: NOW + 600000000 },
    'no round number': { timestamp: NOW - 1 },
    'before 2001': { timestamp: 20000000000000 },
    'UTF-8 of two, three and four bytes': { value: 'é € 🌻' },
    'not normalised': { value: 'e\u0301 \u00e9' },
    'line ends of all kinds': { value: 'a\nb\r\nc\rd\u2028e\u2029f\u0085g' },
    'a newline at the end': { value: 'a\n' },
    'white space only': { value: ' \t\n' },
    'NUL and other controls': { value: '\u0000\u0001\u001f\u007f' },
    'a byte order mark': { value: '\ufeffa' },
    'noncharacters': { value: '\ufffe\uffff' },
    'what is written with a backslash': { value: '"\\/\b\f\n\r\t' },
    'JSON inside': { value: '[{"format":"es.3"},{"a":"},{"}]' },
    'a lone surrogate': { value: 'a\ud800b' },
    'lone surrogates the wrong way round': { value: '\udc00\ud800' },
};

const spelled = {
    'an exponent': [{ timestamp: NOW }, (text) => text.replace(`${NOW}`, '1.5957504e15')],
    'a fraction of nothing': [{}, (text) => text.replace(/(\d{16})/, '$1.0')],
    'a negative exponent': [{}, (text) => text.replace(/(\d{16})/, '$100e-2')],
    'a fraction that rounds away': [{}, (text) => text.replace(/(\d{16})/, '$1.1')],
    'an escaped name': [{}, (text) => text.replace('"path"', '"\\u0070ath"')],
    'an escaped value': [{}, (text) => text.replace('They', '\\u0054\\u0068ey')],
    'an escaped slash': [{}, (text) => text.replaceAll('/', '\\/')],
    'white space': [{}, (text) => text.replaceAll(',"', '\r\n\t, "')],
    'the fields in reverse': [{}, (text) => backwards(JSON.parse(text))],
    'a field twice': [{}, (text) => text.replace('{', '{"path":7,"format":"es.4",')],
    'surrogates as escapes': [{ value: '🌻' }, (text) => text.replace('🌻', '\\ud83c\\udf3b')],
};

const long = {
    'a path longer than es.4 has it': { field: 'path', unit: '/ab', count: 200 },
    'a very long path': { field: 'path', unit: '/a', count: 20000 },
    'a value of 100,000 bytes': { field: 'value', unit: 'x', count: 100000 },
    'a value of 4,000,002 bytes': { field: 'value', unit: '€', count: 1333334 },
};

const backwards = (document) => JSON.stringify(Object.fromEntries(Object.entries(document).reverse()));

function one(category, tests, document, text, { expand, now = NOW } = {}) {
    const whole = expand ? JSON.stringify(document) : text;
    const said = verdict(reference, whole, document.workspace, now);
    if (said.ingest !== 'accepted') {
        throw new Error(`${tests}: ${JSON.stringify(said)}`);
    }
    const name = Object.keys(authors).find((who) => authors[who].address === document.author);
    const hash = validator.hashDocument(document);
    return { category, tests, author: name, docHash: hash, docJson: text, expand, now };
}

function plain(category, tests, over, keypair) {
    const document = signed(draft({ ...over, author: (keypair || authors.suzy).address }), keypair);
    return one(category, tests, document, JSON.stringify(document));
}

function respelled([tests, [over, change]]) {
    const document = signed(draft(over));
    return one('spelling', tests, document, change(JSON.stringify(document)));
}

function expanded([tests, expand]) {
    const document = signed(draft({ [expand.field]: expand.unit.repeat(expand.count) }));
    const text = JSON.stringify({ ...document, [expand.field]: '' });
    return one('long', tests, document, text, { expand });
}

function latest() {
    const document = signed(draft({ timestamp: 2 ** 53 - 1 }));
    const text = JSON.stringify(document);
    return one('late', 'the latest time', document, text, { now: 9007199254740000 });
}

// What the store itself writes, as it sends it out.
function written(number) {
    const store = new reference.StorageMemory([validator], WORKSPACE);
    const name = Object.keys(authors)[number % 5];
    const bytes = seedOf(`document ${number}`);
    const path = `/${bytes.toString('base64').replace(/[+/=]/g, '_').slice(0, 1 + (bytes[0] % 40))}`;
    const value = String.fromCodePoint(...bytes.subarray(0, bytes[1] % 20).map((byte) => byte * 3));
    const now = NOW - number * 1000;
    at(now, () => store.set(authors[name], { format: 'es.3', path, value }));
    const [document] = store.documents();
    return one('written', `number ${number}`, document, JSON.stringify(document));
}

const everybody = Object.entries(authors).map(([name, keypair]) =>
    plain('author', name, { path: `/about/~${keypair.address}/name`, value: name }, keypair)
);

module.exports = [
    ...Object.entries(short).map(([tests, over]) => plain('plain', tests, over)),
    ...everybody,
    ...Object.entries(spelled).map(respelled),
    ...Object.entries(long).map(expanded),
    latest(),
    ...Array.from({ length: 40 }, (_, number) => written(number)),
];
