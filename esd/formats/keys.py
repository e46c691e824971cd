"""Key pairs and signatures: ed25519 as the reference verifies it.

Keys and signatures of es.3 differ in how they are written only. Key pairs are of es.4:
nothing is written in es.3 any more.

libsodium is the reference's own library and agrees with it on every edge (unreduced S,
keys and R of small order, non-canonical keys), which OpenSSL does not. The one thing
left to us is the length: libsodium is handed a signature in front of the message, so a
longer one would silently become part of it.

Only this file imports nacl.
"""

import hashlib
import secrets
from dataclasses import dataclass, field
from functools import lru_cache

from nacl import bindings
from nacl.exceptions import BadSignatureError

from esd.formats.addresses import (
    InvalidAddress,
    is_author_address,
    parse_author,
    parse_es3_author,
)
from esd.formats.encoding import (
    InvalidEncoding,
    decode_base32,
    decode_base58,
    encode_base32,
)

SEED_SIZE = 32
KEY_SIZE = 32
SIGNATURE_SIZE = 64
HASH_SIZE = 32
CACHED_AUTHORS = 16_384  # some 4 MB; a workspace has far fewer authors


class InvalidKeypair(ValueError):
    """Not a key pair, or one whose halves do not belong together."""


@dataclass(frozen=True, slots=True)
class Keypair:
    """An author's address, and the seed that signs for it, both as text."""

    address: str
    secret: str = field(repr=False)


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def new_keypair(shortname: str) -> Keypair:
    return keypair_from_seed(shortname, secrets.token_bytes(SEED_SIZE))


def keypair_from_seed(shortname: str, seed: bytes) -> Keypair:
    """The only key pair of *seed* under that name; raises InvalidKeypair."""
    if len(seed) != SEED_SIZE:
        raise InvalidKeypair(f"a seed has {SEED_SIZE} bytes")
    public_key, _ = bindings.crypto_sign_seed_keypair(seed)
    address = f"@{shortname}.{encode_base32(public_key)}"
    if not is_author_address(address):
        raise InvalidKeypair("a shortname is a letter, then 3 of a-z and 0-9")
    return Keypair(address, encode_base32(seed))


def check_keypair(keypair: Keypair) -> None:
    """Raise InvalidKeypair unless the secret signs for the address."""
    try:
        author = parse_author(keypair.address)
        public_key = decode_base32(author.key_text)
    except (InvalidAddress, InvalidEncoding) as exc:
        raise InvalidKeypair("the key pair's address is not valid") from exc
    if bindings.crypto_sign_seed_keypair(_seed(keypair))[0] != public_key:
        raise InvalidKeypair("the key pair's secret belongs to another address")


def sign(keypair: Keypair, message: bytes) -> str:
    """The signature's text; raises InvalidKeypair where the secret is no seed."""
    _, signing_key = bindings.crypto_sign_seed_keypair(_seed(keypair))
    signed = bindings.crypto_sign(message, signing_key)
    return encode_base32(signed[:SIGNATURE_SIZE])


def _seed(keypair: Keypair) -> bytes:
    try:
        seed = decode_base32(keypair.secret)
    except InvalidEncoding as exc:
        raise InvalidKeypair("the key pair's secret is not base32") from exc
    if len(seed) != SEED_SIZE:
        raise InvalidKeypair(f"the key pair's secret is not {SEED_SIZE} bytes")
    return seed


def verify(public_key: bytes, signature: bytes, message: bytes) -> bool:
    if len(signature) != SIGNATURE_SIZE or len(public_key) != KEY_SIZE:
        return False
    try:
        bindings.crypto_sign_open(signature + message, public_key)
    except BadSignatureError:
        return False
    return True


@lru_cache(maxsize=CACHED_AUTHORS)
def author_key(address: str) -> bytes | None:
    """The public key in an author's address, or None where there is none.

    An address may follow the grammar and still hold no key: its last letter can have
    bits to spare, and then nothing that author signs is ever valid.
    """
    try:
        key = decode_base32(parse_author(address).key_text)
    except (InvalidAddress, InvalidEncoding):
        return None
    return key if len(key) == KEY_SIZE else None


@lru_cache(maxsize=CACHED_AUTHORS)
def es3_author_key(address: str) -> bytes | None:
    """The same of es.3, whose address may hold letters that base58 does not have."""
    try:
        key = decode_base58(parse_es3_author(address).key_text)
    except (InvalidAddress, InvalidEncoding):
        return None
    return key if len(key) == KEY_SIZE else None
