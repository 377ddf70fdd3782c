"""Making and changing projects; removing them, with a way back for a while."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db import connection, transaction

from hc.accounts import audit
from hc.accounts.audit import Target
from hc.accounts.models import Profile, Project, User
from hc.api.models import Check, DeliveryState, Notification
from hc.api.services import reminders

MAX_NAME = 60
# For so long a removed project can be brought back.
KEPT = timedelta(days=7)
SILENCED = "The project was removed."


class CannotRestore(Exception):
    """The project is gone for good, or its owner has no room for its checks; the text says why."""


def create_project(name: str, owner: User) -> Project:
    code = uuid.uuid4()
    with transaction.atomic():
        project = Project.objects.create(code=code, name=name, owner=owner, badge_key=str(code))
        audit.record("project.created", target_of(project), project=project)
    return project


def edit(project: Project, *, name: str, show_slugs: bool) -> None:
    """What it is called, and by which ping addresses its checks are shown."""
    columns = {"name": name, "show_slugs": show_slugs}
    with transaction.atomic():
        row = locked(project)
        changed = audit.changes({key: getattr(row, key) for key in columns}, columns)
        if changed:
            Project.objects.filter(pk=row.pk).update(**columns)
            audit.record("project.edited", target_of(row), project=row, details=changed)


def remove(project: Project, now: datetime) -> None:
    """Hide and silence a project; for a week it can be brought back by `restore`.

    Its pings go on being recorded, so that nothing is missing then. Messages that wait are not
    sent any more. Removing it twice is harmless.
    """
    with transaction.atomic():
        row = locked(project)
        if row.removed is not None:
            return
        Project.objects.filter(pk=row.pk).update(removed=now)
        waiting = Notification.objects.filter(channel__project=row, state=DeliveryState.QUEUED)
        ids = list(waiting.values_list("pk", flat=True))
        Notification.objects.filter(pk__in=ids, state=DeliveryState.QUEUED).update(
            state=DeliveryState.DROPPED, error=SILENCED, due=None, settled=now
        )
        audit.record("project.removed", target_of(row), project=row, user=row.owner_id)
        reminders.follow_projects([row.pk], now)


def restore(project: Project, now: datetime) -> None:
    """Bring a removed project back as it was. Raises CannotRestore."""
    with transaction.atomic():
        row = locked(project)
        if row.removed is None:
            return
        if row.removed <= now - KEPT:
            raise CannotRestore("The week in which it could be brought back is over.")
        if free_slots(row.owner_id) < Check.objects.filter(project=row).count():
            raise CannotRestore(
                "Your account has no room for its checks. Delete others first, then bring it back."
            )
        Project.objects.filter(pk=row.pk).update(removed=None)
        audit.record("project.restored", target_of(row), project=row, user=row.owner_id)
        reminders.follow_projects([row.pk], now)


def free_slots(user_id: int) -> int:
    """How many more checks the account may have; its profile is locked, so that this stays true
    until the end of the transaction."""
    profile = Profile.objects.select_for_update().get(pk=Profile.of(user_id).pk)
    mine = Check.objects.filter(project__owner=user_id, project__removed=None)
    return profile.check_limit - mine.count()


def locked(project: Project) -> Project:
    """The row of a project, locked against other changes of it and of its team. Checks may be
    added meanwhile, whose rows only refer to it. Raises Project.DoesNotExist."""
    no_key = connection.features.has_select_for_no_key_update
    list(Project.objects.select_for_update(no_key=no_key).filter(pk=project.pk).values_list("pk"))
    return Project.objects.select_related("owner").get(pk=project.pk)


def target_of(project: Project) -> Target:
    return Target(project.name or "(no name)", project.code)
