from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from hc.accounts.models import Profile, Project, Role, User
from hc.accounts.services.projects import create_project
from hc.api.models import Check, Flip, Ping
from hc.core.state import Kind
from hc.pings.event import PingEvent
from hc.pings.writer import record
from tests.factories import make_check, make_member, make_webhook


def url(check: Check, action: str) -> str:
    return f"/checks/{check.code}/{action}/"


def text(response: Any) -> str:
    content: str = response.content.decode()
    return content


def fresh(check: Check) -> Check:
    return Check.objects.get(pk=check.pk)


# --- Copy ----------------------------------------------------------------------------------------


def test_a_copy_is_opened(as_alice: Client, check: Check) -> None:
    response = as_alice.post(url(check, "copy"), follow=True)
    made = Check.objects.latest("pk")
    assert response.redirect_chain == [(f"/checks/{made.code}/details/", 302)]
    assert "This is the copy." in text(response)


def test_a_full_account_is_told_so(as_alice: Client, check: Check) -> None:
    Profile.objects.update(check_limit=1)
    response = as_alice.post(url(check, "copy"), follow=True)
    assert "Delete one to copy another." in text(response)
    assert Check.objects.filter(project=check.project).count() == 1


# --- Transfer ------------------------------------------------------------------------------------


def test_a_check_is_handed_over(as_alice: Client, check: Check, alice: User) -> None:
    target = create_project("Staging", alice)
    assert "Staging" in text(as_alice.get(url(check, "transfer")))
    response = as_alice.post(url(check, "transfer"), {"project": target.code, "slug": ""})
    assert response["Location"] == f"/checks/{check.code}/details/"
    assert fresh(check).project == target
    assert "Backup is in Staging now." in text(as_alice.get(f"/checks/{check.code}/details/"))


def test_a_slug_that_the_target_has_is_asked_for(
    as_alice: Client, check: Check, alice: User
) -> None:
    Check.objects.filter(pk=check.pk).update(slug="backup")
    target = create_project("Staging", alice)
    make_check(target, slug="backup")
    data = {"project": target.code, "slug": "backup"}
    response = as_alice.post(url(check, "transfer"), data)
    assert response.status_code == 422
    assert "That project has a check with this slug." in text(response)
    assert fresh(check).project == check.project
    as_alice.post(url(check, "transfer"), data | {"slug": ""})
    assert (fresh(check).project, fresh(check).slug) == (target, "")


def test_only_projects_that_one_may_change_are_offered(
    as_alice: Client, check: Check, alice: User, bob: User
) -> None:
    readonly, full, foreign = (create_project(name, bob) for name in ("Look", "Full", "Foreign"))
    make_member(readonly, alice, Role.READONLY)
    make_member(full, alice, Role.REGULAR)
    Profile.objects.update_or_create(user=bob, defaults={"check_limit": 0})
    html = text(as_alice.get(url(check, "transfer")))
    choices = re.findall(r'<option value="([^"]*)"', html)
    for project in (readonly, full, foreign, check.project):
        assert str(project.code) not in choices
        for code in (project.code, "nonsense", ""):
            response = as_alice.post(url(check, "transfer"), {"project": code})
            assert response.status_code == 422
    assert fresh(check).project == check.project


# --- Clear ---------------------------------------------------------------------------------------


def test_clearing_asks_first_and_can_be_undone(as_alice: Client, check: Check) -> None:
    now = timezone.now()
    record([PingEvent(check.code, now)], now)
    assert "Clear the log of Backup?" in text(as_alice.get(url(check, "clear_events")))
    assert Ping.objects.filter(owner=check).exists()
    cleared = as_alice.post(url(check, "clear_events"))
    assert not Ping.objects.filter(owner=check).exists()
    assert fresh(check).status == "new"
    html = text(as_alice.get(cleared["Location"]))
    assert "The log of Backup is empty." in html
    assert f'action="{url(check, "undo_clear")}"' in html
    back = as_alice.post(url(check, "undo_clear"))
    assert "The log of Backup is back." in text(as_alice.get(back["Location"]))
    assert (fresh(check).status, fresh(check).last_ping) == ("up", now)


def test_a_log_that_goes_on_stays_cleared(as_alice: Client, check: Check) -> None:
    as_alice.post(url(check, "clear_events"))
    record([PingEvent(check.code, timezone.now())], timezone.now())
    back = as_alice.post(url(check, "undo_clear"))
    assert "too late" in text(as_alice.get(back["Location"]))
    assert Ping.objects.filter(owner=check).count() == 1


# --- Filtering rules -----------------------------------------------------------------------------


def test_words_are_kept_while_nothing_is_searched_for_them(as_alice: Client, check: Check) -> None:
    words = {"failure_kw": "ERR,FATAL", "success_kw": "done", "start_kw": ""}
    on = words | {"filter_http_body": "on", "methods": "POST", "manual_resume": "1"}
    as_alice.post(url(check, "filtering_rules"), on)
    found = fresh(check)
    assert (found.filter_http_body, found.methods, found.manual_resume) == (True, "POST", True)
    html = text(as_alice.get(url(check, "filtering_rules")))
    assert 'value="ERR,FATAL"' in html
    assert "disabled" not in html[html.index("<form") :]
    as_alice.post(url(check, "filtering_rules"), words)
    assert (fresh(check).filter_http_body, fresh(check).failure_kw) == (False, "ERR,FATAL")


