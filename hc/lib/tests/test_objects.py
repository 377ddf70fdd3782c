from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from pytest_django import Settings

from hc.lib import objects
from hc.lib.objects import Breaker, ObjectStore, Place, StorageError
from hc.lib.parallel import for_each
from tests.receivers import free_port
from tests.storage import (
    Behaviour,
    Bucket,
    answer,
    awkward_server,
    refusal,
    silence,
    trickle,
)

KEY = "e2f3c2b4-8c1d-4b7e-9d3a-111111111111/zi-1"


def place(endpoint: str, **more: object) -> Place:
    base = Place("bodies", endpoint, "ACCESSKEY", "SECRETKEY", region="us-east-1", secure=False)
    return replace(base, **{"timeout": 1.0} | more)  # type: ignore[arg-type]  # of any field


@pytest.fixture
def store(bucket: Bucket) -> ObjectStore:
    found = objects.configured()
    assert found is not None
    return found


def test_without_a_bucket_there_is_no_store(settings: Settings) -> None:
    settings.S3_BUCKET = ""
    assert objects.configured() is None


@pytest.mark.parametrize(
    "odd", [{"S3_ENDPOINT": "s3.example.org:99999"}, {"S3_REGION": "no region"}]
)
def test_settings_that_the_library_refuses(
    bucket: Bucket, settings: Settings, odd: dict[str, str]
) -> None:
    for name, value in odd.items():
        setattr(settings, name, value)
    with pytest.raises(StorageError, match="cannot be used"):
        objects.configured()


def test_an_object_comes_back_as_it_was_put(store: ObjectStore, bucket: Bucket) -> None:
    body = bytes(range(256)) * 10
    store.put(KEY, b"before")
    store.put(KEY, body)
    assert store.get(KEY, limit=len(body)) == body == bucket.read(KEY)


def test_an_object_that_is_not_there(store: ObjectStore) -> None:
    assert store.get("x/zi-1", limit=10) is None


def test_keys_are_listed_in_order_and_after_another(store: ObjectStore) -> None:
    for key in ("a/3", "a/1", "a/2", "b/1"):
        store.put(key, b"x")
    assert list(store.keys("a/")) == ["a/1", "a/2", "a/3"]
    assert list(store.keys("a/", after="a/1")) == ["a/2", "a/3"]
    assert list(store.keys("c/")) == []


def test_folders_are_listed_without_what_is_in_them(store: ObjectStore) -> None:
    for key in ("b/1", "b/2", "a/x/y", "file"):
        store.put(key, b"x")
    assert list(store.folders()) == ["a/", "b/"]


def test_deleting_says_how_many_and_takes_keys_of_nothing(
    store: ObjectStore, bucket: Bucket
) -> None:
    for key in ("a/1", "a/2", "a/3"):
        store.put(key, b"x")
    assert store.delete(["a/1", "a/3", "a/9"]) == 3
    assert bucket.listed() == ["a/2"]
    assert store.delete([]) == 0


@pytest.mark.slow
def test_more_objects_than_one_request_takes(store: ObjectStore, bucket: Bucket) -> None:
    for_each(lambda n: store.put(f"a/{n:04}", b"x"), range(1_100), 8)
    assert len(list(store.keys("a/"))) == 1_100
    assert store.delete(store.keys("a/", after="a/0000")) == 1_099
    assert bucket.listed() == ["a/0000"]


def test_a_bucket_that_is_not_there(bucket: Bucket) -> None:
    store = ObjectStore(place(bucket.endpoint))
    with pytest.raises(StorageError, match=r"^object storage refused \(NoSuchBucket\)$"):
        store.get(KEY, limit=10)


