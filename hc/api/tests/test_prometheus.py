"""The page of figures for Prometheus: what it says, and whom it says it to."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import DjangoAssertNumQueries, Settings

from hc.accounts.models import ApiKey, Project, Scope, User
from hc.accounts.services import keys
from hc.accounts.services.projects import create_project
from hc.api.models import Check
from hc.core.state import Kind
from hc.lib.logging import MaskPaths
from hc.pings.writer import record
from tests.factories import make_check, make_cron_check, ping_event

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def key(project: Project) -> str:
    return keys.create_readonly_key(project)


def page(client: Client, project: Project, key: str) -> Any:
    return client.get(
        f"/projects/{project.code}/metrics/", headers={"Authorization": f"Bearer {key}"}
    )


def figures(client: Client, project: Project, key: str) -> dict[str, dict[str, float]]:
    """{metric: {name of the check, or the tag: value}}"""
    text = page(client, project, key).content.decode()
    return {
        family.name: {
            one.labels.get("name", one.labels.get("tag", "")): one.value for one in family.samples
        }
        for family in text_string_to_metric_families(text)
    }


def test_the_text_is_exactly_as_dashboards_know_it(
    client: Client, project: Project, key: str, now: datetime
) -> None:
    down = make_check(project, name="dn", tags="dn a")
    odd = make_check(project, name='a"b\\c\nd', tags="  a  ")
    record([ping_event(down.code, now - HOUR, Kind.FAIL)], now)
    response = page(client, project, key)
    assert response["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = [line for line in response.content.decode().split("\n") if "# HELP" not in line]
    dn = f'{{name="dn", tags="dn a", unique_key="{down.unique_key}"}}'
    other = rf'{{name="a\"b\\c\nd", tags="  a  ", unique_key="{odd.unique_key}"}}'
    expected = []
    for name, values in (("up", "01"), ("started", "00"), ("grace", "00"), ("paused", "00")):
        expected += [
            f"# TYPE hc_check_{name} gauge",
            f"hc_check_{name}{dn} {values[0]}",
            f"hc_check_{name}{other} {values[1]}",
            "",
        ]
    expected += [
        "# TYPE hc_tag_up gauge",
        'hc_tag_up{tag="a"} 0',
        'hc_tag_up{tag="dn"} 0',
        "",
        "# TYPE hc_checks_total gauge",
        "hc_checks_total 2",
        "",
        "# TYPE hc_checks_down_total gauge",
        "hc_checks_down_total 1",
        "",
        "# TYPE hc_check_last_ping_age_seconds gauge",
        f"hc_check_last_ping_age_seconds{dn} 3600",
        "",
        "# TYPE hc_check_last_duration_seconds gauge",
        "",
        "# TYPE hc_check_deadline_timestamp_seconds gauge",
        "",
    ]
    assert lines == expected


def test_each_status_has_its_figures(
    client: Client, project: Project, key: str, now: datetime
) -> None:
    pings = {"up": now - HOUR, "late": now - DAY - HOUR / 2, "overdue": now - 2 * DAY}
    for name, at in pings.items():
        record([ping_event(make_check(project, name=name).code, at)], at)
    make_check(project, name="new")
    Check.objects.filter(pk=make_check(project, name="paused").pk).update(status="paused")
    running = make_check(project, name="running")
    record([ping_event(running.code, now, Kind.START)], now)
    found = figures(client, project, key)
    names = {"up", "late", "overdue", "new", "paused", "running"}
    assert found["hc_check_up"] == {name: float(name != "overdue") for name in names}
    assert found["hc_check_grace"] == {name: float(name == "late") for name in names}
    assert found["hc_check_paused"] == {name: float(name == "paused") for name in names}
    assert found["hc_check_started"] == {name: float(name == "running") for name in names}
    assert found["hc_checks_down_total"] == {"": 1}
    deadlines = found["hc_check_deadline_timestamp_seconds"]
    assert set(deadlines) == {"up", "late", "overdue", "running"}
    assert deadlines["up"] == (now - HOUR + DAY + HOUR).timestamp()


def test_times_of_the_last_run(client: Client, project: Project, key: str, now: datetime) -> None:
    check = make_check(project, name="job")
    record([ping_event(check.code, now - HOUR, Kind.START)], now)
    record([ping_event(check.code, now - HOUR + timedelta(seconds=0.25))], now)
    found = figures(client, project, key)
    assert found["hc_check_last_duration_seconds"] == {"job": 0.25}
    assert found["hc_check_last_ping_age_seconds"] == {"job": 3599.75}


def test_a_ping_from_a_faster_clock_is_not_younger_than_now(
    client: Client, project: Project, key: str, now: datetime
) -> None:
    check = make_check(project, name="job")
    record([ping_event(check.code, now + HOUR)], now)
    assert figures(client, project, key)["hc_check_last_ping_age_seconds"] == {"job": 0}


def test_an_empty_project_has_a_page(client: Client, project: Project, key: str) -> None:
    assert figures(client, project, key)["hc_checks_total"] == {"": 0}


def test_others_checks_are_not_told(
    client: Client, project: Project, key: str, alice: User, bob: User
) -> None:
    make_check(create_project("Second", alice), name="alice's")
    make_check(create_project("Other", bob), name="bob's")
    assert figures(client, project, key)["hc_check_up"] == {}


# --- Whom ---


def test_the_ways_in(client: Client, project: Project, key: str) -> None:
    root = f"/projects/{project.code}"
    for path in (f"{root}/metrics/{key}", f"{root}/checks/metrics/{key}"):
        assert client.get(path).status_code == 200
        assert client.head(path).status_code == 200
    assert page(client, project, key).status_code == 200
    response = client.get(f"{root}/metrics/")
    assert (response.status_code, response["WWW-Authenticate"]) == (401, "Bearer")
    assert response.content == b""
    assert not client.session.items()


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("", 401),
        ("bearer {key}", 401),
        ("Basic {key}", 401),
        ("Bearer", 401),
        ("Bearer ", 400),
        ("Bearer  {key}", 400),
        ("Bearer {key} ", 400),
        ("Bearer short", 400),
        ("Bearer " + "x" * 32, 403),
        ("Bearer " + "\u00e4" * 32, 403),
        ("Bearer " + "\0" * 32, 403),
    ],
)
def test_the_header_has_one_form(
    client: Client, project: Project, key: str, header: str, status: int
) -> None:
    headers = {"Authorization": header.format(key=key)}
    path = f"/projects/{project.code}/metrics/"
    response = client.get(path, headers=headers)
    assert (response.status_code, response.content) == (status, b"")


def test_only_read_only_keys_of_the_project_count(
    client: Client, project: Project, key: str, alice: User, bob: User, now: datetime
) -> None:
    other = create_project("Other", bob)
    wrong = [
        keys.create_api_key(project),
        keys.create_key(project, Scope.READWRITE)[1],
        keys.create_key(project, Scope.READONLY, expires=now - HOUR)[1],
        keys.create_key(alice, Scope.ACCOUNT)[1],
        keys.create_readonly_key(other),
        keys.create_readonly_key(create_project("Second", alice)),
    ]
    assert [page(client, project, one).status_code for one in wrong] == [403] * len(wrong)
    assert page(client, other, key).status_code == 403
    _, named = keys.create_key(project, Scope.READONLY, expires=now + HOUR)
    assert page(client, project, named).status_code == 200
    assert ApiKey.objects.filter(last_used=now, scope="ro", expires__gt=now).exists()


def test_the_page_can_be_switched_off(
    client: Client, project: Project, key: str, settings: Settings
) -> None:
    settings.PROMETHEUS_ENABLED = False
    assert page(client, project, key).status_code == 404
    assert client.get(f"/projects/{project.code}/metrics/").status_code == 404


def test_nothing_can_be_posted(client: Client, project: Project, key: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    response = strict.post(f"/projects/{project.code}/metrics/{key}")
    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD")


def test_the_rate_limit_counts(
    client: Client, project: Project, key: str, settings: Settings
) -> None:
    settings.API_RATE_LIMIT = 2
    statuses = [page(client, project, key).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]


def test_logs_do_not_show_keys(project: Project, key: str) -> None:
    """Django's own message about an error names the path."""
    path = f"/projects/{project.code}/metrics/{key}"
    record = logging.LogRecord("django.request", 40, "", 0, "Error: %s", (path,), None)
    MaskPaths().filter(record)
    assert key not in record.getMessage()


# --- What it costs ---


def test_queries_do_not_grow_with_the_checks(
    client: Client,
    project: Project,
    key: str,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    page(client, project, key)
    for number in (1, 10):
        for _ in range(number):
            make_cron_check(project, "*/5 * * * *", name=f"of {number}", tags="a b c")
        with django_assert_num_queries(3):
            assert page(client, project, key).status_code == 200
