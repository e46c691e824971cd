"""openapi.json, and whether an answer is what it says.

Clients must ignore fields they do not know, so the schemas forbid none. Our own answers
are held to more: nothing in them may be unwritten.
"""

import json
from functools import cache
from importlib import resources

from jsonschema import Draft202012Validator, FormatChecker

from esd.control import Control
from esd.web import Request

NDJSON = "application/x-ndjson"


@cache
def written():
    return json.loads(
        resources.files("esd.control").joinpath("openapi.json").read_text()
    )


@cache
def strict(name):
    """A validator of one schema of ours, in which every field is known."""
    schemas = json.loads(json.dumps(written()["components"]["schemas"]))
    for schema in schemas.values():
        if "properties" in schema and "additionalProperties" not in schema:
            schema["additionalProperties"] = False
    document = {"components": {"schemas": schemas}}
    reference = {"$ref": f"#/components/schemas/{name}"}
    return Draft202012Validator(document | reference, format_checker=FormatChecker())


def check_answer(node, method, target, answer):
    """Fail unless the answer is one that is written down."""
    assert answer.headers["esd-version"] == node.version
    assert answer.headers["esd-api"] == "1"
    kind = answer.headers.get("content-type", "").partition(";")[0]
    if kind == "application/problem+json":
        strict("Problem").validate(answer.json)
        assert answer.json["status"] == answer.status
        return
    content = _operation(node, method, target)["responses"][str(answer.status)][
        "content"
    ]
    assert kind in content, f"{kind} is not written down for {method}"
    if kind == NDJSON:
        for line in answer.body.splitlines():
            strict("EventLine").validate(json.loads(line))
    elif kind == "application/json" and "$ref" in content[kind]["schema"]:
        name = content[kind]["schema"]["$ref"].rpartition("/")[2]
        strict(name).validate(answer.json)


def _operation(node, method, target):
    pattern = Control(node)._route.pattern_of(Request(method=method, target=target))
    return written()["paths"][pattern][method.lower()]
