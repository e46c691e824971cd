"""The documents that are measured with: the same ones for both sides.

`made_by_earthstar` has the real program write and sign them, ten authors with contents
of 200 bytes, and keeps them in a file, so that they are made once. `made_by_us` is for
the benchmarks in which no real program takes part and a hundred thousand are wanted.
"""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from esd.formats import WorkspaceAddress, encode
from esd.formats.es4 import new_document
from esd.formats.keys import keypair_from_seed
from tests.peers.real import Document, Write, real_client

WORKSPACE = "+bench.documents"
AUTHORS = 10
CONTENT = 200  # bytes
AT_ONCE = 500  # documents that the real program is told in one line
HOUR = 3_600_000_000  # µs


@dataclass(frozen=True, slots=True)
class Documents:
    """`wire` holds each document's JSON; `workspace` is the one they are in."""

    workspace: str
    wire: Sequence[bytes]

    def __len__(self) -> int:
        return len(self.wire)

    @property
    def body(self) -> bytes:
        """All of them as one JSON array: a pub's list, and a push."""
        return b"[" + b",".join(self.wire) + b"]"

    def parsed(self) -> list[Document]:
        return [json.loads(wire) for wire in self.wire]


async def made_by_earthstar(count: int, folder: Path) -> Documents:
    """*count* documents of the real earthstar 6.8.5, from the file or made now."""
    file = folder / f"documents-{count}.json"
    if not file.exists():
        written = await _written(count)
        draft = file.with_suffix(".new")
        draft.write_text(json.dumps(written))
        draft.rename(file)
    documents = json.loads(file.read_bytes())
    wire = [_compact(document) for document in documents]
    return Documents(documents[0]["workspace"], wire)


async def _written(count: int) -> list[Document]:
    async with real_client(WORKSPACE) as client:
        for start in range(0, count, AT_ONCE):
            numbers = range(start, min(start + AT_ONCE, count))
            await client.write([_write(number) for number in numbers])
        return await client.documents()


def _compact(document: Document) -> bytes:
    """As JSON.stringify writes it."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return text.encode()


def _write(number: int) -> Write:
    return Write(
        author=f"aut{number % AUTHORS}",
        path=_path(number),
        content=_content(number),
    )


def _path(number: int) -> str:
    return f"/bench/{number % 97}/{number:07}"


def _content(number: int) -> str:
    return f"document {number} ".ljust(CONTENT, "abcdefghij "[number % 11])


def made_by_us(count: int) -> Iterator[bytes]:
    """The JSON of each of *count* new documents in WORKSPACE."""
    authors = [
        keypair_from_seed(f"aut{number}", bytes([number]) * 32)
        for number in range(AUTHORS)
    ]
    first = time.time_ns() // 1000 - HOUR
    for number in range(count):
        document = new_document(
            authors[number % AUTHORS],
            workspace=WorkspaceAddress.parse(WORKSPACE),
            path=_path(number),
            content=_content(number),
            timestamp=first + number,
        )
        yield encode(document)
