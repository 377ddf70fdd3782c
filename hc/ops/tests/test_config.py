from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from hc import config
from hc.lib.env import Environment

STORAGE = {
    "S3_BUCKET": "ping-bodies",
    "S3_ENDPOINT": "s3.example.org:9000",
    "S3_ACCESS_KEY": "access",
    "S3_SECRET_KEY": "geheim",
}


def load(**environ: str) -> Environment:
    return config.load(environ)


def problems(**environ: str) -> dict[str, str]:
    return {p.name: str(p) for p in load(**environ).problems}


def test_no_setting_is_needed() -> None:
    env = load()
    assert env.problems == []
    assert (env["SITE_ROOT"], env["DB"], env["DEBUG"]) == ("http://localhost:8000", "sqlite", False)
    assert env["ALLOWED_HOSTS"] == ["localhost", "127.0.0.1", "[::1]"]
    assert env["PING_ENDPOINT"] == "http://localhost:8000/ping/"
    assert (env["PING_BODY_LIMIT"], env["EMAIL_PORT"], env["EMAIL_USE_TLS"]) == (10_000, 587, True)


def test_the_data_folder_is_made_for_us_alone(tmp_path: Path) -> None:
    env = load(DATA_DIR=str(tmp_path / "a" / "b"))
    config.make_data_dir(env)
    assert env.problems == []
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700


def test_a_data_folder_that_cannot_be_made_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    env = load(DATA_DIR=str(tmp_path / "file" / "folder"))
    config.make_data_dir(env)
    assert [problem.name for problem in env.problems] == ["DATA_DIR"]


def test_values_follow_from_others() -> None:
    env = load(SITE_ROOT="https://checks.example.org/hc/", DB="postgresql", EMAIL_PORT="465")
    assert env["SITE_ROOT"] == "https://checks.example.org/hc"
    assert env["ALLOWED_HOSTS"] == ["checks.example.org"]
    assert env["PING_ENDPOINT"] == "https://checks.example.org/hc/ping/"
    assert (env["DB"], env["DB_NAME"], env["DB_USER"]) == ("postgres", "hc", "postgres")
    assert (env["EMAIL_USE_SSL"], env["EMAIL_USE_TLS"]) == (True, False)
    assert load(PORT="9000")["SITE_ROOT"] == "http://localhost:9000"
    assert load(DB="mariadb")["DB"] == "mysql"


@pytest.mark.parametrize(
    ("environ", "name", "expected"),
    [
        ({"SITE_ROOT": "checks.example.org"}, "SITE_ROOT", "with http:// or https://"),
        ({"SITE_ROOT": "https://"}, "SITE_ROOT", "with http:// or https://"),
        (
            {"SITE_ROOT": "https://a.example", "ALLOWED_HOSTS": "b.example"},
            "ALLOWED_HOSTS",
            "b.example,a.example",
        ),
        ({"SECRET_KEY": "---"}, "SECRET_KEY", "random characters"),
        ({"DB": "oracle"}, "DB", "one of: sqlite"),
        ({"DEBUG": "maybe"}, "DEBUG", "True or False"),
        ({"EMAIL_PORT": ""}, "", ""),
        ({"EMAIL_PORT": "smtp"}, "EMAIL_PORT", "whole number"),
        ({"EMAIL_USE_TLS": "1", "EMAIL_USE_SSL": "1"}, "EMAIL_USE_TLS", "one kind of TLS"),
        ({"EMAIL_MAIL_FROM_TMPL": "bounces@example.org"}, "EMAIL_MAIL_FROM_TMPL", "exactly one %s"),
        ({"DEFAULT_FROM_EMAIL": "nobody"}, "DEFAULT_FROM_EMAIL", "an e-mail address"),
        ({"TRUSTED_PROXIES": "10.0.0.0/33"}, "TRUSTED_PROXIES", "IP networks"),
        ({"SECURE_PROXY_SSL_HEADER": "https"}, "SECURE_PROXY_SSL_HEADER", "CGI name"),
        ({"CSRF_TRUSTED_ORIGINS": "example.org"}, "CSRF_TRUSTED_ORIGINS", "origins with http"),
        ({"ADMIN_EMAIL": "a@example.org"}, "ADMIN_PASSWORD", "a password for ADMIN_EMAIL"),
        (
            {"ADMIN_EMAIL": "a@example.org", "ADMIN_PASSWORD": "short"},
            "ADMIN_PASSWORD",
            "8 characters",
        ),
        ({"PING_BODY_LIMIT": "-1"}, "PING_BODY_LIMIT", "or None"),
        (STORAGE | {"S3_ENDPOINT": ""}, "S3_ENDPOINT", "since S3_BUCKET is set"),
        (STORAGE | {"S3_ACCESS_KEY": ""}, "S3_ACCESS_KEY", "since S3_BUCKET is set"),
        (STORAGE | {"S3_SECRET_KEY": ""}, "S3_SECRET_KEY", "since S3_BUCKET is set"),
        (STORAGE | {"S3_ENDPOINT": "https://s3.example.org"}, "S3_ENDPOINT", "without https://"),
        (STORAGE | {"S3_ENDPOINT": "s3.example.org/x"}, "S3_ENDPOINT", "without a path"),
        (STORAGE | {"S3_BUCKET": "My Bucket"}, "S3_BUCKET", "lower-case letters"),
        (STORAGE | {"S3_TIMEOUT": "0"}, "S3_TIMEOUT", "from 1 to 600"),
        ({"PING_EMAIL_DOMAIN": "a@example.org"}, "PING_EMAIL_DOMAIN", "behind the @"),
        ({"SMTPD_PORT": "0"}, "SMTPD_PORT", "from 1 to 65535"),
        ({"SMTPD_TLS_KEY": "/key.pem"}, "SMTPD_TLS_CERT", "SMTPD_TLS_KEY belongs to"),
        ({"LOG_RETENTION_DAYS": "0"}, "LOG_RETENTION_DAYS", "from 1 to 3650"),
        ({"WEBHOOKS_ENABLED": "x"}, "WEBHOOKS_ENABLED", "True or False"),
    ],
)
def test_a_wrong_setting_is_named_with_its_remedy(
    environ: dict[str, str], name: str, expected: str
) -> None:
    found = problems(**environ)
    assert list(found) == ([name] if name else [])
    assert expected in found.get(name, "")


