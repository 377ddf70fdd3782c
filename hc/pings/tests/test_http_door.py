"""One table of requests runs against both doors: ASGI and the Django view."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.utils import timezone
from pytest_django import Settings

from hc.accounts.models import Profile, Project
from hc.accounts.services.keys import create_ping_key
from hc.api.models import Check, Ping
from hc.pings import asgi, views
from hc.pings.batcher import Batcher
from hc.pings.event import Overloaded, PingEvent, Receipt
from hc.pings.intake import Intake
from hc.pings.lane import Lane
from hc.pings.spool import Spool
from tests.factories import close_connection, make_check, make_webhook
from tests.loop import run


@dataclass
class Answer:
    status: int
    text: str
    headers: dict[str, str] = field(default_factory=dict)


Door = Callable[..., Answer]


def through_django(
    method: str, url: str, body: bytes = b"", peer: str = "127.0.0.1", **headers: str
) -> Answer:
    path, _, query = url.partition("?")
    response = Client().generic(
        method, path, body, QUERY_STRING=query, REMOTE_ADDR=peer, headers=headers
    )
    return Answer(response.status_code, response.content.decode(), dict(response.headers))


def through_asgi(
    method: str, url: str, body: bytes = b"", peer: str = "127.0.0.1", **headers: str
) -> Answer:
    path, _, query = url.partition("?")
    scope = {
        "method": method,
        "query_string": query.encode(),
        "headers": [(k.lower().encode(), v.encode("latin-1")) for k, v in headers.items()],
        "client": (peer, 4711),
    }
    chunks = [body[:3], body[3:]]
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        chunk = chunks.pop(0)
        return {"type": "http.request", "body": chunk, "more_body": bool(chunks)}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    run(_call(scope, path, receive, send))
    names = {k.decode().title(): v.decode() for k, v in sent[0]["headers"]}
    return Answer(sent[0]["status"], sent[1]["body"].decode(), names)


async def _call(
    scope: Any, path: str, receive: Callable[[], Awaitable[Any]], send: Callable[..., Any]
) -> None:
    await asgi.ping(scope, path, receive, send)


@pytest.fixture(params=["asgi", "django"])
def door(request: pytest.FixtureRequest, transactional_db: None) -> Iterator[Door]:
    """Both ways into the service. The ASGI door writes from its own thread."""
    yield through_asgi if request.param == "asgi" else through_django
    asgi.lane.run(close_connection)
    asgi.lane._hang_up()


RID = "04603d8b-edf4-4e85-8f61-24bedbcaab59"


@pytest.mark.parametrize(
    ("method", "suffix", "kind"),
    [
        ("GET", "", "success"),
        ("HEAD", "", "success"),
        ("POST", "/", "success"),
        ("PUT", "/start", "start"),
        ("GET", "/fail", "fail"),
        ("GET", "/log", "log"),
        ("GET", "/0", "success"),
        ("GET", "/01", "fail"),
        ("GET", "/255", "fail"),
        ("FOO", "", "success"),
        ("GET", "?whatever=1&RID=x", "success"),
    ],
)
def test_a_ping_is_recorded(door: Door, check: Check, method: str, suffix: str, kind: str) -> None:
    answer = door(method, f"/ping/{check.code}{suffix}")
    assert answer.status == 200
    assert answer.text == ("" if method == "HEAD" else "OK")
    ping = Ping.objects.get(owner=check)
    assert (ping.signal(), ping.method, ping.n, ping.scheme) == (kind, method, 1, "http")


def test_the_answer_carries_the_headers_of_the_contract(door: Door, check: Check) -> None:
    headers = door("GET", f"/ping/{check.code}").headers
    assert headers["Ping-Body-Limit"] == "10000"
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert "no-store" in headers["Cache-Control"]
    assert "Set-Cookie" not in headers


@pytest.mark.parametrize(
    ("suffix", "status", "text"),
    [
        ("/256", 400, "invalid url format"),
        ("/99999999999", 400, "invalid url format"),
        ("/1.5", 404, "not found"),
        ("/+1", 404, "not found"),
        ("/-1", 404, "not found"),
        ("/FAIL", 400, "invalid url format"),
        ("/fail/", 404, "not found"),
        ("?rid=1", 400, "invalid uuid format"),
        ("?rid=", 400, "invalid uuid format"),
        (f"?rid={RID}%0A", 400, "invalid uuid format"),
        ("?rid=04603d8bedf44e858f6124bedbcaab59", 400, "invalid uuid format"),
        ("/256?rid=1", 400, "invalid url format"),
    ],
)
def test_what_is_no_ping_is_refused_and_leaves_no_trace(
    door: Door, check: Check, suffix: str, status: int, text: str
) -> None:
    answer = door("GET", f"/ping/{check.code}{suffix}")
    assert (answer.status, answer.text) == (status, text)
    assert "Ping-Body-Limit" not in answer.headers
    assert not Ping.objects.exists()


@pytest.mark.parametrize(
    "code",
    ["07c2f548-9850-4b27-af5d-6c9dc157ec02", "nonsense", "381975CD-CE70-43AC-B881-41D7F36ECBBB"],
)
def test_unknown_checks_are_not_found(door: Door, code: str) -> None:
    answer = door("GET", f"/ping/{code}")
    assert (answer.status, answer.text) == (404, "not found")


def test_the_last_run_id_counts(door: Door, check: Check) -> None:
    door("GET", f"/ping/{check.code}/start?rid=x&rid={RID.upper()}")
    assert str(Ping.objects.get().rid) == RID
    check.refresh_from_db()
    assert str(check.last_start_rid) == RID


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, "127.0.0.1"),
        ({"X-Forwarded-For": "1.1.1.1:1234"}, "1.1.1.1"),
        ({"X-Forwarded-For": "6.6.6.6, 1.2.3.4"}, "1.2.3.4"),
        ({"X-Forwarded-For": "1.2.3.4, 10.0.0.9"}, "1.2.3.4"),
        ({"X-Forwarded-For": "[2001:db8::1]:443"}, "2001:db8::1"),
        ({"X-Forwarded-For": "::ffff:1.1.1.1"}, "1.1.1.1"),
        ({"X-Forwarded-For": "garbage"}, "127.0.0.1"),
        ({"X-Forwarded-For": "1.2.3.4, junk"}, "127.0.0.1"),
        ({"X-Forwarded-For": ""}, "127.0.0.1"),
    ],
)
def test_the_address_comes_from_the_proxies_we_trust(
    door: Door, check: Check, headers: dict[str, str], expected: str
) -> None:
    assert door("GET", f"/ping/{check.code}", **headers).status == 200
    assert Ping.objects.get().remote_addr == expected


def test_strangers_cannot_forge_address_or_scheme(door: Door, check: Check) -> None:
    forged = {"X-Forwarded-For": "1.2.3.4", "X-Forwarded-Proto": "https"}
    door("GET", f"/ping/{check.code}", peer="203.0.113.9", **forged)
    ping = Ping.objects.get()
    assert (ping.remote_addr, ping.scheme) == ("203.0.113.9", "http")


@pytest.mark.parametrize(
    ("forwarded", "scheme"), [("https", "https"), ("HTTPS, http", "https"), ("gopher" * 5, "http")]
)
def test_the_scheme_is_normalised(door: Door, check: Check, forwarded: str, scheme: str) -> None:
    assert door("GET", f"/ping/{check.code}", **{"X-Forwarded-Proto": forwarded}).status == 200
    assert Ping.objects.get().scheme == scheme


def test_odd_headers_and_methods_are_cut_to_what_the_columns_hold(door: Door, check: Check) -> None:
    answer = door("X" * 50, f"/ping/{check.code}", **{"User-Agent": "ü" * 500})
    assert answer.status == 200
    ping = Ping.objects.get()
    assert (len(ping.method), len(ping.ua)) == (10, 200)


@pytest.mark.parametrize("body", [b"", b"all well", b"\xff\x00\xfe", b"a=1&b=2"])
def test_the_body_is_kept_as_it_came(door: Door, check: Check, body: bytes) -> None:
    door("POST", f"/ping/{check.code}", body)
    assert bytes(Ping.objects.get().body_raw or b"") == body


def test_the_body_is_cut_at_the_limit(door: Door, check: Check, settings: Settings) -> None:
    settings.PING_BODY_LIMIT = 5
    assert door("POST", f"/ping/{check.code}", b"x" * 3_000_000).status == 200
    assert bytes(Ping.objects.get().body_raw or b"") == b"xxxxx"


def test_without_a_limit_the_whole_body_is_kept(
    door: Door, check: Check, settings: Settings
) -> None:
    settings.PING_BODY_LIMIT = None
    answer = door("POST", f"/ping/{check.code}", b"x" * 20_000)
    assert "Ping-Body-Limit" not in answer.headers
    assert len(Ping.objects.get().body_raw or b"") == 20_000


def test_a_preflight_is_answered_and_is_no_ping(door: Door, check: Check) -> None:
    answer = door("OPTIONS", f"/ping/{check.code}")
    assert answer.status == 204
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert not Ping.objects.exists()


def test_the_rules_of_the_check_decide(door: Door, check: Check) -> None:
    Check.objects.update(filter_http_body=True, failure_kw="ERR")
    door("POST", f"/ping/{check.code}", b"ERR \xff")
    assert Ping.objects.get().kind == "fail"
    check.refresh_from_db()
    assert check.status == "down"


def test_a_body_that_asks_for_a_confirmation_is_marked(door: Door, check: Check) -> None:
    door("POST", f"/ping/{check.code}", b"Please CONFIRM your address")
    check.refresh_from_db()
    assert check.has_confirmation_link
    door("POST", f"/ping/{check.code}", b"done")
    check.refresh_from_db()
    assert not check.has_confirmation_link


def test_who_hangs_up_early_is_not_recorded(check: Check) -> None:
    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.disconnect"}

    sent: list[Any] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope: dict[str, Any] = {"method": "POST", "query_string": b"", "headers": [], "client": None}
    run(asgi.ping(scope, f"/ping/{check.code}", receive, send))
    assert sent == []
    assert not Ping.objects.exists()


def test_a_ping_is_stamped_when_it_is_complete(transactional_db: None, check: Check) -> None:
    """A job that sends its output while it runs has ended when the body ends."""
    bodies = iter([b"begin", b"end"])
    times = []

    async def receive() -> MutableMapping[str, Any]:
        chunk = next(bodies)
        times.append(timezone.now())
        return {"type": "http.request", "body": chunk, "more_body": chunk == b"begin"}

    async def send(message: MutableMapping[str, Any]) -> None:
        pass

    scope = {"method": "POST", "query_string": b"", "headers": [], "client": ("127.0.0.1", 1)}
    run(_call(scope, f"/ping/{check.code}", receive, send))
    asgi.lane.run(close_connection)
    asgi.lane._hang_up()
    assert Ping.objects.get().created >= times[-1]


@pytest.fixture
def key(project: Project) -> str:
    return create_ping_key(project)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("named", "success"),
        ("named/start", "start"),
        ("named/fail", "fail"),
        ("named/log", "log"),
        ("named/0", "success"),
        ("named/9?rid=" + RID, "fail"),
        ("named?create=1", "success"),
    ],
)
def test_a_ping_may_name_its_check(
    door: Door, check: Check, project: Project, key: str, path: str, kind: str
) -> None:
    named = make_check(project, name="Named", slug="named")
    answer = door("GET", f"/ping/{key}/{path}")
    assert (answer.status, answer.text) == (200, "OK")
    assert Ping.objects.get(owner=named).signal() == kind


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("{key}/unknown", 404, "not found"),
        ("nokey/named", 404, "not found"),
        ("nokey/named?create=1", 404, "not found"),
        ("{key}/unknown?create=true", 404, "not found"),
        ("{key}/twin", 409, "ambiguous slug"),
        ("{key}/twin?create=1", 409, "ambiguous slug"),
        ("{key}/Named", 400, "invalid url format"),
        ("{key}/" + "x" * 101 + "?create=1", 400, "invalid url format"),
        ("{key}/new/256?create=1", 400, "invalid url format"),
        ("{key}/new?create=1&rid=x", 400, "invalid uuid format"),
        ("{key}/named/", 404, "not found"),
        ("{key}/named/stop", 404, "not found"),
        ("{key}/n.amed", 404, "not found"),
        ("{key}", 404, "not found"),
    ],
)
def test_what_names_no_check_is_refused_and_makes_none(
    door: Door, project: Project, key: str, path: str, status: int, text: str
) -> None:
    for slug in ("named", "twin", "twin"):
        make_check(project, slug=slug)
    answer = door("GET", "/ping/" + path.format(key=key))
    assert (answer.status, answer.text) == (status, text)
    assert Check.objects.filter(project=project).count() == 3
    assert not Ping.objects.exists()


def test_a_check_is_made_on_demand(door: Door, project: Project, key: str) -> None:
    channel = make_webhook(project)
    answer = door("POST", f"/ping/{key}/new-one?create=1")
    assert (answer.status, answer.text) == (201, "Created")
    assert answer.headers["Ping-Body-Limit"] == "10000"
    made = Check.objects.get(slug="new-one")
    assert (made.name, made.project, made.n_pings, made.status) == ("new-one", project, 1, "up")
    assert list(made.channel_set.all()) == [channel]
    assert door("POST", f"/ping/{key}/new-one?create=1").status == 200


def test_twice_the_limit_of_checks_may_be_made_on_demand(
    door: Door, project: Project, key: str
) -> None:
    used = Check.objects.filter(project__owner=project.owner).count()
    Profile.objects.update(check_limit=used + 1)
    answers = [door("GET", f"/ping/{key}/n-{i}?create=1").status for i in range(used + 3)]
    assert answers == [201] * (used + 2) + [404]


def test_pings_come_again_later_when_nothing_can_keep_them(
    door: Door, check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(Intake):
        def take(self, events: Sequence[PingEvent], attempt: Any = None) -> list[Receipt]:
            raise Overloaded

    full = Full(Spool(Path("/nonexistent"), 0))
    monkeypatch.setattr(views, "intake", lambda: full)
    lane = Lane(full)
    monkeypatch.setattr(asgi, "batcher", Batcher(lane.take))
    answer = door("GET", f"/ping/{check.code}")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")


def test_below_a_path_of_the_site_the_addresses_are_the_same(
    transactional_db: None, check: Check, settings: Settings
) -> None:
    settings.URL_PREFIX = "hosted/here"
    request = RequestFactory().get(f"/hosted/here/ping/{check.code}/fail")
    response = views.ping(request)
    assert (response.status_code, Ping.objects.get().kind) == (200, "fail")
