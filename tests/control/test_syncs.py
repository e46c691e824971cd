"""Runs: started, watched, looked back at, and cancelled."""

import json

import pytest
import trio

from esd.store import RunRecord
from esd.sync.rhythm import Rhythm
from tests.control.calling import ask, connected
from tests.control.node import ALIAS, a_node
from tests.replicas import MATT, NOW
from tests.replicas import documents as many
from tests.sync.pubs import PubWire, reply

MANUAL = {"rhythm": Rhythm(interval=float("inf"))}


class Slow(PubWire):
    """A pub that takes its time."""

    async def handle_async_request(self, request):
        await trio.sleep(10)
        return await super().handle_async_request(request)


async def test_a_sync_is_started_and_goes_on(tmp_path, autojump_clock):
    async with a_node(tmp_path, {"home": Slow(*many(3))}, **MANUAL) as node:
        answer = await ask(node, "POST", "/v1/syncs")
        (sync,) = answer.json["syncs"]
        assert (answer.status, sync["state"]) == (202, "pending")
        assert (sync["peer"], sync["cause"], sync["joined"]) == (
            "home",
            "manual",
            False,
        )
        await node.peers.runs.get(sync["id"]).wait()
        sync = (await ask(node, "GET", f"/v1/syncs/{sync['id']}")).json
    assert sync["state"] == "done"
    assert sync["asked"] <= sync["started"] < sync["ended"]
    assert sync["workspaces"][0]["report"]["pulled"]["accepted"] == 3


async def test_one_that_waits_gets_how_it_went(tmp_path, autojump_clock):
    wires = {"home": Slow(*many(3)), "away": PubWire()}
    async with a_node(tmp_path, wires, **MANUAL) as node:
        answer = await ask(node, "POST", "/v1/syncs?wait=60")
    assert answer.status == 200
    assert [sync["state"] for sync in answer.json["syncs"]] == ["done", "done"]


async def test_one_that_waits_too_short_gets_how_far_it_is(tmp_path, autojump_clock):
    async with a_node(tmp_path, {"home": Slow()}, **MANUAL) as node:
        answer = await ask(node, "POST", "/v1/syncs?wait=5")
        assert answer.status == 202
        assert answer.json["syncs"][0]["state"] == "running"


async def test_a_run_is_seen_while_it_goes_on(tmp_path, autojump_clock):
    async with a_node(tmp_path, {"home": Slow()}, **MANUAL) as node:
        await ask(node, "POST", "/v1/syncs?wait=5")
        (sync,) = (await ask(node, "GET", "/v1/syncs")).json["syncs"]
        assert (sync["state"], sync["ended"]) == ("running", None)
        (part,) = sync["workspaces"]
        assert (part["state"], part["ended"]) == ("running", None)
        peer = (await ask(node, "GET", "/v1/peers/home")).json
        assert peer["runtime"]["current_sync"] == sync["id"]


async def test_a_client_that_hangs_up_cancels_nothing(tmp_path, autojump_clock):
    async with a_node(tmp_path, {"home": Slow(*many(3))}, **MANUAL) as node:
        async with connected(node) as client:
            await client.send("POST", "/v1/syncs?wait=60")
            await trio.testing.wait_all_tasks_blocked()
        (run,) = node.peers.runs.latest()
        await run.wait()
        assert run.state == "done"


async def test_a_second_request_joins_the_run_that_has_not_begun(
    tmp_path, autojump_clock
):
    async with a_node(tmp_path, {"home": Slow()}, **MANUAL) as node:
        await ask(node, "POST", "/v1/syncs?wait=5")
        second = (await ask(node, "POST", "/v1/syncs")).json["syncs"][0]
        third = (await ask(node, "POST", "/v1/syncs")).json["syncs"][0]
    assert (second["joined"], third["joined"]) == (False, True)
    assert second["id"] == third["id"]


async def test_a_run_may_be_for_one_peer_one_workspace_one_way(
    tmp_path, autojump_clock
):
    home, away = PubWire(*many(3)), PubWire()
    async with a_node(tmp_path, {"home": home, "away": away}, **MANUAL) as node:
        await node.replica.write(MATT, "/mine", "hello", now=node.now())
        body = {"peers": ["home"], "workspaces": [ALIAS], "direction": "push"}
        answer = await ask(node, "POST", "/v1/syncs?wait=60", body)
        (sync,) = answer.json["syncs"]
        assert (sync["peer"], sync["direction"]) == ("home", "push")
        assert node.replica.reader.totals().count == 1
        assert len(home.documents) == 4
        assert away.seen == []


