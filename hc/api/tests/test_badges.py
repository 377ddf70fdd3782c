"""Badges through the door: what anybody sees who has the address."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import unquote
from uuid import uuid4
from xml.etree import ElementTree as ET

import pytest
import time_machine
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from hc.accounts.models import Project
from hc.api.badge_urls import badge_urls, check_badge_urls, quoted
from hc.api.models import Check
from hc.core.state import Kind, Shown
from hc.lib import badge_signatures
from hc.pings.writer import record
from tests.factories import make_check, ping_event

HOUR = timedelta(hours=1)
LATE = timedelta(days=1, minutes=5)  # within the hour of grace
KEY = "42e36043-243c-41dc-b574-4b3333e35f32"
UP = {"status": "up", "total": 1, "grace": 0, "down": 0}
ALLOWED = "GET, HEAD, OPTIONS"


@pytest.fixture(autouse=True)
def clock(now: datetime) -> object:
    with time_machine.travel(now, tick=False) as traveller:
        yield traveller


def at(url: str) -> str:
    """The path of an address; the test client decodes it once, as a server does."""
    return url.removeprefix("http://testserver")


def counts(client: Client, url: str) -> dict[str, object]:
    response = client.get(at(url))
    assert response.status_code == 200
    found: dict[str, object] = response.json()
    return found


def make_late(check: Check, now: datetime) -> None:
    record([ping_event(check.code, now - LATE)], now - LATE)


# --- States ---


def test_a_late_check_is_late_in_the_third_state_only(
    client: Client, check: Check, project: Project, now: datetime
) -> None:
    make_late(check, now)
    Check.objects.update(tags="gr")
    urls = badge_urls(project, "gr")
    late = {"total": 1, "grace": 1, "down": 0}
    assert counts(client, urls["json"]) == {"status": "up"} | late
    assert counts(client, urls["json3"]) == {"status": "late"} | late
    assert client.get(at(urls["shields3"])).json() == {
        "schemaVersion": 1,
        "label": "gr",
        "message": "late",
        "color": "important",
    }
    assert counts(client, check_badge_urls(check)["json"])["status"] == "up"
    assert counts(client, check_badge_urls(check)["json3"])["status"] == "late"


def test_the_whole_project_is_as_its_worst_check(
    client: Client, project: Project, now: datetime
) -> None:
    url = badge_urls(project)["json3"]
    assert counts(client, url) == UP | {"total": 0}
    make_check(project)
    paused = make_check(project)
    Check.objects.filter(pk=paused.pk).update(status="paused")
    assert counts(client, url) == UP | {"total": 2}
    make_late(make_check(project), now)
    assert counts(client, url) == {"status": "late", "total": 3, "grace": 1, "down": 0}
    record([ping_event(make_check(project).code, now, Kind.FAIL)], now)
    assert counts(client, url) == {"status": "down", "total": 4, "grace": 1, "down": 1}
    shields = client.get(at(badge_urls(project)["shields"])).json()
    assert (shields["message"], shields["color"]) == ("down", "critical")


DAY = timedelta(days=1)


@pytest.mark.parametrize("status", ["new", "up", "down", "paused"])
@pytest.mark.parametrize("due", [None, -DAY, timedelta(0), DAY])
@pytest.mark.parametrize("alert_after", [None, -DAY, timedelta(0), DAY])
def test_the_database_counts_by_the_rule_of_the_pages(
    client: Client,
    check: Check,
    now: datetime,
    status: str,
    due: timedelta | None,
    alert_after: timedelta | None,
) -> None:
    Check.objects.update(
        status=status,
        due=None if due is None else now + due,
        alert_after=None if alert_after is None else now + alert_after,
    )
    check.refresh_from_db()
    shown = check.shown_status(now)
    expected = {"total": 1, "grace": int(shown is Shown.GRACE), "down": int(shown is Shown.DOWN)}
    word = {Shown.DOWN: "down", Shown.GRACE: "late"}.get(shown, "up")
    assert counts(client, check_badge_urls(check)["json3"]) == {"status": word} | expected


# --- Tags ---


def test_only_the_exact_tag_counts(client: Client, project: Project, now: datetime) -> None:
    tags = ["prod", "prod db", "db  prod web", "production", "PROD", "pro", "", "preprod"]
    made = [make_check(project, tags=text) for text in tags]
    record(
        [ping_event(made[1].code, now, Kind.FAIL), ping_event(made[3].code, now, Kind.FAIL)], now
    )
    found = counts(client, badge_urls(project, "prod")["json"])
    assert found == {"status": "down", "total": 3, "grace": 0, "down": 1}


def test_patterns_of_databases_are_no_patterns_here(client: Client, project: Project) -> None:
    for text in ("a%b", "a_b", "axb", "a\\b"):
        make_check(project, tags=text)
    for tag in ("a%b", "a_b", "a\\b"):
        assert counts(client, badge_urls(project, tag)["json"])["total"] == 1


def test_a_tag_that_nobody_uses_is_up(client: Client, check: Check, project: Project) -> None:
    assert counts(client, badge_urls(project, "nobody")["json"]) == UP | {"total": 0}


def test_tags_of_other_projects_do_not_count(
    client: Client, project: Project, alice: object
) -> None:
    other = Project.objects.exclude(pk=project.pk).get()
    make_check(other, tags="prod")
    make_check(project, tags="prod")
    assert counts(client, badge_urls(project, "prod")["json"])["total"] == 1
    assert counts(client, badge_urls(project)["json"])["total"] == 1


def test_what_is_gone_is_not_up(client: Client, check: Check, project: Project) -> None:
    paths = [at(url) for tag in ("*", "prod") for url in badge_urls(project, tag).values()]
    paths += [at(url) for url in check_badge_urls(check).values()]
    assert {client.get(path).status_code for path in paths} == {200}
    project.delete()
    assert {client.get(path).status_code for path in paths} == {404}


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("db@dc1", "db%2540dc1"),
        ("a/b", "a%252Fb"),
        ("š", "%25C5%25A1"),
        ("A-Za_z0.9~", "A-Za_z0.9~"),
        ("50%", "50%2525"),
        ("%2F", "%25252F"),
        ("数据", "%25E6%2595%25B0%25E6%258D%25AE"),
    ],
)
def test_tags_are_quoted_twice(client: Client, project: Project, tag: str, expected: str) -> None:
    make_check(project, tags=f"other {tag}")
    assert quoted(tag) == expected
    url = badge_urls(project, tag)["json"]
    assert url.endswith(f"-2/{expected}.json")
    assert counts(client, url)["total"] == 1


def test_word_characters_may_stand_there_unquoted(client: Client, project: Project) -> None:
    for tag in ("š", "v1.2", "数据"):
        make_check(project, tags=tag)
        signature = badge_signatures.sign(project.badge_key, tag)
        assert counts(client, f"/badge/{project.badge_key}/{signature}/{tag}.json")["total"] == 1


@pytest.mark.parametrize("tag", ["db%40dc1", "a%2Fb"])
def test_tags_that_are_quoted_once_are_not_found(
    client: Client, project: Project, tag: str
) -> None:
    signature = badge_signatures.sign(project.badge_key, unquote(tag))
    url = f"/badge/{project.badge_key}/{signature}/{tag}.json"
    assert client.get(url).status_code == 404


@pytest.mark.parametrize("tag", ["%2500", "%00", "a%2500b", "%25FF", "%FF", "%25ED%25A0%2580"])
def test_tags_that_are_no_text_are_not_found(client: Client, project: Project, tag: str) -> None:
    signature = badge_signatures.sign(project.badge_key, unquote(unquote(tag)))
    response = client.get(f"/badge/{project.badge_key}/{signature}/{tag}.svg")
    assert response.status_code == 404


def test_a_tag_of_nothing_but_a_star_is_the_project(client: Client, check: Check) -> None:
    key, signature = check.project.badge_key, badge_signatures.sign(check.project.badge_key, "*")
    assert counts(client, f"/badge/{key}/{signature}/%252A.json")["total"] == 1


# --- Signatures ---


@pytest.mark.parametrize(
    ("tag", "signature"), [("foo", "RH1B7-_n"), ("db@dc1", "c5L3iVBR"), ("*", "Hfnl30aE")]
)
def test_signatures_are_those_of_existing_pages(
    settings: Settings, tag: str, signature: str
) -> None:
    settings.SECRET_KEY = "x"
    assert badge_signatures.sign(KEY, tag) == signature
    settings.SECRET_KEY = "new"
    assert not badge_signatures.is_valid(KEY, tag, signature)
    settings.SECRET_KEY_FALLBACKS = ["y", "x"]
    assert badge_signatures.is_valid(KEY, tag, signature)


@pytest.mark.parametrize("wrong", ["{}x", "{}-3", "{}-", "{}-2-2", "{}-2x", "x{}", "AAAAAAAA", ""])
def test_other_signatures_are_refused(client: Client, check: Check, wrong: str) -> None:
    key = check.project.badge_key
    for tag, rest in (("prod", "/prod.svg"), ("*", ".svg")):
        signature = badge_signatures.sign(key, tag)
        assert client.get(f"/badge/{key}/{signature}{rest}").status_code == 200
        response = client.get(f"/badge/{key}/{wrong.format(signature)}{rest}")
        assert (response.status_code, response.content) == (404, b"")


def test_a_signature_is_good_for_one_tag_of_one_project(client: Client, check: Check) -> None:
    key = check.project.badge_key
    signature = badge_signatures.sign(key, "prod")
    assert client.get(f"/badge/{key}/{signature}/test.svg").status_code == 404
    assert client.get(f"/badge/{key}/{signature}.svg").status_code == 404
    assert client.get(f"/badge/{uuid4()}/{signature}/prod.svg").status_code == 404


# --- Labels ---


def label_of(client: Client, urls: dict[str, str]) -> str:
    picture = ET.fromstring(client.get(at(urls["svg"])).content)  # noqa: S314 - our own
    shown = picture.find(".//{http://www.w3.org/2000/svg}text")
    assert shown is not None
    label: str = client.get(at(urls["shields"])).json()["label"]
    assert shown.text == label
    return label


def test_labels(client: Client, check: Check, project: Project, settings: Settings) -> None:
    settings.MASTER_BADGE_LABEL = "All & sundry"
    assert label_of(client, badge_urls(project)) == "All & sundry"
    assert label_of(client, badge_urls(project, "db@dc1")) == "db@dc1"
    assert label_of(client, check_badge_urls(check)) == "Backup"


def test_an_unnamed_check_keeps_its_secret(client: Client, check: Check) -> None:
    Check.objects.update(name=" ", slug="the-slug")
    assert label_of(client, check_badge_urls(check)) == "the-slug"
    Check.objects.update(name="", slug="")
    assert label_of(client, check_badge_urls(check)) == "check"
    for url in check_badge_urls(check).values():
        response = client.get(at(url))
        told = str(response.headers) + response.content.decode()
        assert str(check.code) not in told
        assert check.code.hex not in told


# --- The way badges are asked for ---


def every_url(check: Check) -> list[str]:
    urls = [*badge_urls(check.project).values(), *badge_urls(check.project, "a/b").values()]
    return [at(url) for url in [*urls, *check_badge_urls(check).values()]]


def test_addresses(project: Project, settings: Settings) -> None:
    settings.SITE_ROOT = "https://example.org/sub"
    signature = badge_signatures.sign(project.badge_key, "foo")
    start = f"https://example.org/sub/badge/{project.badge_key}/{signature}"
    assert badge_urls(project, "foo") == {
        "svg": f"{start}-2/foo.svg",
        "svg3": f"{start}/foo.svg",
        "json": f"{start}-2/foo.json",
        "json3": f"{start}/foo.json",
        "shields": f"{start}-2/foo.shields",
        "shields3": f"{start}/foo.shields",
    }


def test_one_query_however_many_checks_and_no_session(
    as_alice: Client, check: Check, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    make_check(check.project, tags="a/b")
    for _ in range(2):
        for url in every_url(check):
            with django_assert_num_queries(1):
                response = as_alice.get(url)
            assert "Cookie" not in response.get("Vary", "")
        for number in range(20):
            make_check(check.project, tags=f"a/b t{number}")


def test_refused_without_a_query(
    client: Client, check: Check, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    key = check.project.badge_key
    with django_assert_num_queries(0):
        client.get(f"/badge/{key}/AAAAAAAA/prod.svg")
        client.get(f"/badge/{key}/AAAAAAAA.svg")
        client.get(f"/b/2/{check.badge_key}.png")
        client.options(f"/b/2/{check.badge_key}.svg")
        client.post(f"/b/2/{check.badge_key}.svg")


def test_types_and_headers(client: Client, check: Check) -> None:
    types = {"svg": "image/svg+xml", "json": "application/json", "shields": "application/json"}
    for url in every_url(check):
        response = client.get(url)
        assert response.status_code == 200
        assert response["Content-Type"] == types[url.rpartition(".")[2]]
        assert response["Cache-Control"] == "max-age=0, no-cache, must-revalidate"
        assert response["Content-Security-Policy"].startswith("default-src 'none';")
        assert "style" not in response["Content-Security-Policy"]


def assert_cors(headers: Mapping[str, str]) -> None:
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["Access-Control-Allow-Headers"] == "X-Api-Key, Content-Type"
    assert headers["Access-Control-Allow-Methods"] == ALLOWED
    assert headers["Access-Control-Max-Age"] == "600"


MISSING = [
    "/badge",
    "/b/",
    "/badge/x",
    "/badge/x/y/z/a.svg",
    f"/badge/{KEY}/AAAAAAAA.svg",
    f"/badge/{KEY}/AAAAAAAA/prod.svg",
    f"/badge/{KEY}/AAAAAAAA/prod.png",
    f"/b/2/{KEY}.svg",
    f"/b/2/{KEY}.svg/",
    f"/b/2/{KEY}",
    f"/b/x/{KEY}.svg",
    f"/b/{'9' * 5000}/{KEY}.svg",
    "/b/2/x.svg",
]


@pytest.mark.parametrize("url", MISSING)
def test_whatever_is_not_there_says_so_to_other_origins(client: Client, db: None, url: str) -> None:
    response = client.get(url)
    assert (response.status_code, response.content) == (404, b"")
    assert_cors(response.headers)


def test_an_unknown_format_is_not_found(client: Client, check: Check) -> None:
    for url in every_url(check):
        for fmt in ("png", "SVG", "svg3", "json.svgx"):
            assert client.get(f"{url.rpartition('.')[0]}.{fmt}").status_code == 404


@pytest.mark.parametrize("states", ["0", "1", "2", "4", "33", "3", "03"])
def test_three_states_are_asked_for_by_a_three(
    client: Client, check: Check, now: datetime, states: str
) -> None:
    make_late(check, now)
    found = counts(client, f"/b/{states}/{check.badge_key}.json")
    assert found["status"] == ("late" if int(states) == 3 else "up")


def test_methods(check: Check) -> None:
    client = Client(enforce_csrf_checks=True)
    for url in [*every_url(check), *MISSING]:
        preflight = client.options(url)
        assert (preflight.status_code, preflight.content) == (204, b"")
        assert_cors(preflight.headers)
        for method in ("POST", "PUT", "PATCH", "DELETE", "FOO"):
            refused = client.generic(method, url)
            assert (refused.status_code, refused.content) == (405, b"")
            assert refused["Allow"] == ALLOWED
            assert_cors(refused.headers)


def test_head_is_get_without_the_body(client: Client, check: Check) -> None:
    for url in every_url(check):
        got, head = client.get(url), client.head(url)
        assert (head.status_code, head.content) == (200, b"")
        same = ("Content-Type", "Content-Length", "ETag", "Cache-Control")
        assert [head[name] for name in same] == [got[name] for name in same]


def test_who_knows_the_badge_is_told_that_it_is_the_same(
    client: Client, check: Check, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    make_check(check.project, tags="a/b")
    for url in every_url(check):
        tag = client.get(url)["ETag"]
        assert tag.startswith('W/"')
        for condition in (tag, tag.removeprefix("W/"), f'"a", {tag}, "b"', "*"):
            for ask in (client.get, client.head):
                with django_assert_num_queries(1):
                    response = ask(url, headers={"If-None-Match": condition})
                assert (response.status_code, response.content) == (304, b"")
                assert response["ETag"] == tag
                assert_cors(response.headers)
        other = client.get(url, headers={"If-None-Match": '"other"'})
        assert other.status_code == 200


def test_tags_of_versions_change_with_what_is_seen(
    client: Client, check: Check, now: datetime
) -> None:
    def seen() -> list[str]:
        return [client.get(url)["ETag"] for url in every_url(check)]

    def moved(before: list[str]) -> list[str]:
        pairs = zip(every_url(check), before, seen(), strict=True)
        return [url for url, old, new in pairs if old != new]

    Check.objects.update(tags="a/b")
    before = seen()
    assert moved(before) == []
    make_check(check.project, tags="a/b")
    of_project = every_url(check)[:12]
    assert moved(before) == [url for url in of_project if url.endswith(".json")]
    record([ping_event(check.code, now, Kind.FAIL)], now)
    assert moved(before) == every_url(check)
    Check.objects.filter(pk=check.pk).update(name="New name")
    renamed = seen()
    Check.objects.filter(pk=check.pk).update(name="Newer name")
    assert moved(renamed) == every_url(check)[12:]
