"""Peers that speak ours and mean ill, or are broken: each ends with a clear reason.

The answers of a real daemon are altered on the way. Whatever they say, the run ends in
a bounded time, and what had come before is kept.
"""

import json
import os

import pytest
import trio

from esd import formats
from esd.daemon import wall_clock
from esd.formats import encode_base32, keypair_from_seed
from tests.altered import altering
from tests.daemons import a_config, a_peer, start_daemon
from tests.replicas import a_document

GARDEN = "+canary.garden7q"
SUZY = keypair_from_seed("suzy", b"s" * 32)
VERSION = b"\x61"
INFINITE = b"\x00\x00"  # a bound: no timestamp, no id
HASH = encode_base32(b"h" * 32)


def at(path, change):
    """Alter the answers at one path."""

    def alter(request, status, body):
        if request.url.path.endswith("/v1/" + path):
            return change(request, status, body)
        return status, body

    return alter


def body_is(body, status=200):
    return lambda request, _status, _body: (status, body)


def with_members(**members):
    def change(_request, status, body):
        return status, json.dumps(json.loads(body) | members).encode()

    return change


def level_2(path, change):
    """The same, with a peer that speaks level 2 only."""
    inner = at(path, change)

    def alter(request, status, body):
        if request.url.path.endswith("/hello"):
            return with_members(levels=["hashes"])(request, status, body)
        return inner(request, status, body)

    return alter


def varint(number):
    digits = [number & 0x7F]
    while number := number >> 7:
        digits.append(number & 0x7F | 0x80)
    return bytes(reversed(digits))


def a_list(*ids):
    """A message that lists ids for everything."""
    return VERSION + INFINITE + b"\x02" + varint(len(ids)) + b"".join(ids)


def other_fingerprint(_request, _status, _body):
    return 200, VERSION + INFINITE + b"\x01" + os.urandom(16)


def needs_never_given(_request, _status, _body):
    """Ids of the first microsecond; and everything after it differs."""
    ids = b"".join(os.urandom(32) for _ in range(3_500))
    listed = b"\x02\x00" + b"\x02" + varint(3_500) + ids
    return 200, VERSION + listed + INFINITE + b"\x01" + os.urandom(16)


def not_asked_for(_request, status, body):
    other = a_document("/other", at=wall_clock(), by=SUZY)
    return status, formats.encode(other) + b"\n" + body


def without_end(_request, status, body):
    return status, b"\n".join(body.splitlines()[:-1]) + b"\n"


def after_end(_request, status, body):
    return status, body + b'{"end":true,"next":null}\n'


def next_is(value):
    end = json.dumps({"end": True, "next": value}).encode() + b"\n"
    return lambda _request, status, _body: (status, end)


CASES = {
    "a hello of a web site": (at("hello", body_is(b"<html>")), "hello cannot be read"),
    "a hello of a number": (at("hello", body_is(b"7")), "hello cannot be read"),
    "a hello of depths": (at("hello", body_is(b"[" * 60_000)), "hello cannot be read"),
    "another version": (
        at("hello", with_members(protocol="earthstar-sync/2")),
        "another version",
    ),
    "a short salt": (at("hello", with_members(salt="baaaa")), "bounds that allow"),
    "no salt": (at("hello", with_members(salt="!")), "no salt"),
    "bounds of nothing": (
        at("hello", with_members(limits={"body": 1, "hashes": 0, "frame": 1 << 17})),
        "bounds that allow nothing",
    ),
    "a tiny frame": (
        at("hello", with_members(limits={"body": 1, "hashes": 1, "frame": 64})),
        "bounds that allow nothing",
    ),
    "levels unheard of": (
        at("hello", with_members(levels=["telepathy"])),
        "none of the levels",
    ),
    "proofs that are none": (at("workspaces", body_is(b'{"proofs":7}')), "workspaces"),
    "queries that are none": (at("query", body_is(b"[]")), "queries cannot be read"),
    "queries unheard of": (
        at("query", with_members(incoming=[{"color": "red"}])),
        "queries cannot be read",
    ),
    "queries without end": (
        at("query", with_members(outgoing=[{}] * 100)),
        "queries cannot be read",
    ),
    "queries new each time": (
        at(
            "reconcile",
            lambda request, status, body: (
                409,
                json.dumps(
                    {
                        "query": {
                            "incoming": [{"path": f"/{os.urandom(8).hex()}"}],
                            "outgoing": [{}],
                            "refuse": [],
                        }
                    }
                ).encode(),
            ),
        ),
        "takes back with each answer",
    ),
    "a conflict about nothing": (
        at("reconcile", body_is(b"{}", 409)),
        "queries cannot be read",
    ),
    "another Negentropy": (at("reconcile", body_is(b"\x62")), "another version"),
    "no Negentropy": (at("reconcile", body_is(b"<html>")), "not one of Negentropy"),
    "an empty message": (at("reconcile", body_is(b"")), "empty"),
    "a message too long": (
        at("reconcile", body_is(VERSION + bytes(1 << 18))),
        "too long",
    ),
    "endless rounds": (at("reconcile", other_fingerprint), "more rounds"),
    "needs never given": (at("reconcile", needs_never_given), "does not give"),
    "documents not asked for": (at("documents/get", not_asked_for), "not asked for"),
    "documents that break off": (at("documents/get", without_end), "breaks off"),
    "documents after the end": (at("documents/get", after_end), "after its end"),
    "no proper end": (
        at("documents/get", body_is(b'{"end":"soon"}\n')),
        "no proper end",
    ),
    "going nowhere": (at("documents/get", next_is(0)), "where it did not stop"),
    "going backwards": (at("documents/get", next_is(-7)), "where it did not stop"),
    "too few results": (
        at("documents", with_members(results="a")),
        "does not fit what was pushed",
    ),
    "odd results": (
        at("documents", with_members(results="??")),
        "does not fit what was pushed",
    ),
    "no results": (at("documents", body_is(b"[]")), "cannot be read"),
    "level 2: no hashes": (
        level_2("hashes", body_is(b'"hello"\n{"end":true,"next":null}\n')),
        "hashes that are none",
    ),
    "level 2: no strings": (
        level_2("hashes", body_is(b'[7]\n{"end":true,"next":null}\n')),
        "something else",
    ),
    "level 2: long lines": (
        level_2("hashes", body_is(b'"' + b"b" * 9_000 + b'"\n')),
        "something else",
    ),
    "level 2: breaks off": (level_2("hashes", body_is(b"")), "breaks off"),
    "level 2: no end of pages": (
        level_2(
            "hashes", body_is(b'{"end":true,"next":"%s"}\n' % HASH.encode("ascii"))
        ),
        "has no end",
    ),
}


