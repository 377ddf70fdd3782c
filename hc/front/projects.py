"""The overview of a person's projects."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from hc.accounts.access import AuthenticatedRequest, projects_of, removed_projects_of, user_of
from hc.accounts.models import User
from hc.accounts.services import policies
from hc.accounts.services.projects import KEPT, create_project
from hc.api.project_cards import ProjectCard, project_cards
from hc.core.state import Shown
from hc.front import visits
from hc.front.forms import ProjectForm
from hc.front.live import live_response

# So many projects can be looked through without a filter.
FILTER_FROM = 13


def index(request: HttpRequest) -> HttpResponse:
    if not request.user.is_authenticated:
        return redirect("hc-login")
    return overview(request)


@login_required
def overview(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    if "refresh" in request.GET:
        return JsonResponse(_in_brief(_cards(user)))
    visits.note(request)
    now = timezone.now()
    removed = ((one, one.removed + KEPT) for one in removed_projects_of(user) if one.removed)
    context = _context(request, user) | {
        "removed": [(project, until) for project, until in removed if until > now],
        "filter_from": FILTER_FROM,
    }
    return render(request, "front/projects.html", context)


def status(request: HttpRequest) -> HttpResponse:
    """The cards alone, for the page that shows them; 304 while nothing has changed."""
    if not request.user.is_authenticated:
        return HttpResponse(status=403)
    context = _context(request, user_of(request))
    return live_response(request, "front/_projects_live.html", context, context["version"])


def _cards(user: User) -> list[ProjectCard]:
    return project_cards(projects_of(user), timezone.now())


def _context(request: HttpRequest, user: User) -> dict[str, Any]:
    """`shown`: the cards whose names fit what is searched for; `cards` are all of them."""
    cards = _cards(user)
    search = request.GET.get("search", "").strip()
    facts = repr([(card, card.project.code, str(card.project)) for card in cards])
    return {
        "cards": cards,
        "shown": [card for card in cards if search.casefold() in str(card.project).casefold()],
        "search": search,
        "down": sum(card.down for card in cards),
        "version": hashlib.sha256(facts.encode()).hexdigest()[:24],
    }


def _in_brief(cards: Sequence[ProjectCard]) -> dict[str, dict[str, Any]]:
    """For scripts: how each project is that has checks. Source: web-ui 1.2."""
    return {
        str(card.project.code): {
            "status": (card.worst or Shown.UP).value,
            "started": card.running > 0,
        }
        for card in cards
        if card.checks
    }


@require_safe
@login_required
def menu(request: AuthenticatedRequest) -> HttpResponse:
    """The projects to switch to, as a fragment."""
    return render(request, "front/_project_menu.html")


@login_required
def add(request: AuthenticatedRequest) -> HttpResponse:
    if not policies.may_create_projects(request.user):
        raise PermissionDenied
    form = ProjectForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        project = create_project(form.cleaned_data["name"], request.user)
        return redirect("hc-checks", project.code)
    status = 422 if form.errors else 200
    return render(request, "front/project_add.html", {"form": form}, status=status)
