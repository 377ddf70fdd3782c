"""What this process counts of itself, in a form that other processes can read.

Each process writes its figures into its heartbeat; whoever is asked for them (hc.ops.scrape)
shows those of all.
"""

from __future__ import annotations

from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

PINGS = Counter("hc_pings", "Pings by what became of them.", ["result"], registry=REGISTRY)
BATCH_SIZE = Histogram(
    "hc_ping_batch_size",
    "Pings that were written together.",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500),
    registry=REGISTRY,
)
COMMIT = Histogram(
    "hc_ping_commit_seconds", "Time to store a batch.", buckets=_SECONDS, registry=REGISTRY
)
SPOOL = Gauge("hc_spool_bytes", "Answered pings that wait on disk.", registry=REGISTRY)
WENT_DOWN = Counter("hc_overdue_checks", "Checks that went down by time.", registry=REGISTRY)
OVERDUE_LAG = Histogram(
    "hc_overdue_lag_seconds",
    "From a deadline to its being noticed.",
    buckets=_SECONDS,
    registry=REGISTRY,
)
CLAIMED = Counter("hc_claimed_messages", "Messages taken from the queue.", registry=REGISTRY)
DELIVERIES = Counter(
    "hc_deliveries",
    "Attempts, and messages that ended without one, by kind and outcome.",
    ["kind", "outcome"],
    registry=REGISTRY,
)
DELIVERY = Histogram(
    "hc_delivery_seconds",
    "Time of an attempt by kind.",
    ["kind"],
    buckets=_SECONDS,
    registry=REGISTRY,
)


def snapshot() -> list[list[Any]]:
    """All figures: [name, help, type, [[sample, labels, value], …]] each."""
    return [
        [
            metric.name,
            metric.documentation,
            metric.type,
            [
                [sample.name, sample.labels, sample.value]
                for sample in metric.samples
                if not sample.name.endswith("_created")
            ],
        ]
        for metric in REGISTRY.collect()
    ]
