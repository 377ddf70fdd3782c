"""Projects and checks that were removed, when the time in which they can be brought back is over.

Their pings go first, in small transactions, then check by check the rest, with the bodies in
object storage; a project goes last, so that whatever is cut off is found again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from hc.accounts import audit
from hc.accounts.models import Project
from hc.accounts.services import projects
from hc.api.models import Check, Ping, RemovedCheck
from hc.api.services import trash
from hc.lib import objects
from hc.pings import bodies

ROWS = 1000


def due(now: datetime) -> QuerySet[Project]:
    """The projects that are to be deleted now."""
    return Project.objects.filter(removed__lte=now - projects.KEPT).order_by("pk")


def delete_removed(now: datetime) -> Iterator[int]:
    """Delete them; yields the number of rows after each transaction. Raises StorageError: then the
    rest has to wait. Nobody can bring one back meanwhile: the time for that is over."""
    for project in list(due(now)):
        checks = Check.every.filter(project=project).order_by("pk")
        for pk in list(checks.values_list("pk", flat=True)):
            yield from _delete_check(pk)
        yield _delete(project)


def delete_removed_checks(now: datetime) -> Iterator[int]:
    """As `delete_removed`, for checks, and for logs that were cleared: of these the bodies are
    found under the code of the check that they come from."""
    over = RemovedCheck.objects.filter(removed__lte=now - trash.KEPT).order_by("owner")
    for pk, origin in list(over.values_list("owner", "log_of__code")):
        yield from _delete_check(pk, origin)


def _delete_check(pk: int, origin: UUID | None = None) -> Iterator[int]:
    pings = Ping.objects.filter(owner=pk).order_by("n").values_list("pk", flat=True)
    while some := list(pings[:ROWS]):
        Ping.objects.filter(pk__in=some).delete()
        yield len(some)
    store, check = objects.configured(), Check.every.filter(pk=pk).first()
    if store is not None and check is not None:
        bodies.delete_up_to(store, origin or check.code, check.n_pings)
    with transaction.atomic():
        # Pings that come meanwhile wait for their check's row, and find it gone.
        list(Check.every.for_update().filter(pk=pk).values_list("pk"))
        Check.every.filter(pk=pk).delete()
    yield 1


def _delete(project: Project) -> int:
    with transaction.atomic():
        list(Check.every.for_update().filter(project=project).values_list("pk"))
        audit.record("project.deleted", projects.target_of(project), user=project.owner_id)
        project.delete()
    return 1