async def test_a_dry_run_tells_what_would_move_and_moves_nothing(
    tmp_path, autojump_clock
):
    home = PubWire(*many(3))
    async with a_node(tmp_path, {"home": home}, **MANUAL) as node:
        await node.replica.write(MATT, "/mine", "hello", now=node.now())
        answer = await ask(node, "POST", "/v1/syncs?wait=60", {"dry_run": True})
        (sync,) = answer.json["syncs"]
        assert (sync["state"], sync["dry_run"]) == ("done", True)
        (part,) = sync["workspaces"]
        assert part["alias"] == ALIAS
        report = part["report"]
        assert (report["to_pull"], report["to_push"]) == (3, 1)
        assert (report["pulled"]["accepted"], report["sent"]) == (0, 0)
        assert node.replica.reader.totals().count == 1
        assert len(home.documents) == 3


async def test_a_dry_run_is_joined_by_dry_runs_only(tmp_path, autojump_clock):
    async with a_node(tmp_path, {"home": Slow()}, **MANUAL) as node:
        await ask(node, "POST", "/v1/syncs?wait=5")
        told = []
        for dry in (True, False, True):
            answer = await ask(node, "POST", "/v1/syncs", {"dry_run": dry})
            told.append((answer.json["syncs"][0]["id"], answer.json["syncs"][0]))
    (first, one), (second, two), (third, three) = told
    assert first == third != second
    assert [run["dry_run"] for run in (one, two, three)] == [True, False, True]
    assert [run["joined"] for run in (one, two, three)] == [False, False, True]


async def test_what_went_wrong_is_told(tmp_path, autojump_clock):
    wire = PubWire()
    wire.answer = lambda _: reply(503)
    async with a_node(tmp_path, {"home": wire}, **MANUAL) as node:
        answer = await ask(node, "POST", "/v1/syncs?wait=60")
    assert answer.status == 200
    (sync,) = answer.json["syncs"]
    assert sync["state"] == "failed"
    assert sync["trouble"]


async def test_a_paused_peer_is_left_out_of_a_run_with_all(tmp_path, autojump_clock):
    wires = {"home": PubWire(), "away": PubWire()}
    async with a_node(tmp_path, wires, **MANUAL) as node:
        await node.peers.pause("home", None)
        answer = await ask(node, "POST", "/v1/syncs?wait=60")
    assert [sync["peer"] for sync in answer.json["syncs"]] == ["away"]
    (skipped,) = answer.json["skipped"]
    assert (skipped["peer"], skipped["code"]) == ("home", "peer-paused")
    assert skipped["hint"] == "esdctl peer resume home"


async def test_a_run_with_a_paused_peer_alone_is_refused(tmp_path, autojump_clock):
    async with a_node(tmp_path, {"home": PubWire()}, **MANUAL) as node:
        await node.peers.pause("home", None)
        answer = await ask(node, "POST", "/v1/syncs", {"peers": ["home"]})
    assert (answer.status, answer.code) == (409, "peer-paused")
    assert answer.json["hint"] == "esdctl peer resume home"


async def test_a_workspace_that_is_not_shared_is_refused(tmp_path, autojump_clock):
    wires = {"home": PubWire()}
    async with a_node(tmp_path, wires, workspaces=(), **MANUAL) as node:
        body = {"peers": ["home"], "workspaces": [ALIAS]}
        answer = await ask(node, "POST", "/v1/syncs", body)
        assert (answer.status, answer.code) == (409, "not-shared")
        body = {"workspaces": [ALIAS]}
        answer = await ask(node, "POST", "/v1/syncs", body)
        assert (answer.status, answer.code) == (409, "no-peers")


