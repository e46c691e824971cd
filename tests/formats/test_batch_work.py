"""The batch decoder's work and memory: linear in the bytes, whatever they are."""

import pytest

from esd.formats import BatchDecoder, MalformedBody, encode
from esd.formats.batches import MAX_ELEMENT, PIECE
from esd.formats.tolerant import MAX_STRINGS
from tests.formats.bodies import TEXTS, a_document, array, cut, decode


def hostile(kind, size):
    """A body of about *size* bytes, made to be dear."""
    opening, closing = encode(a_document(0, "")).split(b'"content":')
    opening, closing = opening + b'"content":"', closing[1:]
    fillings = {
        "cuts-in-a-content": array(opening + b"},{" * (size // 3) + closing),
        "escapes-in-a-content": array(opening + b"\\n" * (size // 2) + closing),
        "lone-surrogates": array(opening + b"\\ud800" * (size // 6) + closing),
        "backslashes": array(opening + b"\\" * (size // 2 * 2) + closing),
        "brackets-in-a-content": array(opening + b"[{" * (size // 2) + closing),
        "opening-brackets": b"[" * size,
        "deep-list": b"[" * (size // 2) + b"]" * (size // 2),
        "digits": array(b"9" * size),
        "space": b"[" + b" " * size + b"]",
        "unfinished-string": b'[{"a":"' + b"x" * size,
        "one-bad-document-a-piece": array(
            *([b",".join([*TEXTS[:40], b"null"])] * (size // 26_000))
        ),
    }
    return fillings[kind]


HOSTILE = [
    "cuts-in-a-content",
    "escapes-in-a-content",
    "lone-surrogates",
    "backslashes",
    "brackets-in-a-content",
    "opening-brackets",
    "deep-list",
    "digits",
    "space",
    "unfinished-string",
    "one-bad-document-a-piece",
]


def examined(body, size):
    decoder = BatchDecoder()
    try:
        for piece in cut(body, size):
            decoder.feed(piece)
        decoder.close()
    except MalformedBody:
        pass
    return decoder.examined


@pytest.mark.parametrize("size", [PIECE, 1400])
@pytest.mark.parametrize("kind", HOSTILE)
def test_the_work_is_linear_in_the_bytes(kind, size):
    once, twice = hostile(kind, 1 << 18), hostile(kind, 1 << 19)
    assert examined(once, size) <= 5 * len(once)
    assert examined(twice, size) <= 2 * examined(once, size) + 2 * PIECE


def test_the_largest_document_in_small_pieces():
    """24 MB: a content of 4,000,000 bytes, each spelled with six."""
    text = encode(a_document(0, "")).replace(b'"content":""', b'"content":"%b"')
    body = array(text % (b"\\u0041" * 4_000_000), TEXTS[1])
    documents, rejected, well = decode(cut(body, PIECE))
    assert ([len(doc.content) for doc in documents], well) == ([4_000_000, 15], True)
    assert not rejected


@pytest.mark.parametrize("ending", [b"", b'"]'])
def test_an_element_that_is_too_long_is_not_held(ending):
    """It would be held as a whole, a thousand times at once."""
    body = array(TEXTS[0])[:-1] + b',"' + b"x" * MAX_ELEMENT + ending
    documents, _, well = decode(cut(body, PIECE))
    assert (len(documents), well) == (1, False)


def test_an_element_of_very_many_fields_is_no_document():
    many = b",".join(b'"_%d":"\\""' % number for number in range(MAX_STRINGS))
    documents, rejected, well = decode([array(b"{" + many + b"}", TEXTS[0])])
    assert (len(documents), rejected.total(), well) == (1, 1, True)


def test_a_content_of_very_many_quotes_is_a_document_like_any():
    text = encode(a_document(0, '"' * 3 * MAX_STRINGS + "x"))
    spelled = text.replace(b"x", rb"\ud800")
    documents, rejected, well = decode([array(spelled)])
    assert (len(documents), rejected.total(), well) == (1, 0, True)


def test_the_work_is_linear_byte_by_byte():
    body = array(b'{"a":"' + b"},{\\n" * 2000 + b'"}', TEXTS[0])
    assert examined(body, 1) <= 5 * len(body)


def test_too_many_elements_that_are_no_documents_are_malformed():
    body = array(*[b"0"] * 11)
    assert len(BatchDecoder(max_rejected=11).feed(body + b" " * PIECE).rejected) == 1
    with pytest.raises(MalformedBody) as fault:
        BatchDecoder(max_rejected=10).feed(body + b" " * PIECE)
    assert fault.value.batch.total == 11


def test_too_much_inside_the_elements_is_malformed():
    body = array(array(*[b"[]"] * 6), array(*[b"{}"] * 5))
    assert BatchDecoder(max_nested=11).feed(body + b" " * PIECE).total == 2
    with pytest.raises(MalformedBody) as fault:
        BatchDecoder(max_nested=10).feed(body + b" " * PIECE)
    assert fault.value.batch.total == 1
