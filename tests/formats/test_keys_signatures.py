"""Vectors, group d: base32, hashes, keys and signatures."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from esd.formats import (
    Es4Document,
    InvalidEncoding,
    InvalidKeypair,
    Keypair,
    check_keypair,
    decode_base32,
    encode_base32,
    keypair_from_seed,
    new_keypair,
    sign_document,
)
from esd.formats.document import replace_lone_surrogates
from esd.formats.es4 import document_hash
from esd.formats.keys import author_key, sha256, sign, verify
from tests.formats.vectors import cases, keypairs, named

GROUP = "d-keys-and-signatures"
KEYPAIRS = keypairs(GROUP)
COUNTS = {
    "base32-encode": 18,
    "base32-decode": 34,
    "sha256-base32": 16,
    "keypair-from-seed": 10,
    "sign-message": 17,
    "sign-document": 30,
    "verify": 31,
    "keypair-check": 20,
}

# The reference signs a timestamp of 10^21, and writes it "1e+21" in the hash text; no
# document with it is ever valid, so ours hold only integers.
NEVER_VALID = {"d-sign-document-029"}


def of(category):
    return cases(GROUP, category)


def test_no_case_is_missing():
    assert {name: len(of(name)) for name in COUNTS} == COUNTS
    assert sum(COUNTS.values()) == len(cases(GROUP)) == 176


@pytest.mark.parametrize("case", of("base32-encode"), ids=named)
def test_encoding(case):
    assert encode_base32(bytes.fromhex(case["hex"])) == case["text"]


@pytest.mark.parametrize("case", of("base32-decode"), ids=named)
def test_decoding(case):
    if case["ok"]:
        assert decode_base32(case["text"]).hex() == case["hex"]
    else:
        with pytest.raises(InvalidEncoding):
            decode_base32(case["text"])


@given(st.binary(max_size=200))
def test_what_was_encoded_decodes_to_itself(data):
    assert decode_base32(encode_base32(data)) == data


@given(st.binary(min_size=32, max_size=32))
def test_the_fast_way_for_hashes_writes_what_the_other_writes(digest):
    longer = encode_base32(digest + bytes(3))  # 35 bytes end at a whole digit
    assert longer.startswith(encode_base32(digest)[:52])
    assert decode_base32(encode_base32(digest)) == digest


@given(st.text(alphabet="abz27b=A01_ -+\n\u0663\ud800", max_size=60))
def test_a_value_has_exactly_one_spelling(text):
    try:
        data = decode_base32(text)
    except InvalidEncoding:
        return
    assert encode_base32(data) == text


def message_of(text):
    return replace_lone_surrogates(text).encode()


@pytest.mark.parametrize("case", of("sha256-base32"), ids=named)
def test_hashes(case):
    repeat = case.get("repeat")
    text = repeat["unit"] * repeat["count"] if repeat else case["text"]
    assert encode_base32(sha256(message_of(text))) == case["hash"]


@pytest.mark.parametrize("case", of("keypair-from-seed"), ids=named)
def test_key_pairs_from_seeds(case):
    keypair = keypair_from_seed(case["shortname"], bytes.fromhex(case["seedHex"]))
    assert keypair == Keypair(case["address"], case["secret"])


@pytest.mark.parametrize("case", of("sign-message"), ids=named)
def test_signing(case):
    keypair = KEYPAIRS[case["author"]]
    assert sign(keypair, message_of(case["message"])) == case["signature"]


@pytest.mark.parametrize("case", of("sign-document"), ids=named)
def test_signing_documents(case):
    keypair = KEYPAIRS[case["author"]]
    if case.get("ok") is False or case["id"] in NEVER_VALID:
        with pytest.raises((msgspec.ValidationError, InvalidKeypair)):
            sign_document(keypair, msgspec.convert(case["unsigned"], Es4Document))
        return
    signed = sign_document(keypair, msgspec.convert(case["unsigned"], Es4Document))
    assert signed.signature == case["signature"]
    assert encode_base32(document_hash(signed)) == case["hash"]


def is_signed(address, signature, message):
    public_key = author_key(address)
    try:
        return public_key is not None and verify(
            public_key, decode_base32(signature), message_of(message)
        )
    except InvalidEncoding:
        return False


@pytest.mark.parametrize("case", of("verify"), ids=named)
def test_verifying(case):
    valid = case["valid"] and "lenient" not in case
    assert is_signed(case["address"], case["signature"], case["message"]) == valid


@pytest.mark.parametrize("case", of("keypair-check"), ids=named)
def test_checking_key_pairs(case):
    if case["ok"]:
        check_keypair(msgspec.convert(case["keypair"], Keypair))
    else:
        with pytest.raises((msgspec.ValidationError, InvalidKeypair)):
            check_keypair(msgspec.convert(case["keypair"], Keypair))


def test_a_new_key_pair_is_good():
    check_keypair(new_keypair("suzy"))


@pytest.mark.parametrize("shortname", ["", "suz", "suzyy", "Suzy", "1uzy", "su.y"])
def test_a_bad_shortname_makes_no_key_pair(shortname):
    with pytest.raises(InvalidKeypair):
        new_keypair(shortname)


def test_a_seed_of_another_size_makes_no_key_pair():
    with pytest.raises(InvalidKeypair):
        keypair_from_seed("suzy", bytes(31))


def test_a_key_pair_hides_its_secret():
    keypair = KEYPAIRS["suzy"]
    assert keypair.secret not in repr(keypair)
    assert keypair.secret not in str(keypair)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_key_of_another_size_verifies_nothing(size):
    assert not verify(bytes(size), bytes(64), b"")
