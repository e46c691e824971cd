"""The questions put to an earthstar-graphql, in GraphQL.

Its schema changed with the format of the documents, so each generation is a dialect: a
question in another one is refused whole, before anything is done. Which one a server
speaks is therefore found out by asking in each, the newest first; servers that run as
in production do not tell their schema.

Names in an answer are ours to choose (aliases), and a list of heads holds little else:
short ones are a third of its bytes. Whatever comes from documents or from a peer goes
into variables, never into the text of a question.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

import msgspec

__all__ = [
    "DIALECTS",
    "SCHEMA",
    "WANTS",
    "Dialect",
    "Question",
    "Scope",
    "add_workspace",
    "documents_at",
    "heads",
    "ingest",
]


@dataclass(frozen=True, slots=True)
class Dialect:
    """`number` is what is written down of a peer; never given to another one."""

    number: int
    format: str
    type: str  # of documents in its schema
    fields: str  # that a document has besides those of all formats
    all_heads: str  # an argument without which its list leaves some out


_ES4 = "content contentHash deleteAfter"
DIALECTS = (
    Dialect(3, "es.4", "ES4Document", _ES4, "includeDeleted:true"),  # since 4.1
    Dialect(2, "es.4", "ES4Document", _ES4, ""),
    Dialect(1, "es.3", "ES3Document", "value", ""),
)


@dataclass(frozen=True, slots=True)
class Question:
    text: str
    variables: Mapping[str, object]

    @property
    def target(self) -> str:
        """As the query part of a URL: only what is asked so has an ETag."""
        asked = f"?query={_quoted(self.text)}"
        if not self.variables:
            return asked
        return f"{asked}&variables={_quoted(_compact(self.variables))}"

    @property
    def body(self) -> bytes:
        return msgspec.json.encode({"query": self.text, "variables": self.variables})


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _quoted(text: str) -> str:
    return quote(text, safe="/():,!$*'@")


@dataclass(frozen=True, slots=True)
class Scope:
    """Of which documents the heads are asked for: any of them; None: of all."""

    prefixes: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()


SCHEMA = Question("{__typename}", {})
WANTS = Question("{syncFilters{pathPrefixes versionsByAuthors}}", {})


def heads(dialect: Dialect, address: str, scope: Scope | None) -> Question:
    """What decides which of two documents is newer, of every head; and WANTS."""
    variables: dict[str, object] = {"w": address}
    declared, arguments = "$w:String!", [dialect.all_heads] if dialect.all_heads else []
    if scope is not None:
        variables |= {"p": scope.prefixes, "a": scope.authors}
        declared += ",$p:[String!],$a:[String!]"
        arguments += ["pathPrefixes:$p", "versionsByAuthors:$a"]
    given = f"({','.join(arguments)})" if arguments else ""
    text = (
        f"query({declared})" + "{syncFilters{pathPrefixes versionsByAuthors}"
        f"workspace(address:$w){{heads:documents{given}{{...on {dialect.type}"
        "{p:path t:timestamp s:signature a:author{a:address}}}}}"
    )
    return Question(text, variables)


def documents_at(dialect: Dialect, address: str, paths: Sequence[str]) -> Question:
    """The head at each path, whole; as `d0`, `d1` and so on."""
    declared, asked = _by_path(paths)
    text = (
        f"query($w:String!{declared}){{workspace(address:$w){{{asked}}}}}"
        f"fragment F on {dialect.type}"
        f"{{format path timestamp signature author{{address}}{dialect.fields}}}"
    )
    return Question(text, {"w": address, **_numbered("p", paths)})


def ingest(
    dialect: Dialect, address: str, paths: Sequence[str], documents: Iterable[bytes]
) -> Question:
    """Give documents, at *paths*; a document's JSON is what its schema calls input.

    What became of each is told by newer servers; of an older one we ask which document
    is the head at each path afterwards. (Why one was rejected must not be asked: some
    versions then answer nothing at all, although they took the others.)
    """
    variables = {"w": address, "d": [msgspec.Raw(one) for one in documents]}
    declared, fragment = "", ""
    told = "...on DocumentIngestionReport{documents{__typename}}"
    if dialect.format == "es.3":
        declared, asked = _by_path(paths)
        variables |= _numbered("p", paths)
        told = f"...on IngestDocumentsSuccess{{workspace{{{asked}}}}}"
        fragment = f"fragment F on {dialect.type}{{signature}}"
    text = (
        f"mutation($w:String!,$d:[DocumentInput!]!{declared})"
        f"{{ingestDocuments(workspace:$w,documents:$d){{__typename {told}}}}}{fragment}"
    )
    return Question(text, variables)


def add_workspace(address: str) -> Question:
    """Have it host the workspace."""
    text = "mutation($w:String!){addWorkspace(workspaceAddress:$w){__typename}}"
    return Question(text, {"w": address})


def _by_path(paths: Sequence[str]) -> tuple[str, str]:
    declared = "".join(f",$p{place}:String!" for place in range(len(paths)))
    asked = " ".join(
        f"d{place}:document(path:$p{place}){{...F}}" for place in range(len(paths))
    )
    return declared, asked


def _numbered(name: str, values: Sequence[str]) -> dict[str, str]:
    return {f"{name}{place}": value for place, value in enumerate(values)}
