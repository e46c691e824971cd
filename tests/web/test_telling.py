"""Problems for programs and people, and traces for the journal."""

import json

import pytest

from esd.web import problem, trace_of
from esd.web.date import date_line


def test_a_problem_says_what_it_has_to_say():
    response = problem(
        404,
        "peer-not-found",
        "No such peer",
        detail="No peer is called home",
        hint="esdctl peer list",
        errors=[{"path": "peers.0.url", "line": 3}],
    )
    assert response.status == 404
    assert dict(response.headers)["Content-Type"] == "application/problem+json"
    assert json.loads(response.body) == {
        "type": "urn:esd:problem:peer-not-found",
        "title": "No such peer",
        "status": 404,
        "code": "peer-not-found",
        "detail": "No peer is called home",
        "hint": "esdctl peer list",
        "errors": [{"path": "peers.0.url", "line": 3}],
    }


def test_a_problem_leaves_out_what_says_nothing():
    members = json.loads(problem(409, "paused", "Paused").body)
    assert set(members) == {"type", "title", "status", "code"}


SECRET = "/+garden.secret"


def fail():
    try:
        {}[SECRET]
    except KeyError as exc:
        raise ExceptionGroup(SECRET, [ValueError(SECRET)]) from exc


def test_a_trace_has_frames_and_types_but_no_words():
    with pytest.raises(ExceptionGroup) as caught:
        fail()
    told = trace_of(caught.value)
    assert SECRET not in told
    for word in ("ExceptionGroup", "ValueError", "KeyError", "in fail", __file__):
        assert word in told


def test_a_date_is_a_line_of_a_head():
    line = date_line()
    assert line.startswith(b"Date: ")
    assert line.endswith(b" GMT\r\n")
    assert len(line) == 37
