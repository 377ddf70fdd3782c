"""The page that describes the API, made of its own description in OpenAPI."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.text import slugify

from hc.front.docs import Place, shell
from hc.front.schema_words import Field, field, fields_of, target_of, type_in_words

Json = Mapping[str, Any]

_KEYS = {
    "readWriteKey": "read-write key",
    "readOnlyKey": "read-only key",
    "accountKey": "account key",
}
_SAMPLES = {"check": "f618072a-7bde-4eee-af63-71a77c5723bc", "n": "42"}
_SAMPLE_ID = "29cd5ecd-7f84-4b9c-8c37-5f5b5a4a4f24"
_GUIDE = (
    ("keys", "Keys"),
    ("requests", "Requests and answers"),
    ("pages", "Long lists"),
    ("fields", "Choosing fields"),
    ("unchanged", "Nothing new?"),
    ("limits", "Limits"),
    ("versions", "Versions"),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """`target`: the object that it holds, `shape`: how; `texts`: the error texts it may have."""

    status: str
    about: str
    target: str
    shape: str
    headers: tuple[str, ...]
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Fields of an object that a caller sends."""

    title: str
    fields: list[Field]


@dataclass(frozen=True, slots=True)
class Entry:
    """An operation. `path` is as the description has it, `route` with the path of the server."""

    id: str
    method: str
    path: str
    route: str
    summary: str
    about: str
    keys: tuple[str, ...]
    places: list[Field]
    parameters: list[Field]
    headers: list[Field]
    repeated: tuple[str, ...]
    bodies: list[Table]
    example: str
    curl: str
    answers: list[Answer]

    @property
    def key_kind(self) -> str:
        """Which of the two remembered keys the form takes; none if it needs none."""
        if not self.keys:
            return ""
        return "account" if self.keys == ("account key",) else "project"

    @property
    def has_body(self) -> bool:
        return self.method == "POST"


@dataclass(frozen=True, slots=True)
class Group:
    id: str
    name: str
    about: str
    entries: list[Entry]


@dataclass(frozen=True, slots=True)
class Object:
    """What answers are made of."""

    name: str
    about: str
    fields: list[Field]


def page(request: HttpRequest, describe: Callable[[], Json]) -> HttpResponse:
    """`describe`: gives the description; the API is on the same floor, so it is handed in."""
    document = describe()
    groups = groups_of(document)
    objects = objects_of(document)
    context = {
        "groups": groups,
        "objects": objects,
        **shell("api", _places(groups, objects)),
        "here": "api",
        "server": document["servers"][0]["url"],
        "version": document["info"]["version"],
    }
    return render(request, "docs/api.html", context)


def groups_of(document: Json) -> list[Group]:
    entries: dict[str, list[Entry]] = {}
    for path, methods in document["paths"].items():
        for method, item in methods.items():
            entry = _entry(document, path, method.upper(), item)
            entries.setdefault(item["tags"][0], []).append(entry)
    return [
        Group(slugify(tag["name"]), tag["name"], tag["description"], entries[tag["name"]])
        for tag in document["tags"]
    ]


def objects_of(document: Json) -> list[Object]:
    """Those that answers hold."""
    schemas = document["components"]["schemas"]
    names = {
        answer.target
        for group in groups_of(document)
        for entry in group.entries
        for answer in entry.answers
        if answer.target
    }
    return [
        Object(name, schemas[name].get("description", ""), fields_of(schemas[name]))
        for name in sorted(names)
    ]


def _entry(document: Json, path: str, method: str, item: Json) -> Entry:
    server = document["servers"][0]["url"]
    parameters = item.get("parameters", [])
    body = item.get("requestBody", {}).get("content", {}).get("application/json", {})
    example = _pretty(body["example"]) if "example" in body else ""
    keys = tuple(_KEYS[name] for one in item["security"] for name in one)
    return Entry(
        id=slugify(item["operationId"].replace(".", "-")),
        method=method,
        path=path,
        route=urlsplit(server).path + path,
        summary=item["summary"],
        about=item.get("description", ""),
        keys=keys,
        places=_parameters(parameters, "path"),
        parameters=_parameters(parameters, "query"),
        headers=_parameters(parameters, "header"),
        repeated=tuple(one["name"] for one in parameters if _is_repeated(one)),
        bodies=_bodies(document, body.get("schema", {})),
        example=example,
        curl=_curl(method, server + path, with_key=bool(keys), body=example),
        answers=[_answer(document, *one) for one in item["responses"].items()],
    )


def _parameters(parameters: list[Json], place: str) -> list[Field]:
    return [
        field(
            one["name"],
            one["schema"],
            about=one.get("description", ""),
            required=one.get("required", False),
        )
        for one in parameters
        if one["in"] == place
    ]


def _is_repeated(parameter: Json) -> bool:
    return parameter["schema"].get("type") == "array" and bool(parameter.get("explode", True))


def _bodies(document: Json, schema: Json) -> list[Table]:
    """The fields of a body, and those of what depends on the kind of an integration."""
    schemas = document["components"]["schemas"]
    body = schemas[target_of(schema)] if target_of(schema) else schema
    fields = [one for one in fields_of(body) if one.name != "api_key"]
    tables = [Table("Body", fields)] if fields else []
    for choice in body.get("anyOf", []):
        name = target_of(choice["properties"]["settings"])
        title = f"Settings of the kind {choice['properties'].get('kind', {}).get('const', '')}"
        tables.append(Table(title, fields_of(schemas[name])))
    return tables


def _answer(document: Json, status: str, response: Json) -> Answer:
    nothing: tuple[str, Json] = ("", {})
    media, content = next(iter(response.get("content", {}).items()), nothing)
    target = target_of(content.get("schema", {}))
    whole = document["components"]["schemas"][target] if target else content.get("schema", {})
    shape = "" if target else media
    if listed := _list_in(whole):
        name, rows = listed
        shape, target = f"{name}: {type_in_words(rows)}", target_of(rows)
    return Answer(
        status,
        response["description"],
        target,
        shape,
        tuple(response.get("headers", {})),
        tuple(content.get("examples", {})),
    )


def _list_in(schema: Json) -> tuple[str, Json] | None:
    """The only field of an object and its schema, if it is a list of other objects."""
    columns = list(schema.get("properties", {}).items())
    return columns[0] if len(columns) == 1 and target_of(columns[0][1]) else None


def _curl(method: str, url: str, *, with_key: bool, body: str) -> str:
    """The command for a shell; `$KEY` stands for the key."""
    for name in re.findall(r"{(\w+)}", url):
        url = url.replace(f"{{{name}}}", _SAMPLES.get(name, _SAMPLE_ID))
    is_plain = method == "GET" or body
    first = "curl" if is_plain else f"curl -X {method}"
    parts = [f'{first} -H "X-Api-Key: $KEY"' if with_key else first]
    if body:
        parts.append(f"-d '{body}'")
    return " \\\n  ".join([*parts, url])


def _pretty(example: Json) -> str:
    """JSON with a line for each field."""
    lines = (f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in example.items())
    return "{\n" + ",\n".join(lines) + "\n}"


def _places(groups: list[Group], objects: list[Object]) -> list[Place]:
    """The table of contents."""
    guide = [Place(f"#{anchor}", name) for anchor, name in _GUIDE]
    return [
        Place("#start", "First steps", guide),
        *(
            Place(
                f"#{group.id}",
                group.name,
                [Place(f"#{one.id}", one.summary, mark=one.method) for one in group.entries],
            )
            for group in groups
        ),
        Place("#objects", "Objects", [Place(f"#object-{o.name.lower()}", o.name) for o in objects]),
    ]
