"""Deleting checks on pages, and bringing them back."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from hc.accounts.models import Profile, Project, Role, User
from hc.api.models import Check
from hc.api.services import trash
from tests.factories import make_check, make_member
from tests.queries import count_queries

PANEL = {"X-Panel": "1"}


def page(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return response.content.decode()


def list_of(project: Project) -> str:
    return f"/projects/{project.code}/checks/"


def undo_in(html: str) -> str:
    found = re.findall(r'<form method="post" action="([^"]*restore/\?[^"]*)"', html)
    return str(found[0]).replace("&amp;", "&")


def names(project: Project) -> set[str]:
    return set(Check.objects.filter(project=project).values_list("name", flat=True))


def restore(client: Client, project: Project, *checks: Check, **headers: str) -> Any:
    data = {"check": [check.unique_key[:12] for check in checks]}
    return client.post(f"{list_of(project)}removed/restore/", data, headers=headers)


def test_a_deleted_check_is_brought_back_by_the_button_of_the_message(
    as_alice: Client, project: Project, check: Check
) -> None:
    html = page(as_alice, f"/checks/{check.code}/remove/")
    assert "Delete Backup?" in html
    assert "24 hours" in html
    deleted = as_alice.post(f"/checks/{check.code}/remove/")
    assert deleted["Location"] == list_of(project)
    assert names(project) == set()
    html = page(as_alice, list_of(project))
    assert "Backup was deleted." in html
    back = as_alice.post(undo_in(html))
    assert back["Location"] == f"/checks/{check.code}/details/"
    assert "Backup is back." in page(as_alice, back["Location"])
    again = as_alice.post(undo_in(html))
    assert "too late" in page(as_alice, again["Location"])


def test_many_are_brought_back_at_once(as_alice: Client, project: Project) -> None:
    some = [make_check(project, name=name) for name in "abc"]
    keys = [check.unique_key[:12] for check in some[:2]]
    data = {"action": "delete", "check": keys, "query": "?search=x"}
    asked = as_alice.post(f"{list_of(project)}bulk/", data)
    assert "Delete 2 checks?" in asked.content.decode()
    assert names(project) == set("abc")
    deleted = as_alice.post(f"{list_of(project)}bulk/", data | {"sure": "1"})
    assert deleted["Location"].endswith("/checks/?search=x")
    assert names(project) == {"c"}
    html = page(as_alice, list_of(project))
    assert "2 checks deleted." in html
    back = as_alice.post(undo_in(html))
    assert back["Location"] == list_of(project)
    assert names(project) == set("abc")
    assert "2 checks are back." in page(as_alice, list_of(project))


def test_the_list_leads_to_what_can_be_brought_back(
    as_alice: Client, project: Project, check: Check
) -> None:
    url = f"{list_of(project)}removed/"
    assert url not in page(as_alice, list_of(project))
    assert "Nothing to bring back" in page(as_alice, url)
    as_alice.post(f"/checks/{check.code}/remove/")
    html = page(as_alice, list_of(project))
    assert url in html
    assert "1 deleted check<" in html
    html = page(as_alice, url)
    for words in ("Backup", "by alice@example.org", "gone for good in", "24 h"):
        assert words in html
    assert restore(as_alice, project, check)["Location"] == f"/checks/{check.code}/details/"
    assert names(project) == {"Backup"}


def test_a_panel_is_told_where_to_go(as_alice: Client, project: Project, check: Check) -> None:
    as_alice.post(f"/checks/{check.code}/remove/")
    response = restore(as_alice, project, check, **PANEL)
    assert response["X-Location"] == f"/checks/{check.code}/details/"


def test_after_a_day_it_is_not_offered(as_alice: Client, project: Project, check: Check) -> None:
    began = timezone.now()
    with time_machine.travel(began - timedelta(hours=25), tick=False):
        trash.remove(check.code, timezone.now())
    assert "deleted check" not in page(as_alice, list_of(project))
    assert "Backup" not in page(as_alice, f"{list_of(project)}removed/")
    assert restore(as_alice, project, check)["Location"] == list_of(project)
    assert names(project) == set()


def test_a_slug_that_is_taken_is_told(as_alice: Client, project: Project) -> None:
    check = make_check(project, name="Old", slug="sync")
    trash.remove(check.code, timezone.now())
    make_check(project, name="New", slug="sync")
    html = page(as_alice, restore(as_alice, project, check)["Location"])
    assert "Without the slug, which another check has got by now: Old." in html


def test_a_full_account_is_told(as_alice: Client, project: Project, check: Check) -> None:
    trash.remove(check.code, timezone.now())
    Profile.objects.update(check_limit=0)
    html = page(as_alice, restore(as_alice, project, check)["Location"])
    assert "no room for it" in html


@pytest.mark.parametrize("junk", ["", "at=", "at=yesterday", "at=2026-13-01", "at=2026-01-01"])
def test_junk_brings_nothing_back(
    as_alice: Client, project: Project, check: Check, junk: str
) -> None:
    trash.remove(check.code, timezone.now())
    response = as_alice.post(f"{list_of(project)}removed/restore/?{junk}")
    assert response["Location"] == list_of(project)
    assert names(project) == set()


def test_readers_neither_see_nor_do_it(
    client: Client, project: Project, check: Check, bob: User
) -> None:
    trash.remove(check.code, timezone.now())
    make_member(project, bob, Role.READONLY)
    client.force_login(bob)
    assert "deleted check" not in page(client, list_of(project))
    assert client.get(f"{list_of(project)}removed/").status_code == 403
    assert restore(client, project, check).status_code == 403


def test_queries_do_not_grow(as_alice: Client, project: Project) -> None:
    url = f"{list_of(project)}removed/"

    def queries() -> int:
        return count_queries(lambda: as_alice.get(url))

    trash.remove(make_check(project).code, timezone.now())
    queries()
    few = queries()
    for _ in range(8):
        trash.remove(make_check(project).code, timezone.now())
    assert queries() == few
