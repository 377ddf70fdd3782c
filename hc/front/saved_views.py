"""Views of the list of checks that one has saved under names: to open, to make, to rename, to
delete. A view is nothing but an address of the list, so it can be passed on as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.views.decorators.http import require_POST

from hc.accounts.access import AuthenticatedRequest, ProjectAccess, project_for
from hc.accounts.models import Profile, Project, SavedView, Sort
from hc.accounts.services import saved_views
from hc.front.forms import SavedViewForm
from hc.front.listing import Wanted
from hc.front.panel import is_panel, leave, render_panel
from hc.front.rows import LABELS

FULL = f"You have {saved_views.MOST} views of this project. Delete one to save another."
TAKEN = "You have a view with this name."


@dataclass(frozen=True, slots=True)
class ViewLink:
    """A saved view as pages show it. `is_open`: whether it is what the list shows."""

    view: SavedView
    url: str
    words: str
    is_open: bool = False


def links(views: Sequence[SavedView], project: Project, now_shown: Wanted) -> list[ViewLink]:
    address, found = reverse("hc-checks", args=[project.code]), []
    for view in views:
        wanted = _wanted(view.query)
        is_open = wanted.is_same_as(now_shown)
        found.append(ViewLink(view, f"{address}?{view.query}", in_words(wanted), is_open))
    return found


def in_words(wanted: Wanted) -> str:
    """What a view shows: "Down or late · tagged prod · “backup” · order: name"."""
    parts = [" or ".join(LABELS[status].lower() for status in wanted.statuses)]
    parts += [f"tagged {', '.join(wanted.tags)}"] if wanted.tags else []
    parts += [f"“{wanted.search}”"] if wanted.search else []
    parts += [f"order: {_ORDERS[wanted.sort]}"]
    text = " · ".join(filter(None, parts))
    return text[0].upper() + text[1:]


@login_required
def shelf(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    return _shelf(request, project_for(request, code))


@login_required
def add(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    """Asks for the name of what `query` shows. A POST may tell all in its address, which is how
    the deletion of a view is undone."""
    access = project_for(request, code)
    said = request.POST if "name" in request.POST else request.GET
    wanted = _wanted(said.get("query", ""), Profile.known(request.user).sort)
    form = SavedViewForm(said if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        query, name = wanted.address(order=wanted.sort).removeprefix("?"), form.cleaned_data["name"]
        replace = form.cleaned_data["replace"]
        try:
            saved_views.save(request.user, access.project, name, query, replace=replace)
        except saved_views.NameTaken:
            form.offer_to_replace(TAKEN)
        except saved_views.TooMany:
            form.add_error("name", FULL)
        except saved_views.TooLong:
            form.add_error("name", "These are more filters than a view can keep.")
        else:
            messages.success(request, f"The view “{name}” is saved.")
            return leave(request, f"{reverse('hc-checks', args=[access.project.code])}?{query}")
    context = _frame(access) | {"form": form, "query": wanted.address(), "words": in_words(wanted)}
    return render_panel(request, "front/view_add.html", context, 422 if form.errors else 200)


@require_POST
@login_required
def rename(request: AuthenticatedRequest, code: UUID, pk: int) -> HttpResponse:
    access = project_for(request, code)
    view = _own(request, access, pk)
    form = SavedViewForm(request.POST)
    if form.is_valid():
        try:
            saved_views.rename(view, form.cleaned_data["name"])
        except saved_views.NameTaken:
            form.add_error("name", TAKEN)
        else:
            return _back(request, access)
    return _shelf(request, access, wrong=(view.pk, form))


@require_POST
@login_required
def remove(request: AuthenticatedRequest, code: UUID, pk: int) -> HttpResponse:
    access = project_for(request, code)
    view = _own(request, access, pk)
    saved_views.remove(view)
    address = reverse("hc-add-view", args=[access.project.code])
    undo = f"{address}?{urlencode({'name': view.name, 'query': view.query})}"
    # The tags of a message are where its button for undoing leads.
    messages.success(request, f"The view “{view.name}” is deleted.", undo)
    return _back(request, access)


def _shelf(
    request: AuthenticatedRequest,
    access: ProjectAccess,
    wrong: tuple[int, SavedViewForm] | None = None,
) -> HttpResponse:
    """All views of the person. `wrong`: one whose new name was refused, and the form."""
    views = saved_views.views_of(request.user, access.project)
    refused = {} if wrong is None else {wrong[0]: wrong[1]}
    context = _frame(access) | {
        "views": links(views, access.project, Wanted()),
        "refused": refused,
        "most": saved_views.MOST,
    }
    return render_panel(request, "front/views.html", context, 422 if wrong else 200)


def _wanted(query: str, sort: str = "") -> Wanted:
    return Wanted.of(QueryDict(query.removeprefix("?")), sort=sort, down_first=True)


def _own(request: AuthenticatedRequest, access: ProjectAccess, pk: int) -> SavedView:
    view = SavedView.objects.filter(pk=pk, user=request.user, project=access.project).first()
    if view is None:
        raise Http404
    return view


def _back(request: HttpRequest, access: ProjectAccess) -> HttpResponse:
    """To the list, if the views were opened at its side."""
    return leave(request, "hc-checks" if is_panel(request) else "hc-views", access.project.code)


def _frame(access: ProjectAccess) -> dict[str, Any]:
    return {"access": access, "project": access.project, "section": "checks"}


_ORDERS = {value: label.lower() for value, label in Sort.choices}
