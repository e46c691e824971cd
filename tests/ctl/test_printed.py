"""What each command prints where nobody draws: plain and aligned, times in UTC."""

import pytest

from tests.ctl.answers import AUTHOR
from tests.ctl.canned import HEADER, SERVER, called

PRINTED = {
    "status": """\
esd 0.1.0, running, up 1 h
2 workspaces, 12,346 documents, 3 peers; peers reach us at http://127.0.0.1:3333, \
http://[::1]:3333

✗ error: the clock went back by two hours (since 2026-11-22T06:57:00Z)
  set it right, then: esdctl reload

! warning: bob: retrying after 14 failures, 2 h 3 min: connection refused; \
next run in 18 s
  see whether the pub runs

PEER  STATE       LAST SYNC             NEXT RUN              WHAT
home  ✓ in sync   2026-11-22T08:57:00Z  2026-11-22T09:00:18Z
bob   ! retrying  never                 2026-11-22T09:00:18Z  retrying after 14 \
failures, 2 h 3 min: connection refused; next run in 18 s
cafe  ‖ paused    2026-11-22T08:57:00Z  when resumed
""",
    "version": "esdctl 0.1.0\nesd 0.1.0 (control API v1)\n",
    "health": "[+]serving ok\n",
    "wait": "esd is ready\n",
    "peer list": """\
PEER  STATE       LAST SYNC             NEXT RUN              WORKSPACES  WHAT
home  ✓ in sync   2026-11-22T08:57:00Z  2026-11-22T09:00:18Z           2
bob   ! retrying  never                 2026-11-22T09:00:18Z           0  \
connection refused (14 failures)
cafe  ‖ paused    2026-11-22T08:57:00Z  when resumed                   2
""",
    "peer show home": """\
peer       home
url        https://pub.example.org
state      ✓ in sync
what       in sync 3 min ago, next run in 18 s
last sync  2026-11-22T08:57:00Z
next run   2026-11-22T09:00:18Z
direction  both
protocol   auto
interval   5 min

WORKSPACE  ID        STANDING
garden     ws-7kq2m  level
ws-aaaaa   ws-aaaaa  read-only there
""",
    "peer show bob": """\
peer          bob
url           https://pub.example.org
state         ! retrying
what          retrying after 14 failures, 2 h 3 min: connection refused; \
next run in 18 s
hint          see whether the pub runs
last sync     never
last failure  2026-11-22T08:57:00Z
              connection refused
failures      14 in a row, since 2026-11-22T06:57:00Z
next run      2026-11-22T09:00:18Z
direction     both
protocol      auto
interval      only when asked

It shares no workspace with us that we keep.
""",
    "peer show dora": """\
peer       dora
url        https://pub.example.org
state      ✗ downgraded
what       speaks earthstar-sync no more, noticed 2 h ago; look at it
hint       esdctl peer reset dora
last sync  2026-11-22T08:57:00Z
next run   when asked
direction  both
protocol   auto
interval   5 min
shares     all workspaces that both of us have
incoming   paths beginning with /wiki/
           or of the last 30 days
outgoing   nothing
key        yes: we know each other by it
creates    it is asked to hold what it does not hold yet

It shares no workspace with us that we keep.
""",
    "peer show emma": """\
peer       emma
url        https://pub.example.org
state      ✓ in sync, live
what       in sync 3 min ago, next run in 18 s
last sync  2026-11-22T08:57:00Z
next run   2026-11-22T09:00:18Z
direction  both
protocol   auto
interval   5 min
live       its streams are followed

WORKSPACE  ID        STANDING
garden     ws-7kq2m  level
ws-aaaaa   ws-aaaaa  read-only there

WORKSPACE  LIVE                                   RECEIVED  REJECTED
garden     since 2026-11-22T06:57:00Z                1,200
ws-aaaaa   no: it has no stream of the workspace         0  1 signature, 1,204 future
  pubs have streams from version 5.5 on, of workspaces they hold
""",
    "peer pause home --for 90m": "home: paused for 1 h 30 min\n",
    "peer pause home": "home: paused until resumed\n",
    "peer resume cafe home": "cafe: resumed\nhome: was not paused\n",
    "peer resume --all": "home: was not paused\nbob: resumed\ncafe: resumed\n",
    "peer reset home": "home: forgot its failures and what it spoke; it is tried now\n",
    "workspace list": """\
WORKSPACE  ID        DOCUMENTS     SIZE  PEERS
garden     ws-7kq2m     12,345  2.4 MiB  home, bob
ws-aaaaa   ws-aaaaa          1  2.4 MiB  none
""",
    "workspace show garden": f"""\
workspace  garden
id         ws-7kq2m
documents  12,345
size       2.4 MiB
authors    1: {AUTHOR}

PEER  STANDING
home  level
bob   not known yet
""",
    "workspace show choosy": f"""\
workspace  garden
id         ws-7kq2m
documents  12,345
size       2.4 MiB
authors    1: {AUTHOR}
incoming   paths beginning with /wiki/, in format es.4
           or of the last 30 days
           or after 2026-11-22T08:57:00Z
outgoing   nothing
refuse     by {AUTHOR}
           or at /ads
anonymous  no: only callers that show a peer's key

PEER  STANDING
home  level
bob   not known yet
""",
    f"workspace id garden --for {SERVER}": f"{HEADER}\n",
    f"workspace id garden --for {SERVER} --quiet": f"{HEADER}\n",
    "workspace remove garden": "garden (ws-7kq2m) removed; its file is put aside\n",
    "sync history": """\
SYNC  PEER  STATE     STARTED               TOOK     IN  OUT    BYTES  WHAT
   9  home  ✓ done    2026-11-22T08:57:00Z  2 s       0    0  1.5 KiB  \
dry run, reconcile, 2 rounds
   8  bob   ✗ failed  2026-11-22T08:57:00Z  2 s       0    0  1.5 KiB  \
connection refused
   7  home  ✓ done    2026-11-22T08:57:00Z  2 s   1,200    4  1.5 KiB  \
reconcile, 2 rounds
""",
    "sync show 7": """\
sync       7
peer       home
state      ✓ done
cause      manual
direction  both
started    2026-11-22T08:57:00Z
took       2 s
moved      received 1,200, sent 4
traffic    3 requests, 512 B sent, 1.0 KiB received

WORKSPACE  STATE   LEVEL      ROUNDS     IN  OUT    BYTES  WHAT
garden     ✓ done  reconcile       2  1,200    4  1.5 KiB
""",
    "sync show 9": """\
sync       9
peer       home
state      ✓ done
cause      manual
direction  both
started    2026-11-22T08:57:00Z
took       2 s
moved      nothing, in a dry run: would pull 12, would push 3
traffic    3 requests, 512 B sent, 1.0 KiB received

WORKSPACE  STATE   LEVEL      ROUNDS  TO PULL  TO PUSH    BYTES  WHAT
garden     ✓ done  reconcile       2       12        3  1.5 KiB
""",
    "sync cancel 7": "sync 7 with home is cancelled\n",
    "doc ls garden": """\
PATH         AUTHOR              SIZE  WRITTEN
/wiki/Bees   @suzy.bo5sotcn…  2.0 KiB  2026-11-22T08:57:00Z
/wiki/Wasps  @suzy.bo5sotcn…    empty  2026-11-22T08:57:00Z
""",
    "doc get garden /wiki/Bees": "bees\r\nbuzz",
    "doc set garden /wiki/Bees buzz": "/wiki/Bees written by @suzy.bo5sotcn…\n",
    "doc rm garden /wiki/Bees": "/wiki/Bees emptied by @suzy.bo5sotcn…\n",
    "identity list": f"""\
IDENTITY  ADDRESS{" " * 53} CREATED
suzy      {AUTHOR}  2026-11-22T08:57:00Z
""",
    "identity new suzy": f"suzy made: {AUTHOR}\n",
    "identity remove suzy": "suzy removed; what it signed stays\n",
    "config show": """\
# /etc/esd/esd.toml
state_dir = "/var/lib/esd"
http.listen = ["127.0.0.1:3333"]
http.public = false
peer[0].name = "home"
peer[0].interval = none
empty = {}
""",
    "config reload": "Reloaded: peer.home.interval\n",
    "reload": "Reloaded: peer.home.interval\n",
    "shutdown": "esd is stopping\n",
    "watch": """\
2026-11-22T09:00:00Z  state  event 41; home in-sync, bob retrying, cafe paused
2026-11-22T09:00:00Z  sync.finished  peer=home  workspace=ws-7kq2m
2026-11-22T09:00:00Z  stopping
""",
}


@pytest.mark.parametrize("words", list(PRINTED))
def test_a_pipe_gets_plain_text(words):
    ended, _ = called(words)
    assert ended.stdout == PRINTED[words]
    assert ended.code == 0
