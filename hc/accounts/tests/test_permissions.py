"""Who may go where: every address of the site, for every sort of person. Source: accounts 10.6.

An address that is missing here fails the last test. What is answered to machines (API, pings,
badges, metrics, probes) and the admin pages have tests of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone
from pytest_django import Settings

from hc.accounts.models import ApiKey, Invitation, Member, Project, Role, SavedView, Scope, User
from hc.accounts.services import invitations, keys, projects, saved_views
from hc.accounts.services.accounts import create_account
from hc.accounts.services.projects import create_project
from hc.api.models import Channel, Check
from hc.integrations import registry
from hc.pings.writer import record
from tests.factories import make_check, make_member, make_webhook, ping_event
from tests.teams import proved

PEOPLE = ("owner", "manager", "member", "reader", "outsider", "anonymous", "superuser")
# Answers: let in (whatever comes of it), sent to sign in, or a status.
IN, LOGIN = "in", "login"
Answer = str | int
Answers = dict[str, Answer]


def for_all(answer: Answer, **others: Answer) -> Answers:
    return dict.fromkeys(PEOPLE, answer) | others


def from_role(role: str, *, anonymous: Answer = LOGIN, below: Answer = 403) -> Answers:
    """People of the project from this role on; a superuser is a manager everywhere."""
    order = ("reader", "member", "manager", "owner")
    allowed = order[order.index(role) :]
    answers: Answers = {who: IN if who in allowed else below for who in order}
    superuser = IN if role != "owner" else below
    return answers | {"outsider": 404, "anonymous": anonymous, "superuser": superuser}


READER, MEMBER, MANAGER = from_role("reader"), from_role("member"), from_role("manager")
OWNER, POLL = from_role("owner"), from_role("reader", anonymous=403)
# Links in messages are for the people of the project.
BY_LINK: Answers = READER | {"superuser": 404}
# Others do not learn that there is such a project.
OWNER_ALONE = for_all(404, owner=IN, anonymous=LOGIN)
SIGNED_IN = for_all(IN, anonymous=LOGIN)
NOT_THERE = for_all(404, anonymous=LOGIN)
ANYBODY, NOBODY, NO_SUCH_METHOD = for_all(IN), for_all(404), for_all(405)


@dataclass
class Things:
    """A project of somebody's with one of everything."""

    project: Project
    removed: Project
    check: Check
    channel: Channel
    key: ApiKey
    invitation: Invitation
    view: SavedView

    @classmethod
    def of(cls, owner: User, number: int) -> Things:
        project, now = create_project(f"Project {number}", owner), timezone.now()
        removed = create_project("Removed", owner)
        projects.remove(removed, now)
        check = make_check(project)
        body = b"Content-Type: text/html\n\n<p>Hello</p>"
        record([ping_event(check.code, now, body=body)], now)
        return cls(
            project,
            removed,
            check,
            make_webhook(project),
            keys.create_key(project, Scope.READWRITE)[0],
            invitations.invite(project, f"new{number}@example.org", "w", owner, now),
            saved_views.save(owner, project, "Mine", "tag=prod"),
        )


@dataclass
class World:
    people: dict[str, User | None]
    own: Things
    foreign: Things


Arguments = Callable[[Things], list[Any]]


def project(things: Things) -> list[Any]:
    return [things.project.code]


def check(things: Things) -> list[Any]:
    return [things.check.code]


def channel(things: Things) -> list[Any]:
    return [things.channel.code]


def saved_view(things: Things) -> list[Any]:
    return [things.project.code, things.view.pk]


def nothing(_: Things) -> list[Any]:
    return []


def unique_key(things: Things) -> list[Any]:
    return [things.check.unique_key]


@dataclass(frozen=True)
class Row:
    """What is answered at an address. `data`: what is posted."""

    name: str
    arguments: Arguments
    get: Answers
    post: Answers = field(default_factory=lambda: NO_SUCH_METHOD)
    data: dict[str, str] = field(default_factory=dict)
    # Whether it is about an object of a project, which others may not have.
    is_owned: bool = True


def page(name: str, arguments: Arguments, get: Answers, post: Answers | None = None) -> Row:
    """A page, also answered when something is posted to it."""
    return Row(name, arguments, get, get if post is None else post)


def button(name: str, arguments: Arguments, post: Answers, /, **data: str) -> Row:
    """Takes nothing but a POST."""
    return Row(name, arguments, NO_SUCH_METHOD, post, data)


def open_page(name: str, *arguments: Any, get: Answers, post: Answers | None = None) -> Row:
    """A page that is about no project."""
    posted = get if post is None else post
    return Row(name, lambda _: list(arguments), get, posted, is_owned=False)


STRANGERS_ONLY = for_all(403, anonymous=IN)

