"""The jobs of the demonstration: what a company might run at night."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Job:
    """`when`: a cron expression, or a period in minutes. `took`: seconds of a usual run.

    `trouble`: the share of runs that fail or never come. `ends`: how it is now: up, failed, silent,
    late, running, paused or new. `grace` is shorter than the distance of runs.
    """

    name: str
    tags: str
    when: str
    took: float
    trouble: float = 0.004
    ends: str = "up"
    grace: timedelta = HOUR
    tz: str = "UTC"
    notes: str = ""

    @property
    def is_cron(self) -> bool:
        return " " in self.when


JOBS = (
    Job("Nightly invoice run", "billing prod", "15 1 * * 1-5", 12.4, ends="failed", tz="Europe/Riga",
        grace=30 * MINUTE, notes="Creates yesterday's invoices. If it fails, see the run book, section 3."),
    Job("Queue heartbeat: e-mails", "queue prod", "5", 0, ends="silent", grace=5 * MINUTE),
    Job("Warm CDN cache", "shop edge", "15", 63, ends="late", grace=10 * MINUTE, trouble=0.01),
    Job("DB backup, analytics replica", "backup db", "30 4 * * *", 2460, ends="running", grace=2 * HOUR),
    Job("DB backup, primary", "backup db prod", "0 3 * * *", 2292, 0.01, tz="Europe/Riga",
        notes="pg_dump to the off-site bucket. Restores are tried on the first Monday of each month."),
    Job("Let’s Encrypt renewal (edge-01)", "tls edge", "17 0,12 * * *", 4.1),
    Job("Let’s Encrypt renewal (edge-02)", "tls edge", "47 0,12 * * *", 4.4),
    Job("Sync product catalogue", "shop prod", "15", 31, 0.02, grace=10 * MINUTE),
    Job("Queue heartbeat: webhooks", "queue prod", "5", 0, 0.001, grace=5 * MINUTE),
    Job("Log rotation web-01", "housekeeping", "0 0 * * *", 0.8),
    Job("Log rotation web-02", "housekeeping", "0 0 * * *", 0.7),
    Job("Mail queue flush", "mail", "60", 2.2, grace=20 * MINUTE),
    Job("ML feature store rebuild", "ml data", "30 2 * * 0", 7920, ends="paused", grace=6 * HOUR),
    Job("Restic off-site prune", "backup storage", "30 2 * * 0", 900, ends="new", grace=4 * HOUR),
    Job("Import exchange rates", "billing", "5 16 * * 1-5", 3.1, 0.01, tz="Europe/Berlin"),
    Job("Send payment reminders", "billing mail", "0 9 * * 1-5", 41, tz="Europe/Riga"),
    Job("Rebuild search index", "shop", "20 2 * * *", 1280, 0.015),
    Job("Resize product images", "shop media", "30", 95, 0.01, grace=20 * MINUTE),
    Job("Video transcoding", "media", "120", 1500, 0.02),
    Job("Clean up temporary uploads", "media housekeeping", "0 5 * * *", 14),
    Job("Refresh materialised views", "db data", "60", 210, 0.006, grace=30 * MINUTE),
    Job("Vacuum analytics tables", "db data", "0 6 * * 6", 3300),
    Job("Export to data warehouse", "data", "45 1 * * *", 640, 0.02),
    Job("Weekly sales report", "data mail", "0 7 * * 1", 55, tz="Europe/Riga"),
    Job("Monthly VAT report", "billing", "0 8 1 * *", 130),
    Job("Check certificates", "tls", "0 10 * * *", 2.6),
    Job("DNS zone transfer", "edge", "10 * * * *", 1.2),
    Job("Rotate access keys", "security", "0 4 * * 1", 8.8),
    Job("Scan for vulnerable packages", "security ci", "30 3 * * *", 420, 0.01),
    Job("Nightly integration tests", "ci", "0 23 * * 1-5", 2700, 0.06, tz="Europe/Berlin", grace=2 * HOUR),
    Job("Prune container images", "ci housekeeping", "15 5 * * *", 75),
    Job("Mirror package repository", "ci storage", "0 */6 * * *", 510),
    Job("Snapshot file server", "backup storage", "0 1 * * *", 33),
    Job("Verify backups", "backup", "0 12 * * 1", 1860, 0.02),
    Job("Sync staff directory", "office", "30 6 * * *", 6.3),
    Job("Badge printer heartbeat", "office", "10", 0, 0.002, grace=10 * MINUTE),
    Job("Purge old sessions", "housekeeping db", "40 3 * * *", 9.5),
    Job("Recompute recommendations", "ml shop", "0 2 * * *", 4100, 0.02, grace=3 * HOUR),
    Job("Train churn model", "ml", "0 20 * * 5", 9200, grace=6 * HOUR),
    Job("Archive support tickets", "office mail", "0 22 * * 0", 88),
)  # fmt: skip
