"""What happens to a whole check, seldom: it is copied, or moved to another project; and a pause is
taken back."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.core import signing
from django.db.models import F

from hc.accounts import audit
from hc.accounts.audit import Target
from hc.accounts.models import Project
from hc.api.models import Channel, Check, Flip
from hc.api.services import reminders, transitions
from hc.api.services.checks import SETTINGS, LimitReached, available
from hc.core.state import Status
from hc.lib.transactions import atomically

MAX_NAME = 100
UNDO = timedelta(minutes=10)
_SALT = "hc.pause"


class SlugTaken(Exception):
    """The project has a check with that slug already: pings by slug would reach neither."""


class SameProject(Exception):
    """The check is in that project already."""


class TooLate(Exception):
    """Something cannot be taken back any more: time has passed, or the check has changed."""


# --- Copy -------------------------------------------------------------------------------------


@atomically
def copy(code: uuid.UUID) -> Check:
    """A new check with the settings and the channels of another one, but without its history.

    Raises LimitReached. Nameless checks stay so, and no two copies share a slug.
    """
    check = Check.objects.select_related("project").get(code=code)
    if available(check.project, lock=True) <= 0:
        raise LimitReached
    made = Check(
        project=check.project,
        name=copy_name(check.name),
        slug=_free_slug(check.project, check.slug),
        **{n: getattr(check, n) for n in SETTINGS if n not in ("name", "slug")},
    )
    made.save(force_insert=True)
    made.channel_set.set(check.channel_set.all())
    _note("check.created", made, {"copy_of": check.label()})
    return made


def copy_name(name: str) -> str:
    """Source: core 2.4 of the specification; a check without a name stays without."""
    if not name:
        return ""
    copied = f"{name} (copy)"
    return copied if len(copied) <= MAX_NAME else f"{name[:90]}... (copy)"


def _free_slug(project: Project, slug: str) -> str:
    """The slug with "-copy", "-copy-2" …; none for none, or if it would be too long."""
    if not slug:
        return ""
    stem = f"{slug}-copy"
    taken = set(
        Check.objects.filter(project=project, slug__startswith=stem).values_list("slug", flat=True)
    )
    number = 2
    found = stem
    while found in taken:
        found, number = f"{stem}-{number}", number + 1
    return found if len(found) <= MAX_NAME else ""


# --- Transfer ---------------------------------------------------------------------------------


@atomically
def move(code: uuid.UUID, target: Project, slug: str, now: datetime) -> Check:
    """Hand a check over to another project, with its history, under this slug; from then on it
    alerts through all channels of the target.

    Raises SameProject, SlugTaken, LimitReached (the target's owner has no room). Whether somebody
    may do that is up to the caller.
    """
    room = available(target, lock=True)
    check = Check.objects.locked(code)
    source = check.project
    if source.pk == target.pk:
        raise SameProject
    if source.owner_id != target.owner_id and room <= 0:
        raise LimitReached
    if slug_is_taken(target, slug):
        raise SlugTaken
    Check.objects.filter(pk=check.pk).update(project=target, slug=slug, edits=F("edits") + 1)
    check.project, check.slug = target, slug
    check.channel_set.set(Channel.objects.filter(project=target))
    for project in (source, target):
        details = {"from": str(source), "to": str(target)}
        audit.record("check.moved", _target(check), project=project, details=details)
    reminders.follow_projects([source.pk, target.pk], now)
    reminders.follow_checks([check.pk], now)
    return check


def slug_is_taken(project: Project, slug: str) -> bool:
    return bool(slug) and Check.objects.filter(project=project).exactly(slug=slug).exists()


# --- Taking back a pause ----------------------------------------------------------------------

_KEPT = ("status", "status_since", "last_start", "alert_after")


def before_pause(check: Check) -> str:
    """What a check that is not paused yet was like, signed: with it a pause can be taken back."""
    state = {name: _written(getattr(check, name)) for name in _KEPT}
    facts = {"check": str(check.code), "pings": check.n_pings, "state": state}
    return signing.dumps(facts, salt=_SALT, compress=True)


@atomically
def undo_pause(code: uuid.UUID, token: str, now: datetime) -> Check:
    """Let a check be as if it had not been paused: its status, the run in progress, its deadline.

    If that has passed meanwhile, the alert loop takes it down. Raises TooLate when something has
    happened to the check since, or ten minutes have passed.
    """
    try:
        facts = signing.loads(token, salt=_SALT, max_age=UNDO)
    except signing.BadSignature:
        raise TooLate from None
    check = Check.objects.locked(code)
    flip = Flip.objects.filter(owner=check).order_by("-created", "-pk").first()
    same = facts["check"] == str(code) and facts["pings"] == check.n_pings
    if not same or check.status != Status.PAUSED or flip is None:
        raise TooLate
    before = {name: _read(name, value) for name, value in facts["state"].items()}
    if flip.new_status != "paused" or flip.old_status != before["status"]:
        raise TooLate
    flip.delete()
    sweep_at = transitions.next_look(check.sweep_at, before["alert_after"])
    columns = before | {"sweep_at": sweep_at}
    Check.objects.filter(pk=check.pk).update(edits=F("edits") + 1, **columns)
    for name, value in columns.items():
        setattr(check, name, value)
    _note("check.resumed", check, {"undone": "the pause"})
    reminders.follow_checks([check.pk], now)
    return check


def _written(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def _read(name: str, value: Any) -> Any:
    return value if name == "status" or value is None else datetime.fromisoformat(value)


# --- The audit log ----------------------------------------------------------------------------


def _note(action: str, check: Check, details: dict[str, str] | None = None) -> None:
    audit.record(action, _target(check), project=check.project_id, details=details)


def _target(check: Check) -> Target:
    return Target(check.label(), check.unique_key)
