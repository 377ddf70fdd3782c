"""What the rows find in the database. Runs with the models of the service under test."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone

from hc.accounts.backends import EmailBackend
from hc.accounts.models import Profile, Project, Scope, User
from hc.accounts.services import keys
from hc.accounts.services.accounts import create_account
from hc.accounts.services.projects import create_project
from hc.api.models import Channel, Check
from hc.api.models.check import unique_key
from hc.api.services import checks
from hc.core.state import Kind
from hc.pings.writer import record
from tests.factories import make_check, make_cron_check, make_webhook, ping_event

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BADGE_KEY = "42e36043-243c-41dc-b574-4b3333e35f32"
FIXED_CODE = UUID("920ef5c2-ca3c-42f4-8000-000000000000")
# How many checks the account of the project `room` may still make.
ROOM = 5


def build() -> str:
    """Everything, and what it is called, as a JSON object."""
    now = timezone.now().replace(microsecond=0)
    owner = create_account("owner@example.org", password="correct horse battery")
    stranger = create_account("stranger@example.org", password="correct horse battery")
    words = {"unknown": str(uuid4()), "session": _session(owner)}
    words |= _keys("main", main := create_project("Main", owner))
    words |= _keys("w", writes := create_project("Writes", owner))
    words |= _keys("other", other := create_project("Other", stranger))
    words |= _limited("full", 1, used=1) | _limited("room", ROOM + 2, used=2)
    words |= _named_keys(main, owner, now)
    words |= {"ping_key": keys.create_ping_key(main), "w_ping_key": keys.create_ping_key(writes)}
    words |= _checks(main, now) | _logs(writes, now) | _channels(writes)
    words |= _codes("foreign", make_check(other, name="Foreign"))
    words["foreign_channel"] = str(make_webhook(other).code)
    words |= _figures(create_project("Figures", owner), now)
    return json.dumps(words)


def _keys(name: str, project: Project) -> dict[str, str]:
    return {
        name: keys.create_api_key(project),
        f"{name}_ro": keys.create_readonly_key(project),
        f"{name}_project": str(project.code),
        f"{name}_badge_key": project.badge_key,
    }


def _named_keys(project: Project, owner: User, now: datetime) -> dict[str, str]:
    _, past = keys.create_key(project, Scope.READONLY, expires=now - HOUR)
    _, write = keys.create_key(project, Scope.READWRITE, name="script", expires=now + DAY)
    _, read = keys.create_key(project, Scope.READONLY, name="wall")
    _, account = keys.create_key(owner, Scope.ACCOUNT)
    return {"expired": past, "named": write, "named_ro": read, "account": account}


def _limited(name: str, limit: int, *, used: int) -> dict[str, str]:
    """A project of an account that may have `limit` checks, and has `used`."""
    account = create_account(f"{name}@example.org", password="correct horse battery")
    Check.objects.filter(project__owner=account).delete()
    Profile.of(account.pk)
    Profile.objects.filter(user=account).update(check_limit=limit)
    project = create_project(name.title(), account)
    for _ in range(used):
        make_check(project)
    return _keys(name, project)


def _codes(name: str, check: Check) -> dict[str, str]:
    check.refresh_from_db()
    return {
        name: str(check.code),
        f"{name}_key": check.unique_key,
        f"{name}_badge": str(check.badge_key),
    }


def _checks(project: Project, now: datetime) -> dict[str, str]:
    """One of each status, in this order; the rows leave them alone."""
    up = make_check(project, name="Up", slug="spec-up", tags="prod db", desc="d", timeout=2 * DAY)
    down = make_check(project, name="dn", tags="dn prod")
    late = make_check(project, name="Late", tags="gr")
    paused = make_check(project, name="Paused", slug="same", tags="Prod")
    new = make_check(project, slug="same", tags="db@dc1 a/b š", manual_resume=True)
    running = make_check(project, name="Running")
    again = make_check(project, name="Again")
    cron = make_cron_check(project, "15 4 * * *", "Europe/Riga", name="Cron")
    overrun = make_check(project, name="Overrun")
    record([ping_event(up.code, now - HOUR, Kind.START)], now)
    record([ping_event(up.code, now - HOUR + timedelta(seconds=2.5))], now)
    record([ping_event(down.code, now - HOUR, Kind.FAIL)], now)
    record([ping_event(late.code, now - DAY - timedelta(minutes=5))], now)
    checks.pause(paused.code, now)
    record([ping_event(running.code, now, Kind.START)], now)
    record([ping_event(again.code, now - HOUR, Kind.FAIL)], now)
    record([ping_event(again.code, now, Kind.START)], now)
    record([ping_event(overrun.code, now - 3 * HOUR, Kind.START)], now)
    # Finds that the run has taken too long, as the alert loop would.
    record([ping_event(overrun.code, now, Kind.LOG)], now)
    Check.objects.filter(pk=new.pk).update(code=FIXED_CODE, unique_key=unique_key(FIXED_CODE))
    named = {
        **_codes("up", up),
        **_codes("down", down),
        **_codes("late", late),
        **_codes("paused", paused),
        **_codes("fresh", new),
        **_codes("running", running),
        **_codes("again", again),
        **_codes("cron", cron),
        **_codes("overrun", overrun),
    }
    return named | {"hour_ago": (now - HOUR + timedelta(seconds=2.5)).isoformat(timespec="seconds")}


def _logs(project: Project, now: datetime) -> dict[str, str]:
    """Checks with pings and flips."""
    many, few = make_check(project, name="Many"), make_check(project, name="Few")
    record([ping_event(many.code, now - HOUR + timedelta(seconds=n)) for n in range(205)], now)
    record([ping_event(few.code, now - HOUR, Kind.START)], now)
    body = b"\xff hello\r\n"
    record([ping_event(few.code, now - HOUR + timedelta(seconds=1.08), body=body)], now)
    checks.pause(few.code, now - HOUR / 2)
    checks.resume(few.code, now - HOUR / 4)
    begin = int((now - HOUR / 2).timestamp())
    return _codes("many", many) | _codes("few", few) | {"paused_at": str(begin)}


def _channels(project: Project) -> dict[str, str]:
    named = {"uniq": "uniq", "one": "hook one", "two": "hook one", "comma": "a, b"}
    words = {}
    for word, name in named.items():
        channel = make_webhook(project)
        Channel.objects.filter(pk=channel.pk).update(name=name)
        words[f"channel_{word}"] = str(channel.code)
    return words | {"channels": ",".join(sorted(words.values()))}


def _figures(project: Project, now: datetime) -> dict[str, str]:
    """The project of the Prometheus page and of the badges whose signatures are known."""
    Project.objects.filter(pk=project.pk).update(badge_key=BADGE_KEY)
    project.refresh_from_db()
    down = make_check(project, name="dn", tags="dn")
    odd = make_check(project, name='a"b\\c\nd', tags="foo dn")
    record([ping_event(down.code, now - HOUR, Kind.FAIL)], now)
    return _keys("figures", project) | _codes("dn", down) | _codes("odd", odd)


def _session(user: User) -> str:
    """The cookie of somebody who has signed in."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = f"{EmailBackend.__module__}.{EmailBackend.__qualname__}"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return session.session_key or ""
