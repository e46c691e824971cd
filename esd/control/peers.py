"""The peers: how each stands, and pausing them.

Asking for what is already so is no error: `changed` in the answer says whether it was.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import trio

from esd.control.asking import Asked, Parameters, read_body
from esd.control.node import Node
from esd.control.peer_shapes import PeerShape, shape_of
from esd.control.refusing import invalid, missing
from esd.control.times import SECOND, Moment, read_time
from esd.sync import Peer, PeerPaused
from esd.web import Request, Response, Route, json_response

__all__ = ["PeersResource", "peer_named"]

LONGEST_PAUSE = 10 * 366 * 86_400.0  # seconds; whoever means longer means for ever


class PauseAsked(Asked, frozen=True, kw_only=True):
    """At most one of the two; neither: until resumed."""

    until: str | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class PeersResource:
    node: Node

    def routes(self) -> list[Route]:
        one = "/v1/peers/{peer}"
        return [
            Route("GET", "/v1/peers", self.show_all),
            Route("GET", one, self.show),
            Route("POST", f"{one}/pause", self.pause),
            Route("POST", f"{one}/resume", self.resume),
            Route("POST", f"{one}/reset", self.reset),
        ]

    async def show_all(
        self, request: Request, _captured: Mapping[str, str]
    ) -> Response:
        Parameters(request)
        return json_response(200, {"peers": [self._shape(p) for p in self.node.peers]})

    async def show(self, request: Request, captured: Mapping[str, str]) -> Response:
        Parameters(request)
        return json_response(200, self._shape(self._named(captured)))

    async def pause(self, request: Request, captured: Mapping[str, str]) -> Response:
        """No runs until then; one that is under way ends by itself."""
        Parameters(request)
        asked = await read_body(request, PauseAsked)
        until = _until(asked, self.node.now())
        peer = self._named(captured)
        before = peer.paused_until
        await self.node.peers.pause(peer.settings.name, until)
        return self._answer(peer, changed=peer.paused_until != before)

    async def resume(self, request: Request, captured: Mapping[str, str]) -> Response:
        Parameters(request)
        peer = self._named(captured)
        was_paused = peer.paused_until is not None
        await self.node.peers.resume(peer.settings.name)
        return self._answer(peer, changed=was_paused)

    async def reset(self, request: Request, captured: Mapping[str, str]) -> Response:
        """Forget that it was failing, what it holds and spoke, and try it now."""
        Parameters(request)
        peer = self._named(captured)
        try:
            number = (await self.node.peers.reset(peer.settings.name)).id
        except PeerPaused:  # what was remembered is forgotten; trying has to wait
            number = None
        shape = {"changed": True, "sync": number, "peer": self._shape(peer)}
        return json_response(200, shape)

    def _named(self, captured: Mapping[str, str]) -> Peer:
        return peer_named(self.node, captured["peer"])

    def _answer(self, peer: Peer, *, changed: bool) -> Response:
        return json_response(200, {"changed": changed, "peer": self._shape(peer)})

    def _shape(self, peer: Peer) -> PeerShape:
        return shape_of(peer, Moment(self.node.now(), trio.current_time()))


def peer_named(node: Node, name: str, *, path: str = "") -> Peer:
    """The peer of that name, or the refusal that tells the names there are."""
    try:
        return node.peers[name]
    except KeyError:
        names = [peer.settings.name for peer in node.peers]
        raise missing("peer", names, asked=name, path=path) from None


def _until(asked: PauseAsked, now: int) -> int | None:
    """Wall clock, µs; None: until resumed."""
    if asked.until is not None and asked.seconds is not None:
        raise invalid("$", "say until or seconds, not both")
    if asked.seconds is not None:
        if not 0 < asked.seconds <= LONGEST_PAUSE:
            raise invalid("$.seconds", f"must be above 0, up to {LONGEST_PAUSE:.0f}")
        return now + round(asked.seconds * SECOND)
    return None if asked.until is None else _later(asked.until, now)


def _later(text: str, now: int) -> int:
    try:
        until = read_time(text)
    except ValueError:
        wanted = "must be a time with its zone, such as 2026-12-24T18:00:00Z"
        raise invalid("$.until", wanted) from None
    if not now < until <= now + LONGEST_PAUSE * SECOND:
        raise invalid("$.until", "must be in the future, and within ten years")
    return until
