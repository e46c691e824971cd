"""Canned answers in the shapes of openapi.json; contract.py holds them to it.

The hour is 09:00 in UTC on a Sunday, like the clock of running.py.
"""

import copy

AUTHOR = "@suzy.bo5sotcncvkr7p4c3lnexxpb4hjqi5tcxcov5b4irbnnz2teoifua"
HOUR = "2026-11-22T08:00:00.000000Z"
SOON = "2026-11-22T09:00:18.000000Z"
EARLIER = "2026-11-22T08:57:00.000000Z"
SINCE = "2026-11-22T06:57:00.000000Z"
NOW = "2026-11-22T09:00:00.000000Z"

PUB = {
    "name": "home",
    "config": {
        "url": "https://pub.example.org",
        "direction": "both",
        "protocol": "auto",
        "interval_seconds": 300.0,
        "shares": "listed",
        "incoming": None,
        "outgoing": None,
        "key": False,
        "create_workspaces": False,
        "live": False,
    },
    "runtime": {
        "state": "in-sync",
        "description": "in sync 3 min ago, next run in 18 s",
        "since": EARLIER,
        "reason": "",
        "hint": "",
        "failures": 0,
        "failing_since": None,
        "last_success": EARLIER,
        "last_failure": None,
        "next_run": SOON,
        "paused_until": None,
        "current_sync": None,
        "live": False,
        "workspaces": [
            {
                "id": "ws-7kq2m",
                "alias": "garden",
                "standing": "level",
                "live": None,
            },
            {
                "id": "ws-aaaaa",
                "alias": None,
                "standing": "read-only there",
                "live": None,
            },
        ],
    },
}
REFUSED = "connection refused"
DOWN = {
    "name": "bob",
    "config": PUB["config"] | {"interval_seconds": None},
    "runtime": PUB["runtime"]
    | {
        "state": "retrying",
        "description": "retrying after 14 failures, 2 h 3 min: connection refused;"
        " next run in 18 s",
        "since": SINCE,
        "reason": REFUSED,
        "hint": "see whether the pub runs",
        "failures": 14,
        "failing_since": SINCE,
        "last_success": None,
        "last_failure": {"at": EARLIER, "reason": REFUSED, "hint": ""},
        "workspaces": [],
    },
}
PAUSED = {
    "name": "cafe",
    "config": PUB["config"],
    "runtime": PUB["runtime"]
    | {
        "state": "paused",
        "description": "paused",
        "since": None,
        "hint": "esdctl peer resume cafe",
        "next_run": None,
    },
}
DOWNGRADED = {
    "name": "dora",
    "config": PUB["config"]
    | {
        "shares": "common",
        "incoming": [{"pathPrefix": "/wiki/"}, {"timestampAfter": "-30d"}],
        "outgoing": [],
        "key": True,
        "create_workspaces": True,
    },
    "runtime": PUB["runtime"]
    | {
        "state": "downgraded",
        "description": "speaks earthstar-sync no more, noticed 2 h ago; look at it",
        "since": SINCE,
        "reason": "it spoke earthstar-sync before, and now does not",
        "hint": "esdctl peer reset dora",
        "next_run": None,
        "workspaces": [],
    },
}
REJECTED = {"signature": 1, "future": 1_204}
STREAM = {"since": SINCE, "reason": "", "hint": "", "received": 1_200, "rejected": {}}
NO_STREAM = {
    "since": None,
    "reason": "it has no stream of the workspace",
    "hint": "pubs have streams from version 5.5 on, of workspaces they hold",
    "received": 0,
    "rejected": REJECTED,
}
FOLLOWED = {
    "name": "emma",
    "config": PUB["config"] | {"live": True},
    "runtime": PUB["runtime"]
    | {
        "live": True,
        "workspaces": [
            PUB["runtime"]["workspaces"][0] | {"live": STREAM},
            PUB["runtime"]["workspaces"][1] | {"live": NO_STREAM},
        ],
    },
}
PEERS = {"peers": [PUB, DOWN, PAUSED]}


def brief(peer):
    names = ("state", "description", "last_success", "next_run", "live")
    return {"name": peer["name"]} | {name: peer["runtime"][name] for name in names}


GARDEN = {
    "id": "ws-7kq2m",
    "alias": "garden",
    "documents": 12345,
    "bytes": 2_500_000,
    "peers": ["home", "bob"],
}
NAMELESS = GARDEN | {"id": "ws-aaaaa", "alias": None, "documents": 1, "peers": []}
WORKSPACES = {"workspaces": [GARDEN, NAMELESS]}
ONE_WORKSPACE = GARDEN | {
    "authors": [AUTHOR],
    "author_count": 1,
    "standings": [
        {"peer": "home", "standing": "level"},
        {"peer": "bob", "standing": None},
    ],
    "queries": {"incoming": [{}], "outgoing": [{}], "refuse": [], "digest": "bdigest"},
    "anonymous": True,
}
CHOOSY = ONE_WORKSPACE | {
    "queries": {
        "incoming": [
            {"pathPrefix": "/wiki/", "format": "es.4"},
            {"timestampAfter": "-30d"},
            {"timestampAfter": 1_795_337_820_000_000},
        ],
        "outgoing": [],
        "refuse": [{"versionsByAuthor": AUTHOR}, {"path": "/ads"}],
        "digest": "bdigest",
    },
    "anonymous": False,
}

