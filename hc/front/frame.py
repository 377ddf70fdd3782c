"""What the frame around every page shows: the projects to switch to, and what is wrong."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from hc import __version__
from hc.accounts.models import Profile, Project, Theme, User
from hc.accounts.services import farewell, policies
from hc.accounts.sso import Doors
from hc.api import queries
from hc.api.models import Channel
from hc.api.project_menu import MenuProject, menu_of
from hc.api.services.condition import Condition, condition
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
    def projects(self) -> list[MenuProject]:
        """The person's projects with the number of checks that are down in each."""
        return menu_of(self._user.pk, self._now) if self._user else []

    @cached_property
    def down_by_project(self) -> dict[int, int]:
        return {project.pk: project.down for project in self.projects}

    def channels_in(self, project: Project) -> queries.ChannelCounts:
        """How many ways a project has to tell people, and how many of them fail."""
        if project.pk not in self._channels:
            self._channels[project.pk] = queries.channels_in(project.pk)
        return self._channels[project.pk]

    def has_read(self, project: Project, channels: Sequence[Channel]) -> None:
        """All channels of a project, which the page shows and has read anyway."""
        self._channels[project.pk] = queries.counted(channels)

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
    def condition(self) -> Condition | None:
        """What is wrong with the service; visitors without an account are not told."""
        return condition(self._now) if self._user else None

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
