"""My Checks: the list of a project's checks, and what renews it while it is looked at."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from hc.accounts.access import AuthenticatedRequest, ProjectAccess, project_for
from hc.accounts.models import Profile, Sort
from hc.accounts.services import accounts
from hc.accounts.services.list_view import keep_list_view
from hc.api import fingerprint, queries
from hc.api.models import Channel, Check
from hc.api.services.checks import available
from hc.front import listing
from hc.front import rows as view
from hc.front.frame import frame_of
from hc.front.listing import Wanted
from hc.front.live import is_known, tagged

# What a browser says of the rows that it has: "key.version" with commas between.
HAVE = "HC-Rows"


@login_required
def checks(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    access = project_for(request, code)
    if accounts.touch(request.user):
        request.session.modified = True  # the session lasts two weeks from now on
    page = ListPage(request, access)
    return render(request, "front/checks.html", page.context() | {"version": page.version})


def status(request: HttpRequest, code: UUID) -> HttpResponse:
    """What has changed since the browser last asked; 304 if nothing has."""
    if not request.user.is_authenticated:
        return HttpResponse(status=403)
    page = ListPage(request, project_for(request, code))
    if is_known(request, page.version):
        return tagged(HttpResponse(status=304), page.version)
    response = HttpResponse(_changes(request, page), "application/json")
    return tagged(response, page.version)


@require_POST
@login_required
def set_view(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    """How the list looks, for this person: order, density, addresses. Filters stay as they are."""
    access = project_for(request, code)
    keep_list_view(request.user, request.POST)
    query = request.POST.get("query", "")
    target = redirect("hc-checks", access.project.code)
    if query.startswith("?") and query.isprintable():
        target["Location"] += query
    return target


class ListPage:
    """The list as one person asks for it."""

    def __init__(self, request: HttpRequest, access: ProjectAccess) -> None:
        self.access, self.project = access, access.project
        self.now = timezone.now()
        frame = frame_of(request)
        self.profile = frame.profile or Profile()
        self.view: dict[str, Any] = {"down_first": True} | self.profile.list_view
        self.wanted = Wanted.of(
            request.GET, sort=self.profile.sort, down_first=bool(self.view["down_first"])
        )
        self.zone = frame.zone
        self._checks = fingerprint.of_checks(self.project.pk, self.now)
        today = self.now.astimezone(self.zone).date()
        look = (sorted(self.view.items()), self.profile.sort, access.role, today)
        self.version = fingerprint.digest((self._checks, look))[:24]

    def context(self) -> dict[str, Any]:
        everything = listing.entries(self.project.pk, self._checks)
        chosen = listing.choose(everything, self.wanted, self.now)
        return {
            "access": self.access,
            "project": self.project,
            "section": "checks",
            "rows": self._rows(chosen.ids),
            "chosen": chosen,
            "wanted": self.wanted,
            "down": chosen.counters.get("down", 0),
            "n_channels": Channel.objects.filter(project=self.project).count(),
            "room": available(self.project),
            "sorts": Sort.choices,
            "view": self.view,
        }

    def _rows(self, ids: list[int]) -> list[view.CheckRow]:
        found = Check.objects.in_bulk(ids)
        channels = queries.channel_counts(self.project, ids)
        return [
            view.row(found[pk], self.now, self.zone, channels.get(pk, 0), url=self._url(found[pk]))
            for pk in ids
            if pk in found
        ]

    def _url(self, check: Check) -> str:
        """Those who may only look do not learn codes: one could ping with them."""
        if self.access.can_edit:
            return reverse("hc-details", args=[check.code])
        return reverse("hc-cloaked", args=[check.unique_key])


def _changes(request: HttpRequest, page: ListPage) -> bytes:
    """The parts of the page that a browser does not have yet, as JSON."""
    context = page.context()
    known = dict(item.partition(".")[::2] for item in request.headers.get(HAVE, "").split(","))
    rows: list[view.CheckRow] = context["rows"]
    parts = {
        "version": page.version,
        "title": _drawn(request, "front/_checks_title.html", context),
        "down": context["down"],
        "head": _drawn(request, "front/_checks_head.html", context),
        "foot": _drawn(request, "front/_checks_foot.html", context),
        "body": "" if rows else _drawn(request, "front/_checks_none.html", context),
        "order": [row.key for row in rows],
        "rows": {
            row.key: _drawn(request, "front/_check_row.html", context | {"row": row})
            for row in rows
            if known.get(row.key) != row.version
        },
    }
    return view.as_json(parts)


def _drawn(request: HttpRequest, template: str, context: dict[str, Any]) -> str:
    return render_to_string(template, context, request).strip()