async def test_without_peers_there_is_nothing_to_start(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node:
        answer = await ask(node, "POST", "/v1/syncs")
    assert (answer.status, answer.code) == (409, "no-peers")
    assert answer.json["hint"]


@pytest.mark.parametrize(
    ("body", "status", "path"),
    [
        ({"peers": ["home", "nobody"]}, 404, "$.peers[1]"),
        ({"workspaces": ["nowhere"]}, 404, "$.workspaces[0]"),
        ({"peers": "home"}, 422, "$.peers"),
        ({"peers": [1]}, 422, "$.peers[0]"),
        ({"direction": "sideways"}, 422, "$.direction"),
        ({"direction": "+kitchen.friends"}, 422, "$.direction"),
        ({"dry_run": "yes"}, 422, "$.dry_run"),
        ({"workspace": ["garden"]}, 422, "$"),
        ([], 422, "$"),
        ("home", 422, "$"),
        (None, 202, None),
    ],
)
async def test_a_request_that_cannot_be_starts_nothing(
    tmp_path, autojump_clock, body, status, path
):
    async with a_node(tmp_path, {"home": PubWire()}, **MANUAL) as node:
        answer = await ask(node, "POST", "/v1/syncs", body)
        assert answer.status == status
        assert "kitchen" not in answer.body.decode()
        if path is not None:
            assert answer.json["errors"][0]["path"] == path
            assert node.peers.runs.latest() == []


@pytest.mark.parametrize("wait", ["-1", "3601", "1e3", "soon", "", "%2B1", "1_0"])
async def test_a_wait_is_a_number_of_seconds(tmp_path, autojump_clock, wait):
    async with a_node(tmp_path, {"home": PubWire()}, **MANUAL) as node:
        answer = await ask(node, "POST", f"/v1/syncs?wait={wait}")
        assert (answer.status, answer.code) == (422, "invalid-value")
        assert node.peers.runs.latest() == []


async def test_a_run_is_cancelled(tmp_path, autojump_clock):
    async with a_node(tmp_path, {"home": Slow()}, **MANUAL) as node:
        await ask(node, "POST", "/v1/syncs?wait=5")
        (run,) = node.peers.runs.latest()
        answer = await ask(node, "DELETE", f"/v1/syncs/{run.id}")
        assert (answer.status, answer.json["changed"]) == (202, True)
        await run.wait()
        shown = (await ask(node, "GET", f"/v1/syncs/{run.id}")).json
        assert shown["state"] == "cancelled"
        again = await ask(node, "DELETE", f"/v1/syncs/{run.id}")
        assert (again.status, again.json["changed"]) == (202, False)


@pytest.mark.parametrize("number", ["7", "0", "-1", "x", "9" * 40, "1.0"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_an_unknown_run_is_not_found(tmp_path, autojump_clock, method, number):
    async with a_node(tmp_path) as node:
        answer = await ask(node, method, f"/v1/syncs/{number}")
    assert (answer.status, answer.code) == (404, "sync-not-found")


async def test_the_history_outlives_the_daemon(tmp_path, autojump_clock):
    wire = PubWire(*many(3))
    async with a_node(tmp_path, {"home": wire}, **MANUAL) as node:
        await ask(node, "POST", "/v1/syncs?wait=60")
        wire.answer = lambda _: reply(503)
        await ask(node, "POST", "/v1/syncs?wait=60")
        await trio.testing.wait_all_tasks_blocked()
    async with a_node(tmp_path, {"home": wire}, **MANUAL) as node:
        failed, good = (await ask(node, "GET", "/v1/syncs")).json["syncs"]
        assert (failed["state"], good["state"]) == ("failed", "done")
        assert failed["trouble"]
        assert good["workspaces"][0]["report"]["pulled"]["accepted"] == 3
        one = (await ask(node, "GET", f"/v1/syncs/{good['id']}")).json
        assert one == good


async def test_the_history_marks_dry_runs(tmp_path, autojump_clock):
    async with a_node(tmp_path, {"home": PubWire(*many(3))}, **MANUAL) as node:
        await ask(node, "POST", "/v1/syncs?wait=60", {"dry_run": True})
        await trio.testing.wait_all_tasks_blocked()
    async with a_node(tmp_path, {"home": PubWire()}, **MANUAL) as node:
        (sync,) = (await ask(node, "GET", "/v1/syncs")).json["syncs"]
    assert (sync["dry_run"], sync["direction"]) == (True, None)
    assert sync["workspaces"][0]["report"]["to_pull"] == 3


OLD_DETAIL = {
    "level": "easy",
    "standing": "level",
    "unchanged": False,
    "pulled": {"accepted": 3, "obsolete": 0, "rejected": {"signature": 1}},
    "sent": 1,
    "taken": 1,
    "too_big": 0,
    "waiting": 0,
    "traffic": {"requests": 2, "sent": 100, "received": 200},
}


async def test_a_history_that_an_older_esd_wrote_is_read(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node:
        detail = json.dumps(OLD_DETAIL)
        record = RunRecord(7, "home", "ws-gone", "manual", NOW, NOW, "done", detail)
        node.node_file.history.note_run("home", [record], None)
        one = (await ask(node, "GET", "/v1/syncs/7")).json
    assert one["dry_run"] is False
    (part,) = one["workspaces"]
    assert part["alias"] is None
    added = {"rounds": 0, "to_pull": 0, "to_push": 0}
    assert part["report"] == OLD_DETAIL | added


async def test_the_history_is_paged(tmp_path, autojump_clock):
    wires = {"home": PubWire(), "away": PubWire()}
    async with a_node(tmp_path, wires, **MANUAL) as node:
        for _ in range(4):
            await ask(node, "POST", "/v1/syncs?wait=60")
    async with a_node(tmp_path, wires, **MANUAL) as node:  # half from memory
        await ask(node, "POST", "/v1/syncs?wait=60")
        target, seen, pages = "/v1/syncs?limit=4", [], 0
        while True:
            page = (await ask(node, "GET", target)).json
            seen += [sync["id"] for sync in page["syncs"]]
            pages += 1
            if page["next"] is None:
                break
            target = f"/v1/syncs?limit=4&before={page['next']}"
        assert seen == sorted(set(seen), reverse=True)
        assert (len(seen), pages) == (10, 3)
        mine = (await ask(node, "GET", "/v1/syncs?peer=home")).json["syncs"]
        assert {sync["peer"] for sync in mine} == {"home"}
        assert len(mine) == 5
