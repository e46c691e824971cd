"""The configuration as it works, reading it again, and the end.

A reload is all or nothing, and the answer comes when it is done: what changed, and what
will only after a restart.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from esd.control.asking import Parameters
from esd.control.node import Conflict, Node, Problem, Refused
from esd.control.refusing import Refusal, as_refusal
from esd.web import Request, Response, Route, json_response

__all__ = ["ConfigurationResource"]


class ProblemShape(msgspec.Struct, frozen=True, kw_only=True):
    file: str
    key: str
    line: int | None
    message: str


@dataclass(frozen=True, slots=True)
class ConfigurationResource:
    node: Node

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/v1/config", self.show),
            Route("POST", "/v1/config/reload", self.reload),
            Route("POST", "/v1/shutdown", self.shutdown),
        ]

    async def show(self, request: Request, _captured: Mapping[str, str]) -> Response:
        Parameters(request)
        shape = {"file": self._file(), "config": self.node.config_shown()}
        return json_response(200, shape)

    async def reload(self, request: Request, _captured: Mapping[str, str]) -> Response:
        Parameters(request)
        try:
            reloaded = await self.node.reload()
        except Refused as exc:
            raise _not_usable(exc) from exc
        except Conflict as exc:
            raise as_refusal(exc) from exc
        shape = {
            "file": self._file(),
            "changed": reloaded.changed,
            "needs_restart": reloaded.needs_restart,
        }
        return json_response(200, shape)

    async def shutdown(self, request: Request, _: Mapping[str, str]) -> Response:
        """As SIGTERM; this answer still goes out."""
        Parameters(request)
        self.node.stop()
        return json_response(202, {"stopping": True})

    def _file(self) -> str | None:
        file = self.node.config_file
        return None if file is None else str(file)


def _not_usable(refused: Refused) -> Refusal:
    shapes = [msgspec.to_builtins(_shape(one)) for one in refused.problems]
    return Refusal(
        status=422,
        code="config-invalid",
        title="The configuration cannot be used; the old one stays",
        detail="; ".join(map(_told, refused.problems)),
        hint="correct the file, then try again: esdctl reload",
        errors=shapes,
    )


def _shape(problem: Problem) -> ProblemShape:
    return ProblemShape(
        file=problem.file, key=problem.key, line=problem.line, message=problem.text
    )


def _told(problem: Problem) -> str:
    place = problem.file if problem.line is None else f"{problem.file}:{problem.line}"
    return f"{place}: {problem.key} {problem.text}".replace(":  ", ": ")