@pytest.mark.parametrize("endpoint", ["s3", "10.0.0.5:9000", "[::1]:9000", "s3.eu-1.example.org"])
def test_a_storage_with_all_it_needs(endpoint: str) -> None:
    env = load(**(STORAGE | {"S3_ENDPOINT": endpoint}))
    assert (env.problems, env.warnings) == ([], [])
    assert (env["S3_TIMEOUT"], env["S3_SECURE"], env["S3_REGION"]) == (60, True, "")


def test_without_a_bucket_the_rest_of_the_storage_may_be_missing() -> None:
    assert problems(S3_ENDPOINT="s3.example.org") == {}


@pytest.mark.parametrize("hosts", ["*", "a.example", ".example", "A.EXAMPLE, other"])
def test_hosts_that_match_the_site(hosts: str) -> None:
    assert problems(SITE_ROOT="https://a.example", ALLOWED_HOSTS=hosts) == {}


def test_the_report_lists_all_problems() -> None:
    env = load(DEBUG="x", DB="y", PORT="z")
    report = config.report(env)
    assert report.startswith("3 settings cannot be used:\n\n")
    assert all(name in report for name in ("DEBUG is 'x'", "DB is 'y'", "PORT is 'z'"))


def test_secrets_are_not_in_the_report() -> None:
    env = load(ADMIN_EMAIL="a@example.org", ADMIN_PASSWORD="geheim", DEBUG="x")
    assert "geheim" not in config.report(env)
    assert "geheim" not in config.report(load(**(STORAGE | {"S3_ENDPOINT": ""})))


def test_misspelt_and_unused_names_are_warned_of() -> None:
    warnings = load(DEGUG="1", SLACK_CLIENT_ID="x", HOME="/root").warnings
    assert warnings == [
        "SLACK_CLIENT_ID is set, but has no effect in this version.",
        "DEGUG is not a setting. Did you mean DEBUG?",
    ]


def test_the_env_file_gives_way_to_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "env"
    path.write_text("SITE_NAME=From file\nPORT=9000\nEMPTY\n")
    monkeypatch.setenv("ENV_FILE", str(path))
    monkeypatch.setenv("PORT", "9001")
    found = config.environ()
    assert (found["SITE_NAME"], found["PORT"]) == ("From file", "9001")


def manage(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    variables = {"PATH": os.environ["PATH"], "ENV_FILE": "", **environ}
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, env=variables, cwd=config.BASE_DIR, check=False
    )


@pytest.mark.slow
def test_a_bad_value_stops_every_command_with_words_and_no_traceback(tmp_path: Path) -> None:
    result = manage("checkconfig", DEBUG="maybe", PORT="x", DATA_DIR=str(tmp_path))
    assert result.returncode == 78
    assert result.stderr.startswith("2 settings cannot be used:")
    assert "Traceback" not in result.stderr


@pytest.mark.slow
def test_a_good_configuration_is_fine(tmp_path: Path) -> None:
    result = manage("checkconfig", DATA_DIR=str(tmp_path), EMAIL_HOTS="x")
    assert (result.returncode, result.stdout) == (0, "The configuration is fine.\n")
    assert "EMAIL_HOTS is not a setting. Did you mean EMAIL_HOST?" in result.stderr
    assert "Mails are printed to the console." in result.stderr


@pytest.mark.parametrize(
    ("root", "stored", "host"),
    [
        ("http://[::1]:8000", "http://[::1]:8000", "[::1]"),
        ("HTTPS://Checks.Example.org/Sub/", "https://checks.example.org/Sub", "checks.example.org"),
    ],
)
def test_the_root_is_written_as_browsers_write_it(root: str, stored: str, host: str) -> None:
    env = load(SITE_ROOT=root)
    assert env.problems == []
    assert (env["SITE_ROOT"], env["ALLOWED_HOSTS"]) == (stored, [host])


def test_the_administrators_address_is_an_address() -> None:
    assert "ADMIN_EMAIL" in problems(ADMIN_EMAIL="Admin <a@b.org>", ADMIN_PASSWORD="long enough")


@pytest.mark.parametrize(
    ("environ", "rp_id"),
    [
        ({}, "localhost"),
        ({"SITE_ROOT": "https://checks.example.org:8443/here"}, "checks.example.org"),
        ({"SITE_ROOT": "http://hc.localhost:8000"}, "hc.localhost"),
        ({"SITE_ROOT": "http://checks.example.org"}, ""),
        ({"SITE_ROOT": "https://192.0.2.7"}, ""),
        ({"SITE_ROOT": "https://[2001:db8::1]"}, ""),
        ({"SITE_ROOT": "http://checks.example.org", "RP_ID": "example.org"}, "example.org"),
        ({"SITE_ROOT": "nonsense"}, ""),
    ],
)
def test_where_security_keys_work(environ: dict[str, str], rp_id: str) -> None:
    env = load(**environ)
    assert env["RP_ID"] == rp_id
    assert not any("RP_ID" in warning for warning in env.warnings)


def test_a_domain_for_keys_is_no_address() -> None:
    assert "RP_ID" in problems(RP_ID="https://example.org/")
