"""A project to look at: checks with months of runs, failures and messages.

Everything goes through the rules (hc.core.state), so that statuses, flips and figures fit
together; the rows are inserted in bulk. Nothing is sent to anybody.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.utils.text import slugify

from hc.accounts.models import Project, User
from hc.accounts.services.projects import create_project
from hc.api.models import (
    Channel,
    Check,
    DailyRollup,
    DeliveryState,
    Flip,
    Notification,
    Ping,
    ScheduleKind,
)
from hc.api.models.check import changed_columns, unique_key
from hc.api.models.ping import stored_kind
from hc.api.services import channels
from hc.core import rollup
from hc.core.schedule import Cron, Schedule, Simple, next_after
from hc.core.state import (
    CheckState,
    Kind,
    Signal,
    Status,
    Transition,
    after_deadline,
    after_pause,
    after_ping,
)
from hc.core.state import Flip as FlipFact
from hc.housekeeping.days import count_days
from hc.integrations.email.config import EmailConfig
from hc.integrations.webhook.config import WebhookConfig
from hc.ops.demo_jobs import JOBS, Job

# How far back runs go: so many of them at the most, and no further than this.
MOST_RUNS = 9000
FAR = timedelta(days=365)
KEPT_PINGS = 100
TOLD_FOR = timedelta(days=60)
SECOND = timedelta(seconds=1)
ERRORS = (
    b"pg_dump: error: connection to server failed: timeout expired\n",
    b'Traceback (most recent call last):\n  File "run.py", line 88\nOSError: disk full\n',
    b"rsync error: some files could not be transferred (code 23)\n",
    b"FATAL: 3 of 214 invoices were rejected, see invoices.log\n",
)


@dataclass
class Story:
    """What happened to a check: its state in the end, and all that is stored of it."""

    state: CheckState
    entries: list[rollup.Entry] = field(default_factory=list)
    pings: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=KEPT_PINGS))
    flips: list[FlipFact] = field(default_factory=list)

    def take(self, signal: Signal, body: bytes = b"") -> None:
        found = after_ping(self.state, signal)
        self._note(found)
        kind = found.kind or signal.kind
        at = found.at or signal.at
        n = found.state.n_pings
        self.entries.append(rollup.Entry(n, kind, at, signal.rid, found.outcome))
        outcome = str(found.outcome) if found.outcome else None
        self.pings.append(
            {"n": n, "created": at, "kind": stored_kind(kind), "body_raw": body, "outcome": outcome}
        )

    def wait(self, until: datetime) -> None:
        self._note(after_deadline(self.state, until))

    def pause(self, at: datetime) -> None:
        self._note(after_pause(self.state, at))

    def _note(self, found: Transition) -> None:
        self.flips += found.flips
        self.state = found.state


def fill(owner: User, now: datetime, *, number: int = len(JOBS), name: str = "Demo") -> Project:
    """A new project with that many checks: those of the list, then more of their kind with a
    short history only."""
    chance = random.Random(number)  # noqa: S311 - the same every time, and nothing secret
    with transaction.atomic():
        project = create_project(name, owner)
        told = _channels(project, owner)
        for start in range(0, number, 500):
            some = [_job(index) for index in range(start, min(start + 500, number))]
            _store(project, told, some, now, chance)
        for channel in told:
            _remember(channel)
        for _ in count_days((now - FAR).date(), now):
            pass
    return project


def _job(index: int) -> tuple[Job, bool]:
    """The job of that number, and whether it has a long history."""
    job = JOBS[index % len(JOBS)]
    if index < len(JOBS):
        return job, True
    ends = "up" if index % 7 else job.ends
    return replace(job, name=f"{job.name} {index // len(JOBS) + 1}", ends=ends), False


def _channels(project: Project, owner: User) -> list[Channel]:
    mailbox = EmailConfig(value=owner.email)
    hook = WebhookConfig(url_down="https://hooks.example.org/incidents")
    pager = WebhookConfig(
        url_down="https://pager.example.org/alert", url_up="https://pager.example.org/ok"
    )
    return [
        channels.create(project, "email", mailbox, verified=True),
        channels.create(project, "webhook", hook, name="#ops-alerts"),
        channels.create(project, "webhook", pager, name="Pager"),
    ]  # fmt: skip


def _store(
    project: Project,
    told: Sequence[Channel],
    jobs: Sequence[tuple[Job, bool]],
    now: datetime,
    chance: random.Random,
) -> None:
    stories = [tell(job, now, chance, long=long) for job, long in jobs]
    checks = Check.objects.bulk_create(
        [_check(project, job, story, now) for (job, _), story in zip(jobs, stories, strict=True)]
    )
    if checks and checks[0].pk is None:  # MySQL does not tell the keys
        found = {check.code: check for check in Check.objects.filter(project=project)}
        checks = [found[check.code] for check in checks]
    pairs = list(zip(checks, stories, strict=True))
    Ping.objects.bulk_create([ping for pair in pairs for ping in _pings(*pair)], batch_size=1000)
    days = [day for pair in pairs for day in _days(*pair)]
    DailyRollup.objects.bulk_create(days, batch_size=1000)
    link = Channel.checks.through
    links = [link(check_id=c.pk, channel_id=ch.pk) for c, _ in pairs for ch in told[: 2 + c.pk % 2]]
    link.objects.bulk_create(links, batch_size=1000)
    for check, story in pairs:
        _tell(check, story, told[: 2 + check.pk % 2], now, chance)


# --- What happens -----------------------------------------------------------------------------


def tell(job: Job, now: datetime, chance: random.Random, *, long: bool = True) -> Story:
    """A check's life up to now. Deterministic but for `chance`."""
    schedule: Schedule = (
        Cron(job.when, job.tz) if job.is_cron else Simple(timedelta(minutes=int(job.when)))
    )
    story = Story(CheckState(schedule, job.grace))
    if job.ends == "new":
        return story
    times = list(_times(job, schedule, now, MOST_RUNS if long else 24))
    for index, at in enumerate(times):
        is_last = index == len(times) - 1
        fate = _last_fate(job) if is_last else _fate(job, chance)
        _run(story, job, at, fate, chance)
    story.wait(now)
    if job.ends == "paused":
        story.pause(now - timedelta(days=3))
    if job.ends == "running":
        story.take(Signal(Kind.START, now - timedelta(minutes=12), _rid(chance)))
    return story


