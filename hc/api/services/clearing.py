"""Emptying the log of a check, with a way back for a day.

What the check went through moves to a hidden check (`Check.removed`) that holds nothing else, and
back from there; housekeeping deletes the holder when its time is over.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import F

from hc.accounts import audit
from hc.accounts.audit import Target
from hc.api.models import (
    Check,
    DailyRollup,
    Flip,
    Notification,
    Ping,
    RemovedCheck,
)
from hc.api.services import reminders
from hc.api.services.lifecycle import TooLate
from hc.api.services.trash import KEPT, silence
from hc.core.state import Status
from hc.lib.transactions import atomically

SILENCED = "The log was cleared."
_LOGS: tuple[type[models.Model], ...] = (Notification, Flip, Ping, DailyRollup)


@atomically
def clear(code: uuid.UUID, now: datetime) -> Check:
    """Forget what a check went through: its pings, changes of status, messages and daily sums.

    It waits for its first ping again; a paused one stays paused. Its pings go on being counted
    from where they are, so that no number is given twice. Messages that wait are not sent.
    """
    check = Check.objects.locked(code)
    silence([check.pk], SILENCED, now)
    _hand_over(check, _holder(check, now))
    columns = _blank(check, now)
    Check.objects.filter(pk=check.pk).update(edits=F("edits") + 1, **columns)
    for name, value in columns.items():
        setattr(check, name, value)
    _note("check.cleared", check)
    reminders.follow_checks([check.pk], now)
    return check


@atomically
def undo_clear(code: uuid.UUID, now: datetime) -> Check:
    """Let a check be as if it had not been cleared.

    If its deadline has passed meanwhile, the alert loop takes it down. Raises TooLate when a ping
    has come since, somebody has changed the check, or a day has passed.
    """
    check = Check.objects.locked(code)
    kept = RemovedCheck.objects.filter(log_of=check, removed__gt=now - KEPT)
    last = kept.select_related("owner").order_by("-removed", "-pk").first()
    if last is None or last.columns.get("seen") != _seen(check.n_pings, check.edits):
        raise TooLate
    DailyRollup.objects.filter(owner=check).delete()
    _hand_over(last.owner, check)
    columns = {name: _read(name, text) for name, text in last.columns["before"].items()}
    Check.objects.filter(pk=check.pk).update(edits=F("edits") + 1, **columns)
    for name, value in columns.items():
        setattr(check, name, value)
    last.owner.delete()
    _note("check.uncleared", check)
    reminders.follow_checks([check.pk], now)
    return check


def _holder(check: Check, now: datetime) -> Check:
    """A hidden check for the log of this one. Nobody knows its code."""
    holder = Check(
        project_id=check.project_id,
        name=check.name,
        created=check.created,
        n_pings=check.n_pings,
        rolled_n=check.n_pings,
        status=Status.PAUSED,
        removed=now,
    )
    holder.save(force_insert=True)
    before = {name: _written(name, check) for name in _blank(check, now)}
    RemovedCheck.objects.create(
        owner=holder,
        removed=now,
        by=audit.actor().name[:254],
        is_log=True,
        log_of=check,
        # The clearing itself counts as an edit.
        columns={"before": before, "seen": _seen(check.n_pings, check.edits + 1)},
    )
    return holder


def _hand_over(check: Check, to: Check) -> None:
    for model in _LOGS:
        model._default_manager.filter(owner=check).update(owner=to)  # noqa: SLF001


def _seen(n_pings: int, edits: int) -> list[int]:
    """What is the same as long as nothing has happened to the check."""
    return [n_pings, edits]


def _blank(check: Check, now: datetime) -> dict[str, Any]:
    empty = [
        "last_ping",
        "last_start",
        "last_start_rid",
        "last_duration",
        "last_success",
        "last_fail",
        "due",
        "alert_after",
        "sweep_at",
        "excused_until",
        "flapping_told",
    ]
    is_paused = check.status == Status.PAUSED
    return {
        **dict.fromkeys(empty),
        "outcomes": "",
        "has_confirmation_link": False,
        "rolled_n": check.n_pings,
        "status": str(Status.PAUSED if is_paused else Status.NEW),
        "status_since": check.status_since if is_paused else now,
    }


def _written(name: str, check: Check) -> str | None:
    if getattr(check, name) is None:
        return None
    return str(_field(name).value_to_string(check))


def _read(name: str, text: str | None) -> Any:
    return None if text is None else _field(name).to_python(text)


def _field(name: str) -> Any:
    return Check._meta.get_field(name)  # noqa: SLF001


def _note(action: str, check: Check) -> None:
    audit.record(action, Target(check.label(), check.unique_key), project=check.project_id)
