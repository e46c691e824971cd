"""The vectors of the names that workspaces have on the wire, made without esd.

`python -m tests.formats.wire_id_vectors` writes them anew: from the words of the
protocol and the standard library alone, so that they say what esd must come to.

    K     = scrypt(address, salt "earthstar-sync/1", N = 2^15, r = 8, p = 1, 32 bytes)
    id    = HMAC-SHA256(K, "id"    0x00 salt 0x00 host)
    proof = HMAC-SHA256(K, "proof" 0x00 salt 0x00 host 0x00 nonce)

K, salt and nonce are in hexadecimal; id and proof as they go on the wire.
"""

import base64
import hashlib
import hmac
import json
from pathlib import Path

FILE = Path(__file__).parent.parent / "vectors" / "wire-ids.json"

ADDRESSES = ["+gardening.friends", "+a.b", "+canary.garden7q", "+x.b" + "a2" * 26]
HOSTS = ["pub.example", "localhost:3333", "[::1]:3333", "192.0.2.7"]


def base32(data):
    return "b" + base64.b32encode(data).decode().rstrip("=").lower()


def key_of(address):
    return hashlib.scrypt(
        address.encode(),
        salt=b"earthstar-sync/1",
        n=32768,
        r=8,
        p=1,
        maxmem=1 << 26,
        dklen=32,
    )


def mac(key, message):
    return base32(hmac.new(key, message, hashlib.sha256).digest())


def case(address, key, host):
    salt = hashlib.sha256(f"salt of {host}".encode()).digest()
    nonce = hashlib.sha256(f"nonce for {address} at {host}".encode()).digest()
    about = salt + b"\0" + host.encode()
    return {
        "address": address,
        "key": key.hex(),
        "salt": salt.hex(),
        "host": host,
        "nonce": nonce.hex(),
        "id": mac(key, b"id\0" + about),
        "proof": mac(key, b"proof\0" + about + b"\0" + nonce),
    }


def cases():
    keys = {address: key_of(address) for address in ADDRESSES}
    return [case(address, keys[address], host) for address in keys for host in HOSTS]


if __name__ == "__main__":
    FILE.write_text(json.dumps({"cases": cases()}, indent=1) + "\n")