STATUS = {
    "state": "running",
    "version": "0.1.0",
    "boot_id": "b00t",
    "pid": 4242,
    "now": NOW,
    "started": HOUR,
    "uptime_seconds": 3600.0,
    "config_file": "/etc/esd/esd.toml",
    "addresses": ["http://127.0.0.1:3333", "http://[::1]:3333"],
    "counts": {
        "workspaces": 2,
        "documents": 12346,
        "bytes": 2_500_012,
        "peers": 3,
        "peers_by_state": {"in-sync": 1, "retrying": 1, "paused": 1},
        "syncs_running": 0,
    },
    "next_run": {"peer": "home", "at": SOON},
    "health": [
        {
            "code": "clock-jumped",
            "severity": "error",
            "since": SINCE,
            "message": "the clock went back by two hours",
            "hint": "set it right, then: esdctl reload",
        },
        {
            "code": "peer-retrying:bob",
            "severity": "warning",
            "since": SINCE,
            "message": f"bob: {DOWN['runtime']['description']}",
            "hint": "see whether the pub runs",
        },
    ],
    "peers": [brief(peer) for peer in PEERS["peers"]],
    "workspaces": [GARDEN, NAMELESS],
}

READY = {
    "ready": True,
    "checks": [{"name": "serving", "ok": True, "message": ""}],
}
NOT_READY = {
    "ready": False,
    "checks": [
        {"name": "serving", "ok": True, "message": ""},
        {"name": "health", "ok": False, "message": "the disk is full"},
    ],
}


def run(number, peer, state="done", *, received=0, sent=0, dry=None, **more):
    """A run of one workspace that took two seconds.

    *dry* is what it would have pulled and pushed.
    """
    over = state in ("done", "failed", "cancelled")
    to_pull, to_push = dry or (received, sent)
    report = {
        "level": "reconcile",
        "rounds": 2,
        "standing": "level",
        "unchanged": False,
        "to_pull": to_pull,
        "to_push": to_push,
        "pulled": {"accepted": received, "obsolete": 0, "rejected": {}},
        "sent": sent,
        "taken": sent,
        "too_big": 0,
        "waiting": 0,
        "traffic": {"requests": 3, "sent": 512, "received": 1024},
    }
    part = {
        "workspace": "ws-7kq2m",
        "alias": "garden",
        "state": state,
        "started": "2026-11-22T08:57:00.000000Z",
        "ended": "2026-11-22T08:57:02.000000Z" if over else None,
        "report": report,
    }
    began = state != "pending"
    return {
        "id": number,
        "peer": peer,
        "cause": "manual",
        "state": state,
        "direction": "both",
        "dry_run": dry is not None,
        "asked": EARLIER,
        "started": part["started"] if began else None,
        "ended": part["ended"],
        "trouble": "",
        "hint": "",
        "workspaces": [part] if began else [],
    } | more


def started(*runs, skipped=()):
    syncs = [one | {"joined": False} for one in runs]
    return {"syncs": syncs, "skipped": list(skipped)}


FAILED_RUN = run(8, "bob", "failed", trouble=REFUSED, hint="see whether the pub runs")
SKIPPED = {
    "peer": "cafe",
    "code": "peer-paused",
    "message": "cafe is paused",
    "hint": "esdctl peer resume cafe",
}


def rejecting(number, peer, reasons):
    changed = copy.deepcopy(run(number, peer))
    changed["workspaces"][0]["report"]["pulled"]["rejected"] = reasons
    return changed


HISTORY = {
    "syncs": [
        run(9, "home", dry=(12, 3)),
        FAILED_RUN,
        run(7, "home", received=1200, sent=4),
    ],
    "next": 7,
}

ROW = {
    "path": "/wiki/Bees",
    "author": AUTHOR,
    "timestamp": 1_795_337_820_000_000,
    "time": EARLIER,
    "contentLength": 2048,
}
EMPTY_ROW = ROW | {"path": "/wiki/Wasps", "contentLength": 0}
DOCUMENT = ROW | {
    "format": "es.4",
    "contentHash": "bt3u7gxpvbrsztsm4ndq3ffwlrtnwgtrctlq4352onab2oys56vhq",
    "deleteAfter": None,
    "signature": "b" + "a" * 103,
    "content": "bees\r\nbuzz",
}
WRITTEN = {name: value for name, value in DOCUMENT.items() if name != "content"}
PAGE = {"documents": [ROW, EMPTY_ROW], "next": None}
FIRST_PAGE = {"documents": [ROW], "next": {"path": "/wiki/Bees", "author": AUTHOR}}

IDENTITY = {"name": "suzy", "address": AUTHOR, "created": EARLIER}
IDENTITIES = {"identities": [IDENTITY]}
SECRET = "b" + "a" * 52
KEYPAIR = {"address": AUTHOR, "secret": SECRET}

CONFIG = {
    "file": "/etc/esd/esd.toml",
    "config": {
        "state_dir": "/var/lib/esd",
        "http": {"listen": ["127.0.0.1:3333"], "public": False},
        "peer": [{"name": "home", "interval": None}],
        "empty": {},
    },
}
RELOADED = {
    "file": "/etc/esd/esd.toml",
    "changed": ["peer.home.interval"],
    "needs_restart": ["http.listen"],
}
ROOT = {"service": "esd", "version": "0.1.0", "api": ["v1"]}

STATE = {
    "type": "state",
    "boot_id": "b00t",
    "id": 41,
    "at": NOW,
    "gap": False,
    "status": STATUS,
}
EVENT = {
    "type": "sync.finished",
    "id": 42,
    "at": NOW,
    "data": {"peer": "home", "workspace": "ws-7kq2m"},
}
BEAT = {"type": "heartbeat", "id": 42, "at": NOW}
LAGGED = {"type": "lagged", "id": 42, "at": NOW}
STOPPING = {"type": "stopping", "id": 43, "at": NOW, "data": {}}
