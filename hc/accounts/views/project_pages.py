"""What the settings pages of a project have in common."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from hc.accounts.access import ProjectAccess


def page(
    request: HttpRequest,
    access: ProjectAccess,
    part: str,
    context: dict[str, Any],
    *,
    status: int = 200,
) -> HttpResponse:
    """One of the settings pages. `part`: which one, and the name of its template."""
    frame = {"access": access, "project": access.project, "section": "settings", "part": part}
    return render(request, f"projects/{part}.html", frame | context, status=status)
