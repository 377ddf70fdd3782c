"""Storing pings: the one function through which every ping enters, whatever its door."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.db import transaction

from hc.alerts import outbox
from hc.api.models import Check, Flip, Ping
from hc.api.models.ping import stored_kind
from hc.api.services import transitions
from hc.core.keywords import kind_of_http
from hc.core.schedule import Never, ScheduleError
from hc.core.state import CheckState, Signal, Transition, after_ping
from hc.pings.event import PingEvent, Receipt

logger = logging.getLogger(__name__)


def record(events: Sequence[PingEvent], now: datetime) -> list[Receipt]:
    """Store a batch of pings in one transaction; the receipts come in the order of the events.

    The checks are locked in the order of their ids, each check's pings are folded through the
    rules in their order, and the new statuses, the pings, the flips and the messages to be sent
    are written together: either all of it survives, or nothing does.
    """
    receipts = []
    with transaction.atomic():
        checks = {
            check.code: check
            for check in Check.objects.for_update().filter(code__in={e.code for e in events})
        }
        folds = {code: _Fold(check) for code, check in checks.items()}
        for event in events:
            fold = folds.get(event.code)
            if fold:
                fold.add(event)
            receipts.append(Receipt.RECORDED if fold else Receipt.NOT_FOUND)
        flips = [flip for fold in folds.values() for flip in fold.store(now)]
        Ping.objects.bulk_create([ping for fold in folds.values() for ping in fold.pings])
        Flip.objects.bulk_create(flips)
        outbox.enqueue([flip for flip in flips if flip.processed is None], now)
    return receipts


class _Fold:
    """One check and the pings of a batch that are meant for it."""

    def __init__(self, check: Check) -> None:
        self._check = check
        self._rules = check.ping_rules()
        self._before = check.state()
        self._transition = Transition(self._before)
        self.pings: list[Ping] = []

    def add(self, event: PingEvent) -> None:
        kind = kind_of_http(
            self._rules,
            method=event.method,
            action=event.action,
            exitstatus=event.exitstatus,
            body=event.body,
        )
        state, flips = self._transition.state, self._transition.flips
        step = _step(self._check, state, Signal(kind, event.received, event.rid))
        self._transition = replace(step, flips=flips + step.flips)
        self.pings.append(
            Ping(
                owner=self._check,
                n=step.state.n_pings,
                created=event.received,
                kind=stored_kind(step.kind or kind),
                scheme=event.scheme,
                remote_addr=event.remote_addr,
                method=event.method,
                ua=event.ua,
                body_raw=event.body,
                exitstatus=event.exitstatus,
                rid=event.rid,
            )
        )
        self._check.has_confirmation_link = b"confirm" in event.body.lower()

    def store(self, now: datetime) -> list[Flip]:
        """Write the check; returns its flips, not yet stored."""
        Check.objects.filter(pk=self._check.pk).update(
            has_confirmation_link=self._check.has_confirmation_link
        )
        return transitions.store(self._check.pk, self._before, self._transition, now)


def _step(check: Check, state: CheckState, signal: Signal) -> Transition:
    """One ping through the rules. A schedule that cannot be read must not cost us the ping."""
    try:
        return after_ping(state, signal)
    except ScheduleError:
        logger.exception("schedule cannot be read", extra={"check": check.unique_key})
    step = after_ping(replace(state, schedule=Never()), signal)
    return replace(step, state=replace(step.state, schedule=state.schedule))
