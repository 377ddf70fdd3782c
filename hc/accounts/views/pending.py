"""Between the first and the second factor: who has passed the first one, in the session."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import BadRequest
from django.http import HttpRequest
from django.utils import timezone

from hc.accounts.models import User

LIFETIME = timedelta(seconds=300)
KEY = "pending"


class TooLate(Exception):
    """The first factor was passed too long ago."""


@dataclass(frozen=True, slots=True)
class Pending:
    user: User
    method: str


def begin(request: HttpRequest, user: User, method: str) -> None:
    """`user` has passed the first factor in this browser."""
    request.session.cycle_key()
    request.session[KEY] = [user.pk, user.email, timezone.now().timestamp(), method]


def forget(request: HttpRequest) -> None:
    request.session.pop(KEY, None)


def of(request: HttpRequest, now: datetime) -> Pending:
    """Who waits for the second step; raises TooLate, and BadRequest if nobody does.

    Source: accounts 7.2 of the specification.
    """
    entry = request.session.get(KEY)
    if request.user.is_authenticated or not entry:
        raise BadRequest("There is no sign-in under way.")
    pk, email, at, method = entry
    user = User.objects.filter(pk=pk, email=email, is_active=True).first()
    if user is None:
        raise BadRequest("There is no sign-in under way.")
    if now.timestamp() - at > LIFETIME.total_seconds():
        raise TooLate
    return Pending(user, method)
