"""What the service knows of itself: the heartbeats of its processes and the daily rollups."""

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

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["process", "host", "pid"], name="api_heartbeat_process"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.process} on {self.host} ({self.pid})"


class DailyRollup(models.Model):
    """A check's day in UTC, kept after its pings and flips were pruned."""

    owner = models.ForeignKey(Check, models.CASCADE, db_index=False)
    day = models.DateField()
    successes = models.IntegerField(default=0)
    late = models.IntegerField(default=0)
    failures = models.IntegerField(default=0)
    missed = models.IntegerField(default=0)
    duration_min = models.DurationField(null=True)
    duration_median = models.DurationField(null=True)
    duration_p95 = models.DurationField(null=True)
    duration_max = models.DurationField(null=True)
    up_seconds = models.IntegerField(default=0)
    down_seconds = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "day"], name="api_dailyrollup_owner_day"),
        ]

    def __str__(self) -> str:
        return f"{self.owner_id} on {self.day}"