@pytest.mark.parametrize("case", CASES)
async def test_it_ends_with_a_reason_and_loses_nothing(case, tmp_path):
    alter, reason = CASES[case]
    connect, _ = altering(alter)
    async with trio.open_nursery() as nursery:
        house = await start_daemon(nursery, a_config(tmp_path / "house", [GARDEN]))
        peer = a_peer("house", house.url, GARDEN)
        config = a_config(tmp_path / "away", [GARDEN], [peer])
        away = await start_daemon(nursery, config, connect=connect)
        for number in range(2):
            for running, name in ((house, "house"), (away, "away")):
                replica = running.replica(GARDEN)
                await replica.write(SUZY, f"/{name}/{number}", "", now=wall_clock())
        with trio.fail_after(60):
            run = await away.sync("house")
        assert reason in run.trouble
        assert "bug" not in run.trouble
        paths = away.replica(GARDEN).reader.paths(wall_clock())
        assert (
            {"/away/0", "/away/1"}
            <= set(paths)
            <= {
                f"/{name}/{number}" for name in ("house", "away") for number in range(2)
            }
        )
        await away.stop()
        await house.stop()
        nursery.cancel_scope.cancel()


async def test_garbage_among_documents_is_counted_and_the_rest_kept(tmp_path):
    def garbage(_request, status, body):
        return status, b'{"format":"es.9"}\n[]\nnonsense\n' + body

    connect, _ = altering(at("documents/get", garbage))
    async with trio.open_nursery() as nursery:
        house = await start_daemon(nursery, a_config(tmp_path / "house", [GARDEN]))
        peer = a_peer("house", house.url, GARDEN)
        config = a_config(tmp_path / "away", [GARDEN], [peer])
        away = await start_daemon(nursery, config, connect=connect)
        await house.replica(GARDEN).write(SUZY, "/a", "", now=wall_clock())
        (finding,) = (await away.sync("house")).findings
        assert finding.report.pulled.accepted == 1
        assert finding.report.pulled.rejected.total() == 3
        await away.stop()
        await house.stop()
        nursery.cancel_scope.cancel()


async def test_a_document_outside_our_queries_is_not_taken(tmp_path):
    """It is among what we asked for, but its peer filters by other rules."""
    bad = a_document("/secret", at=wall_clock(), by=SUZY)

    def claims(request, status, body):
        if request.url.path.endswith("/reconcile"):
            return 200, a_list(formats.document_hash(bad))
        end = b'{"end":true,"next":null}\n'
        if request.url.path.endswith("/documents/get"):
            return 200, formats.encode(bad) + b"\n" + end
        return status, body

    connect, _ = altering(claims)
    async with trio.open_nursery() as nursery:
        house = await start_daemon(nursery, a_config(tmp_path / "house", [GARDEN]))
        wanted = formats.parse_queries([{"pathPrefix": "/wiki/"}])
        peer = a_peer("house", house.url, GARDEN, incoming=wanted)
        config = a_config(tmp_path / "away", [GARDEN], [peer])
        away = await start_daemon(nursery, config, connect=connect)
        (finding,) = (await away.sync("house")).findings
        assert finding.report.pulled.rejected == {"query": 1}
        assert not away.replica(GARDEN).reader.paths(wall_clock())
        await away.stop()
        await house.stop()
        nursery.cancel_scope.cancel()
