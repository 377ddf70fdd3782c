"""That somebody was here: noted by the pages that people open, not by what renews them."""

from __future__ import annotations

from django.http import HttpRequest

from hc.accounts.access import user_of
from hc.accounts.models import Project
from hc.accounts.services import accounts

_LAST_PROJECT = "last_project"


def note(request: HttpRequest, project: Project | None = None) -> None:
    """The person is active; in this project, which is their last one from then on."""
    if accounts.touch(user_of(request)):
        request.session.modified = True  # the session lasts two weeks from now on
    if project is not None and last_project(request) != project.pk:
        request.session[_LAST_PROJECT] = project.pk


def last_project(request: HttpRequest) -> int | None:
    """The key of the project in which the person opened a list or a check last."""
    found = request.session.get(_LAST_PROJECT)
    return found if isinstance(found, int) else None
