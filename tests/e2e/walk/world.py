"""What the pages show while their controls are pressed: people of all roles, and one of everything.

Nothing here depends on the hour: what is late is late whenever the test runs.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.test import Client
from django.utils import timezone

from hc.accounts.models import Credential, EmailChange, Project, Role, Scope, User
from hc.accounts.services import email_change, farewell, invitations, keys, transfer
from hc.accounts.services.accounts import create_account
from hc.accounts.services.login import new_link
from hc.accounts.services.projects import create_project
from hc.accounts.services.sessions import Origin, begin
from hc.accounts.tests.test_permissions import Things
from hc.api.models import Channel, Check, Notification
from hc.api.services import channels, checks
from hc.api.services.heartbeats import Pulse
from hc.core.state import Kind
from hc.front.log import ROWS
from hc.integrations.email.config import EmailConfig
from hc.pings.event import PingEvent
from hc.pings.writer import record
from tests.factories import (
    PASSWORD,
    make_check,
    make_cron_check,
    make_email,
    make_group,
    make_member,
    make_webhook,
)
from tests.factors import give_codes, give_totp

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
CONFIRM, UNDO = "confirm-this", "undo-that"
MAIL = b"""From: cron@db1.example.org
To: job@example.org
Subject: Backup
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary=A

--A
Content-Type: text/plain

All is well.
--A
Content-Type: text/html

<p>All is <b>well</b>. <img src="http://pictures.example/1.png" alt=""></p>
--A--
"""


@dataclass
class World:
    """`own`: the project that the walk is about. The others are there for what it lacks."""

    people: dict[str, User]
    own: Things
    offered: Project
    empty: Project
    checks: dict[str, Check]
    channels: dict[str, Channel]
    key: Credential
    link: str  # signs the reader in


def make_world() -> World:
    now = timezone.now()
    Pulse("sendalerts").beat(now + HOUR)  # the walk takes a while
    people = {
        who: create_account(f"{who}@example.org", password=PASSWORD, tz="Europe/Riga")
        for who in ("owner", "manager", "member", "reader")
    }
    owner = people["owner"]
    own = Things.of(owner, 1)
    shop, staging = own.project, create_project("Staging", owner)
    empty = create_project("Empty", owner)
    for project in (shop, staging, empty):
        _let_in(project, people)
    made = _make_channels(own)
    found = _make_checks(shop, now)
    _tell(made, now)
    keys.create_key(shop, Scope.READONLY, name="Wall", expires=now - MINUTE)
    keys.create_api_key(shop)
    keys.create_ping_key(shop)
    invitations.invite(shop, "old@example.org", "r", owner, now - 9 * DAY)
    transfer.start(staging, people["member"].pk, owner, now)
    _settle_in(people, now)
    own = replace(own, check=found["down"])
    link = new_link(people["reader"], now)
    return World(people, own, staging, empty, found, made, Credential.objects.get(), link)


def _let_in(project: Project, people: dict[str, User]) -> None:
    make_member(project, people["manager"], Role.MANAGER)
    make_member(project, people["member"], Role.REGULAR)
    make_member(project, people["reader"], Role.READONLY)


def _make_channels(own: Things) -> dict[str, Channel]:
    """In all states: working, failing, switched off, not confirmed."""
    project, hook = own.project, own.channel
    mail = make_email(project)
    off = make_webhook(project, "https://off.example.org/")
    channels.disable(off.code)
    unconfirmed = channels.create(project, "email", EmailConfig(value="new@example.org"))
    group = make_group(project, mail, hook)
    return {
        "webhook": hook,
        "email": mail,
        "off": off,
        "unconfirmed": unconfirmed,
        "group": group,
    }


def _make_checks(project: Project, now: datetime) -> dict[str, Check]:
    """In all states, with bodies of all forms; the log of the one that is down has pages."""
    down = make_cron_check(project, "15 1 * * *", "Asia/Tokyo", name="Invoices", tags="billing")
    for number in range(ROWS, 0, -1):
        _ping(down, Kind.START, now - number * 10 * MINUTE)
        _ping(down, Kind.SUCCESS, now - number * 10 * MINUTE + MINUTE, b'{"rows": 214}')
    _ping(down, Kind.FAIL, now - 5 * MINUTE, b"disk full")
    up = make_check(project, name="Mail queue", slug="mail-queue", tags="prod", desc="See wiki.")
    _ping(up, Kind.SUCCESS, now - MINUTE, MAIL, "email")
    late, running = make_check(project, name="Late"), make_check(project, name="Export")
    _ping(late, Kind.SUCCESS, now - DAY - 9 * MINUTE)
    _ping(running, Kind.START, now - MINUTE)
    paused = make_check(project, name="Old import")
    checks.pause(paused.code, now)
    elsewhere = make_cron_check(project, "0 9 * * *", "UTC", name="Report", tags="prod")
    for days in range(8, 0, -1):  # it runs by another clock, three hours ahead
        _ping(elsewhere, Kind.SUCCESS, _at(now, 6) - days * DAY)
    made = {"up": up, "late": late, "running": running, "paused": paused}
    return made | {"down": down, "elsewhere": elsewhere, "new": make_check(project)}


def _at(day: datetime, hour: int) -> datetime:
    return day.replace(hour=hour, minute=0, second=10)


def _ping(check: Check, kind: Kind, at: datetime, body: bytes = b"", scheme: str = "http") -> None:
    event = PingEvent(check.code, at, kind, scheme=scheme, method="POST", ua="curl/8", body=body)
    record([event], at)


def _tell(made: dict[str, Channel], now: datetime) -> None:
    """One message waits, the others have failed."""
    Notification.objects.update(state="failed", error="Status 500", attempts=3, due=None)
    first = Notification.objects.order_by("pk")[:1].get()
    Notification.objects.filter(pk=first.pk).update(state="queued", due=now)
    Channel.objects.filter(pk=made["webhook"].pk).update(last_error="Status 500", last_notify=now)


def _settle_in(people: dict[str, User], now: datetime) -> None:
    """The owner has all that an account may have; the member leaves soon."""
    owner = people["owner"]
    give_totp(owner)
    give_codes(owner)
    Credential.objects.create(user=owner, name="Blue key ring", data=b"", is_passkey=True)
    keys.create_key(owner, Scope.ACCOUNT, name="Laptop")
    theirs = create_project("Theirs", create_account("bob@example.org"))
    for who in ("owner", "member", "reader"):
        make_member(theirs, people[who], Role.REGULAR)
    farewell.request(people["member"], now)
    for user in people.values():
        client = Client()
        client.force_login(user)
        key = str(client.session.session_key)
        begin(user, key, Origin("password", "2001:db8::5", "Firefox/140.0"), now)
    _change_addresses(owner, people["member"], now)


def _change_addresses(owner: User, member: User, now: datetime) -> None:
    """The owner may confirm a new address, the member may take one back."""
    email_change.request(owner, "new-owner@example.org", now)
    email_change.request(member, "new-member@example.org", now)
    asked = EmailChange.objects.filter(user=owner)
    asked.update(digest=hashlib.sha256(CONFIRM.encode()).hexdigest())
    done = EmailChange.objects.filter(user=member)
    done.update(confirmed=now, undo_digest=hashlib.sha256(UNDO.encode()).hexdigest())
