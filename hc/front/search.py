"""Finding one's way: checks, projects and pages by a few letters. A page, and a part of any page
(the palette)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.db.models.functions import Lower
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from hc.accounts.access import AuthenticatedRequest, Role, projects_of, roles_of
from hc.accounts.models import Project
from hc.api.models import Check, Limit, TokenBucket

SEARCHES = Limit(120, timedelta(minutes=1))
MAX_QUERY = 100
MOST = 8
_SEARCHED = ("name", "slug", "tags")
# What the palette asks for: the results without the page around them.
PART = "HC-Part"


@dataclass(frozen=True, slots=True)
class Found:
    """A place to go to: its name, where it is, and a sign (of a status, or an icon)."""

    name: str
    url: str
    where: str = ""
    mark: str = ""
    icon: str = ""


@login_required
def search(request: AuthenticatedRequest) -> HttpResponse:
    now = timezone.now()
    if not TokenBucket.authorize(f"search-{request.user.pk}", SEARCHES, now):
        return HttpResponse(status=429, headers={"Retry-After": "1"})
    query = " ".join(request.GET.get("q", "").replace("\0", "").split())[:MAX_QUERY]
    projects = projects_of(request.user)
    roles = roles_of(request.user, projects)
    found = [
        *_checks(query, projects, roles),
        *_projects(query, projects),
        *_pages(query, projects, request.GET.get("project", "")),
    ]
    part = PART in request.headers
    template = "front/_search_results.html" if part else "front/search.html"
    return render(request, template, {"found": found, "query": query})


def _checks(query: str, projects: Sequence[Project], roles: dict[int, Role]) -> list[Found]:
    if not query:
        return []
    names = {project.pk: str(project) for project in projects}
    # Not `icontains`: MySQL compares our columns by the byte.
    small = {f"small_{name}": Lower(name) for name in _SEARCHED}
    either = Q()
    for name in small:
        either |= Q(**{f"{name}__contains": query.lower()})
    if code := _uuid(query):
        either |= Q(code=code)
    mine = Check.objects.filter(project__in=projects).alias(**small)
    rows = mine.filter(either).order_by("name", "pk")[:MOST]
    now = timezone.now()
    return [
        Found(
            check.label(),
            _url(check, roles[check.project_id]),
            names[check.project_id],
            mark=check.shown_status(now).value,
        )
        for check in rows
    ]


def _projects(query: str, projects: Sequence[Project]) -> list[Found]:
    wanted = query.casefold()
    matching = [project for project in projects if wanted in str(project).casefold()]
    return [
        Found(str(p), reverse("hc-checks", args=[p.code]), "Project", icon="folder")
        for p in matching[:MOST]
    ]


def _pages(query: str, projects: Sequence[Project], current: str) -> list[Found]:
    """The pages of the project one is in, and those of the account."""
    here = next((project for project in projects if str(project.code) == current), None)
    pages = [(name, reverse(f"hc-{slug}"), "Page") for name, slug in _OF_ACCOUNT]
    if here is not None:
        pages = [
            (name, reverse(f"hc-{slug}", args=[here.code]), str(here)) for name, slug in _OF_PROJECT
        ] + pages
    wanted = query.casefold()
    return [
        Found(name, url, where, icon="corner-down-right")
        for name, url, where in pages
        if wanted in name.casefold()
    ][:MOST]


_OF_PROJECT = (
    ("Checks", "checks"),
    ("Add check", "add-check"),
    ("Integrations", "integrations"),
    ("Badges", "badges"),
    ("Settings", "project-settings"),
)
_OF_ACCOUNT = (
    ("All projects", "projects"),
    ("Account", "profile"),
    ("Security", "security"),
    ("Reports and reminders", "notifications"),
    ("Documentation", "docs"),
)


def _url(check: Check, role: Role) -> str:
    """Of the page of a check; those who may only look do not learn codes."""
    if role >= Role.REGULAR:
        return reverse("hc-details", args=[check.code])
    return reverse("hc-cloaked", args=[check.unique_key])


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
