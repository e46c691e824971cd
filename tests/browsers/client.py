"""The real earthstar, 5.7.6 or 3.1.1, unmodified, as an app in a page (app.js)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.browsers.chromium import Chromium, Page, open_page
from tests.browsers.installed import FIVE
from tests.peers.real import ClientRefused, Document, RealClient


class PageClient(RealClient):
    """An app; it forgets all when its page is closed."""

    def __init__(self, page: Page, workspace: str) -> None:
        self.page = page
        self.workspace = workspace

    async def begin(self) -> None:
        await self._do("open", workspace=self.workspace)

    async def follow(self, url: str) -> None:
        """Sync, and from then on live, both ways (5.7.6 only)."""
        await self._do("follow", url=url)

    async def expect(self, path: str) -> None:
        """Look out for a document that somebody else writes there."""
        await self._do("expect", path=path)

    async def arrived(self) -> tuple[Document, float]:
        """Wait for the expected document; it, and its seconds from author to here."""
        arrival = await self._do("arrived")
        document = arrival["document"]
        return document, (arrival["at"] - document["timestamp"]) / 1e6

    async def _do(self, command: str, **more: object) -> Any:
        answer = await self.page.call("answer", {"do": command, **more})
        if "rejected" in answer:
            raise ClientRefused(answer["rejected"])
        return answer["value"]


@asynccontextmanager
async def page_client(
    chromium: Chromium, site: str, workspace: str, release: str = FIVE
) -> AsyncIterator[PageClient]:
    """Open the app of that release, for one workspace."""
    async with open_page(chromium, f"{site}/{release}") as page:
        client = PageClient(page, workspace)
        await client.begin()
        yield client
