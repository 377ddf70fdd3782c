"""Many checks at once, chosen in the list: pause, resume, tag, alert through channels, move,
delete."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from hc.accounts.access import AuthenticatedRequest, ProjectAccess, Role, project_for
from hc.api import fingerprint
from hc.api.models import Channel, Check
from hc.api.services import checks, many, trash
from hc.core import words
from hc.front import listing
from hc.front.listing import Wanted
from hc.front.transfer_form import targets_of
from hc.front.trash import undo_address
from hc.integrations.names import channel_name

MAX_TAG = 100
# So many checks are told by name.
NAMED = 5


@require_POST
@login_required
def act(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    """Do with the chosen checks what the pressed button says."""
    access = project_for(request, code, need=Role.REGULAR)
    rows, back = chosen(request.POST, access), _list(access, request.POST.get("query", ""))
    action = _ACTIONS.get(request.POST.get("action", ""))
    if action is None:
        messages.info(request, "That cannot be done with several checks.")
    elif not rows.exists():
        messages.info(request, "Choose some checks first.")
    else:
        return action(request, access, rows) or back
    return back


def chosen(data: QueryDict, access: ProjectAccess) -> QuerySet[Check]:
    """The checks of the project that a form names: by the keys of their rows, or all that the
    filters of its query let through."""
    mine = Check.objects.filter(project=access.project)
    if data.get("all") != "1":
        keys = {key for key in data.getlist("check") if len(key) == 12}
        known = mine.values_list("pk", "unique_key")
        return mine.filter(pk__in=[pk for pk, key in known if key[:12] in keys])
    now = timezone.now()
    query = QueryDict(data.get("query", "").removeprefix("?"))
    wanted = Wanted.of(query, sort="", down_first=True)
    version = fingerprint.of_checks(access.project.pk, now)
    everything = listing.entries(access.project.pk, version)
    return mine.filter(pk__in=listing.matching_ids(everything, wanted, now))


def _pause(request: AuthenticatedRequest, access: ProjectAccess, rows: QuerySet[Check]) -> None:
    done = checks.pause_all(rows, timezone.now())
    messages.success(request, f"{words.count(len(done), 'check')} paused.")


def _resume(request: AuthenticatedRequest, access: ProjectAccess, rows: QuerySet[Check]) -> None:
    done = checks.resume_all(rows, timezone.now())
    messages.success(request, f"{words.count(len(done), 'check')} resumed.")


def _tag(request: AuthenticatedRequest, access: ProjectAccess, rows: QuerySet[Check]) -> None:
    _retag(request, rows, many.add_tag, "got the tag")


def _untag(request: AuthenticatedRequest, access: ProjectAccess, rows: QuerySet[Check]) -> None:
    _retag(request, rows, many.remove_tag, "lost the tag")


def _retag(
    request: AuthenticatedRequest,
    rows: QuerySet[Check],
    change: Callable[[QuerySet[Check], str], int],
    said: str,
) -> None:
    tag = request.POST.get("tag", "").strip()
    if not tag or len(tag) > MAX_TAG or len(tag.split()) != 1 or not tag.isprintable():
        messages.warning(request, "Type one tag, without spaces, in the field beside the button.")
        return
    number = change(rows, tag)
    messages.success(request, f"{words.count(number, 'check')} {said} “{tag}”.")


def _channels(
    request: AuthenticatedRequest, access: ProjectAccess, rows: QuerySet[Check]
) -> HttpResponse | None:
    """Asks through which channels, or does it."""
    known = list(Channel.objects.filter(project=access.project).order_by("created", "pk"))
    if "sure" not in request.POST:
        options = [(channel.code, channel_name(channel)) for channel in known]
        return _ask(request, access, rows, "front/bulk_channels.html", {"options": options})
    on = [ch for ch in known if request.POST.get(f"channel-{ch.code}") == "on"]
    off = [ch for ch in known if request.POST.get(f"channel-{ch.code}") == "off"]
    number = many.set_channels(rows, on, off)
    messages.success(request, f"Saved for {words.count(number, 'check')}.")
    return None


def _move(
    request: AuthenticatedRequest, access: ProjectAccess, rows: QuerySet[Check]
) -> HttpResponse | None:
    """Asks where to, or does it."""
    targets = targets_of(request.user, access.project)
    options = [(code, str(project)) for code, project in targets.items()]
    page = {"options": options, "chosen": request.POST.get("to", "")}
    if "to" not in request.POST:
        return _ask(request, access, rows, "front/bulk_move.html", page)
    target = targets.get(request.POST["to"])
    if target is None:
        page["wrong"] = "Choose one of the projects in the list."
        return _ask(request, access, rows, "front/bulk_move.html", page)
    try:
        number, stayed = many.move_all(rows, target, timezone.now())
    except checks.LimitReached:
        page["wrong"] = "Its owner’s account has no room for so many checks."
        return _ask(request, access, rows, "front/bulk_move.html", page)
    messages.success(request, f"{words.count(number, 'check')} moved to {target}.")
    if stayed:
        names = ", ".join(stayed[:NAMED]) + (" and others" if len(stayed) > NAMED else "")
        messages.warning(
            request, f"{target} has checks with the slugs of these, which stay: {names}."
        )
    return None


def _delete(
    request: AuthenticatedRequest, access: ProjectAccess, rows: QuerySet[Check]
) -> HttpResponse | None:
    """Asks once more, since there may be many, or does it; there is a way back."""
    if "sure" not in request.POST:
        return _ask(request, access, rows, "front/bulk_delete.html", {})
    now = timezone.now()
    done = trash.remove_all(rows, now)
    undo = undo_address(access.project, now)
    messages.success(request, f"{words.count(len(done), 'check')} deleted.", undo)
    return None


_ACTIONS: dict[
    str, Callable[[AuthenticatedRequest, ProjectAccess, QuerySet[Check]], HttpResponse | None]
] = {
    "pause": _pause,
    "resume": _resume,
    "tag": _tag,
    "untag": _untag,
    "channels": _channels,
    "move": _move,
    "delete": _delete,
}


def _ask(
    request: AuthenticatedRequest,
    access: ProjectAccess,
    rows: QuerySet[Check],
    template: str,
    more: dict[str, Any],
) -> HttpResponse:
    """A page with one more question, which posts the same choice again."""
    found = list(rows.order_by("pk").only("name", "slug", "unique_key"))
    context = {
        "access": access,
        "project": access.project,
        "section": "checks",
        "found": found,
        "keys": [check.unique_key[:12] for check in found],
        "query": request.POST.get("query", ""),
    }
    status = 422 if more.get("wrong") else 200
    return render(request, template, context | more, status=status)


def _list(access: ProjectAccess, query: str) -> HttpResponseRedirect:
    """Back to the list, with the filters that it had."""
    target = redirect("hc-checks", access.project.code)
    if query.startswith("?") and query.isascii() and query.isprintable():
        target["Location"] += query
    return target
