"""What messages need to know beyond their own rows, looked up for many of them at once.

The number of queries does not grow with the number of messages.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Window
from django.db.models.functions import RowNumber

from hc.accounts.models import Profile, Project, User, normalise_email
from hc.api.models import Check, Flip, Notification, Ping
from hc.core import zones
from hc.integrations.base import OtherDown, ProjectSummary, Reader

MOST_OTHERS = 11  # up to ten are listed; one more tells that there are too many to list


class Surroundings:
    """The projects of some messages, their checks that are down, the last pings."""

    def __init__(self, notifications: Sequence[Notification]) -> None:
        flips = [n.flip_id for n in notifications if n.flip_id]
        projects = {n.channel.project_id for n in notifications}
        self.projects = Project.objects.select_related("owner").in_bulk(projects)
        self._totals = dict(
            Check.objects.filter(project__in=projects)
            .values_list("project")
            .annotate(number=Count("pk"))
        )
        self._down = _down_checks(projects)
        self._pings, self._ended = _before(flips)

    def others(self, check: Check) -> tuple[tuple[OtherDown, ...], int]:
        """The other checks of its project that are down, and how many others there are."""
        down = [one for one in self._down[check.project_id] if one.pk != check.pk]
        listed = tuple(OtherDown(one.label(), one.last_ping) for one in down[:MOST_OTHERS])
        return listed, max(0, self._totals.get(check.project_id, 1) - 1)

    def last_ping(self, flip: Flip) -> Ping | None:
        """The newest ping up to the flip."""
        return self._pings.get(flip.pk)

    def down_since(self, flip: Flip) -> datetime | None:
        """When the outage began that this flip ended, if it did."""
        return self._ended.get(flip.pk)


class Readers:
    """Who reads the messages to some addresses: an account, or a stranger."""

    def __init__(self, addresses: Iterable[str | None], owners: Iterable[User]) -> None:
        known = {normalise_email(address) for address in addresses if address}
        self._users = {u.email: u for u in User.objects.filter(email__in=known)}
        ids = {user.pk for user in (*self._users.values(), *owners)}
        self._zones = dict(Profile.objects.filter(user__in=ids).values_list("user", "tz"))
        self._projects = _projects_of(self._users.values())

    def reader(self, address: str | None, owner: User) -> Reader:
        """The account with that address, else somebody in the zone of the project's owner."""
        user = self._users.get(normalise_email(address)) if address else None
        if user is None:
            return Reader(self._zone(owner))
        return Reader(self._zone(user), tuple(self._projects.get(user.pk, ())))

    def _zone(self, user: User) -> tzinfo:
        today = zones.canonical(self._zones.get(user.pk) or "UTC")
        return ZoneInfo(today) if today else UTC


def _down_checks(projects: Collection[int]) -> dict[int, list[Check]]:
    """The first checks of each project that are down, by name; one more than are listed."""
    turn = Window(RowNumber(), partition_by=F("project_id"), order_by=("name", "pk"))
    down = Check.objects.filter(project__in=projects, status="down").annotate(turn=turn)
    columns = ("name", "slug", "unique_key", "last_ping", "project_id")
    by_project: dict[int, list[Check]] = defaultdict(list)
    for check in down.filter(turn__lte=MOST_OTHERS + 1).only(*columns).order_by("name", "pk"):
        by_project[check.project_id].append(check)
    return by_project


def _before(flips: Collection[int]) -> tuple[dict[int, Ping], dict[int, datetime]]:
    """What preceded each flip: the newest ping, and the going down that an "up" ended."""
    pings = Ping.objects.filter(
        owner_id=OuterRef("owner_id"), created__lte=OuterRef("created")
    ).order_by("-n")
    earlier: QuerySet[Flip] = Flip.objects.filter(
        owner_id=OuterRef("owner_id"), pk__lt=OuterRef("pk")
    ).order_by("-pk")
    rows = (
        Flip.objects.filter(pk__in=flips)
        .annotate(
            ping=Subquery(pings.values("pk")[:1]),
            since=Subquery(earlier.values("created")[:1]),
            was=Subquery(earlier.values("new_status")[:1]),
        )
        .values_list("pk", "new_status", "ping", "since", "was")
    )
    found = list(rows)
    bodies = Ping.objects.in_bulk([row[2] for row in found if row[2]])
    last = {pk: bodies[ping] for pk, _, ping, _, _ in found if ping in bodies}
    ended = {pk: since for pk, new, _, since, was in found if new == "up" and was == "down"}
    return last, ended


def _projects_of(users: Iterable[User]) -> dict[int, list[ProjectSummary]]:
    """The projects of each account, with the numbers of their checks that are down."""
    ids = {user.pk for user in users}
    if not ids:
        return {}
    mine = Q(owner__in=ids) | Q(member__user__in=ids)
    counted = (
        Project.objects.present()
        .filter(pk__in=Project.objects.filter(mine).values("pk"))
        .select_related("owner")
        .annotate(down=Count("check", filter=Q(check__status="down"), distinct=True))
        .prefetch_related("member_set")
        .order_by("name", "pk")
    )
    found: dict[int, list[ProjectSummary]] = defaultdict(list)
    for project in counted:
        url = f"{settings.SITE_ROOT}/projects/{project.code}/checks/"
        people = {project.owner_id, *(member.user_id for member in project.member_set.all())}
        for person in people & ids:
            found[person].append(ProjectSummary(str(project), project.down, url))
    return found
