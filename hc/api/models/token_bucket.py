"""Rate limits: buckets of tokens that refill with time. Source: core 1.6 of the specification."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone


@dataclass(frozen=True, slots=True)
class Limit:
    """`capacity` uses, of which a full set refills in `period`."""

    capacity: int
    period: timedelta


class TokenBucket(models.Model):
    value = models.CharField(max_length=80, unique=True)
    tokens = models.FloatField(default=1.0)
    updated = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.value

    @classmethod
    def authorize(cls, name: str, limit: Limit, now: datetime) -> bool:
        """Use the bucket `name` once; False, at no cost, if it is empty.

        The row is locked while it is read and written, so parallel calls cannot exceed the limit.
        """
        with transaction.atomic():
            cls.objects.get_or_create(value=name, defaults={"updated": now})
            bucket = cls.objects.select_for_update().get(value=name)
            elapsed = max(now - bucket.updated, timedelta(0))
            tokens = min(1.0, bucket.tokens + elapsed / limit.period) - 1.0 / limit.capacity
            # The refilled share of a use may fall short of it by a rounding error.
            if tokens < -1e-9:
                return False
            cls.objects.filter(pk=bucket.pk).update(tokens=max(tokens, 0.0), updated=now)
            return True


def private_name(prefix: str, value: str) -> str:
    """A bucket's name that does not give `value` away: <prefix>-<hex SHA-1 of value and key>."""
    salted = (value + settings.SECRET_KEY).encode()
    return f"{prefix}-{hashlib.sha1(salted, usedforsecurity=False).hexdigest()}"
