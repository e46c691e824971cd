"""What a writer tells of the set of documents: what came, and what went for it."""

from esd.store import EXPIRE_ROWS, Put
from tests.replicas import MATT, NOW, SECOND, a_document, documents
from tests.store.test_by_hash import an_entry, put

OLD, NEW = an_entry(a_document()), an_entry(a_document(content="new", at=NOW + 1))
BRIEF = an_entry(a_document("/!a", "brief", until=NOW + SECOND))
EARLIER = an_entry(a_document("/!a", "earlier", at=NOW - 1, until=NOW + 9 * SECOND))


def item(entry):
    return entry.timestamp, entry.hash


def told(stored):
    return list(stored.came), stored.gone


def test_what_is_new_came(file):
    assert told(put(file, OLD)) == ([OLD], [])


def test_what_was_replaced_went(file):
    put(file, OLD)
    assert told(put(file, NEW)) == ([NEW], [item(OLD)])


def test_what_is_obsolete_neither_came_nor_went(file):
    put(file, NEW)
    stored = put(file, OLD, NEW)
    assert stored.answers == [Put.OBSOLETE] * 2
    assert told(stored) == ([], [])


def test_what_was_replaced_in_the_same_batch_never_came(file):
    stored = put(file, OLD, NEW)
    assert stored.answers == [Put.ACCEPTED] * 2
    assert told(stored) == ([NEW], [])


def test_what_had_expired_went_too(file):
    put(file, BRIEF)
    stored = put(file, EARLIER, now=NOW + SECOND + 1)
    assert told(stored) == ([EARLIER], [item(BRIEF)])


def test_who_is_hidden_by_an_ephemeral_document_is_told_until_when(file):
    put(file, BRIEF)
    assert put(file, an_entry(a_document()), EARLIER).hidden == {1: NOW + SECOND}
    assert put(file, BRIEF).hidden == {}, "hidden by itself"
    assert put(file, OLD).hidden == {}, "hidden by one that stays"


def test_hidden_by_one_of_the_same_batch(file):
    assert put(file, BRIEF, EARLIER).hidden == {1: NOW + SECOND}


def test_what_is_removed_went(file):
    entries = [an_entry(document) for document in documents(5)]
    put(file, *entries)
    assert file.writer.remove([2, 4, 99]) == [item(entries[1]), item(entries[3])]
    assert file.reader.totals().count == 3


def test_what_expires_goes_in_bounded_transactions(file):
    brief = [
        BRIEF._replace(path=f"/!{number}", hash=number.to_bytes(32))
        for number in range(EXPIRE_ROWS + 5)
    ]
    put(file, *brief, an_entry(a_document(by=MATT)))
    later = NOW + SECOND + 1
    gone = file.writer.expire(later)
    assert len(gone) == EXPIRE_ROWS
    gone += file.writer.expire(later)
    assert sorted(gone) == sorted(map(item, brief))
    assert file.writer.expire(later) == []
    assert file.reader.totals().count == 1
