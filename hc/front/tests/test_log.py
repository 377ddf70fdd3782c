from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from hc.accounts.models import Profile, Project, Role, User
from hc.api.models import Check, Notification, Ping
from hc.core.state import Kind
from hc.pings.event import PingEvent
from hc.pings.writer import record
from tests.factories import make_cron_check, make_member, make_webhook
from tests.queries import count_queries


def ping(check: Check, kind: Kind = Kind.SUCCESS, ago: float = 60, body: bytes = b"") -> None:
    at = timezone.now() - timedelta(seconds=ago)
    record([PingEvent(check.code, at, kind, method="POST", ua="curl", body=body)], at)


def log(client: Client, check: Check, query: str = "") -> str:
    response = client.get(f"/checks/{check.code}/log/{query}")
    assert response.status_code == 200
    return response.content.decode()


def shown(html: str) -> list[str]:
    return re.findall(r'class="event[^"]*" id="([a-z]+-\d+)"', html)


def test_an_empty_log(as_alice: Client, check: Check) -> None:
    assert "Nothing has happened yet." in log(as_alice, check)


def test_everything_is_listed_with_a_number_for_each_kind(
    as_alice: Client, check: Check, project: Project
) -> None:
    make_webhook(project)
    ping(check, Kind.START, 60)
    ping(check, Kind.FAIL, 50, b"disk full")
    Notification.objects.update(state="sent", settled=timezone.now())
    html = log(as_alice, check)
    assert [key.split("-")[0] for key in shown(html)] == ["sent", "flip", "ping", "ping"]
    assert "example.org (Webhook) that it is down: delivered in" in html
    for chip in ("Failure <b>1</b>", "Started <b>1</b>", "Status <b>1</b>", "Alerts <b>1</b>"):
        assert chip in html
    assert "Ignored" not in html
    assert shown(log(as_alice, check, "?kind=fail&kind=start&kind=nonsense")) == [
        "ping-2",
        "ping-1",
    ]
    assert "told in" in log(as_alice, check, "?kind=flip")  # then messages have no lines


def test_older_pages_without_end(as_alice: Client, check: Check) -> None:
    Profile.objects.update(ping_log_limit=1000)
    now = timezone.now()
    record([PingEvent(check.code, now - timedelta(seconds=n)) for n in range(130, 0, -1)], now)
    html, seen = log(as_alice, check), []
    for _ in range(5):
        seen += shown(html)
        older = re.search(r'href="(\?[^"]*before=[^"]*)" data-older', html)
        if not older:
            break
        html = log(as_alice, check, older[1].replace("&amp;", "&"))
    assert len(seen) == len(set(seen)) == 131  # with the first flip
    assert "That is the beginning." in html


def test_the_text_of_bodies_is_searched(as_alice: Client, check: Check) -> None:
    ping(check, body=b"nothing here")
    ping(check, ago=30, body=b"Error: <disk> full")
    html = log(as_alice, check, "?text=DISK")
    assert shown(html) == ["ping-2"]
    assert "Error: &lt;disk&gt; full" in html
    assert "Show the newest" in html
    assert "No event fits." in log(as_alice, check, "?text=nowhere")


def test_searches_are_limited(as_alice: Client, check: Check) -> None:
    url = f"/checks/{check.code}/log/?text=x"
    with time_machine.travel(timezone.now(), tick=False):
        statuses = [as_alice.get(url).status_code for _ in range(61)]
    assert statuses[-1] == 429
    assert set(statuses[:-1]) == {200}


def test_jumping_to_a_date(as_alice: Client, check: Check) -> None:
    Check.objects.update(created=timezone.now() - timedelta(days=9))
    for days in (5, 3, 1):
        ping(check, ago=days * 86_400)
    date = (timezone.now() - timedelta(days=3)).date()
    assert shown(log(as_alice, check, f"?at={date}&kind=success")) == ["ping-2", "ping-1"]
    assert shown(log(as_alice, check, "?at=2020-01-01")) == []
    assert shown(log(as_alice, check, "?at=2999-01-01T10:00&kind=success"))[0] == "ping-3"


@pytest.mark.parametrize("text", ["tomorrow", "2026-13-01", "9999-12-31", "0001-01-01T00:00+24:00"])
def test_dates_that_are_none(as_alice: Client, check: Check, text: str) -> None:
    response = as_alice.get(f"/checks/{check.code}/log/", {"at": text})
    if text != "9999-12-31":
        assert "Write the date like 2026-06-15" in response.content.decode()
    assert response.status_code in (200, 422)


