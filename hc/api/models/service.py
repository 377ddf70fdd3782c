"""What the service knows of itself: heartbeats, journals, daily rollups."""

from __future__ import annotations

from django.db import models

from hc.api.models.check import Check


class Heartbeat(models.Model):
    """One row per running process, renewed every few seconds."""

    process = models.CharField(max_length=20)
    host = models.CharField(max_length=100)
    pid = models.IntegerField()
    started = models.DateTimeField()
    beat = models.DateTimeField()
    # Since when this process keeps answered pings on disk; NULL while it has none.
    spooling_since = models.DateTimeField(null=True, blank=True)
    # What it has counted, as hc.lib.metrics.snapshot gives it.
    figures = models.JSONField(default=list, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["process", "host", "pid"], name="api_heartbeat_process"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.process} on {self.host} ({self.pid})"


class Journal(models.Model):
    """How far a writer of pings has got: what lies beyond `position` is not in the database.

    One row per process that takes pings (it counts its transactions) and one per spool file (its
    bytes); written in the transaction of the pings, so that none is ever stored twice.
    """

    name = models.CharField(max_length=40, unique=True)
    position = models.BigIntegerField()
    updated = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name}: {self.position}"


class Listening(models.Model):
    """The one row that says up to when all pings that reached us are in the database.

    Written by the web processes every few seconds; deadlines beyond it are not judged.
    """

    id = models.SmallIntegerField(primary_key=True, default=1)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"heard until {self.until}"


class Outage(models.Model):
    """A time in which we could not hear pings, and how many checks were given more time."""

    started = models.DateTimeField()
    ended = models.DateTimeField(db_index=True)
    # The end of the extra time that was given.
    excused_until = models.DateTimeField()
    checks = models.IntegerField(default=0)

    def __str__(self) -> str:
        return f"deaf from {self.started} to {self.ended}"


class Chore(models.Model):
    """A task of housekeeping: when it was last done, and how far it has got.

    Of several copies one works at a time: `holder` may until `until`.
    """

    name = models.CharField(max_length=20, unique=True)
    done = models.DateTimeField(null=True)
    position = models.BigIntegerField(default=0)
    holder = models.CharField(max_length=120, default="")
    until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.name}, done {self.done or 'never'}"


class DailyRollup(models.Model):
    """A check's day in UTC, kept after its pings and flips were pruned.

    The pings up to `rolled_n` of the check are counted; `missed`, up and down time are those up
    to the last round of housekeeping.
    """

    # Rewritten many times a day, and each time takes a number on PostgreSQL and MySQL.
    id = models.BigAutoField(primary_key=True)
    owner = models.ForeignKey(Check, models.CASCADE, db_index=False)
    day = models.DateField()
    successes = models.IntegerField(default=0)
    late = models.IntegerField(default=0)
    failures = models.IntegerField(default=0)
    missed = models.IntegerField(default=0)
    # The counts of hc.core.histogram.Histogram, from which median and 95th percentile follow.
    run_times = models.JSONField(default=dict)
    duration_min = models.DurationField(null=True)
    duration_median = models.DurationField(null=True)
    duration_p95 = models.DurationField(null=True)
    duration_max = models.DurationField(null=True)
    # In the newest row of a check: its starts without an end, as [run id or "", instant].
    open_starts = models.JSONField(default=list)
    up_seconds = models.IntegerField(default=0)
    down_seconds = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "day"], name="api_dailyrollup_owner_day"),
        ]

    def __str__(self) -> str:
        return f"{self.owner_id} on {self.day}"
