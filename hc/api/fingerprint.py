"""What tells whether anything has changed that a list of checks shows, without reading the list.

Sums and counts over the checks and channels of a project, exact in that no change leaves all of
them as they were: ids only grow, so that what comes and goes changes the number or the sum of ids;
pings only raise `n_pings`; people and scripts raise `edits`, also when they link a check to a
channel or unlink it, remove it or bring it back; the alert loop takes checks down; and what the
clock alone changes is counted at the time that is asked for. Removed checks, which no list shows,
are counted along: to leave them out would cost each of these looks more than the few that they
cause in vain.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import cache
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from hc.lib.prepared import Statement

_SEEN = """
SELECT COUNT(*), SUM(c.id), SUM(c.n_pings), SUM(c.edits),
 COUNT(CASE WHEN c.status = 'down' THEN 1 END),
 COUNT(CASE WHEN c.due <= %(now)s AND c.status = 'up' THEN 1 END),
 COUNT(CASE WHEN c.alert_after <= %(now)s THEN 1 END),
 COUNT(CASE WHEN c.last_start IS NOT NULL AND {overrun} <= %(now)s THEN 1 END),
 (SELECT COUNT(*) FROM api_channel h WHERE h.project_id = {project}),
 (SELECT SUM(h.id) FROM api_channel h WHERE h.project_id = {project}),
 (SELECT COUNT(*) FROM api_channel h WHERE h.project_id = {project} AND h.disabled),
 (SELECT MAX(o.id) FROM api_outage o){more}
FROM api_check c WHERE c.project_id = {project}"""
_BY_CODE = """
WITH p AS (SELECT id, owner_id FROM accounts_project WHERE code = %(code)s AND removed IS NULL)"""
_ROLE = """,
 (SELECT owner_id FROM p), (SELECT m.role FROM accounts_member m
  WHERE m.project_id = (SELECT id FROM p) AND m.user_id = %(user)s)"""


def of_checks(project_id: int, now: datetime) -> str:
    """40 hex digits: the same ones as long as the checks of a project, and which of its channels
    they use, look the same. One query."""
    (seen,) = _statement(connection.vendor).rows(now=now, project=project_id)
    return digest(seen)


class Look(NamedTuple):
    """The fingerprint of a project's checks; who owns the project (None: there is no such one),
    and the role that is stored for a person in it, if any."""

    seen: str
    owner: int | None
    role: str | None


def look(code: UUID, user_id: int, now: datetime) -> Look:
    """All that is needed to tell somebody that nothing has changed, by the project's code. One
    query."""
    (found,) = _look(connection.vendor).rows(now=now, code=code, user=user_id)
    *seen, owner, role = found
    return Look(digest(tuple(seen)), owner, role)


def digest(seen: object) -> str:
    """40 hex digits that stand for the written form of what was seen."""
    return hashlib.sha1(repr(seen).encode(), usedforsecurity=False).hexdigest()


@cache
def _statement(vendor: str) -> Statement:
    sums = _SEEN.format(overrun=_overrun(), project="%(project)s", more="")
    return Statement("hc_fingerprint", sums, {"now": "timestamptz", "project": "integer"})


@cache
def _look(vendor: str) -> Statement:
    sums = _SEEN.format(overrun=_overrun(), project="(SELECT id FROM p)", more=_ROLE)
    kinds = {"now": "timestamptz", "code": "uuid", "user": "integer"}
    return Statement("hc_look", _BY_CODE + sums, kinds)


def _overrun() -> str:
    """What is added to a time is an interval on PostgreSQL, else a number."""
    ops, sum_of = connection.ops, ("c.last_start", "c.grace")
    if connection.features.has_native_duration_field:
        return " + ".join(sum_of)
    start, grace = sum_of
    terms = [start, ops.format_for_duration_arithmetic(grace)]
    added: str = ops.combine_duration_expression("+", terms)
    return added
