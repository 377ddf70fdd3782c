from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries, Settings

from hc.accounts.models import Project
from hc.api.models import Check, Ping
from hc.core.object_keys import object_key
from hc.lib import objects
from hc.lib.objects import ObjectStore, StorageError
from hc.pings import bodies
from hc.pings.bodies import BodyUnavailable
from hc.pings.writer import record
from tests.factories import make_check, ping_event, seconds
from tests.receivers import free_port
from tests.storage import Bucket

LARGE = b"x" * 101


@pytest.fixture
def store(bucket: Bucket) -> ObjectStore:
    found = objects.configured()
    assert found is not None
    return found


def write(check: Check, now: datetime, *texts: bytes) -> list[Ping]:
    """Pings with these bodies, in their order."""
    record([ping_event(check.code, now + seconds(i), body=b) for i, b in enumerate(texts)], now)
    return list(Ping.objects.filter(owner=check).order_by("n"))


def move_all(store: ObjectStore) -> int:
    return sum(bodies.move(store, 0, bodies.newest_ping()))


def body_of(n: int) -> bytes | None:
    return bodies.read(Ping.objects.select_related("owner").get(n=n))


class Meddler(ObjectStore):
    """The storage, and something that happens when a body has just arrived there.

    It happens on a thread of its own, so such tests need real transactions.
    """

    def __init__(self, bucket: Bucket, then: Callable[[str], object]) -> None:
        super().__init__(bucket.place())
        self._then = then

    def put(self, key: str, body: bytes) -> None:
        super().put(key, body)
        try:
            self._then(key)
        finally:
            connection.close()


def test_large_bodies_move_and_can_be_read_as_before(
    check: Check, store: ObjectStore, bucket: Bucket, now: datetime
) -> None:
    write(check, now, b"", b"x" * 100, LARGE, b"\x00\xff" * 5000)
    assert move_all(store) == 2
    rows = Ping.objects.order_by("n").values_list("object_size", flat=True)
    assert list(rows) == [None, None, 101, 10_000]
    assert bucket.listed() == [object_key(check.code, 4), object_key(check.code, 3)]
    assert [body_of(n) for n in (1, 2, 3, 4)] == [b"", b"x" * 100, LARGE, b"\x00\xff" * 5000]
    assert Ping.objects.get(n=3).body_raw is None
    assert move_all(store) == 0


def test_only_the_given_rows_are_looked_at(
    check: Check, store: ObjectStore, bucket: Bucket, now: datetime
) -> None:
    first, second, third = write(check, now, LARGE, LARGE, LARGE)
    assert sum(bodies.move(store, first.pk, second.pk)) == 1
    assert bucket.listed() == [object_key(check.code, 2)]
    assert third.pk == bodies.newest_ping()


def test_bodies_move_in_batches_of_bounded_size(
    check: Check, store: ObjectStore, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "BATCH_ROWS", 2)
    monkeypatch.setattr(bodies, "BATCH_BYTES", 500)
    monkeypatch.setattr(bodies, "WINDOW", 3)
    write(check, now, LARGE, LARGE, LARGE, b"y" * 450, LARGE, b"z" * 600)
    assert list(bodies.move(store, 0, bodies.newest_ping()))[-1] == 1
    assert not Ping.objects.filter(object_size=None).exists()


