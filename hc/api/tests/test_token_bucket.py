"""Rate limits hold when everybody comes at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from django.db import transaction

from hc.api.models import Limit, TokenBucket
from hc.api.models.token_bucket import ALLOWED
from tests.factories import close_connection

LIMIT = Limit(3, timedelta(hours=1))
ATTEMPTS = 200


def allowed(one: Callable[[int], bool]) -> int:
    """How many of many attempts at once were allowed."""

    def attempt(number: int) -> bool:
        try:
            return one(number)
        finally:
            close_connection()

    with ThreadPoolExecutor(20) as pool:
        return sum(pool.map(attempt, range(ATTEMPTS)))


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("capacity", [1, 7, 96])
def test_parallel_attempts_never_exceed_the_limit(capacity: int, now: datetime) -> None:
    limit = Limit(capacity, timedelta(days=1))
    # Clocks of threads differ a little, and rows are written in another order than clocks are read.
    moments = [now + timedelta(microseconds=n * 7919 % 5000) for n in range(ATTEMPTS)]
    assert allowed(lambda n: TokenBucket.authorize("b", limit, moments[n])) == capacity
    assert TokenBucket.objects.count() == 1


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_attempts_inside_of_transactions_wait_for_each_other(now: datetime) -> None:
    def one(_: int) -> bool:
        with transaction.atomic():
            return TokenBucket.authorize("b", LIMIT, now)

    assert allowed(one) == LIMIT.capacity


def test_who_is_refused_hears_how_long_to_wait(db: None, now: datetime) -> None:
    waits = [TokenBucket.attempt("b", LIMIT, now) for _ in range(4)]
    assert waits == [ALLOWED] * 3 + [timedelta(minutes=20)]
    later = now + timedelta(minutes=5)
    wait = TokenBucket.attempt("b", LIMIT, later)
    assert abs(wait - timedelta(minutes=15)) < timedelta(milliseconds=1)
    assert TokenBucket.attempt("b", LIMIT, later + wait) == ALLOWED


def test_a_bucket_that_was_tidied_away_is_full(db: None, now: datetime) -> None:
    for _ in range(3):
        TokenBucket.authorize("b", LIMIT, now)
    TokenBucket.objects.all().delete()
    assert [TokenBucket.authorize("b", LIMIT, now) for _ in range(4)] == [True] * 3 + [False]


def test_a_clock_that_went_back_refills_nothing_twice(db: None, now: datetime) -> None:
    for _ in range(2):
        TokenBucket.authorize("b", LIMIT, now)
    assert TokenBucket.authorize("b", LIMIT, now - timedelta(minutes=20))
    assert not TokenBucket.authorize("b", LIMIT, now)
