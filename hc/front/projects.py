"""The overview of a person's projects."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from hc.accounts.access import AuthenticatedRequest, projects_of, user_of
from hc.accounts.services import accounts
from hc.accounts.services.projects import create_project
from hc.api import queries
from hc.front.forms import ProjectForm


def index(request: HttpRequest) -> HttpResponse:
    if not request.user.is_authenticated:
        return redirect("hc-login")
    return overview(request)


@login_required
def overview(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    if accounts.touch(user):
        request.session.modified = True  # the session lasts two weeks from now on
    cards = queries.project_cards(projects_of(user), timezone.now())
    return render(request, "front/projects.html", {"cards": cards})


@login_required
def add(request: AuthenticatedRequest) -> HttpResponse:
    form = ProjectForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        project = create_project(form.cleaned_data["name"], request.user)
        return redirect("hc-checks", project.code)
    status = 422 if form.errors else 200
    return render(request, "front/project_add.html", {"form": form}, status=status)
