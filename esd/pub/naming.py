"""By which names we are called, and by which we know workspaces.

A workspace's name on the wire holds the host that the caller dialled, so we must know
our own: whoever relays a call for another server comes with that one's name and is
turned away. What the operator configured is ours, and what only this machine can be
called, and the address that the connection came to.

The names of all workspaces are computed for each host that is asked by, and kept for a
few: a caller may dial any port of ours by any name of the machine.
"""

import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence

from esd.formats.wire_ids import wire_id
from esd.pub.problems import Refused
from esd.replica import Replica, Replicas
from esd.web import Request

__all__ = ["Hosts", "WireNames", "host_of"]

HOSTS_KEPT = 8  # of 256 names each, 100 bytes a name; computing them takes 1 ms

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^\[\]:]+)(?::([0-9]{1,5}))?")
_DEFAULT_PORTS = ("80", "443")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})


def host_of(request: Request) -> str:
    """What the caller dialled, as it counts in names; "" where it does not say.

    Some proxies write the default port out, so it is left out here.
    """
    found = _HOST.fullmatch(request.headers.get("host", "").lower())
    return _written(found[1], found[2]) if found else ""


class Hosts:
    """Our own names: *names* without a port are meant with any."""

    def __init__(self, names: Sequence[str]) -> None:
        found = [_HOST.fullmatch(name.lower()) for name in names]
        pairs = [(one[1], one[2]) for one in found if one]
        self._with_any_port = _LOOPBACK | {name for name, port in pairs if port is None}
        self._exact = {_written(name, port) for name, port in pairs if port is not None}

    def check(self, request: Request) -> str:
        """The host that *request* is for. Raises Refused where that is not us."""
        host = host_of(request)
        name = _HOST.fullmatch(host)
        ours = _HOST.fullmatch(request.local)
        if name is None or not (
            name[1] in self._with_any_port
            or host in self._exact
            or (ours is not None and host == _written(ours[1], ours[2]))
        ):
            raise Refused("wrong-host")
        return host


class WireNames:
    """Workspaces by their names on the wire."""

    def __init__(self, replicas: Replicas, salt: bytes) -> None:
        self._replicas = replicas
        self._salt = salt
        self._by_host: OrderedDict[str, Mapping[str, Replica]] = OrderedDict()
        self._version: tuple[int, int] = (-1, -1)

    def find(self, name: str, host: str) -> Replica | None:
        return self._at(host).get(name)

    def _at(self, host: str) -> Mapping[str, Replica]:
        version = self._replicas.bell.count, len(self._keyed())
        if version != self._version:
            self._by_host.clear()
            self._version = version
        if host not in self._by_host:
            self._by_host[host] = self._named(host)
            if len(self._by_host) > HOSTS_KEPT:
                self._by_host.popitem(last=False)
        self._by_host.move_to_end(host)
        return self._by_host[host]

    def _named(self, host: str) -> Mapping[str, Replica]:
        keyed = self._keyed()
        return {wire_id(key, self._salt, host): replica for key, replica in keyed}

    def _keyed(self) -> list[tuple[bytes, Replica]]:
        pairs = [(replica.wire_key, replica) for replica in self._replicas]
        return [(key, replica) for key, replica in pairs if key is not None]


def _written(host: str, port: str | None) -> str:
    return host if port in (None, *_DEFAULT_PORTS) else f"{host}:{port}"
