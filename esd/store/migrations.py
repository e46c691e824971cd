"""The tables of both kinds of file, step by step.

Step n leads from version n to n + 1. A step that was released stays as it is: files of
every version are out there.
"""

__all__ = ["NODE", "REPLICA"]

_REPLICA_1 = """
CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value ANY
) STRICT, WITHOUT ROWID;

CREATE TABLE documents (
  local_index    INTEGER PRIMARY KEY AUTOINCREMENT,
  path           TEXT    NOT NULL,
  author         TEXT    NOT NULL,
  timestamp      INTEGER NOT NULL,
  signature      TEXT    NOT NULL,
  delete_after   INTEGER,
  content_length INTEGER NOT NULL,
  format         TEXT    NOT NULL,
  origin         TEXT    NOT NULL,
  hash           BLOB    NOT NULL,
  json           BLOB    NOT NULL,
  UNIQUE (path, author)
) STRICT;

CREATE INDEX documents_ephemeral ON documents (delete_after)
  WHERE delete_after IS NOT NULL;

CREATE TABLE peer_lists (
  peer        TEXT PRIMARY KEY,
  etag        TEXT    NOT NULL,
  cursor      INTEGER NOT NULL,
  digest      BLOB    NOT NULL,
  url         TEXT    NOT NULL,
  epoch       BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE peer_refused (
  peer     TEXT    NOT NULL,
  hash     BLOB    NOT NULL,
  tries    INTEGER NOT NULL,
  retry_at INTEGER NOT NULL,
  PRIMARY KEY (peer, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE peer_facts (
  peer  TEXT NOT NULL,
  name  TEXT NOT NULL,
  value ANY,
  PRIMARY KEY (peer, name)
) STRICT, WITHOUT ROWID;
"""

_NODE_1 = """
CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value ANY
) STRICT, WITHOUT ROWID;

CREATE TABLE backoffs (
  peer          TEXT PRIMARY KEY,
  failing_since INTEGER NOT NULL,
  last_attempt  INTEGER NOT NULL,
  failures      INTEGER NOT NULL,
  next_attempt  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE runs (
  run       INTEGER NOT NULL,
  peer      TEXT    NOT NULL,
  workspace TEXT    NOT NULL,
  cause     TEXT    NOT NULL,
  started   INTEGER NOT NULL,
  ended     INTEGER NOT NULL,
  outcome   TEXT    NOT NULL,
  detail    TEXT    NOT NULL,
  PRIMARY KEY (run, workspace)
) STRICT, WITHOUT ROWID;

CREATE TABLE paused (
  peer  TEXT PRIMARY KEY,
  until INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE identities (
  name    TEXT PRIMARY KEY,
  address TEXT    NOT NULL,
  secret  TEXT    NOT NULL,
  created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
"""

# One index for all that is asked by hash, and for the set of all items: that is read
# from it alone, and sorted. Hashes come in no order, so ingest pays for each index (us
# of CPU a document, on a machine where a signature takes 100):
#
#                                         to 10,000  100,000  1,000,000   1M in order
#   none                                         13       11         14         2.3 s
#   this one                                     20       27         40   1.4 - 1.6 s
#   (timestamp, hash ...) and one on hash        23       38          -   1.0 - 1.4 s
#
# A set is read so once in its life, and then saved; documents come every day. Paths
# need no index: the unique one on (path, author) finds 10,000 among a million in 40 ms.
_REPLICA_2 = """
CREATE INDEX documents_items ON documents (hash, timestamp, format, delete_after);

CREATE TABLE peer_useless (
  peer      TEXT    NOT NULL,
  hash      BLOB    NOT NULL,
  timestamp INTEGER NOT NULL,
  tries     INTEGER NOT NULL,
  retry_at  INTEGER NOT NULL,
  PRIMARY KEY (peer, hash)
) STRICT, WITHOUT ROWID;
"""

_NODE_2 = """
CREATE TABLE peer_protocols (
  peer     TEXT PRIMARY KEY,
  place    BLOB    NOT NULL,
  protocol TEXT    NOT NULL,
  asked_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE high_water (
  workspace  TEXT PRIMARY KEY,
  epoch      BLOB    NOT NULL,
  last_index INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
"""

# What left since the set of all items was saved (items_log).
_REPLICA_3 = """
CREATE TABLE gone_items (
  number    INTEGER PRIMARY KEY AUTOINCREMENT,
  timestamp INTEGER NOT NULL,
  hash      BLOB    NOT NULL
) STRICT;
"""

REPLICA: tuple[str, ...] = (_REPLICA_1, _REPLICA_2, _REPLICA_3)
NODE: tuple[str, ...] = (_NODE_1, _NODE_2)
