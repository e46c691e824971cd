"""As much of WebSocket (RFC 6455) as it takes to exchange JSON with one trusted peer.

Blocking, text messages only; pings are answered. There to carry Negentropy to and from
an implementation that speaks it over nothing else.
"""

import base64
import hashlib
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
TIMEOUT = 30  # seconds; a test that waits longer has failed

_ACCEPT = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class WebSocket:
    """One connection after its handshake; the socket is closed by whoever opened it."""

    def __init__(self, sock: socket.socket, reader: BinaryIO, *, client: bool) -> None:
        self._sock = sock
        self._reader = reader
        self._client = client

    def send(self, value: object) -> None:
        self._send(TEXT, json.dumps(value).encode())

    def receive(self) -> list | None:
        """Return the next message; None when the peer is gone."""
        try:
            return self._next_text()
        except ConnectionError:
            return None

    def _next_text(self) -> list | None:
        text = b""
        while True:
            final, kind, payload = self._receive()
            if kind == CLOSE:
                return None
            if kind == PING:
                self._send(PONG, payload)
            elif kind != PONG:
                text += payload
                if final:
                    return json.loads(text)

    def _send(self, kind: int, payload: bytes) -> None:
        size = len(payload)
        mask_bit = 0x80 if self._client else 0
        if size < 126:
            head = bytes([0x80 | kind, mask_bit | size])
        elif size < 1 << 16:
            head = bytes([0x80 | kind, mask_bit | 126]) + size.to_bytes(2)
        else:
            head = bytes([0x80 | kind, mask_bit | 127]) + size.to_bytes(8)
        # A mask of zeros is a mask: what a client sends must have one.
        self._sock.sendall(head + (bytes(4) if self._client else b"") + payload)

    def _receive(self) -> tuple[bool, int, bytes]:
        head = self._reader.read(2)
        if len(head) < 2:
            return True, CLOSE, b""
        size = head[1] & 0x7F
        if size >= 126:
            size = int.from_bytes(self._reader.read(2 if size == 126 else 8))
        mask = self._reader.read(4) if head[1] & 0x80 else bytes(4)
        payload = self._reader.read(size)
        repeated = (mask * (size // 4 + 1))[:size]
        unmasked = int.from_bytes(payload) ^ int.from_bytes(repeated)
        return bool(head[0] & 0x80), head[0] & 0x0F, unmasked.to_bytes(size)


@contextmanager
def connect(sock: socket.socket) -> Iterator[WebSocket]:
    """Shake hands as the client on a connected socket."""
    sock.settimeout(TIMEOUT)
    key = base64.b64encode(os.urandom(16))
    with sock.makefile("rb") as reader:
        sock.sendall(
            b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: " + key + b"\r\n\r\n"
        )
        assert b" 101 " in reader.readline()
        while reader.readline() != b"\r\n":
            pass
        yield WebSocket(sock, reader, client=True)


@contextmanager
def accept(sock: socket.socket) -> Iterator[WebSocket]:
    """Shake hands as the server on an accepted socket."""
    sock.settimeout(TIMEOUT)
    key = b""
    with sock.makefile("rb") as reader:
        while (line := reader.readline()) != b"\r\n":
            name, _, value = line.partition(b":")
            if name.lower() == b"sec-websocket-key":
                key = value.strip()
        answer = base64.b64encode(hashlib.sha1(key + _ACCEPT).digest())
        sock.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Accept: " + answer + b"\r\n\r\n"
        )
        yield WebSocket(sock, reader, client=False)
