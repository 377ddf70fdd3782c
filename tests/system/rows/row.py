"""What a row of the table of requests consists of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from string import Template
from typing import Any

NOTHING: Any = object()


@dataclass(frozen=True)
class Call:
    """A request. `what`: method and path; `key`: the name of the key that it sends; `body`: bytes
    as they are, anything else as JSON. `$name` in any text stands for what the world calls so;
    `$new` for a check that is made for this row, `$u` for a word that no other row knows."""

    what: str
    body: Any = None
    key: str = "main"
    sends: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """A request with the answer that is expected; what is not named may be anything.

    `error`: that of a JSON answer; `has`: a part of a JSON object; `text`: the whole body.
    """

    name: str
    call: Call
    status: int
    error: str | Like | None = None
    json: Any = NOTHING
    has: Mapping[str, Any] = field(default_factory=dict)
    text: Any = None
    headers: Mapping[str, Any] = field(default_factory=dict)
    before: tuple[Call, ...] = ()


@dataclass(frozen=True)
class Like:
    """Equals every text that matches."""

    pattern: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and re.fullmatch(self.pattern, other, re.DOTALL) is not None

    def __hash__(self) -> int:
        return hash(self.pattern)


@dataclass(frozen=True)
class Among:
    """Equals every set of words, with commas between, that has all of these."""

    words: tuple[str, ...]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and set(self.words) <= set(re.split(r", *", other))

    def __hash__(self) -> int:
        return hash(self.words)


@dataclass(frozen=True)
class Names:
    """Equals every list of objects with just these values of `key`, in this order."""

    key: str
    values: tuple[str, ...]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, list) and [one[self.key] for one in other] == list(self.values)

    def __hash__(self) -> int:
        return hash(self.values)


def filled(value: Any, words: Mapping[str, str]) -> Any:
    """`value` with its `$names` replaced, however deep they stand."""
    found = value
    match value:
        case str():
            found = Template(value).safe_substitute(words)
        case bytes():
            found = Template(value.decode("latin-1")).safe_substitute(words).encode("latin-1")
        case Like():
            escaped = {name: re.escape(word) for name, word in words.items()}
            found = Like(Template(value.pattern).safe_substitute(escaped))
        case Names(key, values):
            found = Names(key, tuple(filled(item, words) for item in values))
        case Mapping():
            found = {filled(k, words): filled(v, words) for k, v in value.items()}
        case list():
            found = [filled(item, words) for item in value]
    return found


def rows_of(method: str, key: str, cases: Iterable[tuple[str, str, int, str | None]]) -> list[Row]:
    """Rows without bodies: name, path, status, error."""
    return [
        Row(name, Call(f"{method} {path}", key=key), status, error)
        for name, path, status, error in cases
    ]
