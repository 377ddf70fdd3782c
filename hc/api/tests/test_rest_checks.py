"""Checks by the API: pages, filters, conditions, many at once, and what it all costs.

What single requests are answered: tests/system/rows.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.db import connection
from django.test import Client
from pytest_django import Settings

from hc.accounts.models import Profile, Project, User
from hc.accounts.services.projects import create_project
from hc.api.models import Check, Flip
from hc.api.services import checks
from hc.api.tests.scripts import Script, queries_of
from hc.core.state import Kind
from hc.pings.writer import record
from tests.factories import make_check, make_cron_check, make_webhook, ping_event

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LIST = "checks/"

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def crowd(project: Project, now: datetime) -> list[Check]:
    """Twelve checks with different tags, names and states."""
    tags = itertools.cycle(["a", "a b", "b ab", ""])
    made = [make_check(project, name=f"n{n % 3}", tags=next(tags)) for n in range(12)]
    for check in made[:4]:
        record([ping_event(check.code, now - HOUR)], now)
    for check in made[4:7]:
        record([ping_event(check.code, now, Kind.FAIL)], now)
    record([ping_event(made[7].code, now - DAY - HOUR / 2)], now)
    record([ping_event(made[8].code, now - 2 * DAY)], now)
    checks.pause(made[9].code, now)
    return made


# --- Pages ---


FILTERS: list[dict[str, Any]] = [
    {},
    {"tag": "a"},
    {"tag": ["a", "b"]},
    {"tag": "none"},
    {"name": "n1"},
    {"status": "down"},
    {"status": ["up", "new"]},
    {"status": "grace", "tag": "ab"},
    {"tag": "b", "name": "n2", "fields": "uuid,name"},
]


@pytest.mark.usefixtures("crowd")
@pytest.mark.parametrize("wanted", FILTERS, ids=str)
@pytest.mark.parametrize("limit", [1, 2, 5, 12, 1000])
def test_all_pages_together_are_the_list(
    script: Script, wanted: dict[str, Any], limit: int
) -> None:
    everything = script.listed(LIST, "checks", **wanted)
    pages = script.pages(LIST, "checks", limit=limit, **wanted)
    assert [one for page in pages for one in page] == everything
    assert all(len(page) == limit for page in pages[:-1])


def test_a_check_that_was_removed_does_not_break_the_pages(
    script: Script, crowd: list[Check], now: datetime
) -> None:
    first = script.get(LIST, limit=4)
    checks.remove(crowd[3].code, now)
    link = first["Link"].split(">")[0].removeprefix("<http://testserver")
    second = script.client.get(link, headers={"X-Api-Key": script.key}).json()["checks"]
    assert [one["uuid"] for one in second] == [str(one.code) for one in crowd[4:8]]


def test_the_list_keeps_its_order(script: Script, crowd: list[Check], now: datetime) -> None:
    checks.change(crowd[0].code, {"name": "z"}, now)
    assert [one["uuid"] for one in script.listed(LIST, "checks")] == [str(c.code) for c in crowd]


@pytest.mark.parametrize("status", ["new", "up", "grace", "down", "paused"])
def test_the_filter_of_statuses_finds_what_shows_that_status(
    script: Script, crowd: list[Check], status: str
) -> None:
    everything = script.listed(LIST, "checks")
    wanted = [one for one in everything if one["status"] == status]
    assert wanted
    assert script.listed(LIST, "checks", status=status) == wanted


def test_others_checks_are_not_listed(script: Script, alice: User, bob: User) -> None:
    make_check(create_project("Second", alice), tags="a")
    make_check(create_project("Other", bob), tags="a")
    assert script.listed(LIST, "checks", tag="a") == []
    assert script.listed(LIST, "checks") == []


# --- Fields ---


def test_fields_choose_what_is_told(script: Script, check: Check, now: datetime) -> None:
    record([ping_event(check.code, now, Kind.FAIL)], now)
    wanted = "deadline,name,last_fail,last_success"
    assert script.listed(LIST, "checks", fields=wanted) == [
        {
            "deadline": None,
            "name": "Backup",
            "last_fail": "2026-06-15T12:00:00+00:00",
            "last_success": None,
        }
    ]


def test_a_read_only_key_cannot_ask_for_addresses(reader: Script, check: Check) -> None:
    found = reader.listed(LIST, "checks", fields="name,uuid,ping_url,channels,unique_key")
    assert found == [{"name": "Backup", "unique_key": check.unique_key}]


def test_the_extra_fields_are_not_told_unless_they_are_asked_for(
    script: Script, check: Check
) -> None:
    assert not {"deadline", "last_fail"} & set(script.listed(LIST, "checks")[0])


# --- Conditions ---


def test_a_list_that_is_known_is_not_sent_again(
    script: Script, reader: Script, check: Check, now: datetime
) -> None:
    first = script.get(LIST)
    known = {"If-None-Match": first["ETag"]}
    again = script.get(LIST, headers=known)
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert again["Cache-Control"] == "private, no-cache"
    assert again["Access-Control-Allow-Origin"] == "*"
    # Another view of the same checks is another answer.
    assert reader.get(LIST, headers=known).status_code == 200
    assert Script(script.client, script.key, 1).get(LIST, headers=known).status_code == 200
    record([ping_event(check.code, now)], now)
    assert script.get(LIST, headers=known).status_code == 200


def test_the_clock_alone_makes_a_list_new(
    script: Script, check: Check, now: datetime, clock: time_machine.Traveller
) -> None:
    record([ping_event(check.code, now)], now)
    known = {"If-None-Match": script.get(LIST)["ETag"]}
    clock.move_to(now + DAY - timedelta(seconds=1))
    assert script.get(LIST, headers=known).status_code == 304
    clock.move_to(now + DAY)
    late = script.get(LIST, headers=known)
    assert late.json()["checks"][0]["status"] == "grace"


# --- Limits ---


def test_a_key_is_limited_to_its_rate(
    script: Script,
    reader: Script,
    settings: Settings,
    now: datetime,
    clock: time_machine.Traveller,
) -> None:
    settings.API_RATE_LIMIT = 6
    answers = [script.get(LIST) for _ in range(7)]
    assert [one.status_code for one in answers] == [200] * 6 + [429]
    assert answers[6].json()["error"] == "too many requests"
    assert answers[6]["Access-Control-Allow-Origin"] == "*"
    assert "Retry-After" in answers[6]["Access-Control-Expose-Headers"]
    assert reader.get(LIST).status_code == 200
    clock.move_to(now + timedelta(seconds=int(answers[6]["Retry-After"])))
    assert [script.get(LIST).status_code for _ in range(2)] == [200, 429]


def test_usually_there_is_no_rate(script: Script) -> None:
    assert {script.get(LIST).status_code for _ in range(30)} == {200}


def test_the_refusal_of_a_check_too_many_says_so(script: Script, project: Project) -> None:
    Profile.objects.filter(user=project.owner).update(check_limit=0)
    response = script.post(LIST, {"name": "x"})
    assert (response.status_code, response.json()["error"]) == (403, "check limit reached")
    assert not Check.objects.filter(name="x").exists()


# --- Many at once ---


def test_many_are_paused_resumed_and_deleted(script: Script, project: Project) -> None:
    made = [make_check(project, tags="old x") for _ in range(3)] + [make_check(project, tags="x")]
    codes = [str(check.code) for check in made]
    for action, number in (("pause", 3), ("pause", 0), ("resume", 3), ("resume", 0)):
        answer = script.post("checks/bulk", {"action": action, "tags": ["old"]}).json()
        assert (answer["matched"], len(answer["changed"])) == (3, number)
    flips = Flip.objects.order_by("pk").values_list("new_status", flat=True)
    assert list(flips) == ["paused"] * 3 + ["new"] * 3
    answer = script.post("checks/bulk", {"action": "delete", "ids": codes[1:]}).json()
    assert (answer["matched"], sorted(answer["changed"])) == (3, sorted(codes[1:]))
    assert [str(one.code) for one in Check.objects.filter(project=project)] == codes[:1]


@pytest.mark.parametrize("action", ["pause", "resume", "delete"])
def test_all_or_none_are_changed(
    script: Script, project: Project, bob: User, now: datetime, action: str
) -> None:
    mine = make_check(project)
    if action == "resume":
        checks.pause(mine.code, now)
    before = list(Check.objects.order_by("pk").values())
    foreign = make_check(create_project("Other", bob))
    for unknown in (foreign.code, uuid4()):
        body = {"action": action, "ids": [str(mine.code), str(unknown)]}
        response = script.post("checks/bulk", body)
        assert response.status_code == 404
        assert str(unknown) in response.json()["detail"]
    assert list(Check.objects.exclude(pk=foreign.pk).order_by("pk").values()) == before


def test_many_of_another_project_are_out_of_reach_by_tags(script: Script, bob: User) -> None:
    make_check(create_project("Other", bob), tags="a")
    answer = script.post("checks/bulk", {"action": "delete", "tags": ["a"]}).json()
    assert answer == {"matched": 0, "changed": []}


# --- Races ---


def _at_once(work: Callable[[int], Any], number: int) -> list[Any]:
    def done(n: int) -> Any:
        try:
            return work(n)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        return list(pool.map(done, range(number)))


@pytest.mark.django_db(transaction=True)
def test_parallel_upserts_make_one_check(project: Project, now: datetime) -> None:
    def upsert(number: int) -> bool:
        columns = {"name": "uq", "desc": str(number)}
        return checks.upsert(project, columns, now, unique={"name": "uq"})[1]

    assert _at_once(upsert, 12).count(True) == 1
    assert Check.objects.filter(name="uq").count() == 1


@pytest.mark.django_db(transaction=True)
def test_parallel_removals_succeed_once(script: Script, project: Project, check: Check) -> None:
    def remove(_: int) -> int:
        status: int = Script(Client(), script.key).delete(f"checks/{check.code}").status_code
        return status

    assert sorted(_at_once(remove, 6)) == [200] + [404] * 5


@pytest.mark.django_db(transaction=True)
def test_a_pause_for_many_and_pings_at_once_do_not_break_each_other(
    project: Project, now: datetime
) -> None:
    made = [make_check(project) for _ in range(4)]
    mine = Check.objects.filter(project=project)

    def work(number: int) -> None:
        if number % 3 == 0:
            checks.pause_all(mine, now)
        elif number % 3 == 1:
            checks.resume_all(mine, now)
        else:
            record([ping_event(one.code, now) for one in reversed(made)], now)

    _at_once(work, 18)
    assert set(mine.values_list("n_pings", flat=True)) == {6}


def test_texts_are_compared_to_the_last_space(project: Project, now: datetime) -> None:
    """MySQL would take them for the same."""
    one, _ = checks.upsert(project, {"name": "a"}, now, unique={"name": "a"})
    two, is_new = checks.upsert(project, {"name": "a "}, now, unique={"name": "a "})
    assert is_new
    assert checks.upsert(project, {}, now, unique={"name": "a"})[0] == one
    assert checks.upsert(project, {}, now, unique={"name": "a "})[0] == two
    found = Check.objects.filter(project=project).exactly(name="a ", timeout=DAY)
    assert list(found) == [two]


# --- Over the limits of bodies ---


@pytest.mark.parametrize("size", [2_621_440, 2_621_441])
def test_bodies_have_a_limit(script: Script, size: int) -> None:
    body = b'{"name": "x"}'.ljust(size)
    response = script.post(LIST, body)
    assert response.status_code == (201 if size == 2_621_440 else 400)


# --- Costs ---


@pytest.mark.parametrize("path", ["checks/", "checks/?tag=t", "checks/?status=up&limit=100"])
def test_queries_do_not_grow_with_the_checks(
    script: Script,
    project: Project,
    path: str,
) -> None:
    script.get(path)
    numbers = []
    for number in (1, 10, 150):
        for _ in range(number):
            make_cron_check(project, "*/5 * * * *", tags="t u")
        make_webhook(project)
        numbers.append(len(queries_of(lambda: script.get(path))))
    assert numbers[0] <= 9
    assert numbers[0] == numbers[1] == numbers[2]


def test_queries_of_many_do_not_grow_with_them(script: Script, project: Project) -> None:
    """But for the audit log of each; and MySQL tells the keys of single flips only."""
    script.get(LIST)
    numbers = []
    for number in (2, 20):
        codes = [str(make_check(project).code) for _ in range(number)]
        body = {"action": "pause", "ids": codes}
        given = queries_of(lambda: script.post("checks/bulk", body))  # noqa: B023 - called at once
        numbers.append(sum("INSERT" not in sql for sql in given))
    assert numbers[0] == numbers[1]
