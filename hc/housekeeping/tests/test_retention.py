from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models import Model
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from hc.accounts.models import LoginToken, Profile, Project, User
from hc.api.models import (
    Channel,
    Check,
    Flip,
    Heartbeat,
    Journal,
    Notification,
    Outage,
    Ping,
    QueuedMail,
    TokenBucket,
)
from hc.core.object_keys import object_key
from hc.core.state import Kind
from hc.housekeeping import retention, rollups, tasks
from hc.lib import objects
from hc.lib.objects import StorageError
from hc.logs.models import Record
from hc.pings.writer import record
from tests.factories import make_check, make_webhook, ping_event, seconds
from tests.receivers import free_port
from tests.storage import Bucket

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
YEAR = 365 * DAY


@pytest.fixture(autouse=True)
def limit_of_ten(alice: User) -> None:
    Profile.objects.update(ping_log_limit=10)


def ping(check: Check, number: int, at: datetime, body: bytes = b"") -> None:
    record([ping_event(check.code, at + seconds(i), body=body) for i in range(number)], at)


def prune(now: datetime) -> int:
    sum(rollups.fold_new_pings(now))
    return sum(retention.pings(now))


def left(check: Check) -> list[int | None]:
    return list(Ping.objects.filter(owner=check).order_by("n").values_list("n", flat=True))


# --- Pings ------------------------------------------------------------------------------------


def test_the_newest_pings_up_to_the_limit_are_kept(check: Check, now: datetime) -> None:
    ping(check, 25, now)
    assert prune(now) == 15
    assert left(check) == list(range(16, 26))
    assert prune(now) == 0


def test_a_short_log_is_left_alone(check: Check, now: datetime) -> None:
    ping(check, 10, now)
    assert prune(now) == 0


def test_the_limit_is_that_of_the_owner_and_100_without_a_profile(
    check: Check, bob: User, now: datetime
) -> None:
    ping(check, 120, now)
    Project.objects.filter(pk=check.project_id).update(owner=bob)
    Profile.objects.filter(user=bob).update(ping_log_limit=110)
    assert prune(now) == 10
    Profile.objects.filter(user=bob).delete()
    assert prune(now) == 10
    assert len(left(check)) == 100


def test_checks_that_are_no_longer_pinged_are_pruned_too(check: Check, now: datetime) -> None:
    ping(check, 10, now)
    prune(now)
    Profile.objects.update(ping_log_limit=4)
    assert prune(now + YEAR) == 6


def test_nothing_goes_that_was_not_summed_up(check: Check, now: datetime) -> None:
    ping(check, 25, now)
    assert sum(retention.pings(now)) == 0
    Check.objects.update(rolled_n=7)
    assert sum(retention.pings(now)) == 7
    assert left(check)[0] == 8


def test_long_logs_go_in_parts(
    project: Project, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "CHECKS", 2)
    monkeypatch.setattr(retention, "ROWS", 20)
    checks = [make_check(project) for _ in range(5)]
    for check in checks:
        ping(check, 45, now)
    sum(rollups.fold_new_pings(now))
    parts = list(retention.pings(now))
    assert sum(parts) == 5 * 35
    assert max(parts) == 20
    assert all(left(check) == list(range(36, 46)) for check in checks)


def test_a_log_with_gaps(check: Check, now: datetime) -> None:
    ping(check, 30, now)
    Ping.objects.filter(n__range=(3, 18)).delete()
    assert prune(now) == 4
    assert left(check) == list(range(21, 31))
    Ping.objects.all().delete()
    assert prune(now) == 0


def test_logs_that_are_short_enough_cost_one_query(project: Project, now: datetime) -> None:
    for _ in range(3):
        ping(make_check(project), 10, now)
    sum(rollups.fold_new_pings(now))
    with CaptureQueriesContext(connection) as captured:
        assert sum(retention.pings(now)) == 0
    assert len(captured) == 2  # the logs, and that there are no more


# --- Bodies -----------------------------------------------------------------------------------

LARGE = b"x" * 200


def move(now: datetime) -> None:
    sum(tasks.move_bodies(now))


def keys(check: Check, *numbers: int) -> set[str]:
    return {object_key(check.code, n) for n in numbers}


