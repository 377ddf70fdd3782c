"""The documentation: its pages, their addresses, its search, the page about cron."""

from __future__ import annotations

import html
import re
from datetime import datetime

import pytest
import time_machine
from django.test import Client
from pytest_django import Settings

from hc.accounts.models import Project, Role, User
from hc.api.models import Check
from hc.front import doc_search, doc_texts, docs
from hc.front.cron_sheet import EXAMPLES
from tests.factories import make_check, make_member
from tests.queries import count_queries

SLUGS = [slug for _, slugs in docs.NAVIGATION for slug in slugs]
# Bookmarks and old mails lead to these; they stay. web-ui 11.1.
PROMISED = [
    "introduction",
    "configuring_checks",
    "configuring_notifications",
    "projects_teams",
    "badges",
    "http_api",
    "api",
    "slug_urls",
    "monitoring_cron_jobs",
    "monitoring_systemd_tasks",
    "signaling_failures",
    "measuring_script_run_time",
    "attaching_logs",
    "cloning_checks",
    "autoprovisioning",
    "configuring_prometheus",
    "reliability_tips",
    "bash",
    "arduino",
    "network_routers",
    "csharp",
    "email",
    "github_actions",
    "go",
    "javascript",
    "php",
    "powershell",
    "python",
    "ruby",
    "resources",
    "self_hosted",
    "self_hosted_configuration",
    "self_hosted_docker",
    "cron",
    "apiv1",
    "apiv2",
]


def text_of(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200, url
    return html.unescape(response.content.decode())


@pytest.mark.parametrize("slug", PROMISED)
def test_every_promised_page_is_there(client: Client, db: None, slug: str) -> None:
    text = text_of(client, f"/docs/{slug}/")
    assert text.count("<h1>") == 1
    left = re.findall(r"\{[A-Z_]+\}", text.partition("docs-prose")[2])
    assert [name for name in left if name != "{EXIT_STATUS}"] == []


def test_the_menu_names_every_page_once(client: Client, db: None) -> None:
    assert len(SLUGS) == len(set(SLUGS))
    assert set(SLUGS) | {"apiv1", "apiv2"} == set(PROMISED)
    assert set(doc_texts.pages()) | {"api", "cron"} == set(PROMISED)


def test_links_within_the_documentation_lead_somewhere(client: Client, db: None) -> None:
    for text in doc_texts.pages().values():
        for link in re.findall(r'href="(/[^"#]*)', text.html):
            assert client.get(link).status_code == 200, (text.slug, link)
        anchors = {section.anchor for section in text.sections}
        for anchor in re.findall(r'href="#([^"]*)', text.html):
            assert anchor in anchors or f'id="{anchor}"' in text.html


def test_the_beginning_is_the_introduction(client: Client, db: None) -> None:
    assert client.get("/docs/").headers["Location"] == "/docs/introduction/"


@pytest.mark.parametrize("path", ["/docs/nothing/", "/docs/Bash/", "/docs/a-b/", "/docs/../x/"])
def test_unknown_pages(client: Client, db: None, path: str) -> None:
    assert client.get(path).status_code == 404


def test_pages_under_a_prefix(settings: Settings) -> None:
    settings.URL_PREFIX = "sub/path"
    made = doc_texts.text("x", "# X\n\n[a](docs:bash#b) [c](site:tv/)\n").html
    assert 'href="/sub/path/docs/bash/#b"' in made
    assert 'href="/sub/path/tv/"' in made


def test_html_in_texts_is_text() -> None:
    made = doc_texts.text("x", "# X\n\n<b>no</b>\n\n```sh\n<script>\n```\n").html
    assert "<b>" not in made
    assert "<script>" not in made
    assert "&lt;script&gt;" in made


def test_headings_with_the_same_words_have_addresses_of_their_own() -> None:
    sections = doc_texts.text("x", "# X\n\n## A b\n\n## A b\n").sections
    assert [section.anchor for section in sections] == ["", "a-b", "a-b-2"]


def test_all_settings_are_listed(client: Client, db: None) -> None:
    text = text_of(client, "/docs/self_hosted_configuration/")
    for name in ("SITE_ROOT", "PING_BODY_LIMIT", "DB_PASSWORD"):
        assert f"<code>{name}</code>" in text


# --- One's own addresses ----------------------------------------------------------------------


def test_visitors_see_a_sample(client: Client, db: None) -> None:
    text = text_of(client, "/docs/bash/")
    assert docs.SAMPLE in text
    assert "samples" in text


def test_examples_show_a_check_of_ones_own(as_alice: Client, check: Check) -> None:
    assert str(check.code) not in text_of(as_alice, "/docs/bash/")
    response = as_alice.post("/docs/example/bash/", {"check": check.unique_key})
    assert response.headers["Location"] == "/docs/bash/"
    for slug in ("bash", "python", "email"):
        text = text_of(as_alice, f"/docs/{slug}/")
        assert str(check.code) in text
        assert docs.SAMPLE not in text
    as_alice.post("/docs/example/bash/", {"check": ""})
    assert docs.SAMPLE in text_of(as_alice, "/docs/bash/")


def test_those_who_may_only_look_are_offered_no_addresses(
    client: Client, check: Check, bob: User
) -> None:
    make_member(check.project, bob, Role.READONLY)
    client.force_login(bob)
    client.post("/docs/example/bash/", {"check": check.unique_key})
    text = text_of(client, "/docs/bash/")
    assert check.unique_key not in text
    assert str(check.code) not in text


def test_queries_do_not_grow(as_alice: Client, project: Project) -> None:
    make_check(project)
    few = count_queries(lambda: as_alice.get("/docs/bash/"))
    for _ in range(5):
        make_check(project)
    assert count_queries(lambda: as_alice.get("/docs/bash/")) == few


# --- Search -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "page"),
    [
        ("overlapping", "How long jobs take"),
        ("OVERLAPS", "How long jobs take"),
        ("X-Api-Key", "Copying checks"),
        ("max-age", ""),
        ("${EXIT_STATUS}", "systemd timers"),
        ("Zażółć", ""),
        ("grace times", "Checks and their schedules"),
        ("mikrotik", "Routers and other devices"),
        ("C#", "C#"),
        ("openapi", "API"),
        ("crontab fields", "Cron expressions"),
        ("  ", ""),
        ("qwxz", ""),
    ],
)
def test_search_finds(client: Client, db: None, query: str, page: str) -> None:
    response = client.get("/docs/search/", {"q": query}, headers={"HX-Request": "true"})
    assert response.status_code == 200
    text = response.content.decode()
    assert "<h1" not in text
    assert f"<strong>{page}</strong>" in text if page else "<strong>" not in text


