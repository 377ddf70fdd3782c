"""The wall board. All that it shows comes from the API, with keys that stand in the fragment of its
address: they never reach a server log. So the page is the same for everybody."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe


@require_safe
def board(request: HttpRequest) -> HttpResponse:
    api = f"{reverse('hc-projects')}api/v3/checks/"
    return render(request, "front/tv.html", {"api": api})
