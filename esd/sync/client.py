"""One HTTP peer, as the conversations see it. The only file that knows httpx.

What httpx raises becomes one of our families here and nowhere else. It is kept on a
short lead: no redirects (its switch is all hosts or none, and it turns a POST into a
GET), no proxies or credentials from the environment, no cookies, headers of our own
(its default ones alone pass the 500 bytes that "nothing new" may cost), bodies read raw
and inflated by us within a bound, because httpx inflates without one.

A peer's URL, and with it the workspace's address, never gets into an exception's text.
"""

import socket
import ssl
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from email.utils import parsedate_to_datetime
from functools import cache
from math import inf

import httpx
import trio

from esd.errors import PeerMisbehaved, PeerUnavailable
from esd.sync.crumbs import MOST, Crumbs
from esd.sync.exchange import Answer, Reply, Traffic
from esd.sync.head_time import HeadTime
from esd.sync.settings import RunLimits
from esd.web.inflate import PIECE, CorruptBody, Inflater, TooLarge

__all__ = ["Client"]

KEPT_ALIVE = 3.0  # seconds; pubs close an idle connection after five
MAX_ANSWER = 64 << 10  # bytes of an answer that is a handful of numbers
_ALWAYS = {"User-Agent": "esd", "Accept-Encoding": "gzip"}  # short on purpose


class _Sent(httpx.AsyncByteStream):
    """A request's body in pieces, each with the time for one write. httpx's own is a
    generator, left hanging where a line breaks, which is warned about at the end."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def __aiter__(self) -> AsyncIterator[bytes]:
        self._at = 0
        return self

    async def __anext__(self) -> bytes:
        piece = self._body[self._at : self._at + PIECE]
        if not piece:
            raise StopAsyncIteration
        self._at += len(piece)
        return piece


@cache
def _shared_tls() -> ssl.SSLContext:
    """One for all peers: making it takes 40 ms of the loop.

    It trusts the roots that came with httpx and those of the system, which a machine
    that is kept up to date renews, and to which an operator can add.
    """
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context


class Client:
    """Requests to one peer; a context manager. One run at a time uses it.

    `traffic` counts up; `date` is what the peer's clock last said in this run (seconds
    since 1970), or None. `url` is as configured; `key`, where there is one, tells the
    peer who is calling.
    """

    def __init__(
        self,
        url: str,
        limits: RunLimits,
        *,
        key: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self._known_by = {} if key is None else {"Authorization": f"Bearer {key}"}
        self._limits = limits
        self._key, self._transport = key, transport
        self._most_crumbs: float = MOST
        self._idle = "answer_idle"
        self.traffic = Traffic()
        self.date: float | None = None
        place = httpx.URL(url)
        self.on_loopback = place.host in ("127.0.0.1", "::1", "localhost")
        host = place.netloc.decode("ascii").lower()
        # As the Host that we send; a server may not know which scheme we used.
        self.authority = host.removesuffix(":80").removesuffix(":443")
        self._http = httpx.AsyncClient(
            transport=transport,
            verify=_shared_tls(),
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(limits.answer_idle, connect=limits.connect_time),
            limits=httpx.Limits(keepalive_expiry=KEPT_ALIVE),
        )

    def for_streams(self) -> "Client":
        """Another one to the same peer, whose answers need have no end."""
        limits = replace(
            self._limits, answer_idle=self._limits.stream_idle, list_body=sys.maxsize
        )
        client = Client(self.url, limits, key=self._key, transport=self._transport)
        client._most_crumbs, client._idle = inf, "stream_idle"
        return client

    def begin_run(self) -> None:
        """What the peer's clock said in an earlier run is no time of day any more."""
        self.date = None

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        with trio.CancelScope(shield=True):
            await self._http.aclose()

    @asynccontextmanager
    async def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> AsyncIterator[Reply]:
        """One request. The answer must be read inside the context, or is dropped."""
        response = await self._send(method, path, headers or {}, body)
        reply = Reply(response.status_code, response.headers, self._pieces(response))
        try:
            yield reply
        finally:
            await _close(reply, response)

    async def fetch(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        *,
        most: int = MAX_ANSWER,
    ) -> Answer:
        """One request, and its answer whole: *most* bytes of it at the most."""
        collected = bytearray()
        async with self.ask(method, path, headers, body) as reply:
            async for piece in reply:
                collected += piece
                if len(collected) > most:
                    break
            return Answer(reply.status, reply.headers, bytes(collected[:most]))

    async def _send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None
    ) -> httpx.Response:
        """The response's head. Asked twice where a kept connection had just gone.

        Everything we send may be sent again: pushes are idempotent.
        """
        request = httpx.Request(
            method,
            self.url + path,
            headers={**_ALWAYS, **self._known_by, **headers},
            content=body,
        )
        request.stream = _Sent(body or b"")
        self.traffic += Traffic(requests=1, sent=len(body or b""))
        try:
            response = await self._begun(request)
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            response = await self._send_again(request)
        except httpx.HTTPError as exc:
            raise _as_unavailable(exc, self._idle) from exc
        except UnicodeError as exc:  # a name that no resolver can be asked for
            hint = "is its url right?"
            raise PeerUnavailable("no connection: no such host", hint=hint) from exc
        self._note_date(response.headers.get("date"))
        return response

    async def _send_again(self, request: httpx.Request) -> httpx.Response:
        try:
            return await self._begun(request)
        except httpx.HTTPError as exc:
            raise _as_unavailable(exc, self._idle) from exc

    async def _begun(self, request: httpx.Request) -> httpx.Response:
        head = HeadTime(self._limits.answer_idle)
        request.extensions = {**request.extensions, "trace": head.trace}
        with head.scope:
            return await self._http.send(request, stream=True)
        raise head.too_long(self._idle)

    def _note_date(self, text: str | None) -> None:
        try:
            self.date = parsedate_to_datetime(text).timestamp() if text else None
        except (ValueError, OverflowError):
            self.date = None

    async def _pieces(self, response: httpx.Response) -> AsyncGenerator[bytes, None]:
        """The body, inflated, within the bound."""
        encoding = response.headers.get("content-encoding", "identity")
        raw = response.aiter_raw()
        crumbs = Crumbs(self._most_crumbs)
        try:
            inflater = Inflater(encoding, self._limits.list_body)
            async for data in raw:
                self.traffic += Traffic(received=len(data))
                await crumbs.look_at(data)
                for piece in inflater.feed(data):
                    yield piece
            inflater.finish()
        except httpx.HTTPError as exc:
            raise _as_unavailable(exc, self._idle) from exc
        except TooLarge as exc:
            raise PeerMisbehaved("its answer is larger than list_body") from exc
        except CorruptBody as exc:
            raise PeerMisbehaved("its answer is not the gzip it claims to be") from exc
        finally:
            await _unwind(raw)


