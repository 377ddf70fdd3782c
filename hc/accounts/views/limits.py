"""The page for those who have tried too often: it says when to try again."""

from __future__ import annotations

import math
from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from hc.core.words import count


def retry_after(response: HttpResponse, wait: timedelta) -> HttpResponse:
    """Tell machines, too, how long to wait."""
    response.headers["Retry-After"] = str(max(1, math.ceil(wait.total_seconds())))
    return response


def too_many(request: HttpRequest, wait: timedelta) -> HttpResponse:
    """429. `wait`: as TokenBucket.attempt says it."""
    page = render(request, "429.html", {"wait": soon(wait)}, status=429)
    return retry_after(page, wait)


def soon(wait: timedelta) -> str:
    """The time to wait in words, rounded up: "2 minutes"."""
    seconds = max(1, math.ceil(wait.total_seconds()))
    for size, unit in ((3600, "hour"), (60, "minute")):
        if seconds > size:
            return count(math.ceil(seconds / size), unit)
    return count(seconds, "second")
