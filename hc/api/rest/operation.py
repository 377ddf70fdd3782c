"""What the API consists of: operations, each told once. From them come its addresses
(hc/api/rest/dispatch.py) and its description (hc/api/rest/openapi.py)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse
from pydantic import BaseModel

from hc.accounts.models import Scope

ALL_VERSIONS = (1, 2, 3)

ANYBODY: frozenset[Scope] = frozenset()
READERS = frozenset({Scope.READONLY, Scope.READWRITE})
WRITERS = frozenset({Scope.READWRITE})
ACCOUNTS = frozenset({Scope.ACCOUNT})

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter behind the `?` of an address. `schema`: its JSON Schema; a list stands as
    `a=1&a=2`, or as `a=1,2` if it does not `repeat`. `texts`: like those of a Reply."""

    name: str
    about: str
    schema: Schema
    versions: tuple[int, ...] = ALL_VERSIONS
    repeats: bool = True
    texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """One of the answers of an operation. `model`: what its JSON looks like, None for no body;
    `media` for what is no JSON. `texts`: the error texts that come with it, apart from those that
    follow from parameters and body; `{…}` in them stands for whatever the request said."""

    status: int
    about: str
    model: type[BaseModel] | None = None
    media: str = "application/json"
    texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """A method of an address. `path` begins behind `/api/v3/`; `{uuid}` and the like stand for
    what hc.api.rest.dispatch.PLACES knows. `scopes`: whose keys it takes."""

    method: str
    path: str
    handler: Callable[..., HttpResponse]
    summary: str
    scopes: frozenset[Scope]
    replies: tuple[Reply, ...]
    about: str = ""
    parameters: tuple[Parameter, ...] = ()
    body: type[BaseModel] | None = None
    versions: tuple[int, ...] = ALL_VERSIONS
    group: str = "Checks"
    # What the description adds to the JSON Schema of the body.
    body_extra: Schema = field(default_factory=dict)
