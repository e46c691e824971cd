"""Both of our roles against nostr-sdk: Rust, and the full range of timestamps.

It speaks Negentropy inside the messages of NIP-77, over a WebSocket, and splits as the
reference does. As initiator it is given items; as responder it has them from events,
which it wants signed, and their ids are what they hash to.
"""

import asyncio
import json
import random
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from esd.reconcile import (
    OURS,
    REFERENCE,
    Initiator,
    Items,
    Responder,
    Splitting,
    key_of,
)
from tests.reconcile.sides import ids, talk
from tests.reconcile.websocket import WebSocket, accept, connect

nostr_sdk = pytest.importorskip("nostr_sdk")

FRAME = 60_000  # its own

TIMES = {
    "microseconds": lambda chance: 1_600_000_000_000_000 + chance.randrange(2**46),
    "u64": lambda chance: chance.choice([0, 2**63, 2**64 - 2]),
    "equal": lambda _: 1_600_000_000,
}


def two_sets(seed: int, times: str, count: int) -> tuple[Items, Items]:
    chance = random.Random(seed)
    mine, other = Items(), Items()
    for _ in range(count):
        key, where = key_of(TIMES[times](chance), chance.randbytes(32)), chance.random()
        if where >= 0.05:
            mine.insert(key)
        if where < 0.05 or where >= 0.1:
            other.insert(key)
    return mine, other


# Its initiator, our responder...


def serve(listener: socket.socket, items: Items, splitting: Splitting, said: list):
    """Answer one connection's reconciliations, and note what was said."""
    responder = Responder(splitting=splitting, frame=FRAME)
    sock, _ = listener.accept()
    with sock, accept(sock) as web:
        while (message := web.receive()) is not None:
            match message:
                case ["NEG-OPEN", str(name), _, str(asked)] | [
                    "NEG-MSG",
                    str(name),
                    str(asked),
                ]:
                    answer = responder.respond(items, bytes.fromhex(asked))
                    said += [bytes.fromhex(asked), answer]
                    web.send(["NEG-MSG", name, answer.hex()])


async def sync(url: str, items: Items):
    """Let it find what differs between *items* and the responder's."""
    address = nostr_sdk.RelayUrl.parse(url)
    client = nostr_sdk.Client()
    await client.add_relay(address)
    await client.connect()
    relay = await client.relay(address)
    held = [
        nostr_sdk.NegentropyItem(
            id=nostr_sdk.EventId.from_bytes(key[8:]),
            timestamp=nostr_sdk.Timestamp.from_secs(int.from_bytes(key[:8])),
        )
        for key in items
    ]
    options = nostr_sdk.SyncOptions().dry_run()
    found = await relay.sync(nostr_sdk.Filter(), held, options)
    await client.shutdown()
    return found


@pytest.mark.parametrize("splitting", [REFERENCE, OURS], ids=["reference", "ours"])
@pytest.mark.parametrize("times", list(TIMES))
@pytest.mark.parametrize("count", [0, 10, 400, 5_000])
def test_its_initiator_finds_what_differs_from_ours(count, times, splitting):
    mine, other = two_sets(count, times, count)
    said: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = threading.Thread(
            target=serve, args=(listener, other, splitting, said)
        )
        serving.start()
        port = listener.getsockname()[1]
        found = asyncio.run(sync(f"ws://127.0.0.1:{port}", mine))
        serving.join(timeout=20)
        assert not serving.is_alive()
    assert {one.as_bytes() for one in found.local} == ids(mine) - ids(other)
    assert {one.as_bytes() for one in found.remote} == ids(other) - ids(mine)
    if splitting is REFERENCE:
        initiator = Initiator(splitting=REFERENCE, frame=FRAME)
        responder = Responder(splitting=REFERENCE, frame=FRAME)
        assert said == talk(mine, other, initiator, responder).messages


# Our initiator, its responder...


@contextmanager
def relay(events: list) -> Iterator[WebSocket]:
    """Run its relay, filled with *events*, and connect to it."""
    limit = nostr_sdk.RateLimit(max_reqs=10_000, notes_per_minute=1_000_000)
    running = nostr_sdk.LocalRelayBuilder().addr("127.0.0.1").rate_limit(limit).build()
    loop = asyncio.new_event_loop()
    loop.run_until_complete(running.run())
    url = str(loop.run_until_complete(running.url()))
    port = int(url.rstrip("/").rpartition(":")[2])
    with (
        socket.create_connection(("127.0.0.1", port)) as sock,
        connect(sock) as web,
    ):
        for event in events:
            web.send(["EVENT", json.loads(event.as_json())])
            match web.receive():
                case ["OK", _, True, _]:
                    pass
                case other:
                    raise AssertionError(f"the relay said {other}")
        yield web
    running.shutdown()
    loop.close()


def an_event(chance: random.Random, keys, timestamp: int):
    text = chance.randbytes(8).hex()
    at = nostr_sdk.Timestamp.from_secs(timestamp)
    note = nostr_sdk.EventBuilder(nostr_sdk.Kind(1), text)
    return note.custom_created_at(at).finalize(keys)


def key_of_event(event) -> bytes:
    return key_of(event.created_at().as_secs(), event.id().as_bytes())


@pytest.mark.parametrize("splitting", [REFERENCE, OURS], ids=["reference", "ours"])
def test_our_initiator_finds_what_differs_from_its_relay(splitting):
    chance = random.Random(11)
    keys = nostr_sdk.Keys.generate()
    moments = [1_600_000_000 + chance.randrange(400) for _ in range(600)]
    events = [an_event(chance, keys, moment) for moment in moments]
    theirs = Items(map(key_of_event, events))
    mine = theirs.shown(
        useless=[key_of(1_600_000_100, chance.randbytes(32)) for _ in range(9)],
        refused=chance.sample(list(theirs), 7),
    )
    initiator, have, need = Initiator(splitting=splitting, frame=FRAME), set(), set()
    said: list[bytes] = []
    with relay(events) as web:
        message: bytes | None = initiator.initiate(mine)
        verb: list = ["NEG-OPEN", "one", {}]
        while message is not None:
            web.send([*verb, message.hex()])
            match web.receive():
                case ["NEG-MSG", "one", str(answer)]:
                    said += [message, bytes.fromhex(answer)]
                case other:
                    raise AssertionError(f"the relay said {other}")
            step = initiator.reconcile(mine, said[-1])
            have.update(step.have)
            need.update(step.need)
            message, verb = step.message, ["NEG-MSG", "one"]
    assert have == ids(mine) - ids(theirs)
    assert need == ids(theirs) - ids(mine)
    if splitting is REFERENCE:
        initiator = Initiator(splitting=REFERENCE, frame=FRAME)
        responder = Responder(splitting=REFERENCE, frame=FRAME)
        assert said == talk(mine, theirs, initiator, responder).messages