# What has happened to a check; some are about the ping of a number.
PAST: dict[str, tuple[int, ...]] = {
    "hc-log": (),
    "hc-log-rows": (),
    "hc-last-ping": (),
    "hc-ping": (1,),
    "hc-ping-body": (1,),
    "hc-ping-html": (1,),
    "hc-ping-images": (1,),
}


def past(arguments: Arguments, numbers: tuple[int, ...]) -> Arguments:
    return lambda things: [*arguments(things), *numbers]


TABLE = [
    # Overview
    open_page("hc-projects", get=for_all(IN)),
    open_page("hc-projects-status", get=for_all(IN, anonymous=403)),
    open_page("hc-search", get=SIGNED_IN),
    open_page("hc-tv", get=ANYBODY, post=NO_SUCH_METHOD),
    open_page("hc-add-project", get=SIGNED_IN),
    open_page("hc-project-menu", get=SIGNED_IN, post=NO_SUCH_METHOD),
    # Checks
    page("hc-checks", project, READER),
    page("hc-checks-status", project, POLL),
    button("hc-checks-view", project, READER),
    button("hc-checks-bulk", project, MEMBER, action="pause"),
    page("hc-removed-checks", project, MEMBER),
    button("hc-restore-checks", project, MEMBER),
    page("hc-views", project, READER),
    page("hc-add-view", project, READER),
    # Each person has views of their own only.
    button("hc-rename-view", saved_view, OWNER_ALONE, name="New"),
    button("hc-remove-view", saved_view, OWNER_ALONE),
    page("hc-add-check", project, MEMBER),
    open_page("hc-schedule-preview", get=NO_SUCH_METHOD, post=SIGNED_IN),
    page("hc-details", check, READER),
    page("hc-details-status", check, POLL),
    page("hc-edit-check", check, MEMBER),
    button("hc-pause", check, MEMBER),
    button("hc-resume", check, MEMBER),
    page("hc-remove-check", check, MEMBER),
    page("hc-check-channels", check, READER),
    button("hc-set-channel", lambda t: [t.check.code, t.channel.code], MEMBER, state="on"),
    page("hc-cloaked", unique_key, BY_LINK),
    page("hc-cloaked-status", unique_key, POLL | {"superuser": 404}),
    button("hc-undo-pause", check, MEMBER),
    button("hc-copy-check", check, MEMBER),
    page("hc-transfer-check", check, MEMBER),
    page("hc-clear-events", check, MEMBER),
    button("hc-undo-clear", check, MEMBER),
    page("hc-filtering-rules", check, MEMBER),
    button("hc-set-zone", check, MEMBER),
    button("hc-ping-style", check, MEMBER),
    button("hc-ping-now", check, MEMBER),
    page("hc-badges", project, READER),
    *[
        page(name, past(arguments, numbers), answers)
        for name, numbers in PAST.items()
        for arguments, answers in ((check, READER), (unique_key, BY_LINK))
    ],
    # Integrations
    page("hc-integrations", project, READER, MEMBER | {"owner": 400, "manager": 400}),
    page("hc-integrations-status", project, POLL),
    *[page(f"hc-add-{one.kind}", project, MEMBER) for one in registry.KINDS],
    page("hc-edit-channel", channel, MEMBER),
    page("hc-remove-channel", channel, MEMBER),
    page("hc-deliveries", channel, READER),
    page("hc-deliveries-status", channel, POLL),
    button("hc-test-channel", channel, MEMBER),
    page("hc-test-status", channel, POLL),
    button("hc-enable-channel", channel, MEMBER),
    button("hc-disable-channel", channel, MEMBER),
    page("hc-rename-channel", channel, MEMBER),
    page("hc-channel-checks", channel, MEMBER),
    # A project's settings
    page("hc-project-settings", project, READER, MEMBER),
    page("hc-project-keys", project, MEMBER, NO_SUCH_METHOD),
    button("hc-add-project-key", project, MEMBER, name="x", scope="rw"),
    button("hc-revoke-project-key", lambda t: [t.project.code, t.key.code], MEMBER),
    button("hc-revoke-older-key", project, MEMBER, scope="rw"),
    button("hc-project-ping-key", project, MEMBER, action="create"),
    page("hc-project-team", project, READER, NO_SUCH_METHOD),
    button("hc-invite", project, MANAGER, email="a@example.org", role="w"),
    button("hc-set-role", project, MANAGER, email="reader@example.org", role="w"),
    button("hc-remove-member", project, MANAGER, email="reader@example.org"),
    button("hc-resend-invitation", lambda t: [t.project.code, t.invitation.code], MANAGER),
    button("hc-revoke-invitation", lambda t: [t.project.code, t.invitation.code], MANAGER),
    page("hc-project-log", project, MANAGER, NO_SUCH_METHOD),
    page("hc-project-log-export", lambda t: [t.project.code, "csv"], MANAGER, NO_SUCH_METHOD),
    page("hc-project-danger", project, READER, NO_SUCH_METHOD),
    button("hc-leave-project", project, READER | {"owner": 400, "superuser": 400}),
    button("hc-transfer-project", project, OWNER, email="reader@example.org"),
    button("hc-cancel-transfer", project, OWNER),
    button(
        "hc-answer-transfer",
        project,
        for_all(403, reader=IN, outsider=404, anonymous=LOGIN),
        answer="accept",
    ),
    button("hc-remove-project", project, OWNER_ALONE, confirmation="remove"),
    button("hc-restore-project", lambda t: [t.removed.code], OWNER_ALONE),
    open_page("hc-invitation", uuid4(), "0" * 40, get=ANYBODY),
    # Signing in
    open_page("hc-login", get=ANYBODY),
    open_page("hc-login-link-sent", get=ANYBODY),
    open_page("hc-check-token", "nobody", "token", get=ANYBODY),
    open_page("hc-logout", get=NO_SUCH_METHOD, post=ANYBODY),
    open_page("hc-signup", get=STRANGERS_ONLY),
    open_page("hc-signup-csrf", get=STRANGERS_ONLY),
    open_page("hc-setup", "token", get=NOBODY),
    open_page("hc-oidc", get=NOBODY, post=NO_SUCH_METHOD),
    open_page("hc-oidc-callback", get=NOBODY, post=NO_SUCH_METHOD),
    open_page("hc-passkey", get=NOBODY),
    open_page("hc-two-factor", get=ANYBODY),
    open_page("hc-two-factor-totp", get=ANYBODY),
    open_page("hc-two-factor-recovery", get=ANYBODY),
    open_page("hc-end-impersonation", get=NO_SUCH_METHOD, post=ANYBODY),
    # One's own account
    open_page("hc-profile", get=SIGNED_IN),
    open_page("hc-security", get=SIGNED_IN),
    open_page("hc-end-other-sessions", get=NO_SUCH_METHOD, post=SIGNED_IN),
    open_page("hc-end-session", uuid4(), get=NO_SUCH_METHOD, post=NOT_THERE),
    open_page("hc-add-key", get=NOT_THERE),
    open_page("hc-rename-key", uuid4(), get=NO_SUCH_METHOD, post=SIGNED_IN),
    open_page("hc-remove-key", uuid4(), get=NOT_THERE),
    open_page("hc-add-totp", get=SIGNED_IN),
    open_page("hc-remove-totp", get=SIGNED_IN),
    open_page("hc-recovery-codes", get=SIGNED_IN),
    open_page("hc-account-keys", get=SIGNED_IN),
    open_page("hc-account-log", get=SIGNED_IN, post=NO_SUCH_METHOD),
    open_page("hc-appearance", get=SIGNED_IN),
    open_page("hc-notifications", get=SIGNED_IN),
    open_page("hc-set-password", get=SIGNED_IN),
    open_page("hc-change-email", get=SIGNED_IN),
    open_page("hc-change-email-confirm", "token", get=SIGNED_IN),
    open_page("hc-undo-email-change", "token", get=ANYBODY),
    open_page("hc-close", get=SIGNED_IN),
    open_page("hc-keep-account", get=NO_SUCH_METHOD, post=SIGNED_IN),
    # Links in mails, and pages for everybody
    open_page("hc-unsubscribe-reports", "token", get=ANYBODY),
    open_page("hc-unsubscribe", uuid4(), "token", get=ANYBODY),
    open_page("hc-verify-email", uuid4(), "token", get=NOBODY),
    open_page("hc-api-docs", get=ANYBODY),
    open_page("hc-docs", get=ANYBODY, post=NO_SUCH_METHOD),
    open_page("hc-docs-page", "introduction", get=ANYBODY, post=NO_SUCH_METHOD),
    open_page("hc-docs-search", get=ANYBODY, post=NO_SUCH_METHOD),
    open_page("hc-docs-cron", get=ANYBODY, post=NO_SUCH_METHOD),
    open_page("hc-docs-example", "introduction", get=NO_SUCH_METHOD, post=ANYBODY),
    open_page("hc-cron-preview", get=NO_SUCH_METHOD, post=ANYBODY),
    open_page("hc-oncalendar-preview", get=NO_SUCH_METHOD, post=ANYBODY),
    open_page("hc-contact", get=ANYBODY, post=NO_SUCH_METHOD),
    open_page("hc-manifest", get=ANYBODY, post=NO_SUCH_METHOD),
    open_page("hc-old-icon", get=ANYBODY, post=NO_SUCH_METHOD),
    open_page("hc-tab-icon", 0, get=ANYBODY, post=NO_SUCH_METHOD),
]


