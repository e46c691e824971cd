"""Our own protocol, as its server: it only answers, and keeps nothing between requests.

Before any question stands who asks whom. Browsers are refused: a page that somebody
opened could otherwise ask from inside a network. So is whoever does not call us by one
of our names (naming). Then workspaces are found without their addresses being said: a
caller tells the names that it would have for them here, we prove that we know them too,
and from then on the name is in a header, where proxies do not log it.

What the questions are about is in giving, taking and reconciling.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress

import trio

from esd import __version__
from esd.errors import OperatorMustAct
from esd.formats import (
    FORMATS,
    InvalidAddress,
    InvalidEncoding,
    WorkspaceAddress,
    decode_base32,
    encode_base32,
    hour_of,
)
from esd.formats.wire_ids import NONCE_BYTES, proof
from esd.pub.asked import MOST_IDS, AskedNew, AskedWorkspaces, halves_told, read
from esd.pub.callers import halves_for
from esd.pub.giving import Giving
from esd.pub.naming import Hosts, WireNames
from esd.pub.problems import PREFIX, Refused, worded
from esd.pub.question import Question, Rooms
from esd.pub.reconciling import Reconciling
from esd.pub.serving import Serving, SharedWorkspace
from esd.pub.stream import Streams
from esd.pub.taking import Taking
from esd.replica import Replica, TooManyWorkspaces
from esd.web import Request, Response, Route, RouteHandler, json_response

__all__ = ["SyncV1"]

PROTOCOL = "earthstar-sync/1"
LEVELS = ("hashes", "reconcile", "live")

Answer = Callable[[Question], Awaitable[Response]]


class SyncV1:
    """The handlers; `routes` says which is where."""

    def __init__(self, serving: Serving, streams: Streams) -> None:
        self._serving = serving
        self._streams = streams
        self._hosts = Hosts(serving.settings.names)
        self._names = WireNames(serving.replicas, serving.settings.salt)
        self._making_keys = trio.Lock()

    def routes(self) -> list[Route]:
        rooms = Rooms.of(self._serving.settings.sync)
        giving = Giving(self._serving, rooms)
        taking = Taking(self._serving)
        reconciling = Reconciling(self._serving, rooms)
        return [
            self._route("GET", "hello", self.hello),
            self._route("POST", "workspaces", self.workspaces),
            self._route("POST", "workspaces/new", self.new_workspace),
            self._route("GET", "query", self.query),
            self._route("GET", "stream", self.stream),
            self._route("POST", "hashes", giving.hashes),
            self._route("POST", "documents/get", giving.documents),
            self._route("POST", "missing", taking.missing),
            self._route("POST", "documents", taking.documents),
            self._route("POST", "reconcile", reconciling.reconcile),
            self._route("POST", "timestamps", reconciling.timestamps),
        ]

    async def hello(self, _question: Question) -> Response:
        """What we speak, within which bounds."""
        settings = self._serving.settings
        sync = settings.sync
        return json_response(
            200,
            {
                "protocol": PROTOCOL,
                "salt": encode_base32(settings.salt),
                "formats": list(FORMATS),
                "levels": LEVELS,
                "limits": {
                    "body": self._serving.limits.body,
                    "hashes": sync.hashes,
                    "frame": sync.frame,
                },
                "readonly": settings.readonly,
                "open": self._is_open,
                "software": f"esd/{__version__}",
            },
        )

    async def workspaces(self, question: Question) -> Response:
        """Proofs for those of the named workspaces that are here for this caller."""
        limit = self._serving.settings.sync.body
        asked = await read(question.request, AskedWorkspaces, limit)
        nonce = _nonce(asked.nonce)
        if len(asked.ids) > MOST_IDS:
            raise Refused("bad-request", f"at most {MOST_IDS} ids at once")
        await self._make_keys()
        found = [self._named(question, name) for name in dict.fromkeys(asked.ids)]
        proofs = self._proofs(question, [one for one in found if one], nonce)
        return json_response(200, {"proofs": proofs})

    async def new_workspace(self, question: Question) -> Response:
        """Make one. Whether it was here before is not told."""
        settings = self._serving.settings
        if not self._is_open:
            raise Refused("readonly" if settings.readonly else "closed")
        asked = await read(question.request, AskedNew, settings.sync.body)
        try:
            address = WorkspaceAddress.parse(asked.workspace)
            self._serving.making.make(address, question.request, question.caller)
        except InvalidAddress:
            raise Refused("bad-request", "the workspace is no address") from None
        except (TooManyWorkspaces, OperatorMustAct) as exc:
            raise Refused("storage-full") from exc
        return json_response(200, {})

    async def query(self, question: Question) -> Response:
        """What we want of the workspace and what we give, for this caller."""
        now = hour_of(self._serving.now())
        return json_response(200, {**halves_told(question.halves), "at": now})

    async def stream(self, question: Question) -> Response:
        """What arrives, as it arrives."""
        shared = SharedWorkspace(question.replica, question.caller)
        return self._streams.follow(question.request, shared)

    @property
    def _is_open(self) -> bool:
        settings = self._serving.settings
        return settings.creates and not settings.readonly

    def _route(self, method: str, name: str, answer: Answer) -> Route:
        return Route(method, PREFIX + name, self._checked(answer))

    def _checked(self, answer: Answer) -> RouteHandler:
        async def handler(request: Request, _captured: Mapping[str, str]) -> Response:
            try:
                return await self._answered(answer, self._question(request))
            except Refused as exc:
                return worded(exc)

        return handler

    async def _answered(self, answer: Answer, question: Question) -> Response:
        try:
            return await answer(question)
        except OperatorMustAct:
            if question.is_about_one:  # which was removed, perhaps
                self._serving.check_held(question.replica)
            raise

    def _question(self, request: Request) -> Question:
        if "origin" in request.headers:
            raise Refused("browser")
        host = self._hosts.check(request)
        question = Question(request, host, self._serving.callers.named(request))
        name = request.headers.get("earthstar-workspace", "")
        replica = self._names.find(name, host)
        question.about(replica, halves_for(replica, question.caller))
        return question

    def _named(self, question: Question, name: str) -> Replica | None:
        replica = self._names.find(name, question.host)
        return replica if halves_for(replica, question.caller) is not None else None

    def _proofs(
        self, question: Question, replicas: Sequence[Replica], nonce: bytes
    ) -> list[str]:
        salt = self._serving.settings.salt
        keys = [replica.wire_key for replica in replicas]
        return [proof(key, salt, question.host, nonce) for key in keys if key]

    async def _make_keys(self) -> None:
        """For those that have none yet, one after the other; not for ever."""
        if all(replica.wire_key for replica in self._serving.replicas):
            return
        with trio.move_on_after(self._serving.settings.sync.keys_time):
            async with self._making_keys:
                for replica in self._serving.replicas:
                    with suppress(OperatorMustAct):  # it was removed, or a full disk
                        await replica.make_wire_key()


def _nonce(text: str) -> bytes:
    with suppress(InvalidEncoding):
        nonce = decode_base32(text)
        if len(nonce) == NONCE_BYTES:
            return nonce
    raise Refused("bad-request", f"the nonce is {NONCE_BYTES} bytes in base32")