def _times(job: Job, schedule: Schedule, now: datetime, most: int) -> Iterator[datetime]:
    """When runs begin: on the schedule, the last one so that the check ends as it should."""
    if isinstance(schedule, Simple):
        back = {"silent": 5.2, "late": 1.2}.get(job.ends, 0.4)
        last = now - schedule.timeout * back
        number = min(most, FAR // schedule.timeout, 9000)
        yield from (last - schedule.timeout * step for step in range(number - 1, -1, -1))
        return
    found: deque[datetime] = deque(maxlen=most)
    at = next_after(schedule, now - FAR)
    while at is not None and at < now - timedelta(minutes=15):
        found.append(at)
        at = next_after(schedule, at)
    yield from found


def _fate(job: Job, chance: random.Random) -> str:
    if chance.random() >= job.trouble:
        return "late" if chance.random() < job.trouble * 2 else "good"
    return "missed" if chance.random() < 0.35 else "failed"


def _last_fate(job: Job) -> str:
    return "failed" if job.ends == "failed" else "good"


def _run(story: Story, job: Job, at: datetime, fate: str, chance: random.Random) -> None:
    if fate == "missed":
        return
    begins = at + chance.uniform(0.5, 4) * SECOND
    if fate == "late":
        begins += job.grace * 0.7
    took = job.took * chance.lognormvariate(0, 0.16) * SECOND
    rid = _rid(chance)
    if job.took:
        story.take(Signal(Kind.START, begins, rid))
    failed = fate == "failed"
    body = chance.choice(ERRORS) if failed else b"%d items done\n" % chance.randrange(180, 230)
    story.take(Signal(Kind.FAIL if failed else Kind.SUCCESS, begins + took, rid), body)


def _rid(chance: random.Random) -> UUID:
    return UUID(int=chance.getrandbits(128), version=4)


# --- What is stored of it ---------------------------------------------------------------------


def _check(project: Project, job: Job, story: Story, now: datetime) -> Check:
    columns = changed_columns(CheckState(story.state.schedule, job.grace), story.state)
    code = uuid4()
    first = story.entries[0].at if story.entries else now
    schedule = (
        {"kind": ScheduleKind.CRON, "schedule": job.when, "tz": job.tz}
        if job.is_cron
        else {"kind": ScheduleKind.SIMPLE, "timeout": timedelta(minutes=int(job.when))}
    )
    return Check(
        project=project,
        code=code,
        unique_key=unique_key(code),
        name=job.name,
        slug=slugify(job.name)[:100],
        tags=job.tags,
        desc=job.notes,
        grace=job.grace,
        created=first - timedelta(hours=1),
        sweep_at=story.state.alert_after,
        rolled_n=story.state.n_pings,
        **schedule,
        **columns,
    )


def _pings(check: Check, story: Story) -> list[Ping]:
    return [
        Ping(
            owner_id=check.pk,
            scheme="https",
            method="POST",
            remote_addr=f"10.0.{check.pk % 8}.{check.pk % 200 + 2}",
            ua="curl/8.5.0",
            **ping,
        )
        for ping in story.pings
    ]


def _days(check: Check, story: Story) -> list[DailyRollup]:
    folded = rollup.fold(story.entries, {})
    return [
        DailyRollup(
            owner_id=check.pk,
            day=day,
            successes=runs.successes,
            late=runs.late,
            failures=runs.failures,
            run_times=runs.times.as_json(),
            duration_min=runs.times.shortest,
            duration_median=runs.times.quantile(0.5),
            duration_p95=runs.times.quantile(0.95),
            duration_max=runs.times.longest,
        )
        for day, runs in folded.days.items()
    ]


def _tell(
    check: Check, story: Story, told: Sequence[Channel], now: datetime, chance: random.Random
) -> None:
    """Its flips, and the messages about those of the last weeks: delivered, but for a few."""
    for fact in story.flips:
        flip = Flip.objects.create(
            owner_id=check.pk,
            created=fact.at,
            processed=fact.at + SECOND,
            old_status=str(fact.old),
            new_status=str(fact.new),
            reason=str(fact.reason),
        )
        if fact.notify and fact.at > now - TOLD_FOR:
            messages = [_message(check, flip, channel, chance) for channel in told]
            Notification.objects.bulk_create([one for one in messages if one])


def _message(
    check: Check, flip: Flip, channel: Channel, chance: random.Random
) -> Notification | None:
    if flip.new_status not in (Status.UP, Status.DOWN):
        return None
    lost = chance.random() < 0.03
    return Notification(
        owner_id=check.pk,
        channel=channel,
        flip=flip,
        check_status=flip.new_status,
        created=flip.created,
        state=DeliveryState.FAILED if lost else DeliveryState.SENT,
        error="Received status code 502" if lost else "",
        attempts=7 if lost else 1,
        settled=flip.created + chance.uniform(0.4, 3) * SECOND,
    )


def _remember(channel: Channel) -> None:
    """What came of the last message to it."""
    last = Notification.objects.filter(channel=channel).order_by("settled", "pk").last()
    if last and last.settled:
        channel.last_notify, channel.last_error = last.created, last.error
        channel.last_notify_duration = last.settled - last.created
        channel.save(update_fields=["last_notify", "last_notify_duration", "last_error"])
