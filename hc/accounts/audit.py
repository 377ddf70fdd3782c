"""Writing the audit log: services say what they have done, in the transaction in which they do it.

Who does it is known at the door (a page, the API, a command), which says so by `acting`; services
need not pass it on. Without a word from a door it happens by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from hc.accounts.models import AuditEntry, Project, User, Via
from hc.core import words


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person, or a script with a key. `name`: what the log calls them."""

    via: Via
    name: str = ""
    user: User | None = None
    address: str | None = None
    impersonator: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """What was changed: what people call it, and its code if that is no secret."""

    name: str = ""
    code: object = ""


SYSTEM = Actor(Via.SYSTEM)
_actor: ContextVar[Actor] = ContextVar("actor", default=SYSTEM)


@contextmanager
def acting(actor: Actor) -> Iterator[None]:
    """What is done inside is done by `actor`."""
    token = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(token)


def actor() -> Actor:
    """Who acts at the moment."""
    return _actor.get()


def record(
    action: str,
    target: Target | None = None,
    *,
    project: Project | int | None = None,
    user: User | int | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Note that the actor has done `action` ("check.edited") to `target`.

    `project`, `user`: whose log it belongs to. `details`: JSON; never a secret, never whole texts.
    """
    who, what = _actor.get(), target or Target()
    AuditEntry.objects.create(
        created=timezone.now(),
        project_id=project.pk if isinstance(project, Project) else project,
        user_id=user.pk if isinstance(user, User) else user,
        actor=who.user if who.user and who.user.pk else None,
        actor_name=who.name[:254],
        impersonator=who.impersonator[:254],
        via=who.via,
        address=who.address,
        action=action,
        target=what.name[:254],
        target_code=str(what.code)[:40],
        details=dict(details or {}),
    )


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """What differs, for `details`: {name: [old, new]}, long values cut."""
    return {
        name: [_brief(before.get(name)), _brief(value)]
        for name, value in after.items()
        if before.get(name) != value
    }


def _brief(value: Any) -> Any:
    if isinstance(value, bool | int | float) or value is None:
        return value
    text = words.period(value) if isinstance(value, timedelta) else str(value)
    return text if len(text) <= 100 else f"{text[:99]}…"
