from __future__ import annotations

import base64
import hashlib
import hmac
import string
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from hc.accounts.models import Profile, Project, User
from hc.accounts.redirects import safe_next
from hc.accounts.services.reports import unsubscribe_token
from hc.api.models import Channel
from tests.factories import make_email

PAGE = "/accounts/profile/notifications/"


def link(user: User) -> str:
    return f"/accounts/unsubscribe_reports/{unsubscribe_token(user)}/"


def test_looking_changes_nothing_and_the_button_stops_the_mails(
    client: Client, alice: User
) -> None:
    now = timezone.now()
    Profile.objects.update(nag_period=timedelta(hours=1), next_nag_date=now, next_report_date=now)
    assert b"Stop the mails" in client.get(link(alice)).content
    assert Profile.objects.get(user=alice).reports == "monthly"
    assert client.post(link(alice)).status_code == 200
    found = Profile.objects.get(user=alice)
    assert (found.reports, found.nag_period) == ("off", timedelta(0))
    assert (found.next_report_date, found.next_nag_date) == (None, None)


def test_mail_programs_may_do_it_without_a_token(alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.post(link(alice), {"List-Unsubscribe": "One-Click"})
    assert Profile.objects.get(user=alice).reports == "off"


def test_an_older_link_submits_itself(client: Client, alice: User) -> None:
    path = link(alice)
    assert b"data-auto-submit" not in client.get(path).content
    with time_machine.travel(timezone.now() + timedelta(minutes=6)):
        assert b"data-auto-submit" in client.get(path).content


def test_a_bad_link_says_so(client: Client, alice: User) -> None:
    response = client.post(f"/accounts/unsubscribe_reports/{alice.username}/")
    assert b"does not work" in response.content
    assert Profile.objects.get(user=alice).reports == "monthly"


def test_an_account_that_is_gone_is_no_error(client: Client, alice: User) -> None:
    path = link(alice)
    User.objects.all().delete()
    assert client.post(path).status_code == 200


def test_the_page_stores_what_a_person_wants(as_alice: Client, alice: User) -> None:
    assert b"Reports and reminders" in as_alice.get(PAGE).content
    response = as_alice.post(PAGE, {"reports": "daily", "nag_period": "86400"})
    assert response["Location"] == PAGE
    found = Profile.objects.get(user=alice)
    assert (found.reports, found.nag_period) == ("daily", timedelta(days=1))
    assert b"The next report comes on" in as_alice.get(PAGE).content


@pytest.mark.parametrize(
    "data",
    [
        {"reports": "daily"},
        {"nag_period": "3600"},
        {"reports": "yearly", "nag_period": "0"},
        {"reports": "off", "nag_period": "60"},
        {"reports": "off", "nag_period": "soon"},
    ],
)
def test_half_an_answer_or_an_odd_one_changes_nothing(
    as_alice: Client, alice: User, data: dict[str, str]
) -> None:
    assert as_alice.post(PAGE, data).status_code == 422
    assert Profile.objects.get(user=alice).reports == "monthly"


def test_visitors_sign_in_first_and_come_back(client: Client, alice: User) -> None:
    response = client.get(PAGE)
    assert response["Location"] == f"/accounts/login/?next={PAGE}"
    assert safe_next(PAGE) == PAGE


def by_hand(value: str, salt: str, at: int, key: str) -> str:
    """value:ts:sig as an older instance has mailed it. Source: accounts 1.4."""
    digits = string.digits + string.ascii_uppercase + string.ascii_lowercase
    stamp = ""
    while at:
        at, rest = divmod(at, 62)
        stamp = digits[rest] + stamp
    signed = f"{value}:{stamp}"
    secret = hashlib.sha256(f"{salt}signer{key}".encode()).digest()
    digest = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    return f"{signed}:{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


OPENSSL = "alice:1kHR5c:rcc9bnCF4gC_wXD6XkN8Y2xWhsxfxkXYShPdCwvGWWA"
OLD_KEY = "the key of an instance that was given up"


def test_links_of_an_older_instance_keep_working(
    client: Client, alice: User, settings: Settings
) -> None:
    User.objects.filter(pk=alice.pk).update(username="8a5b1bb6-7a5b-4f25-8a1d-47a3cd")
    token = by_hand("8a5b1bb6-7a5b-4f25-8a1d-47a3cd", "reports", 1_600_000_000, OLD_KEY)
    url = f"/accounts/unsubscribe_reports/{token}/"
    assert "does not work" in client.post(url).content.decode()
    settings.SECRET_KEY_FALLBACKS = [OLD_KEY]
    client.post(url)
    assert Profile.objects.get(user=alice).reports == "off"
    assert not client.post(url.replace("8a5b", "8a5c")).context.get("auto_submit")


def test_so_do_those_that_stop_alerts_by_mail(
    client: Client, project: Project, settings: Settings
) -> None:
    channel = make_email(project)
    digest = hashlib.sha256(f"{channel.code}{OLD_KEY}".encode()).hexdigest()
    token = by_hand(digest, "alerts", 1_600_000_000, OLD_KEY)
    url = f"/integrations/{channel.code}/unsub/{token}/"
    client.post(url)
    assert not Channel.objects.get(pk=channel.pk).disabled
    settings.SECRET_KEY_FALLBACKS = [OLD_KEY]
    client.post(url)
    assert Channel.objects.get(pk=channel.pk).disabled


def test_a_format_that_was_computed_elsewhere() -> None:
    """With openssl: the text of a link, so that the helper above is not wrong in the same way."""
    token = by_hand("alice", "reports", 1_600_000_000, "secret")
    assert token == OPENSSL
