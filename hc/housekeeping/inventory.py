"""Bodies in object storage whose checks are gone.

What is in the storage is listed first, and looked up in the database afterwards: a check that is
made meanwhile is in neither list, or in both. Nothing here runs by itself: another installation
may use the same bucket, which only its operator can know.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from hc.api.models import Check
from hc.core.object_keys import code_of, prefix
from hc.lib.objects import ObjectStore, StorageError

CODES = 500


class NoChecks(Exception):
    """There are no checks at all: this is the wrong database rather than an empty service."""


@dataclass(frozen=True, slots=True)
class Orphan:
    """The bodies of a check that is gone: how many were deleted, or why they could not be."""

    code: UUID
    deleted: int = 0
    error: str = ""


def prune_objects(store: ObjectStore) -> Iterator[Orphan]:
    """Delete the bodies of checks that are gone, check by check.

    Raises NoChecks, and StorageError if the storage cannot be listed.
    """
    codes = [code for folder in store.folders() if (code := code_of(folder))]
    if not Check.every.exists():
        raise NoChecks
    for start in range(0, len(codes), CODES):
        batch = codes[start : start + CODES]
        owned = set(Check.every.filter(code__in=batch).values_list("code", flat=True))
        for code in batch:
            # A check may have come back since, by a restored backup for instance.
            if code not in owned and not Check.every.filter(code=code).exists():
                yield _empty(store, code)


def _empty(store: ObjectStore, code: UUID) -> Orphan:
    try:
        return Orphan(code, store.delete(store.keys(prefix(code))))
    except StorageError as e:
        return Orphan(code, error=str(e))
