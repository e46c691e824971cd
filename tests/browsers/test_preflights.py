"""What Chromium asks before it lets a page ask: each variant of its preflights.

Which requests it asks about is the browser's business and not ours: these tests tell
what it does today, and that we answer so that pages get what they need.
"""

from pathlib import Path

import pytest

from tests.browsers.asking import (
    DOCUMENTS,
    FOR_A_PUSH,
    GARDEN,
    KEPT_BACK,
    PUSH,
    SIMPLE,
    VARIANTS,
    ask,
)
from tests.browsers.chromium import Chromium, open_page
from tests.browsers.recorded import Recorded
from tests.peers.real import real_pub


@pytest.mark.parametrize("name", VARIANTS)
async def test_a_preflight_is_answered_so_that_the_page_may_go_on(
    name: str, pub: Recorded, chromium: Chromium, site: str
) -> None:
    variant = VARIANTS[name]
    async with open_page(chromium, site) as page:
        status = await ask(page, pub.url + DOCUMENTS, variant.options)
    assert (status, pub.statuses) == (variant.status, [204, variant.status])
    assert pub.preflights == [variant.preflight]
    assert {one.headers.get("origin") for one in pub.requests} == {site}


async def test_a_preflight_that_asks_for_no_headers(
    pub: Recorded, chromium: Chromium, site: str
) -> None:
    watched_upload = """new Promise((done) => {
        const request = new XMLHttpRequest();
        request.open('POST', '%s');
        request.upload.onprogress = () => {};
        request.onloadend = () => done(request.status);
        request.send('[]');
    })"""
    async with open_page(chromium, site) as page:
        assert await page.run(watched_upload % (pub.url + DOCUMENTS)) == 200
    assert pub.preflights == [("POST", None)]


async def test_a_worker_asks_as_its_page_does(
    pub: Recorded, chromium: Chromium, site: str
) -> None:
    from_a_worker = """((...what) => new Promise((done) => {
        const script = `onmessage = ({ data }) => fetch(...data)
            .then((answer) => answer.status, String).then((what) => postMessage(what))`;
        const worker = new Worker(URL.createObjectURL(new Blob([script])));
        worker.onmessage = ({ data }) => done(data);
        worker.postMessage(what);
    }))"""
    async with open_page(chromium, site) as page:
        assert await page.call(from_a_worker, pub.url + DOCUMENTS, PUSH) == 200
    assert pub.preflights == [FOR_A_PUSH]


async def test_a_page_without_an_origin_may_push(
    pub: Recorded, chromium: Chromium, tmp_path: Path
) -> None:
    file = tmp_path / "app.html"
    file.write_text("<!doctype html>")
    async with open_page(chromium, file.as_uri()) as page:
        assert await ask(page, pub.url + DOCUMENTS, PUSH) == 200
    assert pub.preflights == [FOR_A_PUSH]
    assert {one.headers.get("origin") for one in pub.requests} == {"null"}


async def test_a_preflight_is_remembered_for_the_next_push(
    pub: Recorded, chromium: Chromium, site: str
) -> None:
    async with open_page(chromium, site) as page:
        for _ in range(2):
            assert await ask(page, pub.url + DOCUMENTS, PUSH) == 200
    assert pub.methods == ["OPTIONS", "POST", "POST"]


async def test_a_workspace_that_is_not_here_is_a_404_that_a_page_can_read(
    pub: Recorded, chromium: Chromium, site: str
) -> None:
    elsewhere = pub.url + DOCUMENTS.replace("garden", "elsewhere")
    async with open_page(chromium, site) as page:
        assert await ask(page, elsewhere, {}) == 404
        assert await ask(page, elsewhere, PUSH) == 404
    assert pub.methods == ["GET", "OPTIONS", "POST"]


@pytest.mark.parametrize("name", SIMPLE)
async def test_what_a_form_could_send_comes_without_a_preflight(
    name: str, pub: Recorded, chromium: Chromium, site: str
) -> None:
    options = SIMPLE[name]
    async with open_page(chromium, site) as page:
        assert await ask(page, pub.url + DOCUMENTS, options) == 200
    assert pub.methods == [options.get("method", "GET")]


async def test_a_browser_asks_only_whether_the_list_has_changed(
    pub: Recorded, chromium: Chromium, site: str
) -> None:
    async with open_page(chromium, site) as page:
        for _ in range(2):
            assert await ask(page, pub.url + DOCUMENTS, {}) == 200
    assert (pub.methods, pub.statuses) == (["GET", "GET"], [200, 304])


async def test_a_page_cannot_tell_ours_from_a_real_pub(
    pub: Recorded, peers: None, chromium: Chromium, site: str
) -> None:
    questions = [variant.options for variant in VARIANTS.values()]
    questions += [*SIMPLE.values(), *KEPT_BACK.values()]
    async with real_pub() as real, open_page(chromium, site) as page:
        await real.push(GARDEN, [])
        for number, options in enumerate(questions):
            fresh = f"?{number}"  # what was asked about one URL is not asked again
            theirs = await ask(page, real.documents_url(GARDEN) + fresh, options)
            ours = await ask(page, pub.url + DOCUMENTS + fresh, options)
            assert (number, ours) == (number, theirs)
    assert len(pub.preflights) == len(VARIANTS) + len(KEPT_BACK)