@pytest.mark.parametrize(
    ("behaviour", "text"),
    [
        (refusal("AccessDenied"), "refused (AccessDenied)"),
        (refusal("InternalError", 500), "refused (InternalError)"),
        (answer(502, b"<html>Bad gateway</html>", "text/html"), "nonsense (InvalidResponseError)"),
        (answer(500, b"<Error><Cod"), "nonsense (ParseError)"),
        (answer(200, b"x" * 11), "more than was put there"),
        (lambda _: None, "does not answer (ProtocolError)"),
        (silence, "does not answer (ReadTimeoutError)"),
        (trickle, "too slow"),
    ],
)
def test_trouble_is_told_without_names_and_secrets(
    behaviour: Behaviour, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    with awkward_server(behaviour) as endpoint:
        store = ObjectStore(place(endpoint, timeout=0.4))
        began = time.monotonic()
        with pytest.raises(StorageError) as caught:
            store.get(KEY, limit=10 if text != "too slow" else 10**6)
        assert time.monotonic() - began < 2
        assert text in str(caught.value)
        assert caught.value.__cause__ is caught.value.__context__ is None
        messages = [r.getMessage() for r in caplog.records if r.levelname != "DEBUG"]
        for secret in (KEY[:8], "ACCESSKEY", "SECRETKEY", "bodies"):
            assert all(secret not in message for message in [str(caught.value), *messages])
    assert "KEY" not in repr(place(endpoint))


def test_nobody_at_the_other_end() -> None:
    store = ObjectStore(place(f"127.0.0.1:{free_port()}"))
    for call in (
        lambda: store.put(KEY, b"x"),
        lambda: store.get(KEY, 1),
        lambda: store.delete([KEY]),
        lambda: list(store.keys("a/")),
        lambda: list(store.folders()),
    ):
        with pytest.raises(StorageError, match="does not answer"):
            call()


def test_a_listing_that_makes_no_sense() -> None:
    refused = pytest.raises(StorageError, match=r"nonsense \(ValueError\)")
    with awkward_server(answer(200, b"<Nothing/>")) as endpoint, refused:
        list(ObjectStore(place(endpoint)).keys("a/"))


def test_a_passing_trouble_is_tried_again() -> None:
    with awkward_server(refusal("SlowDown", 503), answer(200, b"body")) as endpoint:
        assert ObjectStore(place(endpoint)).get(KEY, limit=4) == b"body"
    with awkward_server(lambda _: None, answer(200, b"")) as endpoint:
        ObjectStore(place(endpoint)).put(KEY, b"x")


def test_objects_that_the_storage_keeps_are_an_error() -> None:
    kept = b"<DeleteResult><Error><Key>a/1</Key><Code>AccessDenied</Code></Error></DeleteResult>"
    refused = pytest.raises(StorageError, match=r"kept 1 of 2 objects \(AccessDenied\)")
    with awkward_server(answer(200, kept)) as endpoint, refused:
        ObjectStore(place(endpoint)).delete(["a/1", "a/2"])


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_reads_are_refused_for_a_while_after_failures() -> None:
    clock = Clock()
    asked: list[int] = []

    def broken(connection: object) -> None:
        asked.append(1)
        refusal("AccessDenied")(connection)  # type: ignore[arg-type]  # a socket

    with awkward_server(broken, broken, broken, answer(200, b"ok")) as endpoint:
        store = ObjectStore(place(endpoint), Breaker(clock=clock))
        for _ in range(3):
            with pytest.raises(StorageError, match="refused"):
                store.get(KEY, limit=9)
        with pytest.raises(StorageError, match="of late"):
            store.get(KEY, limit=9)
        assert len(asked) == 3
        clock.now = 21
        assert store.get(KEY, limit=9) == store.get(KEY, limit=9) == b"ok"


def test_failures_far_apart_do_not_count() -> None:
    clock = Clock()
    breaker = Breaker(limit=3, window=60, clock=clock)
    for clock.now in (0, 40, 80, 120):
        breaker.failed()
        assert breaker.allows()


def test_after_a_pause_one_call_is_tried() -> None:
    clock = Clock()
    breaker = Breaker(limit=1, pause=20, clock=clock)
    breaker.failed()
    assert not breaker.allows()
    clock.now = 20
    assert [breaker.allows(), breaker.allows()] == [True, False]
    breaker.failed()
    clock.now = 39
    assert not breaker.allows()
    clock.now = 40
    assert breaker.allows()
    breaker.succeeded()
    assert breaker.allows()
    assert breaker.allows()


def test_a_success_forgets_former_failures() -> None:
    breaker = Breaker(limit=2, clock=Clock())
    breaker.failed()
    breaker.succeeded()
    breaker.failed()
    assert breaker.allows()


def test_work_on_many_threads_is_done_once_each() -> None:
    done: list[int] = []
    for_each(done.append, range(100), 8)
    assert sorted(done) == list(range(100))
    for_each(done.append, [], 8)


def test_the_first_error_ends_the_work() -> None:
    done: list[int] = []

    def work(n: int) -> None:
        if n == 5:
            raise ValueError(n)
        done.append(n)

    with pytest.raises(ValueError, match="5"):
        for_each(work, range(10_000), 4)
    assert len(done) < 10_000


def test_statsd_is_told_of_reads_and_deletions(
    store: ObjectStore, bucket: Bucket, statsd_lines: Callable[[], list[str]]
) -> None:
    store.put(KEY, b"body")
    assert store.get(KEY, limit=9) == b"body"
    store.delete([KEY])
    lines = statsd_lines()
    assert [line.partition(":")[0] for line in lines] == [
        "hc.lib.s3.getObject",
        "hc.lib.s3.getObjectTime",
        "hc.lib.s3.removeObjectsTime",
    ]
    assert lines[0].endswith(":1|c")
    assert all(line.endswith("|ms") for line in lines[1:])


def test_statsd_is_told_of_deletions_that_failed(
    statsd_lines: Callable[[], list[str]],
) -> None:
    gone = ObjectStore(place(f"127.0.0.1:{free_port()}"))
    with pytest.raises(StorageError):
        gone.delete([KEY])
    assert "hc.lib.s3.removeObjectsErrors:1|c" in statsd_lines()
