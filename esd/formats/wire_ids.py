"""Naming a workspace to a peer without saying its address.

An address is the key to its workspace, so our own protocol never sends one. Both sides
make a key of it, and from that a name that is good at one server only: of its salt and
of the host that the caller dialled. Whoever does not know the address learns nothing
from the name, and cannot take a name that it heard to another server.

A server that only echoes names would still look as if it knew the workspace. So it also
proves that it does, over a nonce of the caller's; one that hands on another server's
salt has another host and fails.

Addresses are short and people choose them: they can be guessed. The key is therefore
dear to make (RFC 7914: 100 ms and 32 MiB), which a workspace pays once and a guesser
each time.
"""

import hashlib
import hmac

from esd.formats.addresses import WorkspaceAddress
from esd.formats.encoding import encode_base32

__all__ = [
    "KEY_BYTES",
    "NONCE_BYTES",
    "SALT_BYTES",
    "proof",
    "wire_id",
    "workspace_key",
]

KEY_BYTES = 32
SALT_BYTES = 32  # of a server, made once
NONCE_BYTES = 32  # of a caller, made for each question

_KEY_SALT = b"earthstar-sync/1"  # one for all: both sides must come to the same key
_COST, _BLOCK, _LANES = 1 << 15, 8, 1
_MEMORY = 64 << 20  # OpenSSL's bound; it needs 128 * _COST * _BLOCK bytes and a little


def workspace_key(address: WorkspaceAddress) -> bytes:
    """The key of a workspace. Slow on purpose: made off the loop, once, and stored."""
    return hashlib.scrypt(
        address.text.encode("ascii"),
        salt=_KEY_SALT,
        n=_COST,
        r=_BLOCK,
        p=_LANES,
        maxmem=_MEMORY,
        dklen=KEY_BYTES,
    )


def wire_id(key: bytes, salt: bytes, host: str) -> str:
    """What the server of that salt, dialled as *host*, calls the workspace.

    *host* is lower case, as in the Host header, without the default port.
    """
    return _mac(key, b"id", salt, host.encode())


def proof(key: bytes, salt: bytes, host: str, nonce: bytes) -> str:
    """What only a server that knows the workspace can answer to *nonce*."""
    return _mac(key, b"proof", salt, host.encode(), nonce)


def _mac(key: bytes, *parts: bytes) -> str:
    return encode_base32(hmac.digest(key, b"\0".join(parts), "sha256"))
