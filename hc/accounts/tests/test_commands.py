from __future__ import annotations

import hashlib
import hmac
import json
from io import StringIO

import pytest
from django.conf import settings
from django.core.mail import EmailMessage
from django.core.management import call_command
from django.test import Client

from hc.accounts.models import AuditEntry, Project, User
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


def test_loginlink_prints_a_link_that_works_once(alice: User, client: Client) -> None:
    status, out, _ = run("loginlink", "Alice@example.org")
    assert status == 0
    client.post(out.strip().removeprefix("http://testserver"))
    assert client.session["_auth_user_id"] == str(alice.pk)
    entry = AuditEntry.objects.get(action="account.link_printed")
    assert (entry.user, entry.via) == (alice, "command")


def test_loginlink_for_nobody(alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=False)
    for email in (alice.email, "nobody@example.org"):
        status, out, err = run("loginlink", email)
        assert (status, out) == (2, "")
        assert email in err


def test_changepassword_takes_an_address(
    alice: User, monkeypatch: pytest.MonkeyPatch, mails: list[EmailMessage]
) -> None:
    monkeypatch.setenv("NEW_PASSWORD", "a new one, and long")
    assert run("changepassword", "ALICE@example.org")[0] == 0
    alice.refresh_from_db()
    assert alice.check_password("a new one, and long")
    assert mails[0].subject == "Your password was set"


@pytest.mark.parametrize(
    ("email", "password", "complaint"),
    [
        ("nobody@example.org", "a new one, and long", "no account"),
        ("alice@example.org", "short", "too short"),
        ("alice@example.org", "", "Missing: NEW_PASSWORD"),
    ],
)
def test_changepassword_refuses_with_words(
    alice: User, monkeypatch: pytest.MonkeyPatch, email: str, password: str, complaint: str
) -> None:
    monkeypatch.setenv("NEW_PASSWORD", password)
    status, _, err = run("changepassword", email)
    assert status == 2
    assert complaint in err


@pytest.mark.parametrize("name", ["loginlink", "changepassword", "createsuperuser"])
def test_commands_explain_themselves(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(name, "--help")
    assert "account" in capsys.readouterr().out
