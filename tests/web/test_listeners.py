"""Addresses as an operator writes them, and what is said when they cannot be had."""

import socket

import pytest
import trio

from esd.errors import OperatorMustAct
from esd.web import address_of, open_listeners, remote_of


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no ::1")


async def test_a_listener_says_where_it_really_is():
    with open_listeners(["127.0.0.1:0"]) as listeners:
        host, _, port = address_of(listeners[0]).partition(":")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.open_tcp_stream, host, int(port))
            stream = await listeners[0].accept()
            assert remote_of(stream) == "127.0.0.1"
            await stream.aclose()
            nursery.cancel_scope.cancel()


@needs_ipv6
async def test_both_families_get_the_same_port():
    with open_listeners(["127.0.0.1:0", "[::1]:0"]) as listeners:
        first, second = (address_of(one) for one in listeners)
    assert first.removeprefix("127.0.0.1:") == second.removeprefix("[::1]:")


async def test_a_listener_is_closed_at_the_end_of_the_block():
    with open_listeners(["127.0.0.1:0"]) as listeners:
        text = address_of(listeners[0])
    with open_listeners([text]) as listeners:
        assert address_of(listeners[0]) == text


async def test_an_address_in_use_is_the_operators_to_solve():
    with open_listeners(["127.0.0.1:0"]) as listeners:
        taken = address_of(listeners[0])
        with (
            pytest.raises(OperatorMustAct, match="in use") as caught,
            open_listeners(["127.0.0.1:0", taken]),
        ):
            pass
    assert "another program" in caught.value.hint


async def test_an_address_of_another_machine_is_refused():
    with (
        pytest.raises(OperatorMustAct, match=r"192\.0\.2\.1:0"),
        open_listeners(["192.0.2.1:0"]),
    ):
        pass


@pytest.mark.parametrize(
    "text",
    [
        "",
        "3333",
        ":3333",
        "localhost:3333",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:http",
        "127.0.0.1:-1",
        "127.0.0.1:+1",
        "127.0.0.1:65536",
        "::1:3333",
        "[127.0.0.1]:3333",
        "[::1]",
        "[::1]3333",
    ],
)
def test_a_text_that_is_no_address_is_explained(text):
    with pytest.raises(OperatorMustAct) as caught, open_listeners([text]):
        pass
    assert "127.0.0.1:3333" in caught.value.hint


async def test_a_client_that_has_already_gone_has_no_address():
    with open_listeners(["127.0.0.1:0"]) as listeners:
        _, _, port = address_of(listeners[0]).partition(":")
        client = socket.create_connection(("127.0.0.1", int(port)))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        stream = await listeners[0].accept()
        client.close()
        assert remote_of(stream) in ("unknown", "127.0.0.1")
        await stream.aclose()


async def test_a_unix_stream_has_no_address():
    ours, theirs = trio.socket.socketpair()
    assert remote_of(trio.SocketStream(ours)) == "unix"
    ours.close()
    theirs.close()
