"""What people and machines see who do not sync."""

from html.parser import HTMLParser

import pytest

from esd.pub import PubSettings
from tests.pub.serving import DOCUMENTS, SECRET, serving
from tests.replica.signed import documents

EVIL = "<script>alert(1)</script> & \"quotes\" 'n' {braces} {title}"


class Outline(HTMLParser):
    """The tags of a page, their attributes, and the text of each."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes, self.text, self.within = [], {}, {}, []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes.setdefault(tag, dict(attributes))
        if tag not in {"meta", "link"}:
            self.within.append(tag)

    def handle_endtag(self, tag):
        assert self.within.pop() == tag, "the page is well nested"

    def handle_data(self, data):
        if self.within:
            self.text[self.within[-1]] = self.text.get(self.within[-1], "") + data


async def page_of(pub):
    answer = await pub.get("/")
    assert answer.status == 200
    return answer, Outline(answer.body.decode())


async def test_the_home_page_is_a_whole_page(pub):
    answer, page = await page_of(pub)
    assert answer.headers.get("content-type") == "text/html; charset=utf-8"
    assert answer.body.startswith(b"<!doctype html>")
    assert page.attributes["html"] == {"lang": "en"}
    assert page.attributes["meta"] == {"charset": "utf-8"}
    assert "viewport" in answer.body.decode()
    assert page.tags.count("h1") == page.tags.count("main") == 1
    assert page.text["title"] == page.text["h1"] == "Earthstar pub"
    assert page.within == []


async def test_the_home_page_says_what_the_operator_wrote(tmp_path):
    settings = PubSettings(title="Grüße vom Garten", notes="Ask Suzy & Matt.")
    with serving(tmp_path, settings) as pub:
        _, page = await page_of(pub)
        assert page.text["title"] == page.text["h1"] == "Grüße vom Garten"
        assert "Ask Suzy & Matt." in page.text["p"]


async def test_no_title_or_note_is_more_than_text(tmp_path):
    with serving(tmp_path, PubSettings(title=EVIL, notes=EVIL)) as pub:
        answer, page = await page_of(pub)
        assert "script" not in page.tags
        assert b"<script" not in answer.body
        assert page.text["h1"] == EVIL
        assert EVIL in page.text["p"]


async def test_the_home_page_lists_and_counts_no_workspaces(pub, tmp_path):
    before, _ = await page_of(pub)
    await pub.post(documents(7))
    after, _ = await page_of(pub)
    assert before.body == after.body
    assert SECRET.encode() not in after.body
    assert next(iter(pub.replicas)).local_id.encode() not in after.body


async def test_the_home_page_asks_nobody_for_anything(pub):
    answer, page = await page_of(pub)
    policy = answer.headers.get("content-security-policy")
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-eval" not in policy
    assert "script-src" not in policy
    assert not {"script", "img", "link", "iframe", "form"} & set(page.tags)
    assert b"http" not in answer.body
    assert answer.headers.get("referrer-policy") == "no-referrer"
    assert answer.headers.get("x-content-type-options") == "nosniff"


@pytest.mark.parametrize("target", ["/", "/?utm_source=x", "/healthz", "/healthz/"])
async def test_pages_have_heads(target, pub):
    got, head = await pub.get(target), await pub.ask("HEAD", target)
    assert (got.status, head.status) == (200, 200)
    assert list(got.headers) == list(head.headers)


async def test_healthz_says_that_we_are_here_and_nothing_more(pub):
    answer = await pub.get("/healthz")
    assert (answer.status, answer.body) == (200, b"ok\n")
    assert answer.headers.get("cache-control") == "no-store"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_no_page_can_be_posted_to(method, pub):
    for target in ("/", "/healthz"):
        assert (await pub.ask(method, target)).status == 404


async def test_a_readonly_pub_has_its_pages_too(tmp_path):
    with serving(tmp_path, PubSettings(readonly=True)) as pub:
        assert (await pub.get("/")).status == 200
        assert (await pub.get("/healthz")).status == 200
        assert (await pub.get(DOCUMENTS)).status == 200
