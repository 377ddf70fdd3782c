"""Pings and flips by the API: pages, run times, bodies, and what it all costs."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from pytest_django import Settings

from hc.accounts.models import Profile
from hc.api.models import Check, Flip, Ping
from hc.api.tests.scripts import Script, queries_of
from hc.core.state import Kind
from hc.pings.writer import record
from tests.factories import ping_event

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def pings(check: Check) -> str:
    return f"checks/{check.code}/pings/"


@pytest.fixture
def flips(check: Check) -> str:
    return f"checks/{check.code}/flips/"


def _run(check: Check, now: datetime, number: int, took: timedelta = SECOND) -> None:
    """So many runs of that length, one a minute, up to `now`."""
    for n in range(number, 0, -1):
        start = now - n * timedelta(minutes=1)
        record([ping_event(check.code, start, Kind.START)], now)
        record([ping_event(check.code, start + took, body=b"hello")], now)


@pytest.mark.parametrize("limit", [1, 3, 20, 1000])
def test_all_pages_of_pings_together_are_the_list(
    script: Script, check: Check, pings: str, now: datetime, limit: int
) -> None:
    _run(check, now, 10)
    everything = script.listed(pings, "pings")
    pages = script.pages(pings, "pings", limit=limit)
    assert len(everything) == 20
    # Also run times, whose starts stand on other pages.
    assert [one for page in pages for one in page] == everything
    assert all(one["duration"] == 1.0 for one in everything if one["type"] == "success")


@pytest.mark.parametrize("limit", [1, 2, 6])
def test_all_pages_of_flips_together_are_the_list(
    script: Script, check: Check, flips: str, now: datetime, limit: int
) -> None:
    for n in range(6):
        kind = Kind.FAIL if n % 2 else Kind.SUCCESS
        record([ping_event(check.code, now + n * SECOND, kind)], now)
    fields = "timestamp,status,old_status,up,reason"
    everything = script.listed(flips, "flips", fields=fields)
    assert [one["up"] for one in everything] == [0, 1] * 3
    pages = script.pages(flips, "flips", fields=fields, limit=limit)
    assert [one for page in pages for one in page] == everything


def test_the_old_versions_know_no_pages(
    script: Script, check: Check, pings: str, now: datetime
) -> None:
    _run(check, now, 2)
    script.version = 2
    assert len(script.listed(pings, "pings", limit=1, fields="n")) == 4


def test_pings_beyond_the_limit_of_the_account_are_not_shown(
    script: Script, check: Check, pings: str, now: datetime
) -> None:
    Profile.objects.filter(user=check.project.owner).update(ping_log_limit=3)
    _run(check, now, 3)
    assert [one["n"] for one in script.listed(pings, "pings")] == [6, 5, 4]
    assert [p[0]["n"] for p in script.pages(pings, "pings", limit=1)] == [6, 5, 4]
    assert script.get(f"{pings}4/body").content == b"hello"
    assert script.get(f"{pings}2/body").status_code == 404


def test_run_times_go_by_the_ids_of_runs(
    script: Script, check: Check, pings: str, now: datetime
) -> None:
    """Source: worked examples 23 and 24."""
    one, two = uuid4(), uuid4()
    for n, (kind, rid) in enumerate(
        [(Kind.START, one), (Kind.START, two), (Kind.SUCCESS, one), (Kind.SUCCESS, two)]
    ):
        record([ping_event(check.code, now + n * SECOND, kind, rid)], now)
    found = script.listed(pings, "pings", fields="rid,duration")
    assert found[:2] == [
        {"rid": str(two), "duration": 2.0},
        {"rid": str(one), "duration": 2.0},
    ]


def test_run_times_survive_many_pings_without_starts(
    script: Script, check: Check, pings: str, now: datetime
) -> None:
    record([ping_event(check.code, now, Kind.START)], now)
    record([ping_event(check.code, now + SECOND * n, Kind.LOG) for n in range(1, 40)], now)
    record([ping_event(check.code, now + 40 * SECOND)], now)
    assert script.listed(pings, "pings", limit=1)[0]["duration"] == 40.0


def test_a_body_is_told_byte_by_byte(
    script: Script, check: Check, pings: str, now: datetime
) -> None:
    body = bytes(range(256))
    record([ping_event(check.code, now, body=body)], now)
    response = script.get(f"{pings}1/body")
    assert (response.content, response["Content-Type"]) == (body, "text/plain")


def test_a_storage_that_is_away_is_503(
    script: Script, check: Check, pings: str, now: datetime, settings: Settings
) -> None:
    record([ping_event(check.code, now)], now)
    Ping.objects.update(body_raw=None, object_size=1000)
    settings.S3_BUCKET = "bucket"
    settings.S3_ENDPOINT = "127.0.0.1:1"
    settings.S3_ACCESS_KEY = settings.S3_SECRET_KEY = "x"
    settings.S3_SECURE = False
    response = script.get(f"{pings}1/body")
    assert (response.status_code, response.json()["error"]) == (503, "body cannot be read")
    assert int(response["Retry-After"]) > 0


def test_read_only_keys_read_flips_by_the_unique_key(
    reader: Script, check: Check, now: datetime
) -> None:
    record([ping_event(check.code, now)], now)
    found = reader.listed(f"checks/{check.unique_key}/flips/", "flips")
    assert found == [{"timestamp": "2026-06-15T12:00:00+00:00", "up": 1}]


def test_the_filters_of_flips_hold_together(
    script: Script, check: Check, flips: str, now: datetime
) -> None:
    for hours in range(5):
        Flip.objects.create(
            owner=check, created=now - hours * HOUR, old_status="down", new_status="up"
        )
    start, end = int((now - 3 * HOUR).timestamp()), int((now - HOUR).timestamp())
    assert len(script.listed(flips, "flips", start=start)) == 4
    assert len(script.listed(flips, "flips", start=start, end=end)) == 2
    assert len(script.listed(flips, "flips", seconds=7200)) == 3
    assert len(script.listed(flips, "flips", seconds=7200, start=start, end=end)) == 1
    pages = script.pages(flips, "flips", seconds=7200, limit=2)
    assert [len(page) for page in pages] == [2, 1]


@pytest.mark.parametrize("name", ["pings", "flips"])
def test_queries_do_not_grow_with_the_log(
    script: Script,
    check: Check,
    name: str,
    now: datetime,
) -> None:
    path = f"checks/{check.code}/{name}/"
    script.get(path)
    numbers = []
    for number in (1, 15):
        for n in range(number):
            record([ping_event(check.code, now, Kind.FAIL if n % 2 else Kind.SUCCESS)], now)
        numbers.append(len(queries_of(lambda: script.get(path))))
    assert numbers[0] <= 8
    assert numbers[0] == numbers[1]
