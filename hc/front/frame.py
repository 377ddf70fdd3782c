"""What the frame around every page shows: the projects to switch to, and what is wrong."""

from __future__ import annotations

import re
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from hc import __version__
from hc.accounts.access import projects_of
from hc.accounts.models import Profile, Project, Theme, User
from hc.accounts.services import farewell, policies
from hc.accounts.sso import Doors
from hc.api import queries
from hc.api.models import Outage
from hc.api.services import listening
from hc.api.services.heartbeats import silent_since
from hc.core import zones
from hc.front import visits


class Frame:
    """Asked by templates; each answer is fetched when it is first needed."""

    def __init__(self, user: User | None, now: datetime, last_project: int | None = None) -> None:
        self._user = user
        self._now = now
        # The key of the project in which the person was last.
        self.last_project = last_project
        self._channels: dict[int, queries.ChannelCounts] = {}

    @cached_property
    def profile(self) -> Profile | None:
        return Profile.known(self._user) if self._user else None

    @property
    def theme(self) -> str:
        """light, dark or system; visitors without an account get what their system says."""
        if self.profile is None:
            return "system"
        return self.profile.theme or "light"

    @property
    def theme_choices(self) -> list[tuple[str, str, bool]]:
        """(value, label, chosen) for the menu."""
        chosen = self.profile.theme or "" if self.profile else ""
        return [(t.value, t.label, t.value == chosen) for t in Theme]

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which this person reads times."""
        name = zones.canonical(self.profile.tz) if self.profile else None
        return ZoneInfo(name or "UTC")

    @cached_property
    def projects(self) -> list[tuple[Project, int]]:
        """The person's projects with the number of checks that are down in each."""
        if self._user is None:
            return []
        projects = projects_of(self._user)
        down = queries.down_counts([project.pk for project in projects], self._now)
        return [(project, down.get(project.pk, 0)) for project in projects]

    @cached_property
    def down_by_project(self) -> dict[int, int]:
        return {project.pk: down for project, down in self.projects}

    def channels_in(self, project: Project) -> queries.ChannelCounts:
        """How many ways a project has to tell people, and how many of them fail."""
        if project.pk not in self._channels:
            self._channels[project.pk] = queries.channels_in(project.pk)
        return self._channels[project.pk]

    @property
    def initials(self) -> str:
        """Of the parts of the address before the @: "AK" for anna.kalnina@example.org."""
        local = self._user.email.partition("@")[0] if self._user else ""
        parts = [part for part in re.split(r"[._+-]+", local) if part]
        return ("".join(part[0] for part in parts[:2]) or "?").upper()

    @property
    def closing_on(self) -> datetime | None:
        """When the account is deleted because its owner has asked for it."""
        asked = self.profile.close_requested if self.profile else None
        return asked + farewell.GRACE if asked else None

    @property
    def may_create_projects(self) -> bool:
        return self._user is not None and policies.may_create_projects(self._user)

    @cached_property
    def alerts_silent(self) -> bool:
        """Whether nobody sends alerts at the moment."""
        return self._user is not None and silent_since("sendalerts", self._now) is not None

    @cached_property
    def outage(self) -> Outage | None:
        """A time in which we could not hear pings, while checks have more time because of it."""
        return listening.last_outage(self._now) if self._user else None

    @cached_property
    def deaf_since(self) -> datetime | None:
        """Since when deadlines wait, because pings may not be in the database yet."""
        return listening.deaf_since(self._now) if self._user else None

    @property
    def mail_to_console(self) -> bool:
        return self._user is not None and self._user.is_superuser and not settings.EMAIL_HOST


def frame_of(request: HttpRequest) -> Frame:
    """The frame of this request's page: one, so that each of its answers is fetched once."""
    known: Frame | None = getattr(request, "_frame", None)
    if known is None:
        user = getattr(request, "user", None)
        if isinstance(user, User):
            known = Frame(user, timezone.now(), visits.last_project(request))
        else:
            known = Frame(None, timezone.now())
        setattr(request, "_frame", known)  # noqa: B010 - requests have no such field
    return known


def context(request: HttpRequest) -> dict[str, Any]:
    """The context processor."""
    return {
        "frame": frame_of(request),
        "doors": Doors(request),
        "site_name": settings.SITE_NAME,
        "ping_endpoint": settings.PING_ENDPOINT,
        "site_logo": settings.SITE_LOGO_URL,
        "app_version": __version__,
        "debug_mode": settings.DEBUG,
    }
