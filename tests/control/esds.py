"""A server of earthstar-sync in memory that says hello, and knows nothing else."""

import json

import httpx

from esd.formats import encode_base32
from esd.sync import Client, RunLimits
from tests.sync.pubs import reply

SALT = bytes(range(32))
HELLO = {
    "protocol": "earthstar-sync/1",
    "salt": encode_base32(SALT),
    "formats": ["es.4"],
    "levels": ["reconcile", "hashes"],
    "limits": {"body": 1 << 20, "hashes": 4096, "frame": 131_072},
}


class HelloWire(httpx.AsyncBaseTransport):
    """Answers its hellos one after the other, and the last one for ever; else 404.

    `asked` holds the urls, `sent` all that was said beside them.
    """

    def __init__(self, *hellos):
        self.hellos = list(hellos) or [reply(200, json.dumps(HELLO).encode())]
        self.asked = []
        self.sent = b""

    async def handle_async_request(self, request):
        self.asked.append(str(request.url))
        self.sent += str(request.headers).encode() + await request.aread()
        if not request.url.path.endswith("/hello"):
            return reply(404)
        hello = self.hellos.pop(0) if len(self.hellos) > 1 else self.hellos[0]
        if isinstance(hello, Exception):
            raise hello
        return hello

    def connect(self, url):
        return Client(url, RunLimits(), transport=self)
