// Preload (node --require): every TCP listener of the program binds 127.0.0.1, and the
// port it really got is written to the file descriptor named in PEER_READY_FD, so that
// whoever started the program can ask for port 0 and need not guess when it is up.
'use strict';
const fs = require('fs');
const net = require('net');

const HOST = '127.0.0.1';
const listen = net.Server.prototype.listen;

net.Server.prototype.listen = function (...args) {
    this.once('listening', () => announce(this.address().port));
    return listen.apply(this, onLoopback(args));
};

// listen(options, …) and listen(port, host?, backlog?, callback?); a path is no TCP.
function onLoopback([where, ...rest]) {
    if (where !== null && typeof where === 'object') {
        return [{ ...where, host: HOST }, ...rest];
    }
    if (Number.isNaN(Number(where))) {
        throw new Error('only TCP listeners are expected here');
    }
    if (typeof rest[0] === 'string') {
        rest.shift();
    }
    return [Number(where), HOST, ...rest];
}

function announce(port) {
    const fd = Number(process.env.PEER_READY_FD);
    if (fd) {
        fs.writeSync(fd, `${port}\n`);
    }
}
