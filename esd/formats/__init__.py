"""Documents: what they are, how they read, whether they are valid.

Pure: no clock, no disk, no network. Whatever time it is comes in as an argument.
"""

from esd.formats.addresses import (
    Author,
    InvalidAddress,
    WorkspaceAddress,
    is_author_address,
    parse_author,
)
from esd.formats.batches import (
    Batch,
    BatchDecoder,
    MalformedBody,
    TooManyRejected,
    decode_one,
)
from esd.formats.document import Document, InvalidDocument, Reason, encode, rank
from esd.formats.encoding import InvalidEncoding, decode_base32, encode_base32
from esd.formats.es3 import Es3Document
from esd.formats.es4 import Es4Document, new_document, sign_document
from esd.formats.keys import (
    InvalidKeypair,
    Keypair,
    check_keypair,
    keypair_from_seed,
    new_keypair,
)
from esd.formats.paths import InvalidPath, may_write
from esd.formats.registry import (
    FORMATS,
    check,
    check_all,
    document_hash,
    shorten_signature,
)
from esd.formats.replication import (
    EVERYTHING,
    MOST_QUERIES,
    Halves,
    InvalidReplicationQuery,
    Predicate,
    Queries,
    ReplicationQuery,
    hour_of,
    in_formats,
    parse_halves,
    parse_queries,
    predicate,
)

__all__ = [
    "EVERYTHING",
    "FORMATS",
    "MOST_QUERIES",
    "Author",
    "Batch",
    "BatchDecoder",
    "Document",
    "Es3Document",
    "Es4Document",
    "Halves",
    "InvalidAddress",
    "InvalidDocument",
    "InvalidEncoding",
    "InvalidKeypair",
    "InvalidPath",
    "InvalidReplicationQuery",
    "Keypair",
    "MalformedBody",
    "Predicate",
    "Queries",
    "Reason",
    "ReplicationQuery",
    "TooManyRejected",
    "WorkspaceAddress",
    "check",
    "check_all",
    "check_keypair",
    "decode_base32",
    "decode_one",
    "document_hash",
    "encode",
    "encode_base32",
    "hour_of",
    "in_formats",
    "is_author_address",
    "keypair_from_seed",
    "may_write",
    "new_document",
    "new_keypair",
    "parse_author",
    "parse_halves",
    "parse_queries",
    "predicate",
    "rank",
    "shorten_signature",
    "sign_document",
]
