"""The configuration in force, reading it again, and the end."""

import trio

from esd.control import Conflict, Problem, Refused, Reloaded
from tests.control.calling import ask
from tests.control.node import ALIAS, a_node

RELOAD = "/v1/config/reload"


async def test_the_configuration_is_shown_as_the_daemon_masks_it(
    tmp_path, autojump_clock
):
    async with a_node(tmp_path) as node:
        answer = await ask(node, "GET", "/v1/config")
    assert answer.json["file"] == str(node.config_file)
    assert answer.json["config"]["workspaces"][0]["alias"] == ALIAS


async def test_a_reload_says_what_changed(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node:
        node.reloads = [
            Reloaded(
                changed=("peer[home]", "http.listen"), needs_restart=("http.listen",)
            )
        ]
        answer = await ask(node, "POST", RELOAD)
    assert answer.status == 200
    assert answer.json["changed"] == ["peer[home]", "http.listen"]
    assert answer.json["needs_restart"] == ["http.listen"]


async def test_a_broken_file_is_told_mistake_by_mistake(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node:
        problem = Problem(file="/esd.toml", key="peer[0].url", line=7, text="is no URL")
        whole = Problem(file="/esd.toml", key="", line=None, text="cannot be read")
        node.reloads = [Refused([problem, whole])]
        answer = await ask(node, "POST", RELOAD)
    assert (answer.status, answer.code) == (422, "config-invalid")
    assert answer.json["errors"][0] == {
        "file": "/esd.toml",
        "key": "peer[0].url",
        "line": 7,
        "message": "is no URL",
    }
    assert answer.json["detail"] == (
        "/esd.toml:7: peer[0].url is no URL; /esd.toml: cannot be read"
    )
    assert answer.json["hint"]


async def test_a_daemon_without_a_file_says_so(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node:
        node.config_file = None
        node.reloads = [Conflict("no-config-file", "there is none", "esd run --config")]
        answer = await ask(node, "POST", RELOAD)
        assert (answer.status, answer.code) == (409, "no-config-file")
        assert (await ask(node, "GET", "/v1/config")).json["file"] is None


async def test_of_two_reloads_at_once_each_gets_its_answer(tmp_path, autojump_clock):
    answers = []
    async with a_node(tmp_path) as node:
        node.reloads = [Reloaded(changed=("peer[home]",)), Reloaded()]

        async def reload():
            answers.append((await ask(node, "POST", RELOAD)).json["changed"])

        async with trio.open_nursery() as nursery:
            nursery.start_soon(reload)
            nursery.start_soon(reload)
    assert sorted(answers) == [[], ["peer[home]"]]


async def test_a_shutdown_is_answered_before_it_happens(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node:
        answer = await ask(node, "POST", "/v1/shutdown")
        assert (answer.status, answer.json) == (202, {"stopping": True})
        assert node.stopping
