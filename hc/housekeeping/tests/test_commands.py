from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from hc.accounts.models import Profile, User
from hc.accounts.services.accounts import create_account
from hc.api.models import Check, DailyRollup, Flip, Ping, TokenBucket
from hc.config import BASE_DIR
from hc.core.object_keys import object_key
from hc.housekeeping import chores
from hc.housekeeping.management.commands import housekeeping
from hc.lib import objects
from hc.pings.writer import record
from tests.factories import make_webhook, ping_event, seconds
from tests.receivers import free_port
from tests.storage import Bucket, answer, awkward_server

COMMANDS = (
    "housekeeping",
    "pruneflips",
    "prunenotifications",
    "pruneobjects",
    "prunepingsslow",
    "prunetokenbucket",
    "pruneusers",
)


def run(name: str, *arguments: str) -> str:
    """The last line of what a command says."""
    out = StringIO()
    call_command(name, *arguments, stdout=out)
    return out.getvalue().strip().rpartition("\n")[2]


def ping(check: Check, number: int, body: bytes = b"") -> None:
    now = timezone.now() - timedelta(hours=1)
    record([ping_event(check.code, now + seconds(n), body=body) for n in range(number)], now)


def successes() -> int:
    """The successes of all days: an hour ago may be yesterday, and the day since is a row too."""
    return sum(DailyRollup.objects.values_list("successes", flat=True))


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_says_what_it_is_for(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        call_command(name, "--help")
    assert stopped.value.code == 0
    assert "Deletes" in capsys.readouterr().out or name == "housekeeping"


def test_housekeeping_once_does_everything(check: Check, bucket: Bucket) -> None:
    Profile.objects.update(ping_log_limit=10)
    Check.objects.update(created=timezone.now() - timedelta(days=1))
    ping(check, 12, b"x" * 101)
    TokenBucket.objects.update(updated=timezone.now() - timedelta(days=2))
    said = run("housekeeping", "--once")
    for words in ("rollups 12", "days ", "pings 2", "bodies 10"):
        assert words in said
    assert Ping.objects.filter(body_raw=None).count() == len(bucket.listed()) == 10
    assert successes() == 12
    again = run("housekeeping", "--once")
    assert "pings" not in again
    assert "bodies" not in again


def test_housekeeping_says_when_there_is_nothing_to_do(db: None) -> None:
    assert run("housekeeping", "--once") == "Housekeeping is done: there was nothing to do."


def test_housekeeping_says_what_failed(check: Check, bucket: Bucket, settings: Settings) -> None:
    settings.S3_ENDPOINT = f"127.0.0.1:{free_port()}"
    ping(check, 1, b"x" * 101)
    with pytest.raises(CommandError, match="Failed, see the log: bodies"):
        run("housekeeping", "--once")
    assert successes() == 1


def test_housekeeping_gives_way_to_another_copy(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(housekeeping, "WAIT_SECONDS", 0.0)
    chores.take("other", timezone.now())
    with pytest.raises(CommandError, match="Another copy"):
        run("housekeeping", "--once")


def test_pings_and_stray_bodies(check: Check, bucket: Bucket, settings: Settings) -> None:
    Profile.objects.update(ping_log_limit=10)
    ping(check, 12)
    store = objects.configured()
    assert store is not None
    store.put(object_key(check.code, 1), b"left by a crash")
    assert run("prunepingsslow") == "Deleted 2 pings and 1 stray bodies."
    assert Ping.objects.count() == 10
    ping(check, 1)
    settings.S3_ENDPOINT = f"127.0.0.1:{free_port()}"
    with pytest.raises(CommandError, match="Deleted 1 pings, then object storage does not answer"):
        run("prunepingsslow")


def test_flips_and_messages(check: Check) -> None:
    channel = make_webhook(check.project)
    old = timezone.now() - timedelta(days=800)
    flip = Flip.objects.create(
        owner=check, created=old, processed=old, old_status="up", new_status="down"
    )
    channel.notification_set.create(created=old, state="sent", check_status="down")
    assert run("prunenotifications") == "Deleted 1 notifications."
    assert run("pruneflips") == "Deleted 1 flips."
    assert not Flip.objects.filter(pk=flip.pk).exists()


def test_token_buckets(db: None) -> None:
    TokenBucket.objects.create(value="x", updated=timezone.now() - timedelta(days=2))
    assert run("prunetokenbucket") == "Deleted 1 token buckets."


def test_users(alice: User) -> None:
    gone = create_account("gone@example.org")
    User.objects.filter(pk=gone.pk).update(date_joined=timezone.now() - timedelta(days=40))
    assert run("pruneusers") == "Deleted 1 accounts."
    assert list(User.objects.all()) == [alice]


def test_objects_of_checks_that_are_gone(check: Check, bucket: Bucket) -> None:
    store = objects.configured()
    assert store is not None
    gone = uuid4()
    for n in (1, 2, 3):
        store.put(object_key(gone, n), b"x")
    out = StringIO()
    call_command("pruneobjects", stdout=out)
    assert out.getvalue().splitlines() == [
        f"{gone}: 3",
        "Deleted 3 objects of 1 checks that are gone.",
    ]
    assert bucket.listed() == []


def test_objects_that_cannot_be_deleted_are_told(
    check: Check, bucket: Bucket, settings: Settings
) -> None:
    key = object_key(uuid4(), 1)
    folder = key.partition("/")[0]
    listed = "<ListBucketResult><Name>bodies</Name>{}</ListBucketResult>"
    answers = (
        listed.format(f"<CommonPrefixes><Prefix>{folder}/</Prefix></CommonPrefixes>"),
        listed.format(f"<Contents><Key>{key}</Key></Contents>"),
        f"<DeleteResult><Error><Key>{key}</Key><Code>AccessDenied</Code></Error></DeleteResult>",
    )
    with awkward_server(*[answer(200, text.encode()) for text in answers]) as endpoint:
        settings.S3_ENDPOINT = endpoint
        with pytest.raises(CommandError, match="Deleted 0 objects; 1 of 1 checks failed"):
            run("pruneobjects")


def no_checks(settings: Settings) -> None:
    Check.objects.all().delete()


def no_storage(settings: Settings) -> None:
    settings.S3_ENDPOINT = f"127.0.0.1:{free_port()}"


@pytest.mark.parametrize(
    ("prepare", "text"),
    [
        (no_checks, "not a single check in this database.*Nothing was deleted"),
        (no_storage, "The storage cannot be listed: object storage does not answer"),
    ],
)
def test_objects_stay_when_something_is_wrong(
    check: Check,
    bucket: Bucket,
    settings: Settings,
    prepare: Callable[[Settings], None],
    text: str,
) -> None:
    prepare(settings)
    with pytest.raises(CommandError, match=text):
        run("pruneobjects")


def test_objects_without_a_storage(db: None, settings: Settings) -> None:
    settings.S3_BUCKET = ""
    assert run("pruneobjects") == "Object storage is not configured (S3_BUCKET)."


@pytest.mark.slow
def test_an_error_is_told_in_a_line_and_ends_with_1(
    bucket: Bucket, tmp_path: object, s3_endpoint: str
) -> None:
    """As an operator sees it, over a new and empty database."""
    environment = {
        "ENV_FILE": "",
        "DATA_DIR": str(tmp_path),
        "S3_BUCKET": bucket.name,
        "S3_ENDPOINT": s3_endpoint,
        "S3_ACCESS_KEY": "test",
        "S3_SECRET_KEY": "test",
        "S3_SECURE": "False",
    }
    results = [
        subprocess.run(
            [sys.executable, "manage.py", *arguments],
            env=environment,
            cwd=BASE_DIR,
            capture_output=True,
            text=True,
            check=False,
        )
        for arguments in (["migrate", "-v0"], ["pruneobjects"], ["housekeeping", "--once"])
    ]
    assert [r.returncode for r in results] == [0, 1, 0], [r.stderr for r in results]
    assert "not a single check" in results[1].stderr
    assert "Traceback" not in results[1].stderr
