"""How to ping a check from where its job runs, ready to be copied."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings

from hc.api.models import Check, ScheduleKind

CURL = "curl -fsS -m 10 --retry 5"


@dataclass(frozen=True, slots=True)
class Snippet:
    key: str
    label: str
    text: str


def snippets(check: Check, url: str) -> list[Snippet]:
    """One way per environment; `url` is the check's ping address."""
    ways = [
        Snippet("shell", "Shell", _shell(url)),
        Snippet("cron", "Cron", f"{cron_line(check)}  your-job.sh && {CURL} -o /dev/null {url}"),
        Snippet("python", "Python", _python(url)),
        Snippet("powershell", "PowerShell", f"Invoke-RestMethod {url} -TimeoutSec 10"),
    ]
    if settings.SMTPD_PORT or settings.PING_EMAIL_DOMAIN != "localhost":
        ways.append(Snippet("email", "E-mail", f"{check.code}@{settings.PING_EMAIL_DOMAIN}"))
    return ways


def cron_line(check: Check) -> str:
    """The five fields with which cron would run the job; stars to be filled in if unknown."""
    if check.kind == ScheduleKind.CRON:
        return check.schedule
    if check.kind == ScheduleKind.ONCALENDAR:
        return "m h dom mon dow"
    minutes, rest = divmod(check.timeout, timedelta(minutes=1))
    if rest:
        return "m h dom mon dow"
    if minutes < 60 and 60 % minutes == 0:
        return "* * * * *" if minutes == 1 else f"*/{minutes} * * * *"
    hours, rest_minutes = divmod(minutes, 60)
    if rest_minutes == 0 and hours < 24 and 24 % hours == 0:
        return "0 * * * *" if hours == 1 else f"0 */{hours} * * *"
    return {1440: "0 0 * * *", 10_080: "0 0 * * 0"}.get(minutes, "m h dom mon dow")


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
