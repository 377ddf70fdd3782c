"""A batch of pings as the statements see it: columns and values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import models

from hc.api.models.check import RULE_AND_STATE_COLUMNS

LOCKED_COLUMNS = ("id", "code", "unique_key", "sweep_at", *RULE_AND_STATE_COLUMNS)
# What a ping may change of its check, and what is stored of a ping.
CHECK_COLUMNS = [
    "last_ping",
    "last_success",
    "last_fail",
    "last_start",
    "last_start_rid",
    "last_duration",
    "due",
    "alert_after",
    "outcomes",
    "n_pings",
    "has_confirmation_link",
    "sweep_at",
    "status",
    "status_since",
]
PING_COLUMNS = [
    "owner_id",
    "n",
    "created",
    "kind",
    "scheme",
    "remote_addr",
    "method",
    "ua",
    "exitstatus",
    "rid",
    "outcome",
    "body_raw",
]

JOURNAL_COLUMNS = ["name", "position", "updated"]


@dataclass(slots=True)
class Batch:
    """`rows`: the locked checks, by column. What is put into the other fields is stored when the
    transaction ends: checks as (id, *CHECK_COLUMNS), pings as PING_COLUMNS, and how far the
    journals have got."""

    rows: list[Mapping[str, Any]]
    checks: Sequence[tuple[Any, ...]] = ()
    has_flips: bool = True
    pings: Sequence[tuple[Any, ...]] = ()
    journal: Mapping[str, int] = field(default_factory=dict)


def fields_of(model: type[models.Model], columns: Sequence[str]) -> list[Any]:
    by_column = {each.column: each for each in model._meta.concrete_fields}
    return [by_column[name] for name in columns]


def as_rows(tuples: Sequence[tuple[Any, ...]]) -> list[Mapping[str, Any]]:
    return [dict(zip(LOCKED_COLUMNS, values, strict=True)) for values in tuples]
