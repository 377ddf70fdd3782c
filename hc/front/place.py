"""Where the pages about a check are, for somebody.

Those who may change a check find them under its code; those who may only look under its public
key, since whoever knows the code can ping. Each page has both addresses, and leads from one to
the other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from hc.accounts.access import ProjectAccess, check_by_unique_key, check_for
from hc.api.models import Check

VEIL = "(hidden)"


@dataclass(frozen=True, slots=True)
class Place:
    """The addresses of a check's pages, all of which begin with `base`."""

    details: str
    base: str
    secrets: tuple[str, ...] = ()

    @classmethod
    def of(cls, check: Check, access: ProjectAccess) -> Place:
        name: dict[str, Any] = (
            {"code": check.code} if access.can_edit else {"key": check.unique_key}
        )
        page = "hc-details" if access.can_edit else "hc-cloaked"
        base = reverse("hc-log", kwargs=name).removesuffix("log/")
        secrets = () if access.can_edit else (str(check.code), access.project.ping_key or "")
        return cls(reverse(page, kwargs=name), base, tuple(filter(None, secrets)))

    @property
    def status(self) -> str:
        return f"{self.base}status/"

    @property
    def log(self) -> str:
        return f"{self.base}log/"

    @property
    def rows(self) -> str:
        return f"{self.base}log/rows/"

    def ping(self, n: int) -> str:
        return f"{self.base}pings/{n}/"

    def veiled(self, text: str) -> str:
        """What a ping brought, without ping addresses for those who must not learn them: mails
        name the one that they were sent to."""
        for secret in self.secrets:
            text = text.replace(secret, VEIL)
        return text

    def veiled_bytes(self, data: bytes) -> bytes:
        for secret in self.secrets:
            data = data.replace(secret.encode(), VEIL.encode())
        return data


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody on a page of a check."""

    check: Check
    access: ProjectAccess
    place: Place

    def frame(self) -> dict[str, Any]:
        """What the templates of all these pages need."""
        return {
            "access": self.access,
            "project": self.access.project,
            "section": "checks",
            "check": self.check,
            "place": self.place,
        }


View = Callable[..., HttpResponse]


def of_check(view: View) -> View:
    """`view(request, visit, …)`, for an address with `code` or `key`."""

    @wraps(view)
    def wrapper(
        request: HttpRequest, code: UUID | None = None, key: str = "", **more: Any
    ) -> HttpResponse:
        found = check_for(request, code) if code else check_by_unique_key(request, key)
        check, access = found
        place = Place.of(check, access)
        if access.can_edit != bool(code) and request.method in ("GET", "HEAD"):
            here = reverse("hc-log", kwargs={"code": code} if code else {"key": key})
            rest = request.get_full_path().removeprefix(here.removesuffix("log/"))
            return redirect(place.base + rest)
        return view(request, Visit(check, access, place), **more)

    return login_required(wrapper)
