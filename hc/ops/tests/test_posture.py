"""What browsers are told about cookies, caches and powers; and what machines are spared."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.http import QueryDict
from django.test import Client, RequestFactory

from hc import config
from hc.accounts.models import User
from hc.accounts.services.keys import create_api_key, create_readonly_key
from hc.api.models import Check
from hc.lib.doors import is_for_machines
from hc.lib.masking import SecretFields
from tests.queries import asked_by

NAMES = [
    "SESSION_COOKIE_SECURE",
    "CSRF_COOKIE_SECURE",
    "SESSION_COOKIE_PATH",
    "CSRF_COOKIE_PATH",
    "SECURE_HSTS_SECONDS",
    "SESSION_COOKIE_NAME",
    "CSRF_COOKIE_NAME",
    "SESSION_COOKIE_HTTPONLY",
    "SESSION_COOKIE_SAMESITE",
    "CSRF_COOKIE_SAMESITE",
    "SECURE_REFERRER_POLICY",
]


def settings_of(tmp_path: Path, **environ: str) -> dict[str, Any]:
    """What the settings become in a process with this environment."""
    code = (
        "import json; from django.conf import settings;"
        f"print(json.dumps({{n: getattr(settings, n) for n in {NAMES!r}}}))"
    )
    clean = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    clean |= {"DJANGO_SETTINGS_MODULE": "hc.settings", "ENV_FILE": "", "DATA_DIR": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-c", code],
        env=clean | environ,
        cwd=config.BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(run.stdout))


def test_an_https_site_has_secure_cookies_and_hsts(tmp_path: Path) -> None:
    found = settings_of(tmp_path, SITE_ROOT="https://checks.example.org/hc")
    assert found["SESSION_COOKIE_SECURE"] is found["CSRF_COOKIE_SECURE"] is True
    assert found["SESSION_COOKIE_PATH"] == found["CSRF_COOKIE_PATH"] == "/hc/"
    assert found["SECURE_HSTS_SECONDS"] == 31_536_000
    assert found["SESSION_COOKIE_HTTPONLY"] is True
    assert found["SESSION_COOKIE_SAMESITE"] == found["CSRF_COOKIE_SAMESITE"] == "Lax"
    assert (found["SESSION_COOKIE_NAME"], found["CSRF_COOKIE_NAME"]) == ("sessionid", "csrftoken")
    assert found["SECURE_REFERRER_POLICY"] == "same-origin"


def test_an_http_site_works_without(tmp_path: Path) -> None:
    found = settings_of(tmp_path, SITE_ROOT="http://10.0.0.5:8000")
    assert found["SESSION_COOKIE_SECURE"] is False
    assert found["SECURE_HSTS_SECONDS"] == 0
    assert found["SESSION_COOKIE_PATH"] == "/"


@pytest.mark.parametrize(
    "path",
    ["/accounts/login/", "/", "/accounts/profile/notifications/", "/nothing/", "/admin/"],
)
def test_pages_are_private_and_powerless(as_alice: Client, path: str) -> None:
    response = as_alice.get(path)
    assert "no-store" in response["Cache-Control"]
    policy = response["Content-Security-Policy"]
    for part in (
        "default-src 'none'",
        "script-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
    ):
        assert part in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert response["X-Frame-Options"] == "DENY"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert response["Cross-Origin-Resource-Policy"] == "same-origin"
    for power in ("camera", "geolocation", "microphone", "payment", "usb"):
        assert f"{power}=()" in response["Permissions-Policy"]
    assert "publickey" not in response["Permissions-Policy"]


def machine_requests(check: Check) -> list[tuple[str, str]]:
    code, project = check.code, check.project
    readonly = create_readonly_key(project)
    return [
        ("GET", f"/ping/{code}"),
        ("POST", f"/ping/{code}/fail"),
        ("GET", "/api/v1/checks/"),
        ("POST", "/api/v3/checks/"),
        ("GET", "/api/v2/status/"),
        ("GET", f"/badge/{project.badge_key}/xxxxxxxx.svg"),
        ("GET", f"/b/2/{check.badge_key}.svg"),
        ("GET", "/-/live"),
        ("GET", "/-/ready"),
        ("GET", "/-/metrics"),
        ("GET", f"/projects/{project.code}/metrics/{readonly}"),
        ("POST", "/api/v3/bounces/"),
        ("POST", f"/api/v3/notifications/{code}/status"),
        ("GET", "/api/v3/nothing/"),
    ]


def test_machines_have_no_session(alice: User, check: Check) -> None:
    client = Client()
    client.force_login(alice)
    key = create_api_key(check.project)
    for method, path in machine_requests(check):
        call = partial(client.generic, method, path, b"{}", HTTP_X_API_KEY=key)
        response, asked = asked_by(call)
        assert response.status_code < 500 or path == "/-/ready", path
        assert [sql for sql in asked if "django_session" in sql] == [], path
        assert "Cookie" not in response.get("Vary", ""), path
        assert not response.cookies, path
    assert Session.objects.count() == 1


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        ("/ping/x", True),
        ("/pingx", False),
        ("/api/v1/checks/", True),
        ("/apis/", False),
        ("/b/2/x.svg", True),
        ("/badges/", False),
        ("/-/live", True),
        ("/projects/6837d6ec-fc08-4da5-a67f-08a9ed1ccf62/metrics/", True),
        ("/projects/6837d6ec-fc08-4da5-a67f-08a9ed1ccf62/checks/", False),
        ("/accounts/login/", False),
        ("/", False),
    ],
)
def test_which_addresses_are_for_machines(settings: Any, path: str, is_one: bool) -> None:
    assert is_for_machines(path) is is_one
    settings.URL_PREFIX = "some/path"
    assert is_for_machines(f"/some/path{path}") is is_one


SECRETS = [f"s{n}" for n in range(1, 7)]


def test_error_reports_mask_what_is_secret() -> None:
    sent = {
        "password": "s1",
        "sudo_value": "s2",
        "code": "s3",
        "response": "s4",
        "csrfmiddlewaretoken": "s5",
        "api_key": "s6",
        "name": "Backup",
    }
    request = RequestFactory().post("/", sent)
    shown = SecretFields().get_post_parameters(request)
    assert isinstance(shown, QueryDict)
    assert shown["name"] == "Backup"
    assert not [value for value in shown.values() if str(value) in SECRETS]
    assert SecretFields().get_post_parameters(None) == {}