def test_the_bodies_of_pruned_pings_are_deleted(
    check: Check, project: Project, bucket: Bucket, now: datetime
) -> None:
    other = make_check(project)
    ping(check, 12, now, LARGE)
    ping(other, 3, now, LARGE)
    move(now)
    assert len(bucket.listed()) == 15
    assert prune(now) == 2
    assert set(bucket.listed()) == keys(check, *range(3, 13)) | keys(other, 1, 2, 3)
    assert prune(now) == 0


def test_pings_are_pruned_while_the_storage_is_away_and_their_bodies_later(
    check: Check,
    bucket: Bucket,
    settings: Settings,
    now: datetime,
    caplog: pytest.LogCaptureFixture,
) -> None:
    ping(check, 12, now, LARGE)
    move(now)
    settings.S3_ENDPOINT = f"127.0.0.1:{free_port()}"
    assert prune(now) == 2
    assert "bodies not deleted" in caplog.text
    assert str(check.code) not in caplog.text
    with pytest.raises(StorageError):
        sum(retention.stray_bodies(now))
    settings.S3_ENDPOINT = bucket.endpoint
    assert sum(retention.stray_bodies(now)) == 2
    assert set(bucket.listed()) == keys(check, *range(3, 13))
    assert sum(retention.stray_bodies(now)) == 0


def test_bodies_of_cleared_events_go_when_the_limit_passes_them(
    check: Check, bucket: Bucket, now: datetime
) -> None:
    ping(check, 3, now, LARGE)
    move(now)
    Ping.objects.all().delete()
    ping(check, 12, now + HOUR, LARGE)
    move(now)
    prune(now)
    assert sum(retention.stray_bodies(now)) == 3
    assert set(bucket.listed()) == keys(check, *range(6, 16))


def test_without_a_storage_there_are_no_bodies_to_move(
    check: Check, settings: Settings, now: datetime
) -> None:
    settings.S3_BUCKET = ""
    ping(check, 12, now, LARGE)
    move(now)
    assert prune(now) == 2
    assert sum(retention.stray_bodies(now)) == 0
    assert not Ping.objects.filter(body_raw=None).exists()


def test_moving_goes_on_where_it_was(
    check: Check, bucket: Bucket, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "UNSETTLED_PINGS", 2)
    ping(check, 5, now, LARGE)
    move(now)
    # Out of reach, and one that was committed late.
    Ping.objects.filter(n__in=(1, 4)).update(body_raw=LARGE, object_size=None)
    ping(check, 1, now + HOUR, LARGE)
    move(now)
    in_rows = Ping.objects.filter(body_raw__isnull=False)
    assert list(in_rows.values_list("n", flat=True)) == [1]
    found = objects.configured()
    assert found is not None
    assert len(bucket.listed()) == 6


# --- Messages and flips -----------------------------------------------------------------------


@pytest.fixture
def channel(project: Project) -> Channel:
    return make_webhook(project)


def message(channel: Channel, created: datetime, flip: Flip | None, **more: object) -> int:
    values = {"owner": flip.owner if flip else None, "state": "sent"} | more
    row = Notification.objects.create(
        channel=channel, check_status="down", created=created, flip=flip, **values
    )
    return row.pk


def flip(check: Check, created: datetime, **more: object) -> Flip:
    values = {"processed": created} | more
    return Flip.objects.create(
        owner=check, created=created, old_status="up", new_status="down", **values
    )


def messages_left() -> set[int]:
    return set(Notification.objects.values_list("pk", flat=True))


def test_messages_go_with_the_pings_of_their_time(
    check: Check, channel: Channel, now: datetime
) -> None:
    cause = flip(check, now)
    old = message(channel, now - HOUR, cause)
    waiting = message(channel, now - HOUR, cause, state="queued", due=now)
    recent = message(channel, now + HOUR, cause)
    assert sum(retention.notifications(now)) == 0  # no ping is left to compare with
    ping(check, 2, now)
    assert sum(retention.notifications(now)) == 1
    assert messages_left() == {waiting, recent}
    assert old not in messages_left()


def test_messages_without_check_or_flip_are_kept_for_90_days(
    check: Check, channel: Channel, now: datetime
) -> None:
    keep = {
        message(channel, now - 89 * DAY, None),
        message(channel, now - 91 * DAY, None, state="sending", due=now),
        message(channel, now - 91 * DAY, flip(check, now)),
    }
    message(channel, now - 91 * DAY, None)
    message(channel, now - 91 * DAY, None, owner=check)
    assert sum(retention.notifications(now)) == 2
    assert messages_left() == keep


