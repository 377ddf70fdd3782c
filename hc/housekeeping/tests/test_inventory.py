from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest

from hc.accounts.models import Project
from hc.api.models import Check
from hc.core.object_keys import object_key
from hc.housekeeping.inventory import NoChecks, Orphan, prune_objects
from hc.lib import objects
from hc.lib.objects import ObjectStore, StorageError
from tests.factories import make_check
from tests.storage import Bucket, awkward_server, refusal

GONE = UUID("00000000-0000-4000-8000-000000000001")


@pytest.fixture
def store(bucket: Bucket) -> ObjectStore:
    found = objects.configured()
    assert found is not None
    return found


def put(store: ObjectStore, *codes: UUID) -> None:
    for code in codes:
        for n in (1, 2):
            store.put(object_key(code, n), b"x")


def test_bodies_of_checks_that_are_gone_are_deleted(
    check: Check, store: ObjectStore, bucket: Bucket
) -> None:
    put(store, check.code, GONE)
    for key in ("readme.txt", f"backups/{GONE}/zi-1", f"{GONE.hex}/zi-1"):
        store.put(key, b"not ours")
    assert list(prune_objects(store)) == [Orphan(GONE, 2)]
    left = {object_key(check.code, 1), object_key(check.code, 2)}
    assert {key for key in bucket.listed() if "-" in key and "backups" not in key} == left | {
        f"{GONE.hex}/zi-1"
    }
    assert list(prune_objects(store)) == []


def test_an_empty_database_deletes_nothing(db: None, store: ObjectStore, bucket: Bucket) -> None:
    Check.objects.all().delete()
    put(store, GONE)
    with pytest.raises(NoChecks):
        list(prune_objects(store))
    assert len(bucket.listed()) == 2


def test_a_check_that_is_made_while_we_look_keeps_its_bodies(
    check: Check, project: Project, bucket: Bucket
) -> None:
    """Whenever it comes: its bodies are not listed yet, or it is found in the database."""
    made: list[Check] = []

    class Busy(ObjectStore):
        def folders(self) -> Iterator[str]:
            make()
            yield from super().folders()
            make()

        def delete(self, keys: object) -> int:
            make()
            return super().delete(keys)  # type: ignore[arg-type]  # as it came

    store = Busy(bucket.place())

    def make() -> None:
        new = make_check(project)
        made.append(new)
        put(store, new.code)

    put(store, GONE)
    assert list(prune_objects(store)) == [Orphan(GONE, 2)]
    assert len(made) == 3
    assert {key.partition("/")[0] for key in bucket.listed()} == {str(c.code) for c in made}


def test_a_check_that_comes_back_keeps_its_bodies(
    check: Check, project: Project, store: ObjectStore, bucket: Bucket
) -> None:
    first, second = sorted((uuid4(), uuid4()), key=str)
    put(store, first, second)
    for number, orphan in enumerate(prune_objects(store)):
        assert (number, orphan.code) == (0, first)
        make_check(project, code=second)  # from a backup, say
    assert len(bucket.listed()) == 2


def test_more_codes_than_one_query_takes(
    check: Check, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hc.housekeeping.inventory.CODES", 2)
    codes = [uuid4() for _ in range(5)]
    put(store, *codes, check.code)
    assert {orphan.code for orphan in prune_objects(store)} == set(codes)


def test_trouble_with_one_check_does_not_end_the_round(check: Check, bucket: Bucket) -> None:
    other = UUID(int=GONE.int + 1)

    class Stubborn(ObjectStore):
        def keys(self, prefix: str, after: str = "") -> Iterator[str]:
            if prefix.startswith(str(GONE)):
                raise StorageError("object storage refused (AccessDenied)")
            return super().keys(prefix, after)

    store = Stubborn(bucket.place())
    put(store, GONE, other)
    assert list(prune_objects(store)) == [
        Orphan(GONE, error="object storage refused (AccessDenied)"),
        Orphan(other, 2),
    ]


def test_a_storage_that_cannot_be_listed(check: Check, bucket: Bucket) -> None:
    with awkward_server(refusal("AccessDenied")) as endpoint:
        bucket.endpoint = endpoint
        with pytest.raises(StorageError, match="AccessDenied"):
            list(prune_objects(ObjectStore(bucket.place())))
