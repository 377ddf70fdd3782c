"""Transactions that get in each other's way."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import DatabaseError, IntegrityError, OperationalError, connection, transaction

TRIES = 5
# PostgreSQL's SQLSTATEs, MySQL's error numbers: deadlocks and waits for locks; rows that were
# removed while another one that refers to them was written.
_LOST = {"40001", "40P01", 1205, 1213}
_REMOVED = {"23503", 1451, 1452}

logger = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")


def is_conflict(e: DatabaseError) -> bool:
    """Whether the transaction has lost against another one, and may succeed if tried again."""
    codes = {getattr(e.__cause__, "pgcode", None), *e.args[:1]}
    return bool(codes & (_LOST | _REMOVED))


def atomically(write: Callable[P, T]) -> Callable[P, T]:
    """A function whose whole body is one transaction, tried again when that meets a conflict.

    The body changes nothing but the database. Amid a caller's transaction it is a part of that,
    and tried once.
    """

    @wraps(write)
    def tried(*args: P.args, **kwargs: P.kwargs) -> T:
        for _ in range(TRIES - 1):
            try:
                with transaction.atomic():
                    return write(*args, **kwargs)
            except (OperationalError, IntegrityError) as e:
                if connection.in_atomic_block or not is_conflict(e):
                    raise
                logger.info("tried again", extra={"action": write.__name__})
        with transaction.atomic():
            return write(*args, **kwargs)

    return tried
