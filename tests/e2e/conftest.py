"""Pages in a real browser, over a server in the test process, so that its data can be arranged."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.test import override_settings
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from hc.accounts.models import User
from hc.accounts.services.accounts import create_account
from hc.accounts.views.login import BACKEND
from hc.accounts.views.sudo import SESSION_KEY as SUDO_KEY
from hc.api.services.heartbeats import Pulse
from tests import validity
from tests.browser import OpenTab, Tab, chromium, tab
from tests.factories import PASSWORD
from tests.validity import SENT, Judge

# So many findings are shown: the same one is usually on many pages.
MOST = 30

# Playwright runs an event loop on this thread; the ORM is not used from inside of it.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="session")
def judge() -> Iterator[Judge]:
    with validity.judge() as running:
        yield running


@pytest.fixture(scope="session", autouse=True)
def _recorder() -> Iterator[None]:
    """The server, which starts with the first test, keeps the HTML that it sends."""
    with override_settings(MIDDLEWARE=["tests.validity.Recorder", *settings.MIDDLEWARE]):
        yield


@pytest.fixture(scope="session", autouse=True)
def _kept_files() -> Iterator[None]:
    """A tab keeps scripts and styles from page to page, as it does those of the real service."""
    serve = StaticFilesHandler.serve

    def serve_to_keep(handler: StaticFilesHandler, request: HttpRequest) -> HttpResponseBase:
        response = serve(handler, request)
        response["Cache-Control"] = "max-age=3600"
        return response

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StaticFilesHandler, "serve", serve_to_keep)
        yield


@pytest.fixture
def open_tab(browser: Browser, judge: Judge, live_server: LiveServer) -> OpenTab:
    """Opens tabs; whatever they complain about and whatever is not valid fails the test."""

    @contextmanager
    def opening(**options: Any) -> Iterator[Tab]:
        with tab(browser, base_url=live_server.url, **options) as new:
            yield new
        states = [one for one in new.seen.take() if one.where.startswith(live_server.url)]
        wrong = new.complaints + judge.findings(SENT.take() + states)
        if wrong:
            pytest.fail("\n".join(wrong[:MOST]), pytrace=False)

    return opening


@pytest.fixture
def alice(transactional_db: None) -> User:
    return create_account("alice@example.org", password=PASSWORD, tz="Europe/Riga", admin=True)


@pytest.fixture(params=["1400", "360"])
def width(request: pytest.FixtureRequest) -> int:
    """A desk and a phone."""
    return int(request.param)


@pytest.fixture
def opened(open_tab: OpenTab, width: int) -> Iterator[Tab]:
    """A tab for a visitor."""
    Pulse("sendalerts").beat(timezone.now())
    with open_tab(viewport={"width": width, "height": 900 if width > 500 else 740}) as new:
        yield new


@pytest.fixture
def page(opened: Tab, alice: User) -> Page:
    """A page for Alice, who is signed in."""
    sign_in(opened.page.context, alice)
    return opened.page


def sign_in(context: BrowserContext, user: User) -> None:
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = BACKEND
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    context.add_cookies(
        [
            {
                "name": settings.SESSION_COOKIE_NAME,
                "value": session.session_key or "",
                "domain": "localhost",
                "path": "/",
            }
        ]
    )


def confirm(context: BrowserContext) -> None:
    """Whoever is signed in has just proved again who they are."""
    cookies = {cookie["name"]: cookie["value"] for cookie in context.cookies()}
    session = SessionStore(cookies[settings.SESSION_COOKIE_NAME])
    session[SUDO_KEY] = [int(session[SESSION_KEY]), timezone.now().timestamp()]
    session.save()