@pytest.mark.parametrize("query", ["?before=x", "?before=99999999999..", "?kind=", "?zone=Mars/X"])
def test_addresses_that_make_no_sense_show_the_log(
    as_alice: Client, check: Check, query: str
) -> None:
    ping(check)
    assert "ping-1" in shown(log(as_alice, check, query))


def test_the_zone_can_be_switched(as_alice: Client, project: Project) -> None:
    Profile.objects.update(tz="Asia/Tokyo")
    check = make_cron_check(project, "0 0 * * *", "Europe/Riga")
    ping(check)
    at = Ping.objects.get().created
    html = log(as_alice, check)
    assert re.findall(r'href="\?zone=([^"&]+)', html) == ["Asia%2FTokyo", "UTC", "Europe%2FRiga"]
    assert f">{at:%H:%M:%S}</time>" in log(as_alice, check, "?zone=UTC")
    assert f">{at:%H:%M:%S}</time>" not in html
    assert Profile.objects.filter(tz="Asia/Tokyo").exists()


# --- Live --------------------------------------------------------------------------------------


def test_new_events_come_while_the_page_is_open(as_alice: Client, check: Check) -> None:
    ping(check, ago=60)
    page = as_alice.get(f"/checks/{check.code}/log/").content.decode()
    version = re.search(r'<hc-log src="([^"]+)" version="(\w+)" live', page)
    assert version
    url = f"{version[1]}?shown=2&last=ping-1"
    assert as_alice.get(url, headers={"If-None-Match": f'"{version[2]}"'}).status_code == 304
    for ago in (20, 10):
        ping(check, ago=ago)
    response = as_alice.get(url, headers={"If-None-Match": f'"{version[2]}"'})
    html = response.content.decode()
    assert shown(html) == ["ping-3", "ping-2", f"flip-{check.flip_set.get().pk}", "ping-1"]
    assert "data-more" not in html  # what is below stays as it is
    anew = as_alice.get(f"{version[1]}?shown=1&last=ping-99").content.decode()
    assert "data-more" in anew
    assert Client().get(url).status_code in (302, 403)


@pytest.mark.parametrize("query", ["?shown=x&last=", "?shown=-1", "?shown=99999999999&last=flip-0"])
def test_odd_questions_of_scripts(as_alice: Client, check: Check, query: str) -> None:
    ping(check)
    assert as_alice.get(f"/checks/{check.code}/log/rows/{query}").status_code == 200


def test_the_last_ping(as_alice: Client, check: Check) -> None:
    url = f"/checks/{check.code}/last_ping/"
    assert as_alice.get(url)["Location"] == f"/checks/{check.code}/log/"
    ping(check)
    ping(check, Kind.LOG, 10)
    assert as_alice.get(url)["Location"] == f"/checks/{check.code}/pings/1/"


# --- Who may look ------------------------------------------------------------------------------


def test_readers_see_the_log_without_learning_the_address(
    client: Client, check: Check, project: Project, bob: User
) -> None:
    client.force_login(bob)
    url = f"/checks/{check.code}/log/?kind=success"
    assert client.get(url).status_code == 404
    make_member(project, bob, Role.READONLY)
    ping(check, body=f"pinging {check.code}".encode())
    there = f"/cloaked/{check.unique_key}/log/?kind=success"
    assert client.get(url)["Location"] == there
    html = client.get(there).content.decode()
    assert "pinging (hidden)" in html
    assert str(check.code) not in html
    assert Client().get(there)["Location"].startswith("/accounts/login/")


def test_who_may_edit_is_led_to_the_usual_address(as_alice: Client, check: Check) -> None:
    there = as_alice.get(f"/cloaked/{check.unique_key}/log/?kind=fail")["Location"]
    assert there == f"/checks/{check.code}/log/?kind=fail"


def test_queries_do_not_grow_with_the_log(as_alice: Client, check: Check, project: Project) -> None:
    make_webhook(project)
    for number in range(12):
        ping(check, (Kind.FAIL, Kind.SUCCESS)[number % 2], 100 - number, b"x")
    log(as_alice, check)
    few = count_queries(lambda: log(as_alice, check))
    for number in range(30):
        ping(check, (Kind.FAIL, Kind.SUCCESS)[number % 2], 50 - number, b"x")
    assert count_queries(lambda: log(as_alice, check)) == few