@pytest.fixture
def world(db: None) -> World:
    """Two projects of two owners; the first has a member of each role, and is offered to one."""
    people: dict[str, User | None] = {
        who: create_account(f"{who}@example.org") for who in PEOPLE if who != "anonymous"
    }
    owner, superuser, reader = people["owner"], people["superuser"], people["reader"]
    assert owner
    assert superuser
    assert reader
    User.objects.filter(pk=superuser.pk).update(is_superuser=True, is_staff=True)
    own = Things.of(owner, 1)
    roles = (("manager", Role.MANAGER), ("member", Role.REGULAR), ("reader", Role.READONLY))
    for who, role in roles:
        user = people[who]
        assert user
        make_member(own.project, user, role)
    asked = Member.objects.filter(project=own.project, user=reader)
    asked.update(transfer_request_date=timezone.now())
    people["anonymous"] = None
    return World(people, own, Things.of(create_account("carol@example.org"), 2))


def visitor(user: User | None) -> Client:
    """Signed in, and asked by nobody who they are."""
    client = Client()
    if user is None:
        return client
    client.force_login(user)
    return proved(client)


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def ask(client: Client, method: str, url: str, data: dict[str, str]) -> Answer:
    response = client.get(url) if method == "get" else client.post(url, data)
    if response.headers.get("Location", "").startswith("/accounts/login/?next="):
        return LOGIN
    return response.status_code


