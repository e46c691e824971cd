"""sd_notify, against a socket of our own in systemd's place."""

import os
import socket
import tempfile

import pytest

from esd import systemd


@pytest.fixture(params=["path", "abstract"])
def manager(request):
    """What systemd holds: a datagram socket, and the address it tells a service."""
    # Not tmp_path, which is longer than a socket's name may be.
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/notify"
        if request.param == "abstract":
            path = f"@esd-test-{os.getpid()}"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
            listening.bind(path.replace("@", "\0"))
            listening.settimeout(60)
            yield listening, {"NOTIFY_SOCKET": path}


@pytest.mark.parametrize(
    ("tell", "datagram"),
    [
        (systemd.ready, b"READY=1"),
        (lambda environ: systemd.ready("2 peers", environ), b"READY=1\nSTATUS=2 peers"),
        (
            lambda environ: systemd.stopping(environ=environ),
            b"STOPPING=1\nSTATUS=stopping",
        ),
        (lambda environ: systemd.status("3 peers ok", environ), b"STATUS=3 peers ok"),
        (lambda environ: systemd.status("a\nREADY=1", environ), b"STATUS=a READY=1"),
        (
            lambda environ: systemd.status("grün \ud800", environ),
            "STATUS=grün ?".encode(),
        ),
    ],
    ids=["ready", "ready-with-text", "stopping", "status", "line-feed", "surrogate"],
)
def test_what_systemd_is_told(manager, tell, datagram):
    listening, environ = manager
    tell(environ=environ)
    assert listening.recv(4096) == datagram


@pytest.mark.parametrize(
    "address",
    ["", "vsock:2:99", "relative", "/nowhere/notify", "/" + "x" * 200, "/a\0b", "@"],
)
def test_a_manager_that_cannot_be_told_stops_nothing(address):
    systemd.ready(environ={"NOTIFY_SOCKET": address})
    systemd.ready(environ={})
