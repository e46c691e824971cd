// One side of a reconciliation by another implementation, over the standard streams: one
// line in, its answers out, hexadecimal.
//
//   item,<timestamp>,<id>   …   seal       the set, in any order
//   initiate                               msg,<message>
//   msg,<message>                          as responder: msg,<message>
//                                          as initiator: have,<id>… need,<id>… and then
//                                          msg,<message> or done
//
// FRAMESIZELIMIT in the environment is the most bytes of a message, 0 for any number.
// Its numbers are those of JavaScript: timestamps must stay under 2**31.
import { webcrypto } from 'node:crypto';
import * as readline from 'node:readline';

globalThis.window = globalThis; // it takes a runtime without one for a very old node
globalThis.crypto ??= webcrypto; // which node 18 does not show by itself
const { Negentropy, NegentropyStorageVector } = await import(
    './node_modules/@welshman/net/dist/net/src/negentropy.js'
);

const storage = new NegentropyStorageVector();
let side;
let asking = false;

const say = (line) => process.stdout.write(line + '\n');

async function take(line) {
    const [command, ...given] = line.split(',');
    if (command === 'item') {
        storage.insert(Number(given[0]), given[1]);
    } else if (command === 'seal') {
        storage.seal();
        side = new Negentropy(storage, Number(process.env.FRAMESIZELIMIT || 0));
    } else if (command === 'initiate') {
        asking = true;
        say('msg,' + (await side.initiate()));
    } else if (command === 'msg') {
        const [message, have, need] = await side.reconcile(given[0]);
        have.forEach((id) => say('have,' + id));
        need.forEach((id) => say('need,' + id));
        say(asking && message === null ? 'done' : 'msg,' + message);
    } else {
        throw new Error('unknown command');
    }
}

for await (const line of readline.createInterface({ input: process.stdin })) {
    await take(line);
}
