"""Storms: many checks that fall overdue at once, each with a webhook of its own."""

from __future__ import annotations

from tests.system.service import Service

WEBHOOKS = {"INTEGRATIONS_ALLOW_PRIVATE_IPS": "True"}
SEED = """
from datetime import datetime, timedelta, UTC
from hc.accounts.models import User
from hc.accounts.services import accounts, projects
from hc.api.models import Channel, Check
from hc.integrations.webhook.config import WebhookConfig
owner = User.objects.by_email("storm@example.org") or accounts.create_account(
    "storm@example.org", password="correct horse battery")
project = projects.create_project("Storm", owner)
urls = {urls!r}
at = datetime.fromtimestamp({at}, UTC)
spread = timedelta(seconds={spread})
made = Check.objects.bulk_create([
    Check(project=project, name=f"Check {{i}}", status={status!r}, n_pings=1,
          last_ping=at - timedelta(days=1, hours=1), due=at - timedelta(hours=1),
          alert_after=at + i * spread if {status!r} == "up" else None,
          sweep_at=at + i * spread if {status!r} == "up" else None,
          unique_key=f"{{project.code.hex[:20]}}{{i:020}}")
    for i in range(len(urls))])
hooks = Channel.objects.bulk_create([
    Channel(project=project, kind="webhook", value=WebhookConfig(url_down=url).dump())
    for url in urls])
Link = Channel.checks.through
Link.objects.bulk_create([Link(check_id=c.pk, channel_id=h.pk) for c, h in zip(made, hooks)])
print(*(c.code for c in made))
"""


def seed(
    service: Service, urls: list[str], at: float, *, spread: float = 0.0, status: str = "up"
) -> list[str]:
    """Checks that fall overdue at `at`, or each `spread` seconds after the one before, each with a
    webhook to one of the urls; their codes."""
    return service.shell(SEED.format(urls=urls, at=at, spread=spread, status=status)).split()
