"""Errors for programs and people at once: RFC 9457 problem details.

`code` is for programs and never changes; `hint` tells a person what to do next;
`errors` lists single fields. `type` only makes the code a URI, as the RFC wants it.
Whatever else a program needs to go on are members of their own.
"""

from collections.abc import Mapping, Sequence

import msgspec

from esd.web.message import Response

__all__ = ["problem"]


def problem(
    status: int,
    code: str,
    title: str,
    detail: str = "",
    hint: str = "",
    errors: Sequence[Mapping[str, object]] = (),
    **more: object,
) -> Response:
    """The response; members that say nothing are left out."""
    said = {"detail": detail, "hint": hint, "errors": list(errors)}
    members: dict[str, object] = {
        "type": f"urn:esd:problem:{code}",
        "title": title,
        "status": status,
        "code": code,
    }
    members |= {name: value for name, value in said.items() if value} | more
    return Response(
        status=status,
        headers=(("Content-Type", "application/problem+json"),),
        body=msgspec.json.encode(members),
    )
