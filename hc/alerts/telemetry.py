"""What the alert engine tells of itself: figures for scrapes, and the names that statsd knows."""

from __future__ import annotations

from hc.lib import metrics, statsd


def delivered(kind: str, outcome: str, seconds: float) -> None:
    """A message was sent, or could not be, after so many seconds."""
    metrics.DELIVERIES.labels(kind, outcome).inc()
    metrics.DELIVERY.labels(kind).observe(seconds)
    result = "success" if outcome == "delivered" else "fail"
    statsd.count(f"hc.notifications.{kind}.{result}")
    statsd.timing("hc.sendalerts.sendTime", seconds)


def swept(count: int, lag_seconds: float) -> None:
    """So many checks went down, the first one so long after its deadline."""
    metrics.WENT_DOWN.inc(count)
    metrics.OVERDUE_LAG.observe(max(0.0, lag_seconds))


def claimed(dwelt: list[float]) -> None:
    """Messages were taken from the queue, so many seconds after they had been put there."""
    metrics.CLAIMED.inc(len(dwelt))
    for seconds in dwelt:
        statsd.count("hc.sendalerts.processFlip")
        statsd.timing("hc.sendalerts.dwellTime", seconds)