def test_rules_that_are_too_long(as_alice: Client, check: Check) -> None:
    response = as_alice.post(url(check, "filtering_rules"), {"failure_kw": "x" * 201})
    assert response.status_code == 422
    assert "at most 200 characters" in text(response)


# --- Ping now ------------------------------------------------------------------------------------


def test_a_ping_by_hand(as_alice: Client, check: Check) -> None:
    response = as_alice.post(url(check, "ping_now"), headers={"User-Agent": "Firefox"}, follow=True)
    assert "Pinged." in text(response)
    found = Ping.objects.get()
    assert (found.method, found.ua, found.remote_addr) == ("POST", "Firefox", "127.0.0.1")
    assert fresh(check).status == "up"


def test_a_script_is_told_what_came_of_it(as_alice: Client, check: Check) -> None:
    response = as_alice.post(url(check, "ping_now"), headers={"X-Ping-Now": "1"})
    assert (response.status_code, text(response)) == (200, "Pinged.")
    statuses = [as_alice.post(url(check, "ping_now")).status_code for _ in range(20)]
    assert statuses[-1] == 429


def test_the_rules_of_the_check_apply(as_alice: Client, check: Check) -> None:
    Check.objects.update(filter_http_body=True, success_kw="done")
    as_alice.post(url(check, "ping_now"))
    assert Ping.objects.get().kind == "ign"


# --- Taking back a pause -------------------------------------------------------------------------


def undo_of(html: str) -> str:
    found = re.search(r'action="(/checks/[^"]+/undo_pause/[^"]*)"', html)
    assert found
    return found[1].replace("&amp;", "&")


def test_a_pause_can_be_undone(as_alice: Client, check: Check) -> None:
    record([PingEvent(check.code, timezone.now())], timezone.now())
    before = fresh(check).state()
    html = text(as_alice.post(url(check, "pause"), follow=True))
    response = as_alice.post(undo_of(html), follow=True)
    assert "Backup is watched as before." in text(response)
    assert fresh(check).state() == before
    assert Flip.objects.count() == 1
    again = text(as_alice.post(undo_of(html), follow=True))
    assert "It is too late to take that back" in again


def test_who_pauses_a_paused_check_has_nothing_to_undo(as_alice: Client, check: Check) -> None:
    as_alice.post(url(check, "pause"), follow=True)
    assert "undo_pause" not in text(as_alice.post(url(check, "pause"), follow=True))


# --- Two people edit -----------------------------------------------------------------------------


def edit_form(client: Client, check: Check) -> dict[str, str]:
    html = text(client.get(url(check, "edit")))
    revision = re.search(r'name="revision" value="(\w+)"', html)
    assert revision
    return {
        "revision": revision[1],
        "name": check.name,
        "kind": "simple",
        "timeout": "1 day",
        "grace": "1 hour",
    }


def test_nothing_is_overwritten_unseen(as_alice: Client, check: Check) -> None:
    mine = edit_form(as_alice, check) | {"name": "Mine"}
    theirs = edit_form(as_alice, check) | {"name": "Theirs", "grace": "2 hours"}
    assert as_alice.post(url(check, "edit"), theirs).status_code == 302
    response = as_alice.post(url(check, "edit"), mine)
    html = text(response)
    assert response.status_code == 409
    assert "Somebody else has changed this check meanwhile." in html
    assert "Somebody else has set this to “Theirs”." in html
    assert "Somebody else has set this to “2 hours”." in html
    assert 'value="Mine"' in html
    assert html.count("Somebody else has set this") == 2
    assert fresh(check).name == "Theirs"
    revision = re.search(r'name="revision" value="(\w+)"', html)
    assert revision
    again = as_alice.post(url(check, "edit"), mine | {"revision": revision[1]})
    assert again.status_code == 302
    assert (fresh(check).name, fresh(check).grace) == ("Mine", timedelta(hours=1))


def test_pings_and_pauses_are_no_conflict(as_alice: Client, check: Check, project: Project) -> None:
    mine = edit_form(as_alice, check) | {"name": "Mine"}
    record([PingEvent(check.code, timezone.now(), Kind.FAIL)], timezone.now())
    as_alice.post(url(check, "pause"))
    make_webhook(project)
    assert as_alice.post(url(check, "edit"), mine).status_code == 302


@pytest.mark.parametrize("page", ["edit", "filtering_rules", "transfer", "clear_events"])
def test_pages_that_open_at_the_side(
    as_alice: Client, check: Check, alice: User, page: str
) -> None:
    create_project("Other", alice)
    whole = text(as_alice.get(url(check, page)))
    part = text(as_alice.get(url(check, page), headers={"X-Panel": "1"}))
    assert "<h1" in whole
    assert "<html" not in part
    assert 'id="side-title"' in part
    assert f'action="{url(check, page)}"' in part


def test_what_was_saved_at_the_side_leads_on_with_its_message(
    as_alice: Client, check: Check
) -> None:
    response = as_alice.post(url(check, "filtering_rules"), {}, headers={"X-Panel": "1"})
    assert (response.status_code, response["X-Location"]) == (204, f"/checks/{check.code}/details/")
    assert "Saved which pings count." in text(as_alice.get(response["X-Location"]))
