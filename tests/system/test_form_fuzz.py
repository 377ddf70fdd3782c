"""Whatever is sent to the forms of the site: no error of ours, no text of theirs as markup, and
nobody led away.

Each address that takes POST is sent forms as its page shows them, with some fields spoiled. What an
example has changed is taken back after it.
"""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from django.contrib import admin
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hc.accounts.models import Credential, Invitation, Project, Role, User
from hc.accounts.services.keys import create_api_key
from hc.api.models import Channel, Check
from hc.config import BASE_DIR
from hc.core.state import Kind
from hc.lib.doors import is_for_machines
from hc.pings.writer import record
from tests.admin import confirm
from tests.factories import make_check, make_email, make_member, make_webhook, ping_event

# How many forms of each kind are tried; a night may afford more.
EXAMPLES = int(os.environ.get("FUZZ", "6"))
MARK = "<script>mark\"'</script>"
NASTY = [
    MARK,
    f"x{MARK}y@example.org",
    "\0",
    "a\0b",
    "",
    " ",
    "-1",
    "0",
    "999999999999999999999999",
    "1e400",
    "NaN",
    "true",
    "[]",
    "{}",
    '{"id": {}, "response": []}',
    "null",
    "\r\nSet-Cookie: a=b",
    "//evil.example.com/",
    "https://evil.example.com/",
    "javascript:alert(1)",
    "../../etc/passwd",
    "%s%n%(x)s{0}{{ x }}{% x %}",
    "\u202e\u2028\ufeff\U0001f980",
    "٣٣٣٣٣٣",
    "x" * 300,
    "é" * 100_000,
    '"a@b"@example.org',
    "a@" + "b" * 300,
    "00000000-0000-0000-0000-000000000000",
    "* * * * * * *",
    "0 0 31 2 *",
    "*-*-* 99:99",
]
CODES = re.compile(r"<(?:uuid|str|int|slug|path):(\w+)>")


class _Fields(HTMLParser):
    """The names and values of all controls of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name = given.get("name")
        if tag in ("input", "select", "textarea", "button") and name:
            self.found.setdefault(name, given.get("value") or "")


def _names_in_the_code() -> list[str]:
    """Fields that views ask for, whether or not a page shows them."""
    found = set()
    for path in (BASE_DIR / "hc").rglob("*.py"):
        if "tests" not in path.parts:
            found |= set(re.findall(r"POST(?:\.get(?:list)?\(|\[)\"(\w+)\"", path.read_text()))
    return sorted(found)


@dataclass
class World:
    """Somebody who may do everything, and has one of everything."""

    session: str
    codes: dict[str, str]
    project: Project

    def client(self) -> Client:
        client = Client()
        client.cookies["sessionid"] = self.session
        return client


@pytest.fixture
def world(db: None, alice: User, bob: User, project: Project) -> World:
    User.objects.filter(pk=alice.pk).update(is_staff=True, is_superuser=True)
    now = timezone.now()
    check = make_check(project, name="Backup", tags="prod")
    record([ping_event(check.code, now, Kind.FAIL, body=b"body")], now)
    channel = make_webhook(project)
    make_email(project)
    make_member(project, bob, Role.MANAGER)
    create_api_key(project)
    key = Credential.objects.create(user=alice, name="Key", data=b"x")
    Credential.objects.filter(pk=key.pk).delete()  # its code is a code of nothing
    invitation = Invitation.objects.create(
        project=project,
        email="new@example.org",
        inviter=alice,
        digest="d",
        created=now,
        sent=now,
        expires=now,
    )
    client = Client()
    client.force_login(alice)
    confirm(client)
    codes = {
        "projects": str(project.code),
        "checks": str(check.code),
        "integrations": str(channel.code),
        "invitations": str(invitation.code),
        "two_factor": str(key.code),
    }
    return World(client.session.session_key or "", codes, project)


def _routes(patterns: list[Any], start: str = "") -> Iterator[str]:
    for entry in patterns:
        if not isinstance(entry.pattern, RoutePattern):
            continue
        route = f"{start}{entry.pattern}"
        if isinstance(entry, URLResolver):
            yield from _routes(entry.url_patterns, route)
        elif isinstance(entry, URLPattern):
            yield route


def addresses(world: World) -> list[str]:
    """Everything but machines' endpoints and the admin pages, with codes of what there is."""
    found = []
    for route in _routes(get_resolver().url_patterns):
        if route.startswith("admin/") or is_for_machines(f"/{route}"):
            continue
        room = route.partition("/")[0]
        room = "two_factor" if "two_factor" in route else room
        first, *others = CODES.findall(route) or [""]
        path = CODES.sub(lambda m: f"[{m[1]}]", route)
        if first == "code":
            path = path.replace("[code]", world.codes.get(room, str(uuid.uuid4())), 1)
        for name in (first, *others):
            path = path.replace(f"[{name}]", _argument(name, world))
        if not is_for_machines(f"/{path}"):
            found.append(f"/{path}")
    return sorted(set(found))


def _argument(name: str, world: World) -> str:
    if name == "channel_code":
        return world.codes["integrations"]
    if name in ("key_code", "code", "invitation"):
        return world.codes.get("invitations", "")
    return "x1"


def admin_addresses() -> list[str]:
    """Lists, and the page of one row of each table."""
    found = []
    for model in admin.site._registry:
        table = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        found += [table, f"{table}add/"]
        row = model._default_manager.order_by("pk").first()
        if row is not None:
            found += [f"{table}{row.pk}/{page}/" for page in ("change", "delete")]
    return found


