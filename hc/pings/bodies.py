"""Where the bodies of pings are: in their rows at first, large ones later in object storage.

Nothing of this happens inside a request; housekeeping does it. An object is put before its row
says so, and deleted before its row goes: a crash in between leaves nothing behind that the next
round would not see.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Max
from django.db.models.functions import Length

from hc.api.bodies import BodyUnavailable, read
from hc.api.models import Ping
from hc.core.object_keys import number_of, object_key, prefix
from hc.lib.objects import ObjectStore
from hc.lib.parallel import for_each

__all__ = ["BodyUnavailable", "delete_up_to", "move", "newest_ping", "read"]

LARGEST_IN_ROW = 100
# Rows looked at per query; bodies moved at once, in rows and in bytes of memory.
WINDOW = 20_000
BATCH_ROWS = 200
BATCH_BYTES = 16_000_000
UPLOADS_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class _Body:
    ping_id: int
    key: str
    data: bytes


def newest_ping() -> int:
    """The id of the newest row of all pings; 0 without any."""
    newest: int | None = Ping.objects.aggregate(newest=Max("pk"))["newest"]
    return newest or 0


def move(store: ObjectStore, after: int, up_to: int) -> Iterator[int]:
    """Move the large bodies of the pings with these ids, the first excluded, to object storage.

    Yields the number of moved bodies after each batch. Raises StorageError when the storage is
    away; what was not moved stays in its row.
    """
    for start in range(after, up_to, WINDOW):
        rows = Ping.objects.filter(pk__gt=start, pk__lte=min(start + WINDOW, up_to))
        large = rows.filter(n__isnull=False, body_raw__isnull=False)
        large = large.annotate(size=Length("body_raw")).filter(size__gt=LARGEST_IN_ROW)
        sizes = list(large.order_by("pk").values_list("pk", "size"))
        for ids in _batches(sizes):
            yield _move_batch(store, ids)


def delete_up_to(store: ObjectStore, code: UUID, n: int) -> int:
    """Delete the bodies of the pings 1 to `n` of a check, by one listing; how many there were."""
    if n <= 0:
        return 0
    listed = store.keys(prefix(code), after=object_key(code, n + 1))
    # Not every storage can begin in the middle of a listing: the newest bodies are at stake.
    numbers = ((key, number_of(key)) for key in listed)
    return store.delete(key for key, number in numbers if number is not None and number <= n)


def _batches(sizes: Sequence[tuple[int, int]]) -> Iterator[list[int]]:
    """Ids in batches of so many rows and bytes."""
    batch: list[int] = []
    total = 0
    for ping_id, size in sizes:
        if batch and (len(batch) == BATCH_ROWS or total + size > BATCH_BYTES):
            yield batch
            batch, total = [], 0
        batch.append(ping_id)
        total += size
    if batch:
        yield batch


def _move_batch(store: ObjectStore, ids: Sequence[int]) -> int:
    bodies = _bodies(ids)
    stored: list[_Body] = []

    def put(body: _Body) -> None:
        store.put(body.key, body.data)
        stored.append(body)

    try:
        for_each(put, bodies, UPLOADS_AT_ONCE)
    finally:
        moved = _forget_bodies([body.ping_id for body in stored])
    # Pings that were deleted meanwhile: nobody will look for their bodies again.
    alive = set(Ping.objects.filter(pk__in=ids).values_list("pk", flat=True))
    store.delete([body.key for body in bodies if body.ping_id not in alive])
    return moved


def _bodies(ids: Sequence[int]) -> list[_Body]:
    # Logs that were cleared lie elsewhere for a while, and may come back.
    present = Ping.objects.filter(pk__in=ids, owner__removed=None)
    rows = present.values_list("pk", "owner__code", "n", "body_raw")
    return [
        _Body(ping_id, object_key(code, n), bytes(data))
        for ping_id, code, n, data in rows
        if n is not None and data is not None
    ]


def _forget_bodies(ids: Sequence[int]) -> int:
    """Replace the bodies in these rows by their sizes; rows that have none any more stay."""
    rows = Ping.objects.filter(pk__in=ids, body_raw__isnull=False)
    # In this order: MySQL carries out one assignment after the other.
    return rows.update(object_size=Length("body_raw"), body_raw=None)
