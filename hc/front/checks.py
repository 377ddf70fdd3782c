"""My Checks: the list of a project's checks, and what renews it while it is looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from hc.accounts.access import (
    AuthenticatedRequest,
    ProjectAccess,
    project_for,
    role_by,
    user_of,
)
from hc.accounts.models import Profile, Project, Sort
from hc.accounts.services.list_view import keep_list_view
from hc.accounts.services.saved_views import views_of
from hc.api import fingerprint, queries
from hc.api.models import Check
from hc.api.services.checks import available
from hc.api.services.trash import removed_in
from hc.front import listing, saved_views, visits
from hc.front import rows as view
from hc.front.frame import frame_of
from hc.front.listing import Entry, Wanted
from hc.front.live import is_known, tagged
from hc.front.snippets import Addresses, style_of

# What a browser says of the rows that it has: "key.version" with commas between.
HAVE = "HC-Rows"


@login_required
def checks(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    page = ListPage(request, code)
    visits.note(request, page.project)
    return render(request, "front/checks.html", page.context() | {"version": page.version})


def status(request: HttpRequest, code: UUID) -> HttpResponse:
    """What has changed since the browser last asked; 304 if nothing has."""
    if not request.user.is_authenticated:
        return HttpResponse(status=403)
    page = ListPage(request, code)
    if is_known(request, page.version):
        return tagged(HttpResponse(status=304), page.version)
    response = HttpResponse(_changes(request, page), "application/json")
    return tagged(response, page.version)


@require_POST
@login_required
def set_view(request: AuthenticatedRequest, code: UUID) -> HttpResponse:
    """How the list looks, for this person: order, density, addresses. Filters stay as they are."""
    access = project_for(request, code)
    said = request.POST.dict()
    query = QueryDict(said.get("query", "").removeprefix("?"), mutable=True)
    if query.get("sort") and query["sort"] == said.get("sort"):
        del said["sort"]  # the order of this address, not one that was chosen
    else:
        query.pop("sort", None)
    keep_list_view(request.user, said)
    target = redirect("hc-checks", access.project.code)
    target["Location"] += f"?{query.urlencode()}" if query else ""
    return target


class ListPage:
    """The list as one person asks for it; raises Http404."""

    def __init__(self, request: HttpRequest, code: UUID) -> None:
        self._request, self._code = request, code
        self.now = timezone.now()
        user = user_of(request)
        look = fingerprint.look(code, user.pk, self.now)
        role = role_by(user, look.owner, look.role) if look.owner else None
        if role is None:
            raise Http404
        self.frame = frame = frame_of(request)
        self.profile = frame.profile or Profile()
        self.view: dict[str, Any] = {"down_first": True} | self.profile.list_view
        self.wanted = Wanted.of(
            request.GET, sort=self.profile.sort, down_first=bool(self.view["down_first"])
        )
        self.zone = frame.zone
        self._checks = look.seen
        today = self.now.astimezone(self.zone).date()
        view = (sorted(self.view.items()), self.profile.sort, role, today)
        self.version = fingerprint.digest((self._checks, view))[:24]

    @cached_property
    def access(self) -> ProjectAccess:
        return project_for(self._request, self._code)

    @property
    def project(self) -> Project:
        return self.access.project

    def context(self) -> dict[str, Any]:
        everything = listing.entries(self.project.pk, self._checks)
        chosen = listing.choose(everything, self.wanted, self.now)
        rows = self._rows(chosen.ids)
        return {
            "access": self.access,
            "project": self.project,
            "section": "checks",
            "rows": self._with_addresses(rows, everything) if self.shows_addresses else rows,
            "shows_addresses": self.shows_addresses,
            "chosen": chosen,
            "wanted": self.wanted,
            "down": chosen.counters.get("down", 0),
            "n_channels": self.frame.channels_in(self.project).total,
            "room": available(self.project),
            "n_removed": removed_in(self.project, self.now).count() if self.access.can_edit else 0,
            "sorts": Sort.choices,
            "view": self.view,
            "views": saved_views.links(
                views_of(self.access.user, self.project), self.project, self.wanted
            ),
        }

    def _rows(self, ids: list[int]) -> list[view.CheckRow]:
        found = Check.objects.in_bulk(ids)
        channels = queries.channel_counts(self.project, ids)
        return [
            view.row(found[pk], self.now, self.zone, channels.get(pk, 0), url=self._url(found[pk]))
            for pk in ids
            if pk in found
        ]

    @property
    def shows_addresses(self) -> bool:
        """Whether there is a column with ping addresses, which those who only look never see."""
        return bool(self.view.get("addresses")) and self.access.can_edit

    def _with_addresses(
        self, rows: list[view.CheckRow], everything: Sequence[Entry]
    ) -> list[view.CheckRow]:
        style, slugs = style_of(self.access), Counter(entry.slug for entry in everything)
        found = []
        for row in rows:
            same = partial(slugs.__getitem__, row.check.slug)
            known = Addresses.by(style, row.check, self.project, same)
            why = _NO_ADDRESS.get(known.missing, "")
            found.append(replace(row, address=known.url, no_address=why))
        return found

    def _url(self, check: Check) -> str:
        """Those who may only look do not learn codes: one could ping with them."""
        if self.access.can_edit:
            return reverse("hc-details", args=[check.code])
        return reverse("hc-cloaked", args=[check.unique_key])


_NO_ADDRESS = {"slug": "no slug", "key": "no ping key", "unique": "slug not unique"}


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
