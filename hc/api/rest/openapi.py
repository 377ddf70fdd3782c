"""The description of the API in OpenAPI 3.1, made of the operations and the models.

Source: https://spec.openapis.org/oas/v3.1.1. Our own formats (`schedule`, `time-zone`,
`channel-names`, `channel-id`, `web-address`) say what no schema can.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.conf import settings

from hc import __version__
from hc.accounts.models import Scope
from hc.api.rest import about, errors
from hc.api.rest.dispatch import PLACES
from hc.api.rest.json_schemas import (
    API_KEY,
    REFERENCE,
    chosen_fields,
    components,
    name_of,
    reference,
)
from hc.api.rest.operation import Operation, Parameter, Reply

VERSION = 3

Json = dict[str, Any]

_SCHEMES = {
    Scope.READWRITE: "readWriteKey",
    Scope.READONLY: "readOnlyKey",
    Scope.ACCOUNT: "accountKey",
}
_SCHEME = {"type": "apiKey", "in": "header", "name": "X-Api-Key"}
_SCHEME_TEXTS = {
    Scope.READWRITE: "A key of a project that may read and write. It begins with `hcw_`.",
    Scope.READONLY: "A key of a project that may read only. It begins with `hcr_`.",
    Scope.ACCOUNT: "A key of an account, for its projects and their keys. It begins with `hca_`.",
}
_IDS = {"uuid", "unique_key", "key_uuid"}
_ID_SCHEMAS: dict[str, Json] = {
    "uuid": {"type": "string", "format": "uuid", "pattern": f"^{PLACES['uuid']}$"},
    "key_uuid": {"type": "string", "format": "uuid", "pattern": f"^{PLACES['uuid']}$"},
    "unique_key": {"type": "string", "pattern": f"^{PLACES['unique_key']}$"},
    "n": {"type": "integer", "minimum": 0},
}
_ID_TEXTS = {
    "uuid": "Its UUID, in lower case.",
    "key_uuid": "Its UUID, in lower case.",
    "unique_key": "Its unique key: 40 hexadecimal digits.",
    "n": "Its number, `n` in the list.",
}
_HEADERS: Json = {
    "ETag": {
        "description": "Names the state that is shown; send it back in `If-None-Match`.",
        "schema": {"type": "string"},
    },
    "Link": {
        "description": 'The address of the next page, with `rel="next"`; not there on the last.',
        "schema": {"type": "string"},
    },
    "Retry-After": {
        "description": "Seconds to wait before the next try.",
        "schema": {"type": "integer", "minimum": 1},
    },
}


def describe(operations: Sequence[Operation]) -> Json:
    """The whole document."""
    current = [one for one in operations if VERSION in one.versions]
    schemas = components(
        list(dict.fromkeys(one.body for one in current if one.body)),
        list(dict.fromkeys(r.model for one in current for r in one.replies if r.model)),
    )
    paths = _paths(current, schemas)
    return {
        "openapi": "3.1.1",
        "info": {
            "title": f"{settings.SITE_NAME} API",
            "version": str(VERSION),
            "description": about.TEXT,
            "x-software-version": __version__,
        },
        "servers": [{"url": f"{settings.SITE_ROOT}/api/v{VERSION}"}],
        "tags": [
            {"name": name, "description": about.GROUPS[name]}
            for name in dict.fromkeys(one.group for one in current)
        ],
        "paths": paths,
        "components": {
            "schemas": _used(schemas, paths),
            "headers": _HEADERS,
            "securitySchemes": {
                name: _SCHEME | {"description": _SCHEME_TEXTS[scope]}
                for scope, name in _SCHEMES.items()
            },
        },
    }


def _used(schemas: Json, paths: Json) -> Json:
    """Those that something refers to."""
    found: set[str] = set()
    waiting = _references(paths)
    while waiting - found:
        name = (waiting - found).pop()
        found.add(name)
        waiting |= _references(schemas[name])
    return {name: schema for name, schema in schemas.items() if name in found}


def _references(part: Json) -> set[str]:
    return set(re.findall(rf'"{REFERENCE}(\w+)"', json.dumps(part)))


def template(path: str) -> str:
    """The address of an operation as OpenAPI writes it: /checks/{check}/pings/{n}/body."""
    return "/" + re.sub(r"(?<=/){(\w+)}", lambda m: f"{{{_place_name(path, m)}}}", path)


def operation_id(operation: Operation) -> str:
    """Such as checks.create."""
    module = operation.handler.__module__.rpartition(".")[2]
    return f"{module}.{operation.handler.__name__}"


def _place_name(path: str, match: re.Match[str]) -> str:
    """Ids are named by what they are ids of: `checks/{uuid}` is a {check}."""
    if match[1] not in _IDS:
        return match[1]
    collection = path[: match.start()].rstrip("/").rpartition("/")[2]
    return str(collection.removesuffix("s"))


def _paths(operations: Iterable[Operation], schemas: Json) -> Json:
    """Two operations may share an address that differs in the kind of its id only: OpenAPI takes
    them for one."""
    together: dict[tuple[str, str], list[Operation]] = {}
    for one in operations:
        together.setdefault((template(one.path), one.method), []).append(one)
    found: Json = {}
    for (path, method), ones in together.items():
        found.setdefault(path, {})[method.lower()] = _item(ones, together, schemas)
    return found


def _item(
    ones: list[Operation], everything: Mapping[tuple[str, str], list[Operation]], schemas: Json
) -> Json:
    first = ones[0]
    item: Json = {
        "operationId": operation_id(first),
        "summary": first.summary,
        "tags": [first.group],
        "description": " ".join(one.about for one in ones if one.about),
        "security": [{name: []} for scope, name in _SCHEMES.items() if scope in first.scopes],
        "parameters": [*_places(ones), *_parameters(first)],
        "responses": _responses(first, schemas),
    }
    if first.method == "POST":
        item["requestBody"] = _request_body(first)
    if links := _links(first, everything):
        item["responses"]["201"]["links"] = links
    return item


_IF_NONE_MATCH: Json = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The `ETag` of an answer that you have: 304 if it would be the same.",
    "schema": {"type": "string"},
}


def _places(ones: list[Operation]) -> list[Json]:
    """The parameters in the address, in its order."""
    found: dict[str, list[str]] = {}
    for one in ones:
        for match in re.finditer(r"(?<=/){(\w+)}", one.path):
            found.setdefault(_place_name(one.path, match), []).append(match[1])
    return [_place(name, list(dict.fromkeys(kinds))) for name, kinds in found.items()]


def _place(name: str, kinds: list[str]) -> Json:
    schemas = [_ID_SCHEMAS[kind] for kind in kinds]
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": " Or: ".join(_ID_TEXTS[kind] for kind in kinds),
        "schema": schemas[0] if len(schemas) == 1 else {"anyOf": schemas},
    }


def _parameters(operation: Operation) -> list[Json]:
    found = [_parameter(one) for one in operation.parameters if VERSION in one.versions]
    has_tags = any(reply.status == 304 for reply in operation.replies)
    return [*found, _IF_NONE_MATCH] if has_tags else found


def _parameter(parameter: Parameter) -> Json:
    found: Json = {
        "name": parameter.name,
        "in": "query",
        "description": parameter.about,
        "schema": dict(parameter.schema),
    }
    if not parameter.repeats:
        found |= {"style": "form", "explode": False}
    return found


def _request_body(operation: Operation) -> Json:
    """Whatever content type is sent, the body is read as JSON. It may be missing."""
    schema: Json = {"type": "object", "description": "Nothing in it counts, but for `api_key`."}
    required = False
    if operation.body:
        schema = reference(name_of(operation.body)) | dict(operation.body_extra)
        required = bool(operation.body.model_json_schema().get("required"))
    else:
        schema["properties"] = {"api_key": API_KEY}
    content: Json = {"schema": schema}
    if example := about.EXAMPLES.get((operation.method, operation.path)):
        content["example"] = example
    return {"required": required, "content": {"application/json": content}}


def _responses(operation: Operation, schemas: Json) -> Json:
    texts = errors.texts_of(operation, VERSION)
    return {
        str(reply.status): _response(operation, reply, texts.get(reply.status, []), schemas)
        for reply in sorted(operation.replies, key=lambda one: one.status)
    }


def _response(operation: Operation, reply: Reply, texts: list[str], schemas: Json) -> Json:
    found: Json = {"description": reply.about}
    if headers := _headers(operation, reply):
        found["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in headers}
    if reply.model is None:
        if reply.status == 200:
            found["content"] = {reply.media: {"schema": {"type": _TYPES[reply.media]}}}
        return found
    schema = reference(name_of(reply.model))
    if reply.status < 300 and any(p.name == "fields" for p in operation.parameters):
        schema = chosen_fields(schema, schemas)
    content: Json = {"schema": schema}
    if texts:
        content["schema"] = schema | {"properties": {"error": _one_of(texts)}}
        content["examples"] = {text: {"value": {"error": text}} for text in texts}
    found["content"] = {reply.media: content}
    return found


_TYPES = {"text/plain": "string", "application/json": "object"}


def _headers(operation: Operation, reply: Reply) -> list[str]:
    has_tags = any(one.status == 304 for one in operation.replies)
    is_paged = any(one.name == "cursor" for one in operation.parameters)
    found = []
    if has_tags and reply.status in (200, 304):
        found.append("ETag")
    if is_paged and reply.status == 200:
        found.append("Link")
    if reply.status in (429, 503):
        found.append("Retry-After")
    return found


def _one_of(texts: list[str]) -> Json:
    """The schema of an error text: nothing that is not told may come."""
    return {"type": "string", "anyOf": [{"pattern": errors.pattern_of(text)} for text in texts]}


def _links(operation: Operation, everything: Mapping[tuple[str, str], list[Operation]]) -> Json:
    """From what makes a thing to what can be done with it."""
    made = next((r.model for r in operation.replies if r.status == 201 and r.model), None)
    if operation.method != "POST" or made is None:
        return {}
    id_field = "uuid" if "uuid" in made.model_fields else "id"
    start = template(operation.path)
    places = {
        _place_name(operation.path, match): f"$request.path.{_place_name(operation.path, match)}"
        for match in re.finditer(r"(?<=/){(\w+)}", operation.path)
    }
    found = {}
    for (path, _), (other, *_) in everything.items():
        place = re.fullmatch(re.escape(start) + r"{(\w+)}(/[^{}]*)?", path)
        if place:
            found[operation_id(other)] = {
                "operationId": operation_id(other),
                "parameters": places | {place[1]: f"$response.body#/{id_field}"},
            }
    return found
