"""How to ping a check from where its job runs, ready to be copied."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings

from hc.accounts.access import ProjectAccess
from hc.accounts.models import Profile, Project
from hc.api.models import Check
from hc.front.clocks import cron_line, systemd_timer

CURL = "curl -fsS -m 10 --retry 5"
STYLES = ("uuid", "slug")


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where pings go, in the style that somebody prefers. `missing`: why there is no address by
    slug, then the fields are empty."""

    style: str
    url: str = ""
    mail: str = ""
    missing: str = ""

    @classmethod
    def of(cls, check: Check, access: ProjectAccess) -> Addresses:
        same = Check.objects.filter(project=access.project).exactly(slug=check.slug)
        return cls.by(style_of(access), check, access.project, same.count)

    @classmethod
    def by(
        cls, style: str, check: Check, project: Project, count_same: Callable[[], int]
    ) -> Addresses:
        """`count_same`: how many checks of the project have its slug; asked if that matters."""
        if style == "uuid":
            return cls(style, f"{settings.PING_ENDPOINT}{check.code}", _mail(str(check.code)))
        key = project.ping_key
        missing = "slug" if not check.slug else "key" if not key else ""
        if not missing and count_same() > 1:
            missing = "unique"
        if missing:
            return cls(style, missing=missing)
        url = f"{settings.PING_ENDPOINT}{key}/{check.slug}"
        return cls(style, url, _mail(f"{key}+{check.slug}"))


def style_of(access: ProjectAccess) -> str:
    """ "uuid" or "slug": as the person likes it, else as the project has it."""
    chosen = Profile.known(access.user).list_view.get("ping_style")
    usual = "slug" if access.project.show_slugs else "uuid"
    return str(chosen) if chosen in STYLES else usual


def _mail(mailbox: str) -> str:
    """The address for pings by mail; empty where none are taken."""
    takes_mail = settings.SMTPD_PORT or settings.PING_EMAIL_DOMAIN != "localhost"
    return f"{mailbox}@{settings.PING_EMAIL_DOMAIN}" if takes_mail else ""


@dataclass(frozen=True, slots=True)
class Snippet:
    key: str
    label: str
    text: str


def snippets(check: Check, addresses: Addresses) -> list[Snippet]:
    """One way per environment; none while there is no address."""
    url = addresses.url
    if not url:
        return []
    ways = [
        Snippet("shell", "Shell", _shell(url)),
        Snippet("cron", "Cron", f"{cron_line(check)}  your-job.sh && {CURL} -o /dev/null {url}"),
        Snippet("curl", "curl", f"{CURL} --data-binary @job.log {url}"),
        Snippet("python", "Python", _python(url)),
        Snippet("node", "Node", _node(url)),
        Snippet("go", "Go", _go(url)),
        Snippet("php", "PHP", _php(url)),
        Snippet("powershell", "PowerShell", _powershell(url)),
        Snippet("systemd", "systemd", _systemd(check, url)),
    ]
    return [*ways, Snippet("email", "E-mail", addresses.mail)] if addresses.mail else ways


def _shell(url: str) -> str:
    return f"{CURL} \\\n  {url}/start\n\nyour-job.sh\n\n{CURL} \\\n  {url}/$?"


def _python(url: str) -> str:
    return (
        "import urllib.request\n\n"
        "try:\n"
        f'    urllib.request.urlopen("{url}", timeout=10)\n'
        "except OSError as e:\n"
        '    print("ping failed:", e)'
    )


def _node(url: str) -> str:
    return (
        "try {\n"
        f'  await fetch("{url}", {{\n'
        '    method: "POST",\n'
        "    signal: AbortSignal.timeout(10_000),\n"
        "  });\n"
        "} catch (error) {\n"
        '  console.error("ping failed:", error);\n'
        "}"
    )


def _go(url: str) -> str:
    return (
        "client := http.Client{Timeout: 10 * time.Second}\n"
        f'resp, err := client.Head("{url}")\n'
        "if err != nil {\n"
        '\tlog.Printf("ping failed: %v", err)\n'
        "} else {\n"
        "\tresp.Body.Close()\n"
        "}"
    )


def _php(url: str) -> str:
    return (
        "<?php\n"
        "$context = stream_context_create([\n"
        '    "http" => ["method" => "POST", "timeout" => 10],\n'
        "]);\n"
        f'file_get_contents("{url}", false, $context);'
    )


def _powershell(url: str) -> str:
    return f"Invoke-RestMethod -Method Post -TimeoutSec 10 `\n  {url}"


def _systemd(check: Check, url: str) -> str:
    return (
        "# /etc/systemd/system/your-job.timer\n"
        f"[Timer]\n{systemd_timer(check)}\n\n"
        "[Install]\nWantedBy=timers.target\n\n"
        "# /etc/systemd/system/your-job.service\n"
        "[Service]\nType=oneshot\n"
        f"ExecStartPre=-{_binary()} {url}/start\n"
        "ExecStart=/usr/local/bin/your-job\n"
        f"ExecStopPost=-{_binary()} {url}/${{EXIT_STATUS}}"
    )


def _binary() -> str:
    return CURL.replace("curl", "/usr/bin/curl", 1)
