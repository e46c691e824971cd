"""The demo's tasks, and the order of its end.

Authors stop first: at the deadline, or at Ctrl-C. Then come the last runs and the
verdict, while what arrives is still watched; then the watchers are cancelled and the
daemons told to stop. A second Ctrl-C ends all at once, without a verdict.
"""

import signal
import tempfile
from dataclasses import dataclass
from math import inf
from pathlib import Path

import trio

from esd.demo.authors import cast
from esd.demo.screens import Scene, Screen
from esd.demo.sides import OpenDaemon, Side, open_sides
from esd.demo.travels import Travels, watch
from esd.demo.verdict import Verdict, judge

__all__ = ["Wishes", "show"]

LAST_RUNS = "The authors are done. A last run each way; Ctrl-C ends without it."
UNPROVEN = "Stopped before the last run each way: nothing is proven."


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What is asked of a demo. `seconds` None: until Ctrl-C."""

    open_daemon: OpenDaemon
    seconds: float | None = None
    pub: str | None = None


async def show(wishes: Wishes, screen: Screen) -> tuple[bool, list[str]]:
    """Run the demo; whether all converged, and what is to be said at the end."""
    with (
        tempfile.TemporaryDirectory(prefix="esd-demo-") as folder,
        open_sides(Path(folder), wishes.open_daemon, wishes.pub) as sides,
    ):
        async with trio.open_nursery() as running:
            for side in sides:
                await running.start(side.daemon.run)
            scene = Scene(
                sides, Travels(screen.tell), trio.current_time(), wishes.seconds
            )
            screen.begin(scene)
            verdict = await _watched(scene, wishes, Path(folder), screen)
            lasted = trio.current_time() - scene.begun
            for side in sides:
                side.daemon.stop()
    if verdict is None:
        return False, [UNPROVEN]
    return verdict.converged, list(verdict.summary(scene.travels, lasted))


async def _watched(
    scene: Scene, wishes: Wishes, folder: Path, screen: Screen
) -> Verdict | None:
    verdict = None
    writing = trio.CancelScope(deadline=scene.begun + (wishes.seconds or inf))
    async with trio.open_nursery() as watching:
        await watching.start(_watch_signals, writing, watching.cancel_scope)
        watching.start_soon(_look, screen)
        for side in scene.sides:
            watching.start_soon(watch, side, scene.travels)
        with writing:
            await _write(scene.sides)
        screen.say(LAST_RUNS)
        verdict = await judge(scene.sides, folder, wishes.open_daemon, wishes.pub)
        watching.cancel_scope.cancel()
    return verdict


async def _write(sides: tuple[Side, Side]) -> None:
    left, right = sides
    # Each may have called while the other was not up yet. A run that is asked for, and
    # goes well, ends the pause that follows.
    await left.sync(right.name)
    await right.sync(left.name)
    async with trio.open_nursery() as authors:
        for side, writer in zip(sides, cast(), strict=True):
            authors.start_soon(writer.write, side)


async def _look(screen: Screen) -> None:
    while True:
        await trio.sleep(screen.every)
        screen.look(trio.current_time())


async def _watch_signals(
    writing: trio.CancelScope,
    all_of_it: trio.CancelScope,
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    endings = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    with trio.open_signal_receiver(*endings) as signals:
        task_status.started()
        async for _number in signals:
            if writing.cancel_called:
                all_of_it.cancel()
            writing.cancel()
