"""Ways to run a replica's work that let a test watch it, or hold it up."""

import trio


class Counting:
    """Runs inline, and counts how often it was asked to."""

    def __init__(self):
        self.calls = 0

    async def __call__(self, call, /):
        self.calls += 1
        return call()

    def taken(self):
        """The calls since this was last asked."""
        calls, self.calls = self.calls, 0
        return calls


class Held:
    """Runs inline, but whoever calls `wait` stays until the gate opens."""

    def __init__(self):
        self.gate = trio.Event()

    def wait(self):
        """Hand this to `Replica.change`, and nobody writes there any more."""

    async def __call__(self, call, /):
        if call == self.wait:
            await self.gate.wait()
        return call()


class Slow:
    """Runs inline, after others had their turns."""

    def __init__(self, turns=3):
        self.turns = turns

    async def __call__(self, call, /):
        for _ in range(self.turns):
            await trio.lowlevel.checkpoint()
        return call()


class Cancelling:
    """Runs in a worker thread, whose caller is cancelled when *at* calls are done."""

    def __init__(self, at):
        self.left = at
        self.scope = trio.CancelScope()

    async def __call__(self, call, /):
        return await trio.to_thread.run_sync(self._in_thread, call)

    def _in_thread(self, call):
        result = call()
        self.left -= 1
        if not self.left:
            trio.from_thread.run_sync(self.scope.cancel)
        return result
