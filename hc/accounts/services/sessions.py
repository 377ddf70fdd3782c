"""Where people are signed in: a row for each browser, beside the framework's session.

A row without a living session means nothing: lists leave it out, and housekeeping deletes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.sessions.models import Session
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, QuerySet

from hc.accounts import audit
from hc.accounts.agents import browser_of
from hc.accounts.models import SignIn, User
from hc.accounts.services import security_mails

SEEN_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Origin:
    """How and from where somebody has come in. `agent`: the User-Agent header."""

    method: str
    address: str | None
    agent: str


def begin(user: User, key: str, origin: Origin, now: datetime) -> None:
    """Note that `user` has signed in; `key`: that of the session."""
    row = SignIn(
        user=user,
        session_key=key,
        created=now,
        last_seen=now,
        address=origin.address,
        agent=origin.agent[:200],
        method=origin.method,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:  # by another request of the same browser
        pass


def seen(key: str, now: datetime, address: str | None) -> bool:
    """Note that a browser was used; False if there is no row for its session."""
    return SignIn.objects.filter(session_key=key).update(last_seen=now, address=address) > 0


def moved(old: str, new: str) -> None:
    """The session has another key now."""
    SignIn.objects.filter(session_key=old).update(session_key=new)


def forget(key: str) -> None:
    """The browser has signed out."""
    SignIn.objects.filter(session_key=key).delete()


def of(user: User, now: datetime) -> QuerySet[SignIn]:
    """Where the user is signed in, the latest use first."""
    return SignIn.objects.filter(user=user).filter(_is_alive(now)).order_by("-last_seen", "-pk")


def strays(now: datetime) -> QuerySet[SignIn]:
    """Rows whose session is gone; young ones may belong to a session that is just being stored."""
    return SignIn.objects.filter(~_is_alive(now), last_seen__lt=now - SEEN_EVERY)


def end(user: User, code: UUID) -> bool:
    """Sign one browser out; whether there was one."""
    with transaction.atomic():
        rows = list(SignIn.objects.select_for_update().filter(user=user, code=code))
        _end(rows)
        for row in rows:
            name = audit.Target(browser_of(row.agent), row.code)
            audit.record("session.ended", name, user=user)
    return bool(rows)


def end_others(user: User, keep: str | None) -> int:
    """Sign the user out everywhere but in the session with the key `keep`; in how many places.

    Whoever changes a password, an address or a second factor calls this.
    """
    with transaction.atomic():
        rows = list(SignIn.objects.select_for_update().filter(user=user).exclude(session_key=keep))
        _end(rows)
        if rows:
            audit.record("session.others_ended", user=user, details={"number": len(rows)})
    return len(rows)


def tell_of_new_device(user: User, origin: Origin, now: datetime) -> None:
    """Mail that somebody has signed in with a browser that the account has not seen."""
    way = WAYS.get(origin.method, "in another way")
    security_mails.tell(
        user,
        "New sign-in to your account",
        f"Your account was signed in to {way}, in a browser that it has not seen before.",
        now=now,
        agent=browser_of(origin.agent),
    )


WAYS = {
    "password": "with the password",
    "link": "with a mailed link",
    "passkey": "with a passkey",
    "oidc": "through single sign-on",
    "sso": "through single sign-on",
    "header": "by the proxy in front of this service",
    "signup": "with the link that was mailed for signing up",
}


def _is_alive(now: datetime) -> Exists:
    alive = Session.objects.filter(session_key=OuterRef("session_key"), expire_date__gt=now)
    return Exists(alive)


def _end(rows: Sequence[SignIn]) -> None:
    """A request that is under way in such a session fails when it wants to store it again."""
    Session.objects.filter(session_key__in=[row.session_key for row in rows]).delete()
    SignIn.objects.filter(pk__in=[row.pk for row in rows]).delete()
