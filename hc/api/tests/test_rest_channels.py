"""Channels by the API: those that need no browser are made, changed, tested and removed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
import time_machine

from hc.accounts.models import Project, User
from hc.accounts.services.projects import create_project
from hc.api.models import Channel, Check, Notification
from hc.api.services import channels
from hc.api.tests.scripts import Script, queries_of
from tests.factories import make_email, make_webhook

URL = "https://example.org/hook"
LIST = "channels/"

pytestmark = pytest.mark.usefixtures("clock")


def _hook(**settings: Any) -> dict[str, Any]:
    return {"kind": "webhook", "name": "Hook", "settings": {"url_down": URL} | settings}


def test_a_webhook_is_made_for_all_checks(script: Script, check: Check) -> None:
    response = script.post(LIST, _hook(headers_down={"X-Key": "v"}, method_down="POST"))
    assert response.status_code == 201
    channel = Channel.objects.get(kind="webhook")
    assert response.json()["id"] == str(channel.code)
    assert (channel.name, channel.kind) == ("Hook", "webhook")
    assert list(channel.checks.all()) == [check]
    assert script.get(f"channels/{channel.code}").json()["settings"]["url_down"] == URL


def test_what_is_left_out_of_a_change_stays(script: Script) -> None:
    code = script.post(LIST, _hook(url_up=f"{URL}/up")).json()["id"]
    Channel.objects.update(disabled=True)
    changed = script.post(f"channels/{code}", {"settings": {"url_down": f"{URL}/down"}}).json()
    assert (changed["name"], changed["disabled"]) == ("Hook", False)
    assert changed["settings"]["url_up"] == f"{URL}/up"
    assert changed["settings"]["url_down"] == f"{URL}/down"
    assert script.post(f"channels/{code}", {"name": "New"}).json()["name"] == "New"
    assert script.get(f"channels/{code}").json()["settings"] == changed["settings"]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "kind is missing"),
        ({"kind": 5}, "kind is not a string"),
        ({"kind": "webhook", "name": "x" * 101}, "name is too long"),
        ({"kind": "webhook", "name": "a\0"}, "name does not match pattern"),
        ({"kind": "webhook", "settings": []}, "settings is not an object"),
        (_hook(zzz="x"), "settings.zzz is not known"),
        (_hook(name="x"), "settings.name is not known"),
        (_hook(url_down=5), "settings.url_down is not a string"),
        (_hook(headers_down="a: b"), "settings.headers_down is not an object of strings"),
        (_hook(headers_down={"a": 5}), "settings.headers_down is not an object of strings"),
        (_hook(url_down="ftp://example.org"), "settings.url_down is not valid"),
        (_hook(method_down="TRACE"), "settings.method_down is not valid"),
    ],
)
def test_what_is_wrong_is_named(script: Script, body: dict[str, Any], error: str) -> None:
    response = script.post(LIST, body)
    assert response.status_code == 400
    assert response.json()["error"] == f"json validation error: {error}"
    assert not Channel.objects.filter(kind="webhook").exists()


@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_others_channels_are_not_there(script: Script, alice: User, bob: User, method: str) -> None:
    for owner in (alice, bob):
        code = make_webhook(create_project("Other", owner)).code
        assert getattr(script, method)(f"channels/{code}").status_code == 404
        assert script.post(f"channels/{code}/test").status_code == 404
    assert Channel.objects.filter(kind="webhook").count() == 2


def test_a_removed_channel_is_told_as_it_was(script: Script, project: Project) -> None:
    code = make_webhook(project).code
    assert script.delete(f"channels/{code}").json()["id"] == str(code)
    assert not Channel.objects.filter(code=code).exists()
    assert script.delete(f"channels/{code}").status_code == 404


def test_a_test_message_is_queued(script: Script, project: Project) -> None:
    code = make_webhook(project).code
    response = script.post(f"channels/{code}/test")
    assert response.status_code == 202
    message = Notification.objects.get(code=response.json()["notification"])
    assert message.channel.code == code


def test_tests_have_a_limit(
    script: Script, project: Project, now: datetime, clock: time_machine.Traveller
) -> None:
    path = f"channels/{make_webhook(project).code}/test"
    statuses = [script.post(path).status_code for _ in range(11)]
    assert statuses == [202] * 10 + [429]
    refused = script.post(path)
    clock.shift(int(refused["Retry-After"]))
    assert script.post(path).status_code == 202


def test_nothing_is_sent_to_a_channel_that_wants_nothing(script: Script, project: Project) -> None:
    code = make_webhook(project, url_down="", url_up="").code
    response = script.post(f"channels/{code}/test")
    assert (response.status_code, response.json()["error"]) == (409, "nothing to test")


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_all_pages_together_are_the_list(script: Script, project: Project, limit: int) -> None:
    for n in range(5):
        channels.rename(make_email(project).code, f"e{n}")
    everything = script.listed(LIST, "channels", fields="id,name,settings")
    pages = script.pages(LIST, "channels", fields="id,name,settings", limit=limit)
    assert [one["name"] for one in everything] == ["e0", "e1", "e2", "e3", "e4"]
    assert [one for page in pages for one in page] == everything


def test_the_old_versions_tell_three_fields(script: Script, project: Project) -> None:
    code = str(make_webhook(project).code)
    for version in (1, 2, 3):
        script.version = version
        found = script.listed(LIST, "channels")
        assert found == [{"id": code, "name": "", "kind": "webhook"}]
    script.version = 2
    assert script.post(LIST, _hook()).status_code == 405
    assert script.get(f"channels/{code}").status_code == 404


def test_queries_do_not_grow_with_the_channels(script: Script, project: Project) -> None:
    script.get(LIST)
    fields, numbers = "id,name,settings,last_error", []
    for number in (1, 10):
        for _ in range(number):
            make_webhook(project)
        numbers.append(len(queries_of(lambda: script.get(LIST, fields=fields))))
    assert numbers[0] <= 6
    assert numbers[0] == numbers[1]
