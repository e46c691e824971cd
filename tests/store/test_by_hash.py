"""Items in their order, and documents by hash, read in bounded pages."""

import pytest

from esd.errors import OperatorMustAct
from esd.formats import document_hash, encode
from esd.store import Entry
from esd.store.pages import PAGE_BYTES
from tests.replicas import MATT, NOW, SECOND, a_document, documents

UNKNOWN = b"?" * 32


def an_entry(document, **over):
    return Entry(
        document.path,
        document.author,
        document.timestamp,
        document.signature,
        document.delete_after,
        len(document.content),
        document.format,
        "",
        document_hash(document),
        encode(document),
    )._replace(**over)


def put(file, *entries, now=NOW):
    return file.writer.put(entries, now)


BRIEF = a_document("/!brief", until=NOW + SECOND)


# Items


def test_items_are_ordered_by_time_and_then_hash(file):
    put(file, *map(an_entry, [*documents(20), BRIEF, *documents(5, by=MATT)]))
    found = list(file.reader.items())
    assert len(found) == 26
    assert found == sorted(found)
    assert (NOW, document_hash(BRIEF), NOW + SECOND) in found


def test_items_of_some_formats(file):
    one, other = map(an_entry, documents(2))
    put(file, one, other._replace(format="es.3"))
    assert list(file.reader.items({"es.3"})) == [(other.timestamp, other.hash, None)]
    assert len(list(file.reader.items({"es.3", "es.4", "es.9"}))) == 2
    assert list(file.reader.items(set())) == []


@pytest.mark.parametrize(
    ("paths", "count"),
    [
        (("", None), 30),
        (("/doc/000010", None), 20),
        (("/doc/000010", "/doc/000013"), 3),
        (("/z", None), 0),
    ],
)
def test_facts_are_those_of_a_range_of_paths(paths, count, file):
    put(file, *map(an_entry, documents(30)))
    found = list(file.reader.facts(paths))
    assert len(found) == count
    assert found == sorted(found)


def test_facts_say_what_a_query_asks(file):
    put(file, an_entry(BRIEF))
    (fact,) = file.reader.facts()
    until = NOW + SECOND
    place = (BRIEF.path, BRIEF.author)
    assert fact == (*place, NOW, "es.4", until, document_hash(BRIEF))


# By hash


def test_what_is_held_is_known_by_its_hash_while_it_lives(file):
    held = [*documents(250), BRIEF]
    put(file, *map(an_entry, held))
    hashes = [document_hash(document) for document in held]
    asked = [UNKNOWN, *hashes, *hashes]
    assert file.reader.known(asked, NOW + SECOND) == set(hashes)
    assert file.reader.known(asked, NOW + SECOND + 1) == set(hashes[:-1])
    assert file.reader.keys_at(set(hashes), NOW)[hashes[7]] == NOW + 7
    assert file.reader.known([], NOW) == set()


def test_documents_come_in_the_order_they_were_asked_for(file):
    held = documents(9)
    put(file, *map(an_entry, held))
    asked = [document_hash(document) for document in reversed(held)]
    wires = file.reader.wires([UNKNOWN, *asked, asked[0]], NOW)
    assert list(wires.found) == asked
    assert (wires.settled, wires.large) == (11, None)
    wire = wires.found[asked[0]]
    assert wire == (held[8].path, held[8].author, NOW + 8, "es.4", encode(held[8]))


def test_what_has_expired_is_not_sent(file):
    put(file, an_entry(BRIEF))
    wires = file.reader.wires([document_hash(BRIEF)], NOW + SECOND + 1)
    assert wires == ({}, 1, None)


def test_one_call_looks_at_so_many_hashes(file):
    put(file, *map(an_entry, documents(120)))
    asked = [document_hash(document) for document in documents(120)]
    assert file.reader.wires(asked, NOW).settled == 100


def test_one_call_reads_so_many_bytes(file):
    entries = [an_entry(one, json=bytes(400)) for one in documents(5)]
    put(file, *entries)
    asked = [entry.hash for entry in entries]
    wires = file.reader.wires(asked, NOW, size=1000)
    assert (len(wires.found), wires.settled) == (3, 3)
    wires = file.reader.wires(asked[3:], NOW, size=1000)
    assert (len(wires.found), wires.settled) == (2, 2)


def test_a_long_document_comes_alone_to_be_read_in_slices(file):
    size = PAGE_BYTES + 1
    short, long, last = map(an_entry, documents(3))
    put(file, short, long._replace(json=bytes(size)), last)
    asked = [short.hash, UNKNOWN, long.hash, last.hash]
    wires = file.reader.wires(asked, NOW)
    assert (list(wires.found), wires.settled, wires.large) == ([short.hash], 2, None)
    wires = file.reader.wires(asked[2:], NOW)
    assert (list(wires.found), wires.settled) == ([long.hash], 1)
    assert wires.found[long.hash].path == long.path
    assert b"".join(file.reader.slices(wires.large)) == bytes(size)
    assert list(file.reader.wires(asked[3:], NOW).found) == [last.hash]


def test_of_what_is_not_given_not_even_the_json_is_read(file):
    held = documents(9)
    put(file, *(an_entry(one, json=bytes(400)) for one in held))
    statements = []
    file._read_db.set_trace_callback(statements.append)
    asked = [document_hash(one) for one in held]

    def given(path, author, timestamp, format_):
        assert (author, format_) == (held[0].author, "es.4")
        return path == held[7].path and timestamp == NOW + 7

    wires = file.reader.wires(asked, NOW, given=given, size=1000)
    assert (list(wires.found), wires.settled) == ([asked[7]], 9)
    assert len(statements) == 2, "one to look them up, one to read"


def test_a_long_document_that_is_not_given_is_in_nobodys_way(file):
    short, long = map(an_entry, documents(2))
    put(file, short, long._replace(json=bytes(PAGE_BYTES + 1)))

    def given(path, *_):
        return path == short.path

    wires = file.reader.wires([long.hash, short.hash], NOW, given=given)
    assert (list(wires.found), wires.settled, wires.large) == ([short.hash], 2, None)


@pytest.mark.parametrize(
    "read",
    [
        lambda reader: reader.wires([UNKNOWN], NOW),
        lambda reader: reader.known([UNKNOWN], NOW),
        lambda reader: reader.held([("/a", "@a")], NOW),
        lambda reader: reader.page(NOW),
        lambda reader: next(reader.slices(1)),
        lambda reader: reader.last_index(),
    ],
    ids=["wires", "known", "held", "page", "slices", "last index"],
)
def test_a_closed_file_is_no_surprise(read, file):
    file.close_reader()
    with pytest.raises(OperatorMustAct, match="removed"):
        read(file.reader)
