"""The client's half of HTTP: whatever way the bytes come, and whatever bytes come."""

import random
import socket
import threading
from contextlib import contextmanager, suppress

import pytest

from esd.ctl.exchange import Broken, exchange

PLAIN = b"HTTP/1.1 200 OK\r\nEsd-Api: 1\r\nContent-Length: 7\r\n\r\none\ntwo"
CHUNKED = (
    b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: Chunked\r\n\r\n"
    b"2\r\non\r\n4;x=y\r\ne\ntw\r\n1\r\no\r\n0\r\nTrailer: x\r\n\r\n"
)
CLOSING = b"HTTP/1.1 200\nX:  a b \n\none\ntwo"
WHOLE = {
    "length": (PLAIN, 200, {"esd-api": "1", "content-length": "7"}),
    "chunks": (CHUNKED, 404, {"transfer-encoding": "Chunked"}),
    "until it closes": (CLOSING, 200, {"x": "a b"}),
}


@contextmanager
def answered(*pieces):
    """A connection on which these bytes come, unless it is hung up before."""
    ours, theirs = socket.socketpair()

    def answer():
        with theirs, suppress(OSError):
            theirs.recv(1_000)  # or what is unread makes hanging up an error
            for piece in pieces:
                theirs.sendall(piece)

    thread = threading.Thread(target=answer)
    with ours:
        thread.start()
        yield ours
    thread.join()


def ask(sock, method="GET"):
    return exchange(sock, method, "/v1/status", None)


def single_bytes(whole):
    return [bytes([one]) for one in whole]


@pytest.mark.parametrize("split", [lambda whole: [whole], single_bytes])
@pytest.mark.parametrize("name", WHOLE)
def test_an_answer_is_read_however_it_comes(name, split):
    whole, status, headers = WHOLE[name]
    with answered(*split(whole)) as sock:
        with ask(sock) as response:
            assert (response.status, response.headers) == (status, headers)
            assert response.read() == b"one\ntwo"
    with answered(*split(whole)) as sock, ask(sock) as response:
        assert list(response.lines()) == [b"one", b"two"]


@pytest.mark.parametrize("name", ["length", "chunks"])
def test_an_answer_that_ends_too_early_is_broken_wherever_that_is(name):
    whole = WHOLE[name][0]
    for end in range(len(whole)):
        with answered(whole[:end]) as sock:
            with pytest.raises(Broken), ask(sock) as response:
                response.read()


def test_a_line_is_there_before_the_next_one_comes():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(CHUNKED[:-9].replace(b"1\r\no\r\n", b"2\r\no\n\r\n"))
        with ask(ours) as response:
            lines = response.lines()
            assert [next(lines), next(lines)] == [b"one", b"two"]


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 204 No Content", b"HTTP/1.1 304 Not Modified"]
)
def test_some_answers_have_no_body(head):
    with answered(head + b"\r\nContent-Length: 7\r\n\r\n") as sock:
        with ask(sock) as response:
            assert response.read() == b""


def test_nor_has_one_to_head():
    with answered(PLAIN[:-7]) as sock, ask(sock, "HEAD") as response:
        assert response.read() == b""


BROKEN = {
    "nothing": b"",
    "not HTTP": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "HTTP/2": b"HTTP/2 200\r\n\r\n",
    "no status": b"HTTP/1.1 OK\r\n\r\n",
    "a header without a colon": b"HTTP/1.1 200 OK\r\nwhat\r\n\r\n",
    "headers without end": b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 1_000,
    "a line without end": b"HTTP/1.1 200 OK\r\na: " + b"b" * 1_000_000,
    "a length below zero": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    "a length that is none": b"HTTP/1.1 200 OK\r\nContent-Length: 1_0\r\n\r\n",
    "a length in letters": b"HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\n",
    "a length without end": b"HTTP/1.1 200 OK\r\nContent-Length: "
    + b"9" * 9_000
    + b"\r\n\r\n",
    "a chunk of no size": CHUNKED.replace(b"\r\n2\r\n", b"\r\n\r\n"),
    "a chunk of another size": CHUNKED.replace(b"\r\n2\r\n", b"\r\n1\r\n"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_answer_is_broken(name):
    with answered(BROKEN[name]) as sock:
        with pytest.raises(Broken), ask(sock) as response:
            response.read()


@pytest.mark.parametrize("seed", range(50))
def test_random_bytes_are_broken_or_read_and_never_worse(seed):
    chance = random.Random(seed)
    whole = bytearray(chance.choice([PLAIN, CHUNKED]))
    for _ in range(chance.randrange(1, 6)):
        whole[chance.randrange(len(whole))] = chance.randrange(256)
    with answered(bytes(whole)) as sock:
        with suppress(Broken), ask(sock) as response:
            response.read()


def test_a_request_is_what_it_was_asked_to_be():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(PLAIN)
        with exchange(ours, "POST", "/v1/syncs?wait=1", b"{}"):
            pass
        assert theirs.recv(1_000) == (
            b"POST /v1/syncs?wait=1 HTTP/1.1\r\nHost: esd\r\nConnection: close\r\n"
            b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
        )


def test_an_answer_that_comes_before_the_request_was_read_is_heard():
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            theirs.sendall(PLAIN)
        with exchange(ours, "POST", "/v1/x", b"x" * 4_000_000) as response:
            assert response.status == 200
