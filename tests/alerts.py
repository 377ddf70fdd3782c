"""Alerts for tests of transports, which need no database."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from hc.core.schedule import Simple
from hc.core.state import Kind, Reason
from hc.integrations.base import (
    Alert,
    CheckFacts,
    LastPing,
    ProjectFacts,
    Reader,
    Site,
    Wire,
)
from hc.lib.http import Answer, HttpError
from hc.lib.mail import Mail, MailError

AT = datetime(2026, 6, 15, 12, 0, 30, 500, tzinfo=UTC)
CODE = UUID("e2f3c2b4-8c1d-4b7e-9d3a-111111111111")
ALERT_ID = UUID("0d5a0d5a-0000-4000-8000-000000000001")

CHECK = CheckFacts(
    code=CODE,
    unique_key="a" * 40,
    label="Nightly backup",
    name="Nightly backup",
    slug="nightly-backup",
    tags=("db", "prod"),
    desc="See run book.",
    schedule=Simple(timedelta(days=1)),
    grace=timedelta(hours=1),
    created=AT - timedelta(days=30),
    n_pings=42,
    json={"name": "Nightly backup", "status": "down"},
)
PING = LastPing(
    Kind.FAIL, AT - timedelta(minutes=5), 42, exitstatus=3, method="POST", remote_addr="10.0.0.7"
)
DOWN = Alert(
    id=ALERT_ID,
    status="down",
    at=AT,
    check=CHECK,
    project=ProjectFacts(UUID(int=7), "Production"),
    site=Site("Mychecks", "https://checks.example.org", "https://checks.example.org/logo.png"),
    reader=Reader(ZoneInfo("Europe/Riga")),
    link=f"https://checks.example.org/cloaked/{'a' * 40}/",
    unsubscribe_url="https://checks.example.org/integrations/x/unsub/y/",
    reason=Reason.FAIL,
    last_ping=PING,
    sent_at=AT,
)
UP = replace(DOWN, status="up", reason=Reason.NONE, downtime=timedelta(hours=1, minutes=2))


def with_body(alert: Alert, body: bytes, **more: Any) -> Alert:
    return replace(alert, last_ping=replace(PING, body=body, **more))


def named(alert: Alert, name: str, **more: Any) -> Alert:
    return replace(alert, check=replace(CHECK, name=name, label=name, **more))


@dataclass
class FakeHttp:
    """Records requests; answers with `answer`, or fails with `error`."""

    answer: Answer = field(default_factory=lambda: Answer(200))
    error: HttpError | None = None
    requests: list[tuple[str, str, dict[str, str], bytes | None]] = field(default_factory=list)

    async def request(
        self, method: str, url: str, *, headers: dict[str, str], body: bytes | None
    ) -> Answer:
        self.requests.append((method, url, headers, body))
        if self.error:
            raise self.error
        return self.answer


@dataclass
class FakeMailer:
    error: MailError | None = None
    mails: list[Mail] = field(default_factory=list)

    async def send_async(self, mail: Mail) -> None:
        if self.error:
            raise self.error
        self.mails.append(mail)


def wire(http: FakeHttp | None = None, mail: FakeMailer | None = None) -> Wire:
    return Wire(http=http or FakeHttp(), mail=mail or FakeMailer())  # type: ignore[arg-type]
