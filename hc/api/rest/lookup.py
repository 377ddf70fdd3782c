"""From the places in an address to rows that are the caller's."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from hc.api.models import Check
from hc.api.representation import CheckRow
from hc.api.rest.answers import Problem, not_found
from hc.api.rest.call import Call


def check_of(call: Call, uuid: str) -> Check:
    """The check with that code, if it is the caller's."""
    check = Check.objects.filter(code=UUID(uuid)).first()
    _admit(call, check.project_id if check else None)
    return check  # type: ignore[return-value] # _admit has seen that it is one


def row_of(call: Call, uuid: str) -> tuple[CheckRow, list[UUID]]:
    """What there is to show of the check with that code, if it is the caller's, and the codes of
    its channels. One query."""
    columns = ("project_id", "channel__code", *CheckRow._fields)
    rows = list(Check.objects.filter(code=UUID(uuid)).values_list(*columns))
    _admit(call, rows[0][0] if rows else None)
    return CheckRow(*rows[0][2:]), [channel for _, channel, *_ in rows if channel is not None]


def _admit(call: Call, project: int | None) -> None:
    if project is None:
        raise not_found("There is no check with this UUID.")
    if project != call.project_id:
        raise Problem(403, "wrong project", "The check belongs to another project than the key.")


def still_there(change: Callable[[], Check]) -> Check:
    """Somebody else may delete a check at any time."""
    try:
        return change()
    except Check.DoesNotExist:
        raise not_found("The check was deleted a moment ago.") from None


def check_by_key(call: Call, unique_key: str) -> Check:
    """The caller's check with that key, which does not give its address away."""
    check = Check.objects.filter(project=call.project_id, unique_key=unique_key).first()
    if check is None:
        raise not_found("There is no check with this key.")
    return check
