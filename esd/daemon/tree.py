"""Every task of the running daemon, and the order of the end.

Two nurseries, nested. `connections` holds one task a connection and ends last: on stop
it gets a deadline, not a cancel. `working` holds what makes new work (listeners, runs
with peers, expiry) and is cancelled first, at once: whatever it had taken in is already
on disk. The nesting is the order; there are no flags.

READY is said when peers can connect and runs can start, not before.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from functools import partial

import trio

from esd import systemd
from esd.control import Control, open_socket, serve_control
from esd.daemon.clocks import steady_clock
from esd.daemon.node import RunningNode
from esd.errors import OperatorMustAct
from esd.replica import Replica
from esd.web import (
    Doors,
    Request,
    Response,
    address_of,
    open_listeners,
    remote_of,
    serve_connection,
)

__all__ = ["Daemon"]

Listening = tuple[
    Sequence[trio.SocketListener], Callable[[trio.SocketStream], Awaitable[None]]
]

log = logging.getLogger(__name__)

GRACE = 10.0  # seconds that busy connections get on stop; systemd waits longer
TEND_EVERY = 60.0  # expired documents are physically gone within the hour, with room


class Daemon(RunningNode):
    """The running esd: `run` is its life, `stop` its end."""

    async def run(
        self,
        *,
        watch: Callable[["Daemon"], Awaitable[None]] | None = None,
        task_status: trio.TaskStatus["Daemon"] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Serve and sync until told to stop; then end in good order.

        *watch* runs beside all of that, to its very end. Raises OperatorMustAct where
        an address cannot be listened on.
        """
        with ExitStack() as opened:
            listening = self._listen(opened)
            async with trio.open_nursery() as beside:
                if watch is not None:
                    beside.start_soon(watch, self)
                await self._live(listening, task_status)
                beside.cancel_scope.cancel()
        log.info("stopped")

    def _listen(self, opened: ExitStack) -> Sequence[Listening]:
        """Where we listen, and how each is served; the operator's socket first."""
        control = self.control_socket
        found: list[Listening] = []
        if control is not None:
            group = self.config.control.group
            listener = opened.enter_context(open_socket(control, group=group))
            found.append(([listener], partial(self._serve_operator, Control(self))))
        public = opened.enter_context(open_listeners(self.config.http.listen))
        self.addresses = tuple(address_of(one) for one in public)
        found.append((public, partial(self._serve_peer, Doors(self.config.limits))))
        return found

    async def _live(
        self,
        listening: Sequence[Listening],
        task_status: trio.TaskStatus["Daemon"],
    ) -> None:
        with self._ending:
            async with trio.open_nursery() as connections:
                async with trio.open_nursery() as working:
                    await self._start(working, connections, listening)
                    task_status.started(self)
                    await self.drain.wait_started()
                    working.cancel_scope.cancel()
                connections.cancel_scope.deadline = trio.current_time() + GRACE

    async def _start(
        self,
        working: trio.Nursery,
        connections: trio.Nursery,
        listening: Sequence[Listening],
    ) -> None:
        for listeners, serve in listening:
            accept = partial(trio.serve_listeners, handler_nursery=connections)
            await working.start(accept, serve, listeners)
        await working.start(self.peers.run)
        working.start_soon(self._tend)
        working.start_soon(self._make_wire_keys)
        log.info("listening on %s", ", ".join(self.addresses) or "no address")
        self.tell("ready")
        systemd.ready(self._summary())

    async def _serve_operator(
        self, control: Control, stream: trio.SocketStream
    ) -> None:
        await serve_control(
            stream, control, limits=self.config.limits, drain=self.drain
        )

    async def _serve_peer(self, doors: Doors, stream: trio.SocketStream) -> None:
        remote = remote_of(stream)
        with doors.enter(remote) as inside:
            if not inside:
                await doors.turn_away(stream)
                return
            await serve_connection(
                stream,
                self._answer,
                limits=self.config.limits,
                drain=self.drain,
                remote=remote,
                on_error=self._refuse,
            )

    async def _answer(self, request: Request) -> Response:
        return await self.pub.handle(request)  # the one of the day: a reload changes it

    def _refuse(self, request: Request, status: int, reason: str) -> Response:
        return self.pub.refuse(request, status, reason)

    async def _tend(self) -> None:
        """Once a minute: read the clock, let what expired go, note, save, tell."""
        while True:
            self.clock.tick(self.now(), steady_clock())
            self.health()
            if not self.clock.behind:
                self.may_run.set()
            if self.clock.trusted:
                await self._expire(self.now())
            await _survive(self.replicas.note_high_water)
            systemd.status(self._summary())
            await self._save_items(self.now())
            await trio.sleep(TEND_EVERY)

    async def _make_wire_keys(self) -> None:
        """A tenth of a second for each workspace: before the first peer asks for it."""
        while True:
            seen = self.replicas.bell.count
            for replica in self.replicas:
                if replica.wire_key is None:
                    await _survive(replica.make_wire_key)
            await self.replicas.bell.wait_after(seen)

    async def _expire(self, now: int) -> None:
        note_clock = partial(self.node_file.note_clock, now)
        await _survive(partial(self.replicas.run, note_clock))
        await self._in_each(_expire_in, now)

    async def _save_items(self, now: int) -> None:
        await self._in_each(Replica.save_items, now)

    async def _in_each(
        self, call: Callable[[Replica, int], Awaitable[None]], now: int
    ) -> None:
        for replica in self.replicas:
            if self.replicas.get(replica.address) is replica:  # not removed meanwhile
                await _survive(partial(call, replica, now))

    def _summary(self) -> str:
        counts = f"workspaces: {len(self.replicas)}, peers: {len(self.peers)}"
        troubles = len(self.health())
        return f"{counts}, troubles: {troubles}" if troubles else f"{counts}; all well"


async def _expire_in(replica: Replica, now: int) -> None:
    gone = await replica.expire(now)
    if gone:
        log.info("%s: %d documents expired", replica.local_id, gone)


async def _survive(call: Callable[[], Awaitable[object]]) -> None:
    """A disk in trouble stops no daemon: what is stored can still be read."""
    try:
        await call()
    except OperatorMustAct as exc:
        log.error("not tended to: %s (%s)", exc, exc.hint)  # noqa: TRY400