async def _close(reply: Reply, response: httpx.Response) -> None:
    with trio.CancelScope(shield=True):
        await reply.pieces.aclose()
        await response.aclose()


async def _unwind(raw: AsyncIterator[bytes]) -> None:
    """Let httpx's nested generators end by a cancellation, which they know how to take.

    Left half way, they would be finalised by the garbage collector, with a warning.
    """
    ended = False
    while not ended:
        with trio.CancelScope(shield=True) as scope:
            scope.cancel()
            try:
                await anext(raw)
            except (StopAsyncIteration, httpx.HTTPError):
                ended = True
        ended = ended or scope.cancelled_caught


def _as_unavailable(exc: httpx.HTTPError, idle: str) -> PeerUnavailable:
    """In words: what happened, and what it most often is."""
    match exc:
        case httpx.ConnectTimeout():
            return PeerUnavailable(
                "no connection within connect_time",
                hint="is its host up, and does no firewall drop what we send?",
            )
        case httpx.TimeoutException():
            return PeerUnavailable(
                f"no byte within {idle}",
                hint="it, or the network to it, is overloaded or gone",
            )
        case httpx.ConnectError():
            return PeerUnavailable(
                f"no connection: {_cause(exc)}",
                hint="is it running, and is its url right?",
            )
        case _:
            return PeerUnavailable(
                "the connection broke before the answer's end",
                hint="if it goes on like this, look at its log or its proxy's",
            )


def _cause(exc: BaseException) -> str:
    """The operating system's own words, without names or numbers of ours."""
    seen: list[BaseException | None] = [exc]
    while seen:
        one = seen.pop()
        if isinstance(one, BaseExceptionGroup):
            seen += one.exceptions
        elif isinstance(one, OSError) and one.errno:
            return _WORDS.get(type(one), one.strerror or "unreachable")
        if one is not None:
            seen += [one.__cause__, one.__context__]
    return "refused or unreachable"


# trio's own texts repeat the address.
_WORDS: dict[type[OSError], str] = {
    ConnectionRefusedError: "refused",
    socket.gaierror: "no such host",
    ssl.SSLCertVerificationError: "its certificate is not valid",
}