def test_the_number_of_queries_does_not_grow_with_the_bodies(
    check: Check,
    store: ObjectStore,
    now: datetime,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    rows = write(check, now, *[LARGE] * 30)
    with django_assert_max_num_queries(6):
        assert sum(bodies.move(store, rows[0].pk - 1, rows[-1].pk)) == 30


def test_no_body_is_lost_when_the_storage_is_away(
    check: Check, bucket: Bucket, settings: Settings, now: datetime
) -> None:
    write(check, now, LARGE)
    settings.S3_ENDPOINT = f"127.0.0.1:{free_port()}"
    away = objects.configured()
    assert away is not None
    with pytest.raises(StorageError):
        move_all(away)
    assert body_of(1) == LARGE


def test_what_was_put_before_a_failure_counts(
    check: Check, store: ObjectStore, bucket: Bucket, now: datetime
) -> None:
    write(check, now, LARGE, LARGE)
    failing = object_key(check.code, 2)

    def fail(key: str) -> None:
        if key == failing:
            raise StorageError("no more room")

    with pytest.raises(StorageError):
        move_all(Meddler(bucket, fail))
    assert Ping.objects.get(n=2).body_raw is not None
    assert (body_of(1), body_of(2)) == (LARGE, LARGE)
    assert move_all(store) >= 1
    assert (body_of(1), body_of(2)) == (LARGE, LARGE)


@pytest.mark.django_db(transaction=True)
def test_the_body_of_a_ping_that_is_deleted_meanwhile_is_deleted_too(
    check: Check, bucket: Bucket, now: datetime
) -> None:
    first, _ = write(check, now, LARGE, LARGE)
    key = object_key(check.code, 1)
    assert move_all(Meddler(bucket, lambda k: k == key and first.delete())) == 1
    assert bucket.listed() == [object_key(check.code, 2)]
    assert body_of(2) == LARGE


@pytest.mark.django_db(transaction=True)
def test_two_processes_may_move_the_same_body(
    check: Check, store: ObjectStore, bucket: Bucket, now: datetime
) -> None:
    write(check, now, LARGE)
    moved: list[int] = []
    assert move_all(Meddler(bucket, lambda _: moved.append(move_all(store)))) == 0
    assert moved == [1]
    assert body_of(1) == LARGE
    assert len(bucket.listed()) == 1


def test_deleting_takes_all_up_to_a_number(
    check: Check, project: Project, store: ObjectStore, bucket: Bucket, now: datetime
) -> None:
    other = make_check(project)
    for owner in (check, other):
        for n in (1, 9, 10, 11, 99, 100, 101):
            store.put(object_key(owner.code, n), b"x")
    store.put(f"{check.code}/notes.txt", b"somebody else's")
    assert bodies.delete_up_to(store, check.code, 0) == 0
    assert bodies.delete_up_to(store, check.code, 10) == 3
    left = {object_key(check.code, n) for n in (11, 99, 100, 101)} | {f"{check.code}/notes.txt"}
    assert {key for key in bucket.listed() if key.startswith(str(check.code))} == left
    assert bodies.delete_up_to(store, other.code, 100) == 6
    assert object_key(other.code, 101) in bucket.listed()


def test_a_storage_that_lists_from_the_beginning_does_not_lose_the_newest(
    check: Check, store: ObjectStore, bucket: Bucket
) -> None:
    class Forgetful(ObjectStore):
        def keys(self, prefix: str, after: str = "") -> Iterator[str]:
            return super().keys(prefix)

    for n in (1, 2, 3):
        store.put(object_key(check.code, n), b"x")
    assert bodies.delete_up_to(Forgetful(bucket.place()), check.code, 1) == 1
    assert bucket.listed() == [object_key(check.code, 3), object_key(check.code, 2)]


def test_a_body_that_is_not_in_the_storage_is_none(
    check: Check, bucket: Bucket, now: datetime
) -> None:
    write(check, now, b"")
    Ping.objects.update(body_raw=None, object_size=1234)
    assert body_of(1) is None


def test_a_ping_without_a_body(check: Check, now: datetime) -> None:
    write(check, now, b"")
    Ping.objects.update(body_raw=None)
    assert body_of(1) is None


@pytest.mark.parametrize("switched_off", [True, False])
def test_a_body_out_of_reach_is_told_in_words(
    check: Check, bucket: Bucket, settings: Settings, now: datetime, switched_off: bool
) -> None:
    write(check, now, b"")
    Ping.objects.update(body_raw=None, object_size=1234)
    if switched_off:
        settings.S3_BUCKET = ""
    else:
        settings.S3_ENDPOINT = f"127.0.0.1:{free_port()}"
    with pytest.raises(BodyUnavailable, match=r"The body \(1,234 bytes\) cannot be read") as e:
        body_of(1)
    assert str(check.code) not in str(e.value)


def test_pings_of_old_databases_without_a_number_keep_their_bodies(
    check: Check, store: ObjectStore, now: datetime
) -> None:
    write(check, now, LARGE)
    Ping.objects.update(n=None)
    assert move_all(store) == 0
    assert bodies.read(Ping.objects.select_related("owner").get()) == LARGE
