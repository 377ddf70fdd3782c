"""Storing pings: the one function through which every ping enters, whatever its door."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from hc.alerts.queueing import enqueue
from hc.api.models import Flip
from hc.api.models.check import rules_of, state_of
from hc.api.models.ping import stored_kind
from hc.api.services import transitions
from hc.core.keywords import Rules, kind_of_http, kind_of_mail
from hc.core.schedule import Never, ScheduleError
from hc.core.state import CheckState, Kind, Signal, Transition, after_ping
from hc.pings import slugs, sql
from hc.pings.batch import Batch
from hc.pings.event import PingEvent, Receipt
from hc.pings.slugs import Resolved

logger = logging.getLogger(__name__)


def record(
    events: Sequence[PingEvent], now: datetime, journal: Mapping[str, int] | None = None
) -> list[Receipt]:
    """Store a batch of pings in one transaction; the receipts come in the order of the events.

    The checks are locked in the order of their ids, each check's pings are folded through the
    rules in their order, and the new statuses, the pings, the flips and the messages to be sent
    are written together: either all of it survives, or nothing does. `journal`: how far the
    writer has got with this batch, by the names of its journals; stored with it, too.
    """
    addresses = slugs.addresses_of(events)
    found = slugs.existing(addresses, sql.resolve(slugs.pairs(addresses))) if addresses else {}
    resolved = slugs.targets(events, slugs.made(found))
    with sql.transaction_on({r.code for r in resolved if r.code}, now) as current:
        folded = fold(events, resolved, current.rows)
        folded.fill(current, journal or {})
        flips = folded.flips(now)
        if flips:
            transitions.store_flips(flips)
            enqueue([flip for flip in flips if flip.processed is None], now)
    return folded.receipts


@dataclass(frozen=True, slots=True)
class Folded:
    """What a batch of pings comes to: a receipt for each, and the checks that got some."""

    receipts: list[Receipt]
    checks: list[_Fold]

    @property
    def has_flips(self) -> bool:
        return any(check.has_flips for check in self.checks)

    def fill(self, batch: Batch, journal: Mapping[str, int]) -> None:
        batch.checks = [check.columns() for check in self.checks]
        batch.pings = [ping for check in self.checks for ping in check.pings]
        batch.has_flips = self.has_flips
        batch.journal = journal

    def flips(self, now: datetime) -> list[Flip]:
        """As rows, not yet stored."""
        return [flip for check in self.checks for flip in check.flips(now)]


def fold(
    events: Sequence[PingEvent], resolved: Sequence[Resolved], rows: Iterable[Mapping[str, Any]]
) -> Folded:
    """What pings do to their checks, given the locked rows of those."""
    folds = {row["code"]: _Fold(row) for row in rows}
    receipts = [_add(folds, *pair) for pair in zip(events, resolved, strict=True)]
    return Folded(receipts, [check for check in folds.values() if check.pings])


def _add(folds: Mapping[UUID, _Fold], event: PingEvent, resolved: Resolved) -> Receipt:
    if resolved.code is None:
        return resolved.receipt
    fold = folds.get(resolved.code)
    if fold is None:
        return Receipt.NOT_FOUND
    # Of the pings that came at once for a new check, the first one made it.
    is_first = not fold.pings
    fold.add(event)
    return resolved.receipt if is_first else Receipt.RECORDED


class _Fold:
    """One locked check and what the pings of a batch do to it."""

    def __init__(self, row: Mapping[str, Any]) -> None:
        self._row = row
        self._rules = rules_of(row)
        self._state = state_of(row)
        self._transitions: list[Transition] = []
        self._has_confirmation_link = False
        self.pings: list[tuple[Any, ...]] = []

    def add(self, event: PingEvent) -> None:
        signal = Signal(_kind(self._rules, event), event.received, event.rid, event.spooled)
        step = self._step(signal)
        self._state = step.state
        if step.flips:
            self._transitions.append(step)
        self._has_confirmation_link = b"confirm" in event.body.lower()
        self.pings.append(
            (
                self._row["id"],
                step.state.n_pings,
                step.at,
                stored_kind(step.kind or signal.kind),
                event.scheme,
                event.remote_addr,
                event.method,
                event.ua,
                event.exitstatus,
                event.rid,
                str(step.outcome) if step.outcome else None,
                event.body,
            )
        )

    def columns(self) -> tuple[Any, ...]:
        """The check as a batch holds it."""
        state = self._state
        return (
            self._row["id"],
            state.last_ping,
            state.last_success,
            state.last_fail,
            state.last_start,
            state.last_start_rid,
            state.last_duration,
            state.due,
            state.alert_after,
            state.outcomes,
            state.n_pings,
            self._has_confirmation_link,
            transitions.next_look(self._row["sweep_at"], state.alert_after),
            str(state.status),
            state.status_since,
        )

    @property
    def has_flips(self) -> bool:
        return bool(self._transitions)

    def flips(self, now: datetime) -> list[Flip]:
        return [
            flip
            for step in self._transitions
            for flip in transitions.flips_of(self._row["id"], step, now)
        ]

    def _step(self, signal: Signal) -> Transition:
        """One ping through the rules. A schedule that cannot be read must not cost us the ping."""
        state: CheckState = self._state
        try:
            return after_ping(state, signal)
        except ScheduleError:
            logger.exception("schedule cannot be read", extra={"check": self._row["unique_key"]})
        step = after_ping(state._replace(schedule=Never()), signal)
        return replace(step, state=step.state._replace(schedule=state.schedule))


def _kind(rules: Rules, event: PingEvent) -> Kind:
    if event.mail:
        return kind_of_mail(rules, subject=event.mail.subject, body=event.mail.body)
    return kind_of_http(
        rules,
        method=event.method,
        action=event.action,
        exitstatus=event.exitstatus,
        body=event.body,
    )
