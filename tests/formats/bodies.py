"""Bodies of documents, cut in pieces, and what a decoder makes of them."""

import json

from esd.formats import (
    Batch,
    BatchDecoder,
    MalformedBody,
    Reason,
    WorkspaceAddress,
    encode,
    keypair_from_seed,
    new_document,
)

SUZY = keypair_from_seed("suzy", bytes(32))
GARDENING = WorkspaceAddress("+gardening.friends")


def a_document(number=0, content="hello"):
    return new_document(
        SUZY,
        workspace=GARDENING,
        path=f"/wiki/{number}",
        content=content,
        timestamp=1617235200000000 + number,
    )


DOCS = [a_document(number, f'"{number}" \\ é}},{{"a":[') for number in range(1000)]
TEXTS = [encode(doc) for doc in DOCS]
BODY = b"[" + b",".join(TEXTS) + b"]"


def decode(pieces):
    """Everything that comes out, and whether the body ended well."""
    whole, decoder = Batch(), BatchDecoder()
    well = True
    try:
        for piece in pieces:
            add(whole, decoder.feed(piece))
        add(whole, decoder.close())
    except MalformedBody as exc:
        add(whole, exc.batch)
        well = False
    return whole.documents, whole.rejected, well


def add(whole, batch):
    whole.documents += batch.documents
    whole.rejected += batch.rejected


def cut(data, size):
    return [data[start : start + size] for start in range(0, len(data), size)]


def array(*elements):
    return b"[" + b",".join(elements) + b"]"


ODD_ELEMENTS = {
    "null": (b"null", Reason.MALFORMED),
    "true": (b"true", Reason.MALFORMED),
    "number": (b"-1.5e3", Reason.MALFORMED),
    "many-digits": (b"9" * 5000, Reason.MALFORMED),
    "string": (b'"a,b]c\\""', Reason.MALFORMED),
    "list": (b'[1,[2],"]"]', Reason.MALFORMED),
    "deep-list": (b"[" * 10_000 + b"]" * 10_000, Reason.MALFORMED),
    "deep-field": (
        TEXTS[0][:-1] + b',"_x":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
        Reason.MALFORMED,
    ),
    "empty-object": (b"{}", Reason.FORMAT),
    "nested-object": (b'{"a":{"b":[]},"c":"}"}', Reason.FORMAT),
    "no-format": (TEXTS[0].replace(b'"format":"es.4",', b""), Reason.FORMAT),
    "other-format": (TEXTS[0].replace(b"es.4", b"es.9"), Reason.FORMAT),
    "empty-format": (b'{"format":""}', Reason.FORMAT),
    "extra-field": (TEXTS[0][:-1] + b',"x":1}', Reason.FIELDS),
    "text-timestamp": (TEXTS[0].replace(b":1617235200000000", b':"1"'), Reason.FIELDS),
    "infinite-timestamp": (
        TEXTS[0].replace(b":1617235200000000", b":1e400"),
        Reason.FIELDS,
    ),
    "5000-digits": (
        TEXTS[0].replace(b":1617235200000000", b":" + b"9" * 5000),
        Reason.FIELDS,
    ),
    "fraction": (
        TEXTS[0].replace(b":1617235200000000", b":1617235200000000.2"),
        Reason.FIELDS,
    ),
}


TIMESTAMP = b":1617235200000000"
ODD_SPELLINGS = {
    "exponent": TEXTS[0].replace(TIMESTAMP, b":1.6172352e15"),
    "fraction-that-rounds": TEXTS[0].replace(TIMESTAMP, b":1617235200000000.1"),
    "negative-exponent": TEXTS[0].replace(TIMESTAMP, b":161723520000000000e-2"),
    "private-field": TEXTS[0][:-1] + b',"_localIndex":{"a":[1,{"b":null}]}}',
    "private-field-1500-deep": TEXTS[0][:-1]
    + b',"_x":'
    + b'[{"":' * 750
    + b"{}"
    + b"}]" * 750
    + b"}",
    "duplicate-key": b'{"format":"x","path":5,' + TEXTS[0][1:],
    "escaped-key": TEXTS[0].replace(b'"path"', b'"\\u0070ath"'),
    "white-space": TEXTS[0].replace(b',"content"', b'\n\t, "content"  \r'),
    "reversed": json.dumps(
        dict(reversed(json.loads(TEXTS[0]).items())), ensure_ascii=False
    ).encode(),
}
