"""Rate limits: buckets of tokens that refill with time. Source: core 1.6 of the specification."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, models
from django.db.models import ExpressionWrapper, F, Func, Value
from django.db.models.functions import Greatest, Least
from django.utils import timezone

# The refilled share of a use may fall short of it by a rounding error.
SLACK = 1e-9
ALLOWED = timedelta(0)


@dataclass(frozen=True, slots=True)
class Limit:
    """`capacity` uses, of which a full set refills in `period`."""

    capacity: int
    period: timedelta


class _Seconds(Func):
    """A difference of two instants as a number; PostgreSQL has intervals, the others count
    microseconds."""

    template = "(%(expressions)s / 1000000.0)"
    output_field = models.FloatField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "EXTRACT(EPOCH FROM %(expressions)s)::double precision"
        return self.as_sql(compiler, connection, template=template, **context)


class TokenBucket(models.Model):
    value = models.CharField(max_length=80, unique=True)
    tokens = models.FloatField(default=1.0)
    updated = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.value

    @classmethod
    def authorize(cls, name: str, limit: Limit, now: datetime) -> bool:
        """Use the bucket `name` once; False, at no cost, if it is empty."""
        return cls.attempt(name, limit, now) == ALLOWED

    @classmethod
    def attempt(cls, name: str, limit: Limit, now: datetime) -> timedelta:
        """Use the bucket `name` once: nothing if that was allowed, else the time until the next
        use is, at no cost.

        A use is one statement that looks and takes at once, so parallel calls cannot exceed the
        limit. A row that is missing, or was tidied away in between, stands for a full bucket.
        """
        while True:
            if cls._take(name, limit, now):
                return ALLOWED
            bucket = cls.objects.filter(value=name).first()
            if bucket is None:
                _put_if_absent(cls(value=name, updated=now))
            elif bucket.level(limit, now) < 1.0 / limit.capacity + SLACK:
                return bucket.until_next(limit, now)
            # Else it was put there by somebody else in between, and holds a use.

    @classmethod
    def _take(cls, name: str, limit: Limit, now: datetime) -> bool:
        use = 1.0 / limit.capacity
        instant = Value(now, models.DateTimeField())
        since = ExpressionWrapper(instant - F("updated"), models.DurationField())
        refill = Greatest(_Seconds(since), Value(0.0)) / Value(limit.period.total_seconds())
        level = Least(Value(1.0), F("tokens") + refill)
        takes = cls.objects.alias(level=level).filter(value=name, level__gte=use - SLACK)
        # In this order: MySQL computes the second from what the first has written already.
        # A clock that goes back does not refill anything twice.
        return bool(
            takes.update(
                tokens=Greatest(level - Value(use), Value(0.0)),
                updated=Greatest(F("updated"), instant),
            )
        )

    def level(self, limit: Limit, now: datetime) -> float:
        """How full it is at `now`, from 0 to 1."""
        return min(1.0, self.tokens + max(now - self.updated, timedelta(0)) / limit.period)

    def until_next(self, limit: Limit, now: datetime) -> timedelta:
        """How long until the bucket holds another use; never nothing."""
        missing = (1.0 / limit.capacity - self.level(limit, now)) * limit.period
        return max(missing + max(self.updated - now, timedelta(0)), timedelta(milliseconds=1))


def private_name(prefix: str, value: str) -> str:
    """A bucket's name that does not give `value` away: <prefix>-<hex SHA-1 of value and key>."""
    salted = (value + settings.SECRET_KEY).encode()
    return f"{prefix}-{hashlib.sha1(salted, usedforsecurity=False).hexdigest()}"


def _put_if_absent(bucket: TokenBucket) -> None:
    """Inserted by one of many that try at once; the others wait for it.

    An update of nothing, where others would ignore the conflict: MySQL then locks the row for
    itself at once, and two transactions that both go on to take from it cannot block each other.
    """
    named = connection.features.supports_update_conflicts_with_target
    TokenBucket.objects.bulk_create(
        [bucket],
        update_conflicts=True,
        update_fields=["value"],
        unique_fields=["value"] if named else None,
    )
