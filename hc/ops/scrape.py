"""The service's own figures in the text format of Prometheus."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count, Max, Min
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from hc import __version__
from hc.api.models import Heartbeat, Listening, Outage, QueuedMail
from hc.ops import health


def text(now: datetime) -> bytes:
    """All families, those of all processes together."""
    registry = CollectorRegistry()
    registry.register(_Collector(now))
    return generate_latest(registry)


class _Collector:
    def __init__(self, now: datetime) -> None:
        self._now = now

    def collect(self) -> Iterator[Metric]:
        beats = list(Heartbeat.objects.order_by("pk"))
        yield from _of_processes(beats)
        yield from _of_the_service(beats, self._now)


def _of_processes(beats: list[Heartbeat]) -> Iterator[Metric]:
    """What the processes have counted; each has series of its own, which end with it."""
    families: dict[str, Metric] = {}
    for beat in beats:
        own = {"process": beat.process, "instance": f"{beat.host}:{beat.pid}"}
        for name, documentation, kind, samples in beat.figures:
            family = families.setdefault(name, Metric(name, documentation, kind))
            for sample, labels, value in samples:
                family.add_sample(sample, {**labels, **own}, value)
    yield from families.values()


def _of_the_service(beats: list[Heartbeat], now: datetime) -> Iterator[Metric]:
    info = GaugeMetricFamily("hc_build_info", "The version that runs.", labels=["version"])
    info.add_metric([__version__], 1)
    yield info
    age = GaugeMetricFamily(
        "hc_heartbeat_age_seconds",
        "Since a process was last heard.",
        labels=["process", "instance"],
    )
    for beat in beats:
        age.add_metric([beat.process, f"{beat.host}:{beat.pid}"], _seconds(now, beat.beat))
    yield age
    queue = health.due_messages(now)
    yield _gauge("hc_outbox_due_messages", "Messages that are due and not held back.", queue.depth)
    oldest = _seconds(now, queue.oldest) if queue.oldest else 0
    yield _gauge("hc_outbox_oldest_due_seconds", "Since the oldest of them is due.", oldest)
    mails = QueuedMail.objects.filter(due__lte=now, state="queued")
    facts = mails.aggregate(depth=Count("pk"), oldest=Min("due"))
    yield _gauge("hc_mail_queue_messages", "Mails other than alerts that are due.", facts["depth"])
    oldest = _seconds(now, facts["oldest"]) if facts["oldest"] else 0
    yield _gauge("hc_mail_queue_oldest_due_seconds", "Since the oldest of them is due.", oldest)
    until = Listening.objects.values_list("until", flat=True).first()
    lag = _seconds(now, until) if until else 0
    yield _gauge("hc_listening_lag_seconds", "Since all pings are known to be stored.", lag)
    outages = Outage.objects.aggregate(number=Count("pk"), last=Max("ended"))
    yield _gauge("hc_outages", "Times in which pings could not be heard.", outages["number"])


def _gauge(name: str, documentation: str, value: float) -> Metric:
    return GaugeMetricFamily(name, documentation, value=value)


def _seconds(now: datetime, since: datetime) -> float:
    return max(0.0, (now - since).total_seconds())
