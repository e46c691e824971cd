"""Whether esdctl and the canned daemon kept to openapi.json.

What esdctl asks must be a route that is written down, with parameters and a body as
they are written; what the canned daemon answers must be what the real one could.
"""

import json
import re
from urllib.parse import parse_qs, unquote, urlsplit

from tests.control.written import strict, written

ONE_PART = "([^/]+)"


def check_exchange(method, target, body, canned):
    """Fail unless both sides kept to it; a refusal may answer anything."""
    if canned.kind == "application/problem+json":
        strict("Problem").validate(json.loads(canned.octets))
    operation = _operation(method, urlsplit(target).path)
    if operation is None:
        assert canned.status == 404, f"{method} {target} is not written down"
        return
    _check_parameters(operation, target)
    if body is not None:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        _strict(schema).validate(body)
    if canned.status < 400 or str(canned.status) in operation["responses"]:
        _check_answer(operation, canned)


def _operation(method, path):
    for pattern, methods in written()["paths"].items():
        found = re.fullmatch(re.sub(r"{\w+}", ONE_PART, pattern), path)
        if found and method.lower() in methods:
            assert all(map(unquote, found.groups()))
            return methods[method.lower()]
    return None


def _check_parameters(operation, target):
    places = {one["name"]: one for one in operation.get("parameters", [])}
    known = {name for name, one in places.items() if one["in"] == "query"}
    asked = parse_qs(urlsplit(target).query, keep_blank_values=True)
    assert set(asked) <= known, f"{set(asked) - known} is no parameter of it"


def _check_answer(operation, canned):
    content = operation["responses"][str(canned.status)].get("content", {})
    kind = canned.kind.partition(";")[0]
    assert kind in content, f"{kind} is not written down"
    if kind == "application/x-ndjson":
        for line in canned.octets.splitlines():
            strict("EventLine").validate(json.loads(line))
    elif kind == "application/json":
        _strict(content[kind]["schema"]).validate(json.loads(canned.octets))


def _strict(schema):
    return strict(schema["$ref"].rpartition("/")[2])
