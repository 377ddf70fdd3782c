"""Accounts whose owners asked for them to be closed, when the time to change their minds is over.

What they own goes check by check, each with its bodies in object storage; the account goes last, so
that whatever is cut off is found again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from hc.accounts import audit
from hc.accounts.audit import Target
from hc.accounts.models import User
from hc.accounts.services import farewell
from hc.api.models import Check
from hc.lib import objects
from hc.pings import bodies

CHECKS = 20


def due(now: datetime) -> QuerySet[User]:
    """The accounts that are to be deleted now."""
    return User.objects.filter(farewell.over(now)).order_by("pk")


def delete_closed(now: datetime) -> Iterator[int]:
    """Delete them, in small transactions; yields the number of rows after each. Raises
    StorageError: then the rest has to wait."""
    for pk in list(due(now).values_list("pk", flat=True)):
        yield from _clear(pk, now)
        yield _delete(pk, now)


def _clear(user_id: int, now: datetime) -> Iterator[int]:
    """Delete the checks of an account, unless its owner has changed their mind meanwhile."""
    store = objects.configured()
    while True:
        mine = Check.every.filter(project__owner_id=user_id).order_by("pk")
        some = list(mine.values_list("pk", "code", "n_pings")[:CHECKS])
        if not some:
            return
        with transaction.atomic():
            if not _is_still_due(user_id, now):
                return
            # Pings that come meanwhile wait for their check's row, and find it gone.
            ids = [pk for pk, _, _ in some]
            list(Check.every.for_update().filter(pk__in=ids).values_list("pk"))
            Check.every.filter(pk__in=ids).delete()
        for _, code, n_pings in some:
            if store is not None:
                bodies.delete_up_to(store, code, n_pings)
        yield len(some)


def _delete(user_id: int, now: datetime) -> int:
    with transaction.atomic():
        if not _is_still_due(user_id, now):
            return 0
        list(Check.every.for_update().filter(project__owner_id=user_id).values_list("pk"))
        user = User.objects.get(pk=user_id)
        audit.record("account.deleted", Target(user.email))
        user.delete()
    return 1


def _is_still_due(user_id: int, now: datetime) -> bool:
    list(User.objects.select_for_update().filter(pk=user_id).values_list("pk"))
    return due(now).filter(pk=user_id).exists()
