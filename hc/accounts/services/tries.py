"""Limits on guessing: a try is taken before it is judged, and given back when it was right.

So no number of parallel guesses exceeds the limit, and being right costs nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F, Value
from django.db.models.functions import Least

from hc.api.models import Limit, TokenBucket

DAY = timedelta(days=1)


class TooMany(Exception):
    """There have been too many tries; `wait`: the time until the next one."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(wait)
        self.wait = wait


def take(name: str, limit: Limit, now: datetime) -> None:
    """Count a try; raises TooMany."""
    if wait := TokenBucket.attempt(name, limit, now):
        raise TooMany(wait)


def give_back(name: str, limit: Limit) -> None:
    """The try was right, and does not count."""
    more = Least(F("tokens") + Value(1.0 / limit.capacity), Value(1.0))
    TokenBucket.objects.filter(value=name).update(tokens=more)


def once(name: str, now: datetime) -> bool:
    """Whether this is the first use of `name` (at most 80 characters) within a day."""
    return TokenBucket.authorize(name, Limit(1, DAY), now)
