"""A daemon with something of everything, which answers all that esdctl asks."""

from tests.ctl.answers import (
    CHOOSY,
    CONFIG,
    DOWN,
    DOWNGRADED,
    EVENT,
    FOLLOWED,
    HISTORY,
    IDENTITIES,
    IDENTITY,
    ONE_WORKSPACE,
    PAGE,
    PAUSED,
    PEERS,
    PUB,
    READY,
    RELOADED,
    ROOT,
    STATE,
    STATUS,
    STOPPING,
    WORKSPACES,
    WRITTEN,
    run,
)
from tests.ctl.answers import GARDEN as BRIEF
from tests.ctl.fake import Canned, fake_daemon, lines
from tests.ctl.running import esdctl

BEES = "/v1/workspaces/garden/documents/%2Fwiki%2FBees"
CHANGED_PEER = Canned({"changed": True, "peer": PUB})
SAME_PEER = Canned({"changed": False, "peer": PUB})
ADDRESS = "+gardening.friends"
SERVER = "http://127.0.0.1:3333"
WIRE_ID = "b" + "a" * 52
HEADER = f"Earthstar-Workspace: {WIRE_ID}"

ANSWERS = {
    "GET /": Canned(ROOT),
    "GET /v1/status": Canned(STATUS),
    "GET /v1/health/ready": Canned(READY),
    "GET /v1/peers": Canned(PEERS),
    "GET /v1/peers/home": Canned(PUB),
    "GET /v1/peers/bob": Canned(DOWN),
    "GET /v1/peers/cafe": Canned(PAUSED),
    "GET /v1/peers/dora": Canned(DOWNGRADED),
    "GET /v1/peers/emma": Canned(FOLLOWED),
    "POST /v1/peers/home/pause": CHANGED_PEER,
    "POST /v1/peers/home/resume": SAME_PEER,
    "POST /v1/peers/cafe/resume": CHANGED_PEER,
    "POST /v1/peers/bob/resume": CHANGED_PEER,
    "POST /v1/peers/home/reset": Canned({"changed": True, "sync": 9, "peer": PUB}),
    "GET /v1/workspaces": Canned(WORKSPACES),
    "GET /v1/workspaces/garden": Canned(ONE_WORKSPACE),
    "GET /v1/workspaces/choosy": Canned(CHOOSY),
    "POST /v1/workspaces/garden/id": Canned(
        {"header": HEADER, "id": WIRE_ID, "host": "127.0.0.1:3333"}
    ),
    "POST /v1/workspaces": Canned({"changed": True, "workspace": BRIEF}, 201),
    "DELETE /v1/workspaces/garden": Canned(
        {"changed": True, "purged": False, "workspace": BRIEF}
    ),
    "GET /v1/syncs": Canned(HISTORY),
    "GET /v1/syncs/7": Canned(run(7, "home", received=1200, sent=4)),
    "GET /v1/syncs/9": Canned(run(9, "home", dry=(12, 3))),
    "DELETE /v1/syncs/7": Canned({"changed": True, "sync": run(7, "home")}, 202),
    "GET /v1/workspaces/garden/documents": Canned(PAGE),
    f"GET {BEES}": Canned(b"bees\r\nbuzz", kind="text/plain; charset=utf-8"),
    f"PUT {BEES}": Canned(WRITTEN),
    f"DELETE {BEES}": Canned(WRITTEN),
    f"GET {BEES}/history": Canned(PAGE),
    "GET /v1/identities": Canned(IDENTITIES),
    "POST /v1/identities": Canned(IDENTITY, 201),
    "POST /v1/identities/import": Canned(IDENTITY, 201),
    "DELETE /v1/identities/suzy": Canned({"changed": True, "identity": IDENTITY}),
    "GET /v1/config": Canned(CONFIG),
    "POST /v1/config/reload": Canned(RELOADED),
    "POST /v1/shutdown": Canned({"stopping": True}, 202),
    "GET /v1/events": lines(STATE, EVENT, STOPPING),
}


def called(words, answers=ANSWERS, **given):
    """How it ended, and what the daemon was asked."""
    with fake_daemon(answers) as daemon:
        ended = esdctl(*words.split(), socket=daemon.path, **given)
    return ended, daemon.asked
