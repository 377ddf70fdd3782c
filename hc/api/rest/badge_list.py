"""The addresses of the badges of a project. Source: http-api 3.10."""

from __future__ import annotations

from django.http import HttpResponse

from hc.api.badge_urls import ALL, badge_urls
from hc.api.models import Check
from hc.api.rest.answers import json_answer
from hc.api.rest.call import Call


def index(call: Call) -> HttpResponse:
    """By tag, and `*` for all checks."""
    rows = Check.objects.filter(project=call.project_id).values_list("tags", flat=True)
    tags = {tag for text in rows for tag in text.split()}
    badges = {tag: badge_urls(call.project, tag) for tag in [ALL, *sorted(tags - {ALL})]}
    return json_answer({"badges": badges})
