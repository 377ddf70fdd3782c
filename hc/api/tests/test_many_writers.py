"""Writers of all kinds at once: each of them succeeds, in whatever order the rows are taken."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from django.db import connection
from django.db.models import QuerySet

from hc.accounts.models import Profile, Project, User
from hc.accounts.services.projects import create_project
from hc.api.models import Channel, Check
from hc.api.services import channels, checks, clearing, lifecycle, many, trash
from hc.api.services.checks import Details, ScheduleSettings
from hc.integrations.email.config import EmailConfig
from tests.factories import make_webhook

WRITES, AT_ONCE, NAMES = 300, 8, [f"job {n}" for n in range(6)]
CONFIG = EmailConfig.load("ops@example.org")


class Writers:
    def __init__(self, project: Project, other: Project, now: datetime) -> None:
        self.project, self.other, self.now = project, other, now
        self.hooks = [make_webhook(project, f"https://example.org/{n}") for n in range(3)]
        self.kinds: list[Callable[[random.Random], object]] = [
            self.upsert,
            self.upsert,
            self.upsert,
            self.create,
            self.change,
            self.assign,
            self.assign_one,
            self.assign_many,
            self.come_and_go,
            self.move_through_statuses,
            self.tag,
            self.remove,
            self.copy_and_clear,
        ]

    def write(self, seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311 - the same each time
        try:
            chance.choice(self.kinds)(chance)
        except Check.DoesNotExist:
            pass  # somebody else was faster
        finally:
            connection.close()

    def named(self, chance: random.Random) -> QuerySet[Check]:
        return Check.objects.filter(project=self.project, name=chance.choice(NAMES))

    def one(self, chance: random.Random) -> Check:
        return chance.choice(list(self.named(chance)) or [Check()])

    def upsert(self, chance: random.Random) -> None:
        columns = {"name": chance.choice(NAMES)}
        checks.upsert(self.project, columns, self.now, unique=columns, channels=self.hooks[:2])

    def create(self, chance: random.Random) -> None:
        checks.create(self.project, Details({"name": chance.choice(NAMES)}), ScheduleSettings())

    def change(self, chance: random.Random) -> None:
        chosen = chance.sample(self.hooks, 2)
        checks.change(self.one(chance).code, {"desc": str(chance.random())}, self.now, chosen)

    def assign(self, chance: random.Random) -> None:
        channels.set_checks(chance.choice(self.hooks), list(self.named(chance)))

    def assign_one(self, chance: random.Random) -> None:
        enabled = chance.random() < 0.5
        checks.set_channel(self.one(chance).code, chance.choice(self.hooks), enabled=enabled)

    def assign_many(self, chance: random.Random) -> None:
        many.set_channels(self.named(chance), self.hooks[:1], self.hooks[1:])

    def come_and_go(self, chance: random.Random) -> None:
        channels.remove(channels.create(self.project, "email", CONFIG).code)

    def move_through_statuses(self, chance: random.Random) -> None:
        checks.pause_all(self.named(chance), self.now)
        checks.resume_all(self.named(chance), self.now)

    def tag(self, chance: random.Random) -> None:
        many.add_tag(Check.objects.filter(project=self.project), chance.choice(["a", "b"]))

    def remove(self, chance: random.Random) -> None:
        how = chance.choice([checks.remove_all, trash.remove_all])
        how(self.named(chance), self.now)
        many.move_all(self.named(chance), self.other, self.now)

    def copy_and_clear(self, chance: random.Random) -> None:
        lifecycle.copy(self.one(chance).code)
        clearing.clear(self.one(chance).code, self.now)


@pytest.mark.django_db(transaction=True)
def test_writers_of_all_kinds_do_not_fail_each_other(
    project: Project, alice: User, now: datetime
) -> None:
    Profile.objects.filter(user=alice).update(check_limit=10_000)
    writers = Writers(project, create_project("Other", alice), now)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(writers.write, range(WRITES)))
    assert Channel.objects.filter(project=project).count() == len(writers.hooks)
    names = Check.objects.filter(project=project, name__in=NAMES)
    assert names.exists()
