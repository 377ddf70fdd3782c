"""Checks that were removed and can be brought back: nothing finds them, nothing is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from pytest_django import Settings

from hc.accounts.models import AuditEntry, Profile, Project, User
from hc.accounts.services import keys, projects
from hc.accounts.services.projects import create_project
from hc.alerts import overdue
from hc.api.badge_urls import badge_urls, check_badge_urls
from hc.api.bodies import read_object
from hc.api.models import Channel, Check, Flip, Notification, Ping, RemovedCheck
from hc.api.services import channels, checks, listening, trash
from hc.api.services.checks import LimitReached, available
from hc.api.tests.scripts import Script
from hc.core.state import Kind
from hc.housekeeping import inventory, removals, tasks
from hc.lib import objects
from hc.pings import bodies
from hc.pings.event import PingEvent, Receipt, SlugAddress
from hc.pings.intake import intake
from hc.pings.writer import record
from tests.factories import listen, make_check, make_webhook, ping_event
from tests.queries import count_queries
from tests.storage import Bucket

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NAME = "Vanished"

pytestmark = pytest.mark.usefixtures("clock")


def fresh(check: Check) -> Check:
    return Check.every.get(pk=check.pk)


@pytest.fixture
def hook(project: Project) -> Channel:
    return make_webhook(project)


@pytest.fixture
def gone(project: Project, hook: Channel, now: datetime) -> Check:
    """A check with a past, in all that can be searched, removed."""
    check = make_check(project, name=NAME, slug="vanished", tags="ghost")
    record([ping_event(check.code, now - HOUR, Kind.FAIL)], now)
    record([ping_event(check.code, now - MINUTE)], now)
    trash.remove(check.code, now)
    return check


# --- Nobody finds it --------------------------------------------------------------------------


def test_pings_are_answered_404(client: Client, project: Project, gone: Check) -> None:
    project.ping_key = keys.create_ping_key(project)
    for address in (str(gone.code), f"{project.ping_key}/vanished"):
        for kind in ("", "/start", "/fail", "/log", "/7"):
            assert client.post(f"/ping/{address}{kind}").status_code == 404, (address, kind)
    assert Ping.objects.filter(owner=gone).count() == 2
    assert fresh(gone).n_pings == 2


def test_intake_knows_no_such_check(project: Project, gone: Check, now: datetime) -> None:
    key = keys.create_ping_key(project)
    events = [PingEvent(gone.code, now), PingEvent(SlugAddress(key, "vanished"), now)]
    assert intake().take(events) == [Receipt.NOT_FOUND] * 2
    assert record([ping_event(gone.code, now)], now) == [Receipt.NOT_FOUND]
    other = make_check(project, name="There")
    both = [ping_event(gone.code, now), ping_event(other.code, now)]
    assert record(both, now) == [Receipt.NOT_FOUND, Receipt.RECORDED]


def test_a_slug_can_be_used_again(client: Client, project: Project, gone: Check) -> None:
    key = keys.create_ping_key(project)
    assert client.post(f"/ping/{key}/vanished?create=1").status_code == 201
    assert Check.objects.get(slug="vanished").pk != gone.pk


PAGES = [
    "/",
    "/?refresh=1",
    "/search/?q=Vanished",
    "/search/?q=ghost",
    "/projects/{project}/checks/",
    "/projects/{project}/checks/?tag=ghost",
    "/projects/{project}/checks/status/",
    "/projects/{project}/integrations/",
    "/projects/{project}/badges/",
    "/projects/{project}/settings/",
    "/integrations/{channel}/checks/",
    "/docs/bash/",
]


@pytest.mark.parametrize("page", PAGES)
def test_no_page_has_it(
    as_alice: Client, project: Project, hook: Channel, gone: Check, page: str
) -> None:
    url = page.format(project=project.code, channel=hook.code)
    response = as_alice.get(url)
    assert response.status_code == 200
    found = response.content.decode().replace(f"“{NAME}”", "").replace(f'value="{NAME}"', "")
    assert NAME not in found
    assert str(gone.code) not in found
    assert ">ghost<" not in found


@pytest.mark.parametrize(
    "page",
    ["details/", "status/", "log/", "log/rows/", "pings/1/", "edit/", "remove/", "transfer/"],
)
def test_its_pages_answer_404(as_alice: Client, gone: Check, page: str) -> None:
    assert as_alice.get(f"/checks/{gone.code}/{page}").status_code == 404
    assert as_alice.get(f"/cloaked/{gone.unique_key}/").status_code == 404


@pytest.mark.parametrize("button", ["pause/", "resume/", "remove/", "copy/", "clear_events/"])
def test_its_buttons_answer_404(as_alice: Client, gone: Check, button: str) -> None:
    assert as_alice.post(f"/checks/{gone.code}/{button}").status_code == 404
    assert fresh(gone).removed


@pytest.mark.parametrize("version", [1, 2, 3])
def test_the_api_does_not_know_it(script: Script, gone: Check, version: int) -> None:
    script.version = version
    assert script.listed("checks/", "checks") == []
    for path in ("", "/pings/", "/flips/"):
        assert script.get(f"checks/{gone.code}{path}").status_code == 404
    assert script.get(f"checks/{gone.unique_key}").status_code == 404
    assert script.post(f"checks/{gone.code}/pause").status_code == 404
    assert script.post(f"checks/{gone.code}", {"name": "x"}).status_code == 404
    assert script.delete(f"checks/{gone.code}").status_code == 404
    assert "ghost" not in script.get("badges/").content.decode()


def test_an_upsert_makes_another_check(script: Script, gone: Check) -> None:
    made = script.post("checks/", {"name": NAME, "slug": "vanished", "unique": ["name"]})
    assert made.status_code == 201
    assert Check.objects.get(name=NAME).pk != gone.pk


def test_figures_and_badges_do_not_count_it(
    client: Client, project: Project, gone: Check, settings: Settings
) -> None:
    settings.PROMETHEUS_ENABLED = True
    key = keys.create_readonly_key(project)
    figures = client.get(f"/projects/{project.code}/metrics/{key}")
    assert NAME not in figures.content.decode()
    for url in check_badge_urls(gone).values():
        if "shields.io" not in url:
            assert client.get(url).status_code == 404, url
    for tag in ("ghost", "*"):
        answer = client.get(badge_urls(project, tag)["json"]).json()
        assert answer["total"] == 0


def test_limits_do_not_count_it(project: Project, check: Check, now: datetime) -> None:
    before = available(project)
    trash.remove(check.code, now)
    assert available(project) == before + 1


def test_it_never_goes_down(project: Project, hook: Channel, now: datetime) -> None:
    check = make_check(project)
    record([ping_event(check.code, now)], now)
    trash.remove(check.code, now)
    assert overdue.next_look() is None
    assert overdue.sweep(now + 9 * DAY).down == 0
    assert fresh(check).status == "up"


def test_nothing_is_sent_for_it(project: Project, hook: Channel, now: datetime) -> None:
    check = make_check(project)
    record([ping_event(check.code, now), ping_event(check.code, now, Kind.FAIL)], now)
    trash.remove(check.code, now)
    assert {n.state for n in Notification.objects.filter(owner=check)} <= {"dropped"}
    assert not Channel.checks.through.objects.filter(check=check).exists()


def test_an_outage_of_ours_does_not_touch_it(
    project: Project, hook: Channel, now: datetime
) -> None:
    check = make_check(project)
    record([ping_event(check.code, now)], now)
    deadline = fresh(check).alert_after
    trash.remove(check.code, now)
    listen(now)
    listening.advance(now + 2 * DAY, now + 2 * DAY)
    assert fresh(check).alert_after == deadline


def test_the_last_incident_is_one_of_what_is_there(
    as_alice: Client, project: Project, gone: Check
) -> None:
    make_check(project)
    assert Flip.objects.filter(owner=gone, new_status="down").exists()
    assert "Last incident" not in as_alice.get("/").content.decode()


def test_messages_about_it_lead_nowhere(
    as_alice: Client, hook: Channel, gone: Check, now: datetime
) -> None:
    Notification.objects.create(owner=gone, channel=hook, check_status="down", state="sent")
    html = as_alice.get(f"/integrations/{hook.code}/deliveries/").content.decode()
    assert "<span>Vanished</span> down" in html
    assert str(gone.code) not in html


def test_the_admin_pages_do_not_link_it(admin_client: Client, gone: Check) -> None:
    for table in ("ping", "flip", "removedcheck"):
        html = admin_client.get(f"/admin/api/{table}/").content.decode()
        assert "Vanished (deleted)" in html
    assert NAME not in admin_client.get("/admin/api/check/").content.decode()


# --- And back again ---------------------------------------------------------------------------


def state_of(check: Check) -> dict[str, Any]:
    found = fresh(check)
    names = [f.name for f in Check._meta.concrete_fields if f.name != "edits"]
    return {name: getattr(found, name) for name in names}


def test_it_comes_back_as_it_was(project: Project, hook: Channel, now: datetime) -> None:
    make_webhook(project)
    check = make_check(project, name=NAME, slug="vanished")
    checks.set_channel(check.code, hook, enabled=False)
    record([ping_event(check.code, now - HOUR), ping_event(check.code, now, Kind.START)], now)
    before = (state_of(check), list(check.channel_set.all()))
    trash.remove(check.code, now)
    restored = trash.restore(project, [check.pk], now + MINUTE)
    assert [one.pk for one in restored.checks] == [check.pk]
    assert (state_of(check), list(check.channel_set.all())) == before
    assert Ping.objects.filter(owner=check).count() == 2
    assert not RemovedCheck.objects.exists()
    assert record([ping_event(check.code, now + HOUR)], now) == [Receipt.RECORDED]
    assert overdue.next_look() is not None
    log = AuditEntry.objects.filter(project=project, target=NAME).order_by("-pk")
    assert list(log.values_list("action", flat=True)[:2]) == ["check.restored", "check.removed"]


@pytest.mark.parametrize(("kind", "status"), [(Kind.SUCCESS, "new"), (Kind.FAIL, "down")])
def test_a_deadline_that_has_passed_meanwhile_says_nothing(
    project: Project, hook: Channel, now: datetime, kind: Kind, status: str
) -> None:
    check = make_check(project, timeout=HOUR, grace=HOUR)
    record([ping_event(check.code, now, kind)], now)
    told = Notification.objects.count()
    trash.remove(check.code, now)
    trash.restore(project, [check.pk], now + 5 * HOUR)
    found = fresh(check)
    assert (found.status, found.alert_after, found.due is None) == (status, None, status == "new")
    assert overdue.sweep(now + 9 * HOUR).down == 0
    assert Notification.objects.count() == told
    record([ping_event(check.code, now + 6 * HOUR)], now)
    assert fresh(check).status == "up"


def test_a_run_that_nobody_could_end_is_forgotten(
    project: Project, hook: Channel, now: datetime
) -> None:
    check = make_check(project)
    record([ping_event(check.code, now, Kind.START)], now)
    checks.pause(check.code, now)
    record([ping_event(check.code, now, Kind.START)], now)
    assert fresh(check).status == "paused"
    trash.remove(check.code, now)
    trash.restore(project, [check.pk], now + 5 * HOUR)
    found = fresh(check)
    assert (found.status, found.last_start, found.alert_after) == ("paused", None, None)


def test_channels_that_are_gone_stay_away(project: Project, now: datetime) -> None:
    left, gone = make_webhook(project), make_webhook(project)
    check = make_check(project)
    trash.remove(check.code, now)
    channels.remove(gone.code)
    new = make_webhook(project)
    trash.restore(project, [check.pk], now)
    assert list(check.channel_set.all()) == [left]
    assert new.checks.count() == 0


def test_a_slug_that_is_taken_by_now_is_left_out(
    project: Project, gone: Check, now: datetime
) -> None:
    make_check(project, name="New", slug="vanished")
    restored = trash.restore(project, [gone.pk], now)
    assert [check.pk for check in restored.unnamed] == [gone.pk]
    assert fresh(gone).slug == ""


def test_there_must_be_room(project: Project, gone: Check, now: datetime) -> None:
    used = Check.objects.filter(project__owner=project.owner).count()
    Profile.objects.filter(user=project.owner).update(check_limit=used)
    with pytest.raises(LimitReached):
        trash.restore(project, [gone.pk], now)
    assert fresh(gone).removed


def test_there_is_a_day_for_it(project: Project, gone: Check, now: datetime) -> None:
    assert list(trash.removed_in(project, now + DAY)) == []
    assert trash.restore(project, [gone.pk], now + DAY).checks == []
    assert len(trash.restore(project, [gone.pk], now + DAY - MINUTE).checks) == 1
    assert trash.restore(project, [gone.pk], now + DAY - MINUTE).checks == []


def test_only_those_of_the_project_come_back(
    alice: User, project: Project, gone: Check, now: datetime
) -> None:
    assert trash.restore(create_project("Other", alice), [gone.pk], now).checks == []


def test_many_take_no_more_queries_but_for_the_log(
    project: Project, hook: Channel, now: datetime
) -> None:
    def queries(number: int) -> tuple[int, int]:
        some = [make_check(project, timeout=MINUTE, grace=MINUTE) for _ in range(number)]
        record([ping_event(check.code, now) for check in some], now)
        ids = [check.pk for check in some]
        rows = Check.objects.filter(pk__in=ids)
        away = count_queries(lambda: trash.remove_all(rows, now))
        back = count_queries(lambda: trash.restore(project, ids, now + HOUR))
        assert set(Check.objects.filter(pk__in=ids).values_list("status", flat=True)) == {"new"}
        return away, back

    queries(2)
    few, many = queries(2), queries(12)
    assert tuple(b - a for a, b in zip(few, many, strict=True)) == (10, 10)


@pytest.mark.django_db(transaction=True)
def test_pings_that_come_meanwhile_are_counted_or_refused(
    project: Project, hook: Channel, now: datetime
) -> None:
    """Never both, and never neither."""
    check = make_check(project)

    def ping(number: int) -> Receipt:
        try:
            return record([ping_event(check.code, now + timedelta(seconds=number))], now)[0]
        finally:
            connection.close()

    def come_and_go(_: int) -> list[Receipt]:
        refused = []
        try:
            for _ in range(8):
                trash.remove(check.code, now)
                refused += record([ping_event(check.code, now)], now)
                trash.restore(project, [check.pk], now)
        finally:
            connection.close()
        return refused

    with ThreadPoolExecutor(6) as pool:
        refused = pool.submit(come_and_go, 0)
        receipts = list(pool.map(ping, range(60)))
    assert refused.result() == [Receipt.NOT_FOUND] * 8
    assert set(receipts) <= {Receipt.RECORDED, Receipt.NOT_FOUND}
    numbers = Ping.objects.filter(owner=check).order_by("n").values_list("n", flat=True)
    assert list(numbers) == list(range(1, receipts.count(Receipt.RECORDED) + 1))
    assert fresh(check).n_pings == len(numbers)
    assert list(check.channel_set.all()) == [hook]


# --- For good ---------------------------------------------------------------------------------


def steps(name: str) -> Callable[[datetime], Iterator[int]]:
    return next(task.steps for task in tasks.TASKS if task.name == name)


def test_after_a_day_it_is_deleted(project: Project, gone: Check, now: datetime) -> None:
    delete = steps("removed checks")
    assert sum(delete(now + DAY - MINUTE)) == 0
    assert sum(delete(now + DAY)) == 2 + 1
    assert not Check.every.filter(pk=gone.pk).exists()
    assert not Ping.objects.exists()
    assert not RemovedCheck.objects.exists()


def test_bodies_stay_as_long_as_it_can_come_back(
    project: Project, check: Check, bucket: Bucket, now: datetime
) -> None:
    other = make_check(project)
    record([ping_event(check.code, now, body=b"x" * 500)], now)
    store = objects.configured()
    assert store
    list(bodies.move(store, 0, bodies.newest_ping()))
    trash.remove(check.code, now)
    assert list(inventory.prune_objects(store)) == []
    trash.restore(project, [check.pk], now)
    ping = Ping.objects.select_related("owner").get()
    assert read_object(ping.owner.code, 1, 500, 1.0) == b"x" * 500
    trash.remove(check.code, now)
    list(steps("removed checks")(now + DAY))
    assert not list(store.folders())
    assert Check.objects.filter(pk=other.pk).exists()


def test_a_project_takes_it_along(project: Project, gone: Check, now: datetime) -> None:
    projects.remove(project, now)
    list(removals.delete_removed(now + 8 * DAY))
    assert not Check.every.filter(pk=gone.pk).exists()
