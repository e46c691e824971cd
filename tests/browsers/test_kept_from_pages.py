"""What a browser keeps from its pages: we did not allow it, or its user did not."""

from pathlib import Path

import pytest
import trio

from esd.config import HttpSettings
from tests.browsers.asking import (
    DOCUMENTS,
    FOR_A_PUSH,
    GARDEN,
    KEPT_BACK,
    PUSH,
    REFUSED,
    Options,
    ask,
)
from tests.browsers.chromium import Chromium, open_page, running_chromium
from tests.browsers.recorded import Recorded, record
from tests.daemons import ON_LOOPBACK, a_config, start_daemon


@pytest.mark.parametrize("name", KEPT_BACK)
async def test_a_preflight_that_says_no_is_all_that_arrives(
    name: str, pub: Recorded, chromium: Chromium, site: str
) -> None:
    async with open_page(chromium, site) as page:
        assert await ask(page, pub.url + DOCUMENTS, KEPT_BACK[name]) == REFUSED
    assert pub.methods == ["OPTIONS"]


async def test_the_answer_to_a_pull_with_cookies_is_not_shown(
    pub: Recorded, chromium: Chromium, site: str
) -> None:
    async with open_page(chromium, site) as page:
        cookies = {"credentials": "include"}
        assert await ask(page, pub.url + DOCUMENTS, cookies) == REFUSED
    assert pub.statuses == [200]


@pytest.mark.parametrize(
    ("question", "options", "method"),
    [("hello", {}, "GET"), ("reconcile", PUSH, "OPTIONS")],
    ids=["a question", "a preflight"],
)
async def test_our_own_protocol_is_not_for_pages(
    question: str,
    options: Options,
    method: str,
    pub: Recorded,
    chromium: Chromium,
    site: str,
) -> None:
    async with open_page(chromium, site) as page:
        url = f"{pub.url}/earthstar-sync/v1/{question}"
        assert await ask(page, url, options) == REFUSED
    assert (pub.methods, pub.statuses) == ([method], [403])


async def test_only_pages_of_a_named_origin_may_ask(
    chromium: Chromium, site: str, nursery: trio.Nursery, tmp_path: Path
) -> None:
    http = HttpSettings(listen=ON_LOOPBACK, browser_origins=(site,))
    config = a_config(tmp_path, [GARDEN], http=http)
    pub = await record(await start_daemon(nursery, config), nursery)
    async with open_page(chromium, site) as page:
        assert await ask(page, pub.url + DOCUMENTS, PUSH) == 200
        assert await ask(page, pub.url + DOCUMENTS, {}) == 200
    pub.requests.clear()
    other = site.replace("127.0.0.1", "localhost")  # another origin
    async with open_page(chromium, other) as page:
        assert await ask(page, pub.url + DOCUMENTS, PUSH) == REFUSED
        assert await ask(page, pub.url + DOCUMENTS, {}) == REFUSED
    assert pub.methods == ["OPTIONS", "GET"]


# A page from the internet that wants to reach this machine: since 2025 Chromium asks
# its user, where it sent a preflight of its own kind before.


async def test_the_user_decides_whether_a_far_away_page_reaches_this_machine(
    pub: Recorded, browsers: None, site: str
) -> None:
    far_away = site.removeprefix("http://")
    with running_chromium(f"--ip-address-space-overrides={far_away}=public") as here:
        async with open_page(here, site) as page:
            await here.permit("loopback-network", "denied")
            assert await ask(page, pub.url + DOCUMENTS, PUSH) == REFUSED
            assert pub.requests == []
            await here.permit("loopback-network", "granted")
            assert await ask(page, pub.url + DOCUMENTS, PUSH) == 200
            assert pub.preflights == [FOR_A_PUSH]
