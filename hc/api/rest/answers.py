"""What the API answers: JSON, and problems that say what is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson
from django.http import HttpResponse

_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


class Problem(Exception):
    """The request cannot be done: `error` is a short text that clients may compare, `detail` tells
    people more."""

    def __init__(
        self,
        status: int,
        error: str,
        detail: str = "",
        *,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.detail = detail
        self.headers = dict(headers or {})

    def answer(self) -> HttpResponse:
        said = {"error": self.error} | ({"detail": self.detail} if self.detail else {})
        return json_answer(said, self.status, headers=self.headers)


def invalid(what: str) -> Problem:
    """A field that cannot be taken. Source: http-api 3.4."""
    return Problem(400, f"json validation error: {what}")


def bad_parameter(what: str) -> Problem:
    """A parameter of the address that cannot be taken."""
    return Problem(400, f"bad parameter: {what}")


def not_found(what: str = "") -> Problem:
    return Problem(404, "not found", what)


def json_answer(
    data: Any, status: int = 200, *, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    """`data` as JSON, in ASCII like all answers of the API."""
    text = orjson.dumps(data)
    if not text.isascii():
        text = _NOT_ASCII.sub(_escaped, text.decode()).encode("ascii")
    return HttpResponse(text, "application/json", status=status, headers=dict(headers or {}))


def _escaped(match: re.Match[str]) -> str:
    """A character as JSON escapes it: in UTF-16, a pair of units where it needs one."""
    units = match[0].encode("utf-16-be")
    return "".join(
        f"\\u{int.from_bytes(units[i : i + 2], 'big'):04x}" for i in range(0, len(units), 2)
    )
