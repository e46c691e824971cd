"""Token buckets as tables; connections counted at the doors."""

import pytest
import trio
from trio.testing import lockstep_stream_pair, memory_stream_pair

from esd.web import Buckets, Doors, Limits
from esd.web.buckets import is_local, network_of


def test_a_burst_is_let_through_then_the_rate():
    buckets = Buckets(rate=10, burst=3)
    assert [buckets.take("a", now=0) for _ in range(3)] == [0, 0, 0]
    assert buckets.take("a", now=0) == pytest.approx(0.1)
    assert buckets.take("a", now=0.05) == pytest.approx(0.05)
    assert buckets.take("a", now=0.1) == 0
    assert buckets.take("a", now=0.1) > 0


def test_a_bucket_holds_no_more_than_a_burst():
    buckets = Buckets(rate=10, burst=3)
    buckets.take("a", now=0)
    taken = [buckets.take("a", now=1000) == 0 for _ in range(5)]
    assert taken == [True, True, True, False, False]


def test_a_steady_caller_below_the_rate_is_never_refused():
    buckets = Buckets(rate=10, burst=1)
    assert not any(buckets.take("a", now=tick * 0.11) for tick in range(1000))


def test_addresses_do_not_share():
    buckets = Buckets(rate=1, burst=1)
    assert buckets.take("192.0.2.1", now=0) == 0
    assert buckets.take("192.0.2.2", now=0) == 0
    assert buckets.take("192.0.2.1", now=0) > 0


def test_a_cost_above_the_burst_is_let_through_a_full_bucket_and_paid_for():
    buckets = Buckets(rate=1, burst=10)
    assert buckets.take("a", now=0, cost=50) == 0
    assert buckets.take("a", now=0) == pytest.approx(41)


def test_work_already_done_is_charged_below_zero():
    buckets = Buckets(rate=1, burst=10)
    buckets.charge("a", now=0, cost=30)
    assert buckets.take("a", now=0) == pytest.approx(21)
    assert buckets.take("a", now=21) == 0


def test_a_clock_that_goes_back_gives_and_takes_nothing():
    buckets = Buckets(rate=1, burst=2)
    assert buckets.take("a", now=100) == 0
    assert buckets.take("a", now=50) == 0
    assert buckets.take("a", now=50) == pytest.approx(1)


def test_the_number_of_addresses_is_bounded_by_forgetting_the_quietest():
    buckets = Buckets(rate=1, burst=1, addresses=100)
    for number in range(1000):
        assert buckets.take("busy", now=0) == 0 or number > 0
        buckets.take(f"198.51.100.{number}", now=0)
    assert len(buckets) == 100
    assert buckets.take("busy", now=0) > 0


@pytest.mark.parametrize(
    ("remote", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:0db8:0001:0002"),
        ("2001:db8:1:2::9", "2001:0db8:0001:0002"),
        ("2001:db8:1:3::9", "2001:0db8:0001:0003"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("unix", "unix"),
    ],
)
def test_an_ipv6_caller_is_its_whole_network(remote, network):
    assert network_of(remote) == network


@pytest.mark.parametrize(
    ("remote", "local"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("unix", True),
        ("192.168.1.1", False),
        ("::2", False),
        ("unknown", False),
    ],
)
def test_local_is_loopback_and_the_unix_socket(remote, local):
    assert is_local(remote) is local


def test_the_doors_count_in_all():
    doors = Doors(Limits(connections=2))
    with doors.enter("127.0.0.1") as one, doors.enter("::1") as two:
        assert (one, two, doors.inside) == (True, True, 2)
        with doors.enter("unix") as three:
            assert three is False
        assert (doors.inside, doors.turned_away) == (2, 1)
    assert doors.inside == 0
    with doors.enter("unix") as again:
        assert again


def test_the_doors_count_per_address_and_not_for_local_ones():
    doors = Doors(Limits(connections_per_address=1))
    with doors.enter("192.0.2.1") as one, doors.enter("192.0.2.2") as two:
        assert one
        assert two
        with doors.enter("192.0.2.1") as three:
            assert not three
    with doors.enter("2001:db8::1") as one, doors.enter("2001:db8::2") as two:
        assert one
        assert not two
    with doors.enter("127.0.0.1") as one, doors.enter("127.0.0.1") as two:
        assert one
        assert two


async def test_whoever_is_turned_away_is_told_when_to_come_back(autojump_clock):
    ours, theirs = memory_stream_pair()
    await ours.send_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(Doors(Limits()).turn_away, theirs)
        heard = b""
        while data := await ours.receive_some(9999):
            heard += data
    assert heard.startswith(b"HTTP/1.1 503 ")
    assert b"Retry-After: " in heard
    head, _, body = heard.partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}".encode() in head


async def test_those_turned_away_are_few_at_a_time(autojump_clock):
    doors = Doors(Limits())
    pairs = [lockstep_stream_pair() for _ in range(100)]
    async with trio.open_nursery() as nursery:
        for _, theirs in pairs:
            nursery.start_soon(doors.turn_away, theirs)
    assert trio.current_time() == 1.0