def assert_sound(response: Any, path: str, sent: Any) -> None:
    text = f"{path} {str(sent)[:300]}"
    assert response.status_code < 500, text
    if "html" in response.get("Content-Type", ""):
        body = response.content.decode()
        assert MARK not in body, text
        assert "<script>mark" not in body, text
    location = response.get("Location", "")
    read = re.sub(r"[\t\r\n]", "", location).replace("\\", "/")
    assert urlsplit(read).netloc in ("", "testserver"), f"{text} -> {location}"
    assert not read.startswith("javascript:"), text


def _values() -> st.SearchStrategy[Any]:
    plain = st.one_of(
        st.sampled_from(NASTY),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
        st.integers().map(str),
    )
    return st.one_of(plain, st.lists(plain, max_size=3))


@st.composite
def _spoiled(draw: st.DrawFn, shown: dict[str, str], names: list[str]) -> dict[str, Any]:
    """A form as its page shows it, with fields missing and others changed or added."""
    form: dict[str, Any] = dict(shown)
    for name in draw(st.lists(st.sampled_from(sorted(shown) or [""]), max_size=2)):
        form.pop(name, None)
    pool = st.one_of(st.sampled_from(sorted(shown) or names), st.sampled_from(names or ["x"]))
    for name in draw(st.lists(pool, min_size=1, max_size=4)):
        form[name] = draw(_values())
    return form


def fuzz(world: World, path: str, *, names: list[str], signed_in: bool) -> None:
    """Send `path` many spoiled forms, and look at what comes back, and at where that leads."""

    def client() -> Client:
        return world.client() if signed_in else Client()

    with transaction.atomic():
        parser = _Fields()
        page = client().get(path)
        assert_sound(page, path, "GET")
        if page.status_code == 200 and "html" in page.get("Content-Type", ""):
            parser.feed(page.content.decode())
        transaction.set_rollback(True)
    parser.found.pop("csrfmiddlewaretoken", None)

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(_spoiled(parser.found, names))
    def one(form: dict[str, Any]) -> None:
        with transaction.atomic():
            visitor = client()
            response = visitor.post(path, form)
            assert_sound(response, path, form)
            if response.status_code == 302 and response["Location"].startswith("/"):
                assert_sound(visitor.get(response["Location"]), response["Location"], form)
            transaction.set_rollback(True)

    one()


@pytest.mark.slow
@pytest.mark.parametrize("signed_in", [True, False], ids=["signed in", "visitor"])
def test_forms_of_the_site(world: World, signed_in: bool) -> None:
    names = _names_in_the_code()
    assert len(names) > 15
    found = addresses(world)
    assert len(found) > 60
    for path in found:
        fuzz(world, path, names=names, signed_in=signed_in)


@pytest.mark.slow
def test_forms_of_the_admin_pages(world: World) -> None:
    for path in admin_addresses():
        fuzz(world, path, names=["action", "_selected_action", "q"], signed_in=True)


def _filled(route: str, text: str) -> str:
    """An address with `text` in its places for text, and codes of nothing in the others."""
    nothing = str(uuid.UUID(int=1))
    return "/" + CODES.sub(lambda m: text if m[0].startswith("<str") else nothing, route)


@pytest.mark.slow
def test_addresses_and_queries(world: World) -> None:
    """What stands in the address is no better than what stands in a form."""
    names = ["next", "tag", "q", "page", "sort", "status", "p", "o", "code", "state", "error"]
    patterns = [route for route in _routes(get_resolver().url_patterns) if "<str:" in route]
    for value in NASTY:
        if len(value) > 1000:
            continue
        quoted = quote(value, safe="")
        with transaction.atomic():
            for path in ("/", "/accounts/login/", f"/projects/{world.project.code}/checks/"):
                for client in (world.client(), Client()):
                    query = dict.fromkeys(names, value)
                    assert_sound(client.get(path, query), path, value)
            for route in patterns:
                path = _filled(route, quoted)
                for client in (world.client(), Client()):
                    assert_sound(client.get(path), path, value)
                    assert_sound(client.post(path), path, value)
            transaction.set_rollback(True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"[1]"),
        ("application/json", b"\xff"),
        ("text/plain", b"x" * 3_000_000),
        ("application/x-www-form-urlencoded", b"\xff=%ff&%00=%00&=&&;"),
        ("application/x-www-form-urlencoded; charset=utf-7", b"a=+ADw-"),
        ("application/x-www-form-urlencoded; charset=nonsense", b"a=b"),
        ("application/x-www-form-urlencoded", b"&".join(b"a%d=1" % n for n in range(2000))),
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\n\r\n"),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="\0"'),
        ("\0", b""),
    ],
)
def test_bodies_that_are_no_forms(world: World, kind: str, body: bytes) -> None:
    for path in addresses(world):
        for client in (world.client(), Client()):
            with transaction.atomic():
                response = client.generic("POST", path, body, content_type=kind)
                assert_sound(response, path, (kind, body[:40]))
                transaction.set_rollback(True)


def test_the_addresses_are_those_of_what_there_is(world: World) -> None:
    assert Check.objects.filter(code=world.codes["checks"]).exists()
    assert Channel.objects.filter(code=world.codes["integrations"]).exists()
    answers = [world.client().get(path).status_code for path in addresses(world)]
    assert answers.count(200) > 35
    assert answers.count(404) < len(answers) / 3
