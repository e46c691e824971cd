// Write the vectors of es.3: answers of the real earthstar 3.1.1 (the reference) and 2.0.2
// (`differs` has its answer where it is another). Everything is fixed, so they come out
// the same every time.
//
//   ./install && node generate.cjs [FOLDER]     beside this file, unless told otherwise
'use strict';
const fs = require('fs');
const path = require('path');
const { NOW, WORKSPACE, authors } = require('./world.cjs');
const strings = require('./strings.cjs');

const groups = {
    'a-valid-documents':
        'Documents that the reference accepts at now. expand: set docJson\'s field to unit, count times.',
    'b-mutated-documents':
        'expect.validate is the validator alone, expect.ingest a store of workspace, at the time now. parse "fails": not JSON. throws: the real program crashes. refused: the reference accepts it and esd does not, for this reason.',
    'c-addresses-and-paths': 'Verdicts on single strings.',
    'd-keys-and-signatures':
        'base58, keys from seeds, SHA-256 in hexadecimal, signatures. refused: see b.',
    'e-storage-scenarios':
        'docs are offered in this order to an empty store of workspace at now. results: of each; held: the numbers of those then held; latest: of the newest at each path.',
};
const cases = {
    'a-valid-documents': require('./valid.cjs'),
    'b-mutated-documents': require('./mutated.cjs'),
    'c-addresses-and-paths': strings.addresses,
    'd-keys-and-signatures': strings.keys,
    'e-storage-scenarios': require('./scenarios.cjs'),
};

for (const [group, about] of Object.entries(groups)) {
    const numbered = cases[group].map((one, at) => {
        const number = String(at + 1).padStart(3, '0');
        return JSON.stringify({ id: `es3-${group[0]}-${one.category}-${number}`, ...one });
    });
    const head = { group, oracle: ['earthstar@3.1.1', 'earthstar@2.0.2'], about, now: NOW, workspace: WORKSPACE, keypairs: authors };
    const text = `${JSON.stringify(head).slice(0, -1)},"cases":[\n${numbered.join(',\n')}\n]}\n`;
    fs.writeFileSync(path.join(process.argv[2] || __dirname, `${group}.json`), text);
}
