"""openapi.json is the whole truth: every route, every parameter it was written with."""

import pytest
from jsonschema import Draft202012Validator

from esd.control import Control
from esd.sync.schedule import Trigger
from tests.control.calling import ask
from tests.control.node import a_node
from tests.control.written import strict, written


async def test_it_is_served(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node:
        answer = await ask(node, "GET", "/v1/openapi.json")
    assert answer.json == written()


async def test_every_route_is_written_down(tmp_path, autojump_clock):
    async with a_node(tmp_path) as node:
        routes = {(one.pattern, one.method.lower()) for one in Control(node).routes}
    told = {
        (path, verb) for path, verbs in written()["paths"].items() for verb in verbs
    }
    assert told == routes


def operations():
    return [
        pytest.param(path, verb, operation, id=f"{verb} {path}")
        for path, verbs in written()["paths"].items()
        for verb, operation in verbs.items()
    ]


@pytest.mark.parametrize(("path", "verb", "operation"), operations())
def test_every_operation_is_told_in_full(path, verb, operation):
    assert operation["summary"]
    assert operation["responses"]["default"]
    captured = {part[1:-1] for part in path.split("/") if part.startswith("{")}
    parameters = operation.get("parameters", [])
    assert {one["name"] for one in parameters if one["in"] == "path"} == captured
    assert all(one["description"] for one in parameters)


def references(part):
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from references(inner)


def test_every_reference_leads_somewhere():
    for reference in set(references(written())):
        place = written()
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def test_every_schema_is_used():
    schemas = written()["components"]["schemas"]
    told = {f"#/components/schemas/{name}" for name in schemas}
    assert told <= set(references(written()))


@pytest.mark.parametrize("name", list(written()["components"]["schemas"]))
def test_every_schema_is_one(name):
    Draft202012Validator.check_schema(written()["components"]["schemas"][name])


@pytest.mark.parametrize("name", ["Sync", "StartedSync"])
def test_every_cause_of_a_run_is_told(name):
    cause = written()["components"]["schemas"][name]["properties"]["cause"]
    assert cause["enum"] == [one.value for one in Trigger]


def examples():
    for path, verbs in written()["paths"].items():
        for verb, operation in verbs.items():
            for status, response in operation["responses"].items():
                for content in response.get("content", {}).values():
                    if "example" in content:
                        name = content["schema"]["$ref"].rpartition("/")[2]
                        where = f"{verb} {path} {status}"
                        yield pytest.param(name, content["example"], id=where)


@pytest.mark.parametrize(("name", "example"), list(examples()))
def test_every_example_is_what_it_is_an_example_of(name, example):
    strict(name).validate(example)
