"""From a request to the handler that serves it, by method and path.

Paths match as Express matches them, because that is what the clients of earthstar-pub
were written against: literal segments ignore case, one trailing slash is accepted, an
empty segment inside (`//`) matches nothing. The first route that matches wins.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from esd.errors import PeerMisbehaved
from esd.web.message import Request, Response, text

__all__ = ["Fallback", "Route", "RouteHandler", "Router"]

RouteHandler = Callable[[Request, Mapping[str, str]], Awaitable[Response]]

Fallback = Callable[[Request, tuple[str, ...]], Awaitable[Response]]
"""Answers what no route does; given the methods that the path does have, if any."""


@dataclass(frozen=True, slots=True)
class Route:
    """`pattern` is like `/v1/{workspace}/documents`: a `{name}` is one segment."""

    method: str
    pattern: str
    handler: RouteHandler


@dataclass(frozen=True, slots=True)
class _Compiled:
    route: Route
    literals: tuple[tuple[int, str], ...]
    names: tuple[tuple[int, str], ...]

    def match(self, path: Sequence[str]) -> bool:
        return all(path[at].lower() == literal for at, literal in self.literals)

    def captured(self, path: Sequence[str]) -> Mapping[str, str]:
        return {name: path[at] for at, name in self.names}


async def _refuse(_request: Request, allowed: tuple[str, ...]) -> Response:
    if not allowed:
        return text(404, "Not Found")
    response = text(405, "Method Not Allowed")
    headers = (*response.headers, ("Allow", ", ".join(allowed)))
    return Response(status=response.status, headers=headers, body=response.body)


class Router:
    """A `Handler` made of routes."""

    def __init__(self, routes: Sequence[Route], fallback: Fallback = _refuse) -> None:
        self._fallback = fallback
        self._by_length: dict[int, list[_Compiled]] = {}
        for route in routes:
            segments = _significant(tuple(route.pattern.removeprefix("/").split("/")))
            compiled = _compile(route, segments)
            self._by_length.setdefault(len(segments), []).append(compiled)

    async def __call__(self, request: Request) -> Response:
        path = _significant(request.path)
        found = self._find(request.method, path)
        if found is None:
            return await self._fallback(request, self._allowed(path))
        return await found.route.handler(request, found.captured(path))

    def pattern_of(self, request: Request) -> str:
        """The pattern that serves *request*, for logs and metrics; "" if none does."""
        try:
            found = self._find(request.method, _significant(request.path))
        except PeerMisbehaved:
            return ""
        return "" if found is None else found.route.pattern

    def _find(self, method: str, path: Sequence[str]) -> _Compiled | None:
        """HEAD is GET without the body, unless a route of its own comes first."""
        methods = ("HEAD", "GET") if method == "HEAD" else (method,)
        for compiled in self._at(path):
            if compiled.route.method in methods:
                return compiled
        return None

    def _at(self, path: Sequence[str]) -> list[_Compiled]:
        if "" in path:
            return []
        return [one for one in self._by_length.get(len(path), ()) if one.match(path)]

    def _allowed(self, path: Sequence[str]) -> tuple[str, ...]:
        methods = {one.route.method for one in self._at(path)}
        if "GET" in methods:
            methods.add("HEAD")
        return tuple(sorted(methods))


def _significant(path: tuple[str, ...]) -> tuple[str, ...]:
    """Without the empty segment that a trailing slash makes."""
    return path[:-1] if path and not path[-1] else path


def _compile(route: Route, segments: Sequence[str]) -> _Compiled:
    literals, names = [], []
    for at, segment in enumerate(segments):
        if segment.startswith("{") and segment.endswith("}"):
            names.append((at, segment[1:-1]))
        else:
            literals.append((at, segment.lower()))
    return _Compiled(route, tuple(literals), tuple(names))
