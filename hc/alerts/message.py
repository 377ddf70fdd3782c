"""What messages say: the facts of flips, gathered from the database into frozen Alerts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import prefetch_related_objects
from django.templatetags.static import static

from hc.alerts import announcements, testing
from hc.alerts.facts import Readers, Surroundings
from hc.api.models import Channel, Check, Notification, Ping
from hc.api.representation import check_json
from hc.core.state import Reason
from hc.integrations.base import (
    Alert,
    CheckFacts,
    Config,
    Direction,
    LastPing,
    ProjectFacts,
    Site,
)
from hc.lib.signing import callback_token, unsubscribe_token


class Builder:
    """Builds the alerts of some messages, which have owner, flip and channel loaded.

    All look-ups are made at once; a database that is away shows here.
    """

    def __init__(self, messages: Iterable[tuple[Notification, Config]], now: datetime) -> None:
        self._now = now
        known = list(messages)
        prefetch_related_objects([n.owner for n, _ in known if n.owner], "channel_set")
        self._around = Surroundings([n for n, _ in known])
        owners = [project.owner for project in self._around.projects.values()]
        self._readers = Readers((config.reader_address() for _, config in known), owners)
        self._dates = announcements.dates(n for n, _ in known)
        self._site = site()

    def build(self, notification: Notification, config: Config) -> Alert:
        """The facts for one of the messages."""
        check, flip = notification.owner, notification.flip
        if testing.is_test(notification):
            return self._build_test(notification, config)
        if announcements.is_announcement(notification):
            return self._build_announcement(notification, config)
        if check is None or flip is None:
            raise ValueError(f"notification {notification.pk} has no check or no flip")
        project = self._around.projects[notification.channel.project_id]
        down_since = self._around.down_since(flip)
        down, total = self._around.others(check)
        return Alert(
            id=notification.code,
            status=direction(flip.new_status),
            at=flip.created,
            check=check_facts(check, self._now),
            project=ProjectFacts(project.code, str(project)),
            site=self._site,
            reader=self._readers.reader(config.reader_address(), project.owner),
            link=f"{settings.SITE_ROOT}/cloaked/{check.unique_key}/",
            unsubscribe_url=unsubscribe_url(notification.channel),
            reason=flip.why(),
            downtime=flip.created - down_since if down_since else None,
            last_ping=_as_last_ping(self._around.last_ping(flip)),
            others=down,
            others_total=total,
            verified=notification.channel.email_verified,
            sent_at=self._now,
            changes=notification.changes,
            callback_url=callback_url(notification),
        )

    def _build_test(self, notification: Notification, config: Config) -> Alert:
        check = testing.pretend_check(notification, self._now)
        alert = self._build_pretended(notification, config, check, testing.link(notification))
        reason = Reason.TIMEOUT if alert.status == "down" else Reason.NONE
        return replace(alert, reason=reason)

    def _build_announcement(self, notification: Notification, config: Config) -> Alert:
        project = self._around.projects[notification.channel.project_id]
        date = self._dates.get(project.pk)
        check = announcements.pretend_check(notification, project.owner, date)
        return self._build_pretended(notification, config, check, announcements.link(project))

    def _build_pretended(
        self, notification: Notification, config: Config, check: Check, link: str
    ) -> Alert:
        project = self._around.projects[notification.channel.project_id]
        return Alert(
            id=notification.code,
            status=direction(notification.check_status),
            at=self._now,
            check=check_facts(check, self._now),
            project=ProjectFacts(project.code, str(project)),
            site=self._site,
            reader=self._readers.reader(config.reader_address(), project.owner),
            link=link,
            unsubscribe_url=unsubscribe_url(notification.channel),
            verified=notification.channel.email_verified,
            sent_at=self._now,
            callback_url=callback_url(notification),
        )


def direction(status: str) -> Direction:
    return "down" if status == "down" else "up"


def site() -> Site:
    logo = settings.SITE_LOGO_URL or _built_in_logo()
    if logo.startswith("/"):
        root = urlsplit(settings.SITE_ROOT)
        logo = f"{root.scheme}://{root.netloc}{logo}"
    return Site(settings.SITE_NAME, settings.SITE_ROOT, logo)


def unsubscribe_url(channel: Channel) -> str:
    token = unsubscribe_token(channel.code)
    return f"{settings.SITE_ROOT}/integrations/{channel.code}/unsub/{token}/"


def callback_url(notification: Notification) -> str:
    token = callback_token(notification.code)
    return f"{settings.SITE_ROOT}/api/v3/notifications/{notification.code}/status?token={token}"


def check_facts(check: Check, now: datetime) -> CheckFacts:
    return CheckFacts(
        code=check.code,
        unique_key=check.unique_key,
        label=check.label(),
        name=check.name,
        slug=check.slug,
        tags=tuple(check.tags_list()),
        desc=check.desc,
        schedule=check.schedule_rule(),
        grace=check.grace,
        created=check.created,
        n_pings=check.n_pings,
        json=check_json(check, now),
    )


def _built_in_logo() -> str:
    """Its hashed address; the plain one where the static files were not collected."""
    try:
        return static("img/logo.png")
    except ValueError:
        return f"{settings.STATIC_URL}img/logo.png"


def _as_last_ping(ping: Ping | None) -> LastPing | None:
    if ping is None:
        return None
    return LastPing(
        kind=ping.signal(),
        at=ping.created,
        n=ping.n or 0,
        exitstatus=ping.exitstatus,
        scheme=ping.scheme,
        method=ping.method,
        remote_addr=ping.remote_addr,
        body=bytes(ping.body_raw) if ping.body_raw is not None else None,
        unread=ping.object_size or 0,
    )
