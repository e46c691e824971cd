"""The bytes of a push: types, encodings, and how much is too much."""

import gzip
import zlib

import pytest

from esd.formats import encode
from esd.pub import PubSettings
from esd.replica import Bounds
from tests.pub.serving import UNKNOWN, as_body, serving
from tests.replica.signed import documents
from tests.replicas import a_document

OPEN = PubSettings(creates=True)

# Types and encodings


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json;charset=UTF-8",
        'application/json; Charset = "utf-8" ; x=y',
        "application/json; charset=utf8-no-but-nearly; charset=utf-8",
        "application/json; charset=",
        "nonsense;;;",
        "",
    ],
)
async def test_a_body_is_read_whatever_its_type(kind, pub):
    answer = await pub.post([a_document()], content_type=kind)
    wanted = 415 if "nearly" in kind else 200
    assert answer.status == wanted


@pytest.mark.parametrize("charset", ["latin-1", "ISO-8859-1", '"ascii"', "utf"])
async def test_another_charset_is_refused(charset, pub):
    kind = f"application/json; charset={charset}"
    answer = await pub.post([a_document()], content_type=kind)
    assert (answer.status, answer.counts, pub.count) == (415, (0, 0, 0), 0)


async def test_a_byte_order_mark_is_no_fault(pub):
    answer = await pub.post(b"\xef\xbb\xbf" + as_body([a_document()]))
    assert answer.counts == (1, 0, 1)


async def test_bytes_that_are_not_utf_8_cost_only_their_document(pub):
    body = as_body([a_document("/a", "broken"), a_document("/b")])
    answer = await pub.post(body.replace(b"broken", b"br\xffken"))
    assert (answer.status, answer.counts) == (200, (1, 1, 2))


def raw_deflate(data):
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("x-gzip", gzip.compress),
        ("GZip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", raw_deflate),
        ("identity", bytes),
    ],
)
async def test_a_compressed_push(encoding, pack, pub):
    body = pack(as_body(documents(60)))
    answer = await pub.post(body, content_encoding=encoding)
    assert (answer.status, answer.counts) == (200, (60, 0, 60))


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "nonsense"])
async def test_an_unknown_encoding_is_refused(encoding, pub):
    answer = await pub.post([a_document()], content_encoding=encoding)
    assert (answer.status, answer.counts, pub.count) == (415, (0, 0, 0), 0)


async def test_a_damaged_encoding_is_refused(pub):
    packed = gzip.compress(as_body(documents(60)))
    for body in (packed[:-9], packed[:-8] + b"12345678", b"no gzip at all"):
        answer = await pub.post(body, content_encoding="gzip")
        assert answer.status == 400
        assert len(answer.counts) == 3


# Bounds


async def test_a_body_over_the_bound_is_413_and_keeps_what_came_before(tmp_path):
    big = [a_document(f"/{n:02}", "x" * 100_000) for n in range(20)]
    with serving(tmp_path, body=1_000_000) as pub:
        answer = await pub.post(big)
        assert answer.status == 413
        assert answer.counts == (pub.count, 0, pub.count)
        assert 5 <= pub.count < 10
        again = await pub.post(big[: pub.count])
        assert (again.status, again.json["numIngested"]) == (200, 0)


async def test_a_gzip_bomb_is_413(tmp_path):
    bomb = gzip.compress(b"[" + b" " * 20_000_000)
    assert len(bomb) < 25_000
    with serving(tmp_path, body=1_000_000) as pub:
        answer = await pub.post(bomb, content_encoding="gzip")
        assert (answer.status, answer.counts) == (413, (0, 0, 0))


async def test_a_bomb_behind_documents_keeps_the_documents(tmp_path):
    good = as_body(documents(10))[:-1]
    bomb = gzip.compress(good + b"," + b" " * 20_000_000)
    with serving(tmp_path, body=1_000_000) as pub:
        answer = await pub.post(bomb, content_encoding="gzip")
        assert (answer.status, pub.count) == (413, 10)


async def test_more_documents_than_a_request_may_have(tmp_path):
    bounds = Bounds(free_disk=0, documents_per_request=50)
    with serving(tmp_path, bounds=bounds) as pub:
        assert (await pub.post(documents(51))).status == 413
        assert (await pub.post(documents(50))).status == 200


async def test_a_thousand_invalid_documents_are_enough(pub):
    elements = b",".join([b"{}"] * 2000)
    answer = await pub.post(b"[" + encode(a_document()) + b"," + elements + b"]")
    assert (answer.status, pub.count) == (400, 1)
    assert answer.json["numIngested"] == 1


async def test_a_full_workspace_is_507_and_keeps_what_fitted(tmp_path):
    size = len(encode(documents(1)[0]))
    bounds = Bounds(free_disk=0, bytes_per_workspace=3 * size)
    with serving(tmp_path, bounds=bounds) as pub:
        answer = await pub.post(documents(5))
        assert (answer.status, answer.counts, pub.count) == (507, (3, 2, 5), 3)
        again = await pub.post(documents(3))
        assert (again.status, again.counts) == (200, (0, 3, 3))


async def test_a_full_workspace_stays_507_however_much_is_sent(tmp_path):
    bounds = Bounds(free_disk=0, bytes_per_workspace=1)
    with serving(tmp_path, bounds=bounds) as pub:
        answer = await pub.post(documents(1100))
        assert (answer.status, answer.counts) == (507, (0, 1100, 1100))


async def test_a_full_disk_is_507(tmp_path):
    with serving(tmp_path, bounds=Bounds(free_disk=1 << 62)) as pub:
        answer = await pub.post(documents(5))
        assert (answer.status, answer.counts, pub.count) == (507, (0, 0, 0), 0)
        assert (await pub.get()).status == 200


async def test_what_a_full_disk_does_not_keep_out_is_nothing_new(tmp_path):
    with serving(tmp_path, bounds=Bounds(free_disk=1 << 62)) as pub:
        assert (await pub.post([])).status == 200


async def test_too_many_workspaces_are_507(tmp_path):
    bounds = Bounds(free_disk=0, max_workspaces=1)
    with serving(tmp_path, OPEN, bounds=bounds) as pub:
        answer = await pub.post([], UNKNOWN)
        assert (answer.status, answer.counts) == (507, (0, 0, 0))
        assert (await pub.post([a_document()])).status == 200
