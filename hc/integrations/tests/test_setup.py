"""The pages on which channels are set up, for every kind, and what e-mail has beyond them."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from django.core.mail import EmailMessage
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from hc.accounts.models import Project, Role, User
from hc.api.models import Channel, Check
from hc.lib.signing import unsubscribe_token
from tests.factories import make_email, make_member, make_webhook

EMAIL = {"address": "ops@example.org", "down": "on", "up": "on"}
HOOK = {
    "method_down": "POST",
    "url_down": "https://example.org/x",
    "body_down": "b",
    "headers_down": "X-A: 1\n\nX-B: two: parts",
}
FIELDS = {"email": EMAIL, "webhook": HOOK}


@pytest.mark.parametrize("kind", list(FIELDS))
def test_a_channel_is_added_for_all_checks(
    as_alice: Client, project: Project, check: Check, kind: str
) -> None:
    url = f"/projects/{project.code}/add_{kind}/"
    assert as_alice.get(url).status_code == 200
    response = as_alice.post(url, FIELDS[kind] | {"name": "Ops"})
    assert response["Location"] == f"/projects/{project.code}/integrations/"
    channel = Channel.objects.get(project=project)
    assert (channel.kind, channel.name) == (kind, "Ops")
    assert list(channel.checks.all()) == [check]
    assert "Ops" in as_alice.get(response["Location"]).content.decode()


@pytest.mark.parametrize("kind", list(FIELDS))
def test_an_empty_form_is_refused_with_words(as_alice: Client, project: Project, kind: str) -> None:
    response = as_alice.post(f"/projects/{project.code}/add_{kind}/", {})
    assert response.status_code == 422
    assert 'role="alert"' in response.content.decode()
    assert not Channel.objects.filter(project=project).exists()


@pytest.mark.parametrize("kind", list(FIELDS))
def test_what_was_stored_comes_back_unchanged(
    as_alice: Client, project: Project, kind: str
) -> None:
    as_alice.post(f"/projects/{project.code}/add_{kind}/", FIELDS[kind])
    channel = Channel.objects.get(project=project)
    url = f"/integrations/{channel.code}/edit/"
    form = as_alice.get(url).context["form"]
    shown = {f.html_name: f.field.prepare_value(f.value()) for f in form}
    shown = {k: ("on" if v is True else v) for k, v in shown.items() if v}
    response = as_alice.post(url, shown | {"name": "Renamed"})
    assert response["Location"] == f"/projects/{project.code}/integrations/"
    before = json.loads(channel.value)
    channel.refresh_from_db()
    assert json.loads(channel.value) | {"name": ""} == before | {"name": ""}
    assert channel.name == "Renamed"


def test_a_channel_is_removed(as_alice: Client, project: Project, check: Check) -> None:
    channel = make_webhook(project)
    url = f"/integrations/{channel.code}/remove/"
    assert "1 check alerts, through it" not in as_alice.get(url).content.decode()
    assert "1 check alerts through it" in as_alice.get(url).content.decode()
    assert as_alice.post(url)["Location"] == f"/projects/{project.code}/integrations/"
    assert not Channel.objects.filter(pk=channel.pk).exists()


@pytest.mark.parametrize("action", ["edit", "remove"])
def test_only_members_who_may_write_change_channels(
    client: Client, project: Project, bob: User, action: str
) -> None:
    channel = make_webhook(project)
    url = f"/integrations/{channel.code}/{action}/"
    assert client.get(url).status_code == 302
    client.force_login(bob)
    assert client.get(url).status_code == 404
    make_member(project, bob, Role.READONLY)
    assert client.get(url).status_code == 403
    assert client.get(f"/projects/{project.code}/add_webhook/").status_code == 403
    html = client.get(f"/projects/{project.code}/integrations/").content.decode()
    assert "Edit" not in html
    assert "Add an integration" not in html


def test_a_kind_that_is_switched_off_does_not_exist(
    client: Client, as_alice: Client, project: Project, settings: Settings
) -> None:
    channel = make_webhook(project)
    settings.INTEGRATIONS = {"WEBHOOKS_ENABLED": False}
    assert Client().get(f"/projects/{project.code}/add_webhook/").status_code == 404
    assert as_alice.get(f"/integrations/{channel.code}/edit/").status_code == 404
    html = as_alice.get(f"/projects/{project.code}/integrations/").content.decode()
    assert "example.org" in html
    assert "Add Webhook" not in html


# --- Webhooks ---------------------------------------------------------------------------------


def test_the_request_is_stored_as_it_was_designed(as_alice: Client, project: Project) -> None:
    as_alice.post(
        f"/projects/{project.code}/add_webhook/", HOOK | {"url_up": "example.org:8080/up"}
    )
    value = json.loads(Channel.objects.get(project=project).value)
    assert value["headers_down"] == {"X-A": "1", "X-B": "two: parts"}
    assert value["url_up"] == "https://example.org:8080/up"
    assert (value["method_up"], value["body_down"]) == ("GET", "b")


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"url_down": "", "url_up": ""}, "Enter at least one URL."),
        ({"url_down": "ftp://example.org"}, "Enter an address like"),
        ({"url_down": "https://[foo"}, "Enter an address like"),
        ({"url_down": "https://example.org:x/"}, "Enter an address like"),
        ({"url_down": "https://exa mple.org"}, "An address has no spaces."),
        ({"url_down": "https://" + "x" * 1000}, "at most 1000 characters"),
        ({"headers_down": "no colon"}, "Write one “Name: value” per line."),
        ({"headers_down": "A:"}, "Write one “Name: value” per line."),
        ({"headers_down": "Bad Name: x"}, "cannot be the name of a header"),
        ({"headers_down": "A: " + "x" * 1000}, "at most 1000 characters"),
        ({"body_down": "x" * 10_001}, "at most 10000 characters"),
        ({"method_down": "TRACE"}, "not one of the available choices"),
    ],
)
def test_a_request_that_cannot_be_made_is_refused_with_words(
    as_alice: Client, project: Project, fields: dict[str, str], complaint: str
) -> None:
    response = as_alice.post(f"/projects/{project.code}/add_webhook/", HOOK | fields)
    assert response.status_code == 422
    assert complaint in response.content.decode()


def test_a_signing_secret_is_kept_and_never_shown(as_alice: Client, project: Project) -> None:
    as_alice.post(f"/projects/{project.code}/add_webhook/", HOOK | {"secret": "geheim"})
    channel = Channel.objects.get(project=project)
    url = f"/integrations/{channel.code}/edit/"

    def stored() -> str:
        channel.refresh_from_db()
        return str(json.loads(channel.value)["secret"])

    assert "geheim" not in as_alice.get(url).content.decode()
    as_alice.post(url, HOOK | {"secret": ""})
    assert stored() == "geheim"
    as_alice.post(url, HOOK | {"secret": "neu"})
    assert stored() == "neu"
    as_alice.post(url, HOOK | {"drop_secret": "on"})
    assert stored() == ""


def test_settings_that_cannot_be_read_can_be_replaced(as_alice: Client, project: Project) -> None:
    channel = make_webhook(project)
    Channel.objects.filter(pk=channel.pk).update(value="{", disabled=True)
    url = f"/integrations/{channel.code}/edit/"
    assert as_alice.get(url).status_code == 200
    as_alice.post(url, HOOK)
    channel.refresh_from_db()
    assert (json.loads(channel.value)["url_down"], channel.disabled) == (HOOK["url_down"], False)


# --- E-mail -----------------------------------------------------------------------------------


def confirmation_link(mails: list[EmailMessage]) -> str:
    found = re.search(r"http://testserver(/integrations/\S+/verify/\S+)", str(mails[-1].body))
    assert found
    return found[1]


def test_ones_own_address_needs_no_confirmation(
    as_alice: Client, project: Project, mails: list[EmailMessage]
) -> None:
    as_alice.post(f"/projects/{project.code}/add_email/", EMAIL | {"address": "Alice@Example.org"})
    assert Channel.objects.get(project=project).email_verified
    assert len(mails) == 0


def test_confirmation_can_be_switched_off(
    as_alice: Client, project: Project, settings: Settings
) -> None:
    settings.EMAIL_USE_VERIFICATION = False
    as_alice.post(f"/projects/{project.code}/add_email/", EMAIL)
    assert Channel.objects.get(project=project).email_verified


def test_a_foreign_address_is_confirmed_from_its_mailbox(
    as_alice: Client, project: Project, mails: list[EmailMessage]
) -> None:
    as_alice.post(f"/projects/{project.code}/add_email/", EMAIL)
    channel = Channel.objects.get(project=project)
    assert not channel.email_verified
    assert mails[-1].to == ["ops@example.org"]
    assert "alice@example.org" in str(mails[-1].body)
    link = confirmation_link(mails)
    reader = Client()
    assert "ops@example.org" in reader.get(link).content.decode()
    channel.refresh_from_db()
    assert not channel.email_verified  # a scanner that follows the link confirms nothing
    assert reader.post(link).status_code == 200
    channel.refresh_from_db()
    assert channel.email_verified


def test_a_confirmation_is_bound_to_the_address_and_expires(
    as_alice: Client, project: Project, mails: list[EmailMessage]
) -> None:
    as_alice.post(f"/projects/{project.code}/add_email/", EMAIL)
    channel = Channel.objects.get(project=project)
    link = confirmation_link(mails)
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        assert as_alice.post(link).status_code == 400
    as_alice.post(f"/integrations/{channel.code}/edit/", EMAIL | {"address": "other@example.org"})
    assert as_alice.post(link).status_code == 400
    assert as_alice.post(link.removesuffix("/") + "x/").status_code == 400
    channel.refresh_from_db()
    assert not channel.email_verified


def test_changing_other_settings_keeps_the_confirmation(as_alice: Client, project: Project) -> None:
    channel = make_email(project)
    as_alice.post(
        f"/integrations/{channel.code}/edit/",
        {"address": "ops@example.org", "down": "on", "together": "on"},
    )
    channel.refresh_from_db()
    assert channel.email_verified
    assert json.loads(channel.value) == {"value": "ops@example.org", "up": False, "down": True}


def test_strangers_are_not_flooded(
    as_alice: Client, project: Project, mails: list[EmailMessage]
) -> None:
    for _ in range(6):
        as_alice.post(f"/projects/{project.code}/add_email/", EMAIL)
    assert len(mails) == 5
    html = as_alice.get(f"/projects/{project.code}/integrations/").content.decode()
    assert "Too many mails were sent" in html


def test_neither_up_nor_down_is_refused(as_alice: Client, project: Project) -> None:
    response = as_alice.post(f"/projects/{project.code}/add_email/", {"address": "a@example.org"})
    assert "Choose at least one." in response.content.decode()


def test_a_mail_can_be_unsubscribed_from(client: Client, project: Project) -> None:
    channel = make_email(project)
    url = f"/integrations/{channel.code}/unsub/{unsubscribe_token(channel.code)}/"
    html = client.get(url).content.decode()
    assert "ops@example.org" in html
    assert "data-auto-submit" not in html
    channel.refresh_from_db()
    assert not channel.disabled
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(url, {"List-Unsubscribe": "One-Click"}).status_code == 200
    channel.refresh_from_db()
    assert channel.disabled


def test_an_older_unsubscribe_link_submits_itself(client: Client, project: Project) -> None:
    channel = make_email(project)
    token = unsubscribe_token(channel.code)
    with time_machine.travel(timezone.now() + timedelta(minutes=6)):
        html = client.get(f"/integrations/{channel.code}/unsub/{token}/").content.decode()
    assert "data-auto-submit" in html


def test_a_bad_unsubscribe_link_changes_nothing(client: Client, project: Project) -> None:
    channel, other = make_email(project), make_webhook(project)
    assert client.post(f"/integrations/{channel.code}/unsub/junk/").status_code == 400
    stolen = unsubscribe_token(other.code)
    assert client.post(f"/integrations/{channel.code}/unsub/{stolen}/").status_code == 400
    assert client.post(f"/integrations/{other.code}/unsub/{stolen}/").status_code == 404
    gone = uuid4()
    assert client.post(f"/integrations/{gone}/unsub/{unsubscribe_token(gone)}/").status_code == 404
    channel.refresh_from_db()
    assert not channel.disabled


def test_the_reader_of_an_unreadable_channel_can_still_unsubscribe(
    client: Client, project: Project
) -> None:
    channel = make_email(project)
    Channel.objects.filter(pk=channel.pk).update(value="{")
    url = f"/integrations/{channel.code}/unsub/{unsubscribe_token(channel.code)}/"
    assert client.post(url).status_code == 200


def test_an_address_that_cannot_be_read_can_be_replaced(as_alice: Client, project: Project) -> None:
    channel = make_email(project)
    Channel.objects.filter(pk=channel.pk).update(value="{broken")
    response = as_alice.post(f"/integrations/{channel.code}/edit/", EMAIL | {"name": "Ops"})
    assert response.status_code == 302
    assert "ops@example.org" in Channel.objects.get(pk=channel.pk).value
