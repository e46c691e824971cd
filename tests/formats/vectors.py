"""The conformance vectors: answers of the reference implementation, read from disk."""

import json
from pathlib import Path

import msgspec

from esd.formats import Document, Keypair, decode_one

FOLDER = Path(__file__).parent.parent / "vectors"


def load(group):
    return json.loads((FOLDER / f"{group}.json").read_text())


def cases(group, category=None):
    return [c for c in load(group)["cases"] if category in (None, c["category"])]


def named(case):
    return case["id"]


def keypairs(group):
    return {
        name: msgspec.convert(pair, Keypair)
        for name, pair in load(group)["keypairs"].items()
    }


def text_of(case) -> bytes:
    """The case's document as it would be posted."""
    text = case["docJson"]
    if "expand" not in case:
        return text.encode()
    expand = case["expand"]
    unit = json.loads(expand["unitJson"]) if "unitJson" in expand else expand["unit"]
    fields = json.loads(text) | {expand["field"]: unit * expand["count"]}
    return json.dumps(fields).encode()


def document_of(case) -> Document:
    return decode_one(text_of(case))