def test_letters_of_all_languages_are_compared() -> None:
    assert doc_search.plain("Čau, ŌSAKA ß") == "cau, osaka ß"
    assert doc_search.find("réminders")
    assert doc_search.find("задача") == []


def test_what_was_searched_for_is_text(client: Client, db: None) -> None:
    text = client.get("/docs/search/", {"q": "<script>x</script> & ping"}).content.decode()
    assert "<script>x" not in text


def test_the_best_comes_first_and_words_are_marked() -> None:
    hits = doc_search.find("badges")
    assert hits[0].page == "Badges"
    assert "<mark>" in doc_search.find("vibrate crontab mailto"[8:])[0].excerpt


def test_search_is_limited(client: Client, db: None, now: datetime) -> None:
    with time_machine.travel(now, tick=False):
        answers = [client.get("/docs/search/?q=x") for _ in range(61)]
    assert {answer.status_code for answer in answers[:60]} == {200}
    assert answers[60].status_code == 429
    assert int(answers[60].headers["Retry-After"]) >= 1


# --- Cron -------------------------------------------------------------------------------------


def test_the_cron_page_works_without_a_script(client: Client, db: None) -> None:
    text = text_of(client, "/docs/cron/?schedule=15+1+*+*+1-5&tz=Asia/Calcutta")
    assert "Next, Asia/Kolkata" in text
    assert text_of(client, "/docs/cron/").count("data-cron=") == 14


@pytest.mark.parametrize(
    ("schedule", "tz", "words"),
    [
        ("0 9 * * *", "Asia/Calcutta", "Next, Asia/Kolkata"),
        ("0 9 * * *", "Nowhere", "no such time zone"),
        ("@daily", "UTC", "five fields"),
        ("0 0 30 2 *", "UTC", "Bad day-of-month"),
        ("", "UTC", "five fields"),
        ("*" * 101, "UTC", "longer than 100"),
    ],
)
def test_cron_is_previewed_for_everybody(
    client: Client, db: None, schedule: str, tz: str, words: str
) -> None:
    response = client.post("/checks/cron_preview/", {"schedule": schedule, "tz": tz})
    assert response.status_code == 200
    assert words in response.content.decode()


def test_calendar_expressions_are_previewed(client: Client, db: None) -> None:
    response = client.post("/checks/oncalendar_preview/", {"schedule": "Mon 02:30", "tz": "UTC"})
    assert response.content.decode().count("Mon ") >= 6


def test_every_example_can_be_read(client: Client, db: None) -> None:
    for expression, _ in EXAMPLES:
        response = client.post("/checks/cron_preview/", {"schedule": expression, "tz": "UTC"})
        assert "preview-dates" in response.content.decode(), expression


def test_previews_are_limited(client: Client, db: None, now: datetime) -> None:
    asked = {"schedule": "* * * * *", "tz": "UTC"}
    with time_machine.travel(now, tick=False):
        statuses = [client.post("/checks/cron_preview/", asked).status_code for _ in range(61)]
    assert statuses == [200] * 60 + [429]
    assert client.get("/checks/cron_preview/").status_code == 405