def test_flips_are_kept_for_two_years_and_as_long_as_their_pings(
    check: Check, project: Project, channel: Channel, now: datetime
) -> None:
    other = make_check(project)
    keep = {
        flip(check, now - 729 * DAY).pk,
        flip(other, now - 731 * DAY, processed=None).pk,
        flip(check, now - 3 * YEAR + DAY).pk,
    }
    ping(check, 1, now - 3 * YEAR)
    message(channel, now - 4 * YEAR, flip(check, now - 4 * YEAR))
    flip(other, now - 731 * DAY)
    Flip.objects.filter(old_status="new").delete()
    assert sum(retention.flips(now)) == 2
    assert set(Flip.objects.values_list("pk", flat=True)) == keep
    assert messages_left() == set()


# --- The rest ---------------------------------------------------------------------------------


def sessions(now: datetime) -> None:
    for name, expires in (("old", now - MINUTE), ("new", now + MINUTE)):
        Session.objects.create(session_key=name, session_data="", expire_date=expires)


def login_tokens(now: datetime) -> None:
    user = User.objects.get()
    for name, expires in (("old", now - MINUTE), ("new", now + MINUTE)):
        LoginToken.objects.create(user=user, digest=name, created=now, expires=expires)


def token_buckets(now: datetime) -> None:
    for name, updated in (("old", now - 25 * HOUR), ("new", now - 23 * HOUR)):
        TokenBucket.objects.create(value=name, updated=updated)


def log_records(now: datetime) -> None:
    for name, created in (("old", now - 8 * DAY), ("new", now - 6 * DAY)):
        Record.objects.create(created=created, host="a", name=name, message="")


def heartbeats(now: datetime) -> None:
    for name, beat in (("old", now - 25 * HOUR), ("new", now - 23 * HOUR)):
        Heartbeat.objects.create(process="web", host=name, pid=1, started=beat, beat=beat)


def journals(now: datetime) -> None:
    for name, updated in (("old", now - 91 * DAY), ("new", now - 89 * DAY)):
        Journal.objects.create(name=name, position=1, updated=updated)


def mails(now: datetime) -> None:
    for to, settled in (("old", now - 2 * DAY), ("new", now)):
        QueuedMail.objects.create(to=to, expires=now, settled=settled)


def test_outages_are_kept_for_two_years(db: None, now: datetime) -> None:
    for ended in (now - 800 * DAY, now - 700 * DAY):
        Outage.objects.create(started=ended, ended=ended, excused_until=ended)
    assert sum(retention.outages(now)) == 1


@pytest.mark.parametrize(
    ("make", "task", "model", "column"),
    [
        (sessions, retention.sessions, Session, "session_key"),
        (login_tokens, retention.login_tokens, LoginToken, "digest"),
        (token_buckets, retention.token_buckets, TokenBucket, "value"),
        (log_records, retention.log_records, Record, "name"),
        (heartbeats, retention.heartbeats, Heartbeat, "host"),
        (journals, retention.journals, Journal, "name"),
        (mails, retention.mails, QueuedMail, "to"),
    ],
)
def test_the_old_goes_and_the_new_stays(
    make: Callable[[datetime], None],
    task: Callable[[datetime], Iterator[int]],
    model: type[Model],
    column: str,
    now: datetime,
    settings: Settings,
) -> None:
    settings.LOG_RETENTION_DAYS = 7
    make(now)
    assert sum(task(now)) == 1
    assert list(model._default_manager.values_list(column, flat=True)) == ["new"]


def test_rows_go_in_small_transactions(
    db: None, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "ROWS", 4)
    TokenBucket.objects.bulk_create(
        [TokenBucket(value=str(UUID(int=n)), updated=now - 2 * DAY) for n in range(10)]
    )
    assert list(retention.token_buckets(now)) == [4, 4, 2]
    assert list(retention.token_buckets(now)) == []


def test_a_failure_is_part_of_the_log_like_any_other_ping(check: Check, now: datetime) -> None:
    events = [ping_event(check.code, now + seconds(n), kind) for n, kind in enumerate(Kind)]
    record(events * 3, now)
    assert prune(now) == 5
    assert len(left(check)) == 10