def is_right(given: Answer, expected: Answer) -> bool:
    if expected == IN:
        return isinstance(given, int) and given < 500 and given not in (403, 404, 405)
    return given == expected


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_who_may_go_where(world: World, row: Row) -> None:
    wrong: list[str] = []
    for who, user in world.people.items():
        for things, as_who in ((world.own, who), (world.foreign, "outsider")):
            if as_who != who and not row.is_owned:
                continue
            # In a project of others everybody is an outsider, but for those who always are.
            stays = who in ("anonymous", "superuser")
            for method, answers in (("get", row.get), ("post", row.post)):
                expected = answers[who if stays else as_who]
                with undone():
                    url = reverse(row.name, args=row.arguments(things))
                    given = ask(visitor(user), method, url, row.data)
                if not is_right(given, expected):
                    where = "own" if things is world.own else "foreign"
                    wrong.append(f"{who}, {method} {where}: {given} instead of {expected}")
    assert wrong == []


def mixed(name: str, /, *codes: Any, **data: str) -> tuple[str, tuple[Any, ...], dict[str, str]]:
    return name, codes, data


def test_things_of_other_projects_do_not_fit(world: World) -> None:
    """An address that names a project of one's own, and something in another."""
    own, foreign = world.own, world.foreign
    cases = [
        mixed("hc-revoke-project-key", own.project.code, foreign.key.code),
        mixed("hc-resend-invitation", own.project.code, foreign.invitation.code),
        mixed("hc-revoke-invitation", own.project.code, foreign.invitation.code),
        mixed("hc-set-channel", own.check.code, foreign.channel.code, state="on"),
        mixed("hc-set-channel", foreign.check.code, own.channel.code, state="on"),
        mixed("hc-set-role", own.project.code, email="carol@example.org", role="m"),
        mixed("hc-remove-member", own.project.code, email="carol@example.org"),
        mixed("hc-transfer-project", own.project.code, email="carol@example.org"),
        mixed("hc-integrations", own.project.code, channel=str(foreign.channel.code)),
    ]
    client = visitor(world.people["owner"])
    given = [(name, ask(client, "post", reverse(name, args=c), data)) for name, c, data in cases]
    assert [(name, status) for name, status in given if status not in (400, 403, 404)] == []
    assert ApiKey.objects.filter(pk=foreign.key.pk).exists()
    assert Invitation.objects.filter(pk=foreign.invitation.pk).exists()
    assert not own.check.channel_set.filter(pk=foreign.channel.pk).exists()


# What machines ask for, and what has its own rules.
ELSEWHERE = ("^ping/", "admin/", "api/", "^api/", "^badge/", "^(?P<rest>", "b/", "-/")
METRICS = ("/metrics/", "/metrics/<str:key>")


def routes(patterns: list[Any], above: str = "") -> Iterator[tuple[str, str | None]]:
    for pattern in patterns:
        here = above + str(pattern.pattern)
        if here.startswith(ELSEWHERE):
            continue
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, here)
        elif isinstance(pattern, URLPattern) and not here.endswith(METRICS):
            yield here, pattern.name


def test_no_address_is_missing(settings: Settings) -> None:
    known = {row.name for row in TABLE}
    found = dict(routes(get_resolver().url_patterns))
    assert {route: name for route, name in found.items() if name not in known} == {}
    assert known - set(found.values()) == set()
