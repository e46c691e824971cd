"""Who may push where: closed, open, read-only; and that nobody may delete."""

import pytest

from esd.pub import PubSettings
from tests.pub.serving import DOCUMENTS, PATHS, UNKNOWN, serving
from tests.replica.signed import documents

OPEN = PubSettings(creates=True)


async def test_a_closed_pub_makes_no_workspace(pub):
    answer = await pub.post([], UNKNOWN)
    assert (answer.status, answer.counts) == (404, (0, 0, 0))
    assert len(pub.replicas) == 1


async def test_an_open_pub_makes_a_workspace_of_an_empty_push(tmp_path):
    with serving(tmp_path, OPEN, workspaces=()) as pub:
        assert (await pub.get()).status == 404
        answer = await pub.post([])
        assert (answer.status, answer.counts) == (200, (0, 0, 0))
        assert (await pub.get()).body == b"[]"


async def test_an_open_pub_takes_a_first_push(tmp_path):
    with serving(tmp_path, OPEN, workspaces=()) as pub:
        assert (await pub.post(documents(3))).counts == (3, 0, 3)


@pytest.mark.parametrize(
    "name", ["garden", "+", "+a", "+A.b", "+1a.b", "+a.b.c", "%00", "+ä.b", "+a%2Fb.c"]
)
async def test_an_open_pub_makes_nothing_of_what_is_no_address(name, tmp_path):
    with serving(tmp_path, OPEN, workspaces=()) as pub:
        answer = await pub.post([], f"/earthstar-api/v1/{name}/documents")
        assert (answer.status, answer.counts, len(pub.replicas)) == (404, (0, 0, 0), 0)


@pytest.mark.parametrize("target", [DOCUMENTS, UNKNOWN])
async def test_a_readonly_pub_takes_nothing(target, tmp_path):
    settings = PubSettings(readonly=True, creates=True)
    with serving(tmp_path, settings) as pub:
        answer = await pub.post(documents(3), target)
        assert (answer.status, answer.counts) == (403, (0, 0, 0))
        assert (pub.count, len(pub.replicas)) == (0, 1)


@pytest.mark.parametrize("method", ["POST", "DELETE", "GET"])
@pytest.mark.parametrize("settings", [OPEN, PubSettings()])
async def test_nobody_can_delete(method, settings, tmp_path):
    with serving(tmp_path, settings) as pub:
        await pub.post(documents(3))
        for target in (DOCUMENTS.replace("documents", "delete"), DOCUMENTS):
            await pub.ask(method, target)
        assert pub.count == 3


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/graphql",
        PATHS,
        "/demo-hack/create-demo-workspace",
        DOCUMENTS.replace("documents", "delete"),
        DOCUMENTS + "/more",
    ],
)
async def test_a_push_to_anything_else_is_not_found(target, tmp_path):
    with serving(tmp_path, OPEN) as pub:
        assert (await pub.post([], target)).status == 404
