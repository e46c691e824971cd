"""es.3, vectors c and d: addresses, paths, base58, keys and signatures."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esd.formats import (
    InvalidAddress,
    InvalidEncoding,
    WorkspaceAddress,
    decode_base32,
    is_author_address,
    may_write,
)
from esd.formats.addresses import (
    is_es3_author,
    is_es3_workspace,
    is_workspace_address,
    parse_es3_author,
)
from esd.formats.encoding import MAX_BASE58, decode_base58, encode_base58
from esd.formats.keys import es3_author_key, keypair_from_seed, sha256, sign, verify
from esd.formats.paths import is_es3_path
from tests.formats.vectors import cases, keypairs, named

STRINGS = "es3/c-addresses-and-paths"
KEYS = "es3/d-keys-and-signatures"
AUTHORS = keypairs(KEYS)


def test_no_case_is_missing():
    assert Counter(case["category"] for case in cases(STRINGS)) == {
        "workspace-address": 47,
        "author-address": 39,
        "path": 102,
        "may-write": 21,
    }
    assert Counter(case["category"] for case in cases(KEYS)) == {
        "base58-encode": 32,
        "base58-decode": 34,
        "key": 12,
        "sign": 8,
        "verify": 18,
    }


@pytest.mark.parametrize("case", cases(STRINGS, "workspace-address"), ids=named)
def test_workspace_addresses(case):
    text = case["input"]
    assert is_es3_workspace(text) == case["ok"]
    if case["ok"]:
        address = WorkspaceAddress.parse(text)
        assert f"+{address.name}.{address.suffix}" == address.text == text


@pytest.mark.parametrize("case", cases(STRINGS, "workspace-address"), ids=named)
def test_a_workspace_address_is_one_of_either_format(case):
    text = case["input"]
    if case["ok"] or is_workspace_address(text):
        assert WorkspaceAddress.parse(text).text == text
    else:
        with pytest.raises(InvalidAddress):
            WorkspaceAddress.parse(text)


def test_the_addresses_that_are_good_in_es4_only():
    """All others that es.3 refuses are no addresses at all."""
    refused = [c["input"] for c in cases(STRINGS, "workspace-address") if not c["ok"]]
    good = [text for text in refused if is_workspace_address(text)]
    assert good == ["+a1.b"]


@pytest.mark.parametrize("case", cases(STRINGS, "author-address"), ids=named)
def test_author_addresses(case):
    text = case["input"]
    assert is_es3_author(text) == case["ok"]
    if not case["ok"]:
        with pytest.raises(InvalidAddress):
            parse_es3_author(text)
        return
    author = parse_es3_author(text)
    assert f"@{author.shortname}.{author.key_text}" == author.address == text
    assert not is_author_address(text)


@pytest.mark.parametrize("case", cases(STRINGS, "path"), ids=named)
def test_paths(case):
    assert is_es3_path(case["input"]) == case["ok"]


@pytest.mark.parametrize("case", cases(STRINGS, "may-write"), ids=named)
def test_write_permission(case):
    assert may_write(case["input"]["author"], case["input"]["path"]) == case["ok"]


@pytest.mark.parametrize("case", cases(KEYS, "base58-encode"), ids=named)
def test_encoding(case):
    assert encode_base58(bytes.fromhex(case["hex"])) == case["text"]
    assert decode_base58(case["text"]).hex() == case["hex"]


@pytest.mark.parametrize("case", cases(KEYS, "base58-decode"), ids=named)
def test_decoding(case):
    if case["ok"]:
        assert decode_base58(case["text"]).hex() == case["hex"]
    else:
        with pytest.raises(InvalidEncoding):
            decode_base58(case["text"])


@given(st.binary(max_size=200))
def test_what_was_encoded_decodes_to_itself(data):
    assert decode_base58(encode_base58(data)) == data


@given(st.text(alphabet="1az2zZ0OIl_ -+\n\u0663\ud800", max_size=60))
def test_a_value_has_exactly_one_spelling(text):
    try:
        data = decode_base58(text)
    except InvalidEncoding:
        return
    assert encode_base58(data) == text


def test_what_costs_the_square_of_its_length_has_a_bound():
    assert len(decode_base58("z" * MAX_BASE58)) == 367
    with pytest.raises(InvalidEncoding):
        decode_base58("z" * (MAX_BASE58 + 1))


@pytest.mark.parametrize("case", cases(KEYS, "key"), ids=named)
def test_keys_are_those_of_es4_in_other_letters(case):
    seed = bytes.fromhex(case["seedHex"])
    assert encode_base58(seed) == case["secret"]
    ours = keypair_from_seed("suzy", seed)
    assert verify(decode_base58(case["key"]), signed(ours, b"x"), b"x")


@pytest.mark.parametrize("case", cases(KEYS, "sign"), ids=named)
def test_signatures_are_those_of_es4_in_other_letters(case):
    author = AUTHORS[case["author"]]
    message = case["message"].encode()
    ours = keypair_from_seed("suzy", decode_base58(author.secret))
    assert encode_base58(signed(ours, message)) == case["signature"]
    assert sha256(message).hex() == case["sha256"]


def signed(keypair, message):
    """The signature's bytes."""
    return decode_base32(sign(keypair, message))


def is_signed(address, signature, message):
    public_key = es3_author_key(address)
    try:
        return public_key is not None and verify(
            public_key, decode_base58(signature), message.encode()
        )
    except InvalidEncoding:
        return False


@pytest.mark.parametrize("case", cases(KEYS, "verify"), ids=named)
def test_verifying(case):
    valid = case["valid"] and not case["refused"]
    assert is_signed(case["address"], case["signature"], case["message"]) == valid
