from __future__ import annotations

import hashlib
import hmac
import json
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import call_command

from hc.accounts.models import Project, User
from tests.factories import PASSWORD


def run(*arguments: str) -> tuple[int, str, str]:
    """Exit status, standard output and error of a command."""
    out, err = StringIO(), StringIO()
    try:
        call_command(*arguments, stdout=out, stderr=err)
    except SystemExit as e:
        return int(e.code or 0), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


def test_createsuperuser_makes_an_administrator(db: None) -> None:
    status, out, _ = run("createsuperuser", "--email", "Boss@Example.org", "--password", PASSWORD)
    assert (status, out) == (0, "The account boss@example.org was created.\n")
    user = User.objects.get(email="boss@example.org")
    assert user.is_superuser
    assert user.check_password(PASSWORD)


def test_createsuperuser_reads_the_environment(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADMIN_EMAIL", "boss@example.org")
    monkeypatch.setenv("ADMIN_PASSWORD", PASSWORD)
    assert run("createsuperuser")[0] == 0
    assert User.objects.filter(email="boss@example.org", is_superuser=True).exists()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "Missing: --email"),
        (["--email", "b@example.org"], "Missing: --password"),
        (["--email", "nonsense", "--password", PASSWORD], "valid email"),
        (["--email", "b@example.org", "--pass", "short"], "too short"),
        (["--email", "ALICE@example.org", "--password", PASSWORD], "already"),
    ],
)
def test_createsuperuser_says_what_is_wrong(
    alice: User, arguments: list[str], complaint: str
) -> None:
    status, _, err = run("createsuperuser", *arguments)
    assert status == 2
    assert complaint in err
    assert User.objects.count() == 1


def test_createproject_prints_the_keys_once(alice: User) -> None:
    status, out, _ = run("createproject", " Web  shop ", "--owner", "alice@example.org", "--json")
    made = json.loads(out)
    project = Project.objects.get(name="Web shop")
    assert status == 0
    assert made["code"] == str(project.code)
    assert made["ping_key"] == project.ping_key
    for prefix, shown, stored in (
        ("hcw_", made["api_key"], project.api_key),
        ("hcr_", made["api_key_readonly"], project.api_key_readonly),
    ):
        assert shown.startswith(prefix)
        assert len(shown) == 32
        digest = hmac.new(settings.SECRET_KEY.encode(), shown.encode(), hashlib.sha256).hexdigest()
        assert stored == f"{shown[4:12]}.{digest}"


def test_createproject_for_people(alice: User) -> None:
    _, out, _ = run("createproject", "Shop", "--owner", "alice@example.org")
    assert "The project Shop was created." in out
    assert "api_key_readonly" in out


@pytest.mark.parametrize(
    ("name", "owner", "complaint"),
    [
        ("Shop", "nobody@example.org", "no account"),
        (" ", "alice@example.org", "1 to 60"),
        ("x" * 61, "alice@example.org", "1 to 60"),
    ],
)
def test_createproject_says_what_is_wrong(
    alice: User, name: str, owner: str, complaint: str
) -> None:
    status, _, err = run("createproject", name, "--owner", owner)
    assert status == 2
    assert complaint in err
