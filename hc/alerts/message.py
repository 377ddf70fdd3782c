"""What a message says: the facts of a flip, gathered from the database into a frozen Alert."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count, Q
from django.templatetags.static import static

from hc.accounts.models import Profile, Project, User
from hc.alerts.outbox import direction
from hc.api.models import Channel, Check, Flip, Notification, Ping
from hc.api.representation import check_json
from hc.core import zones
from hc.integrations.base import (
    Alert,
    CheckFacts,
    Config,
    LastPing,
    OtherDown,
    ProjectFacts,
    ProjectSummary,
    Reader,
    Site,
)
from hc.lib.signing import unsubscribe_token

MOST_OTHERS = 11  # up to ten are listed; one more tells that there are too many to list


def build(notification: Notification, config: Config, now: datetime) -> Alert:
    """The facts for one message. `notification` has its owner, flip and channel loaded."""
    check, flip = notification.owner, notification.flip
    if check is None or flip is None:
        raise ValueError(f"notification {notification.pk} has no check or no flip")
    channel = notification.channel
    project = Project.objects.select_related("owner").get(pk=check.project_id)
    down, total = _other_checks(check)
    return Alert(
        id=notification.code,
        status=direction(flip.new_status),
        at=flip.created,
        check=_check_facts(check, now),
        project=ProjectFacts(project.code, str(project)),
        site=site(),
        reader=_reader(config.reader_address(), project),
        link=f"{settings.SITE_ROOT}/cloaked/{check.unique_key}/",
        unsubscribe_url=unsubscribe_url(channel),
        reason=flip.why(),
        downtime=_downtime(flip),
        last_ping=_last_ping(flip),
        others=down,
        others_total=total,
        verified=channel.email_verified,
        sent_at=now,
    )


def site() -> Site:
    logo = settings.SITE_LOGO_URL or _built_in_logo()
    if logo.startswith("/"):
        root = urlsplit(settings.SITE_ROOT)
        logo = f"{root.scheme}://{root.netloc}{logo}"
    return Site(settings.SITE_NAME, settings.SITE_ROOT, logo)


def _built_in_logo() -> str:
    """Its hashed address; the plain one where the static files were not collected."""
    try:
        return static("img/logo.png")
    except ValueError:
        return f"{settings.STATIC_URL}img/logo.png"


def unsubscribe_url(channel: Channel) -> str:
    token = unsubscribe_token(channel.code)
    return f"{settings.SITE_ROOT}/integrations/{channel.code}/unsub/{token}/"


def _check_facts(check: Check, now: datetime) -> CheckFacts:
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


def _downtime(flip: Flip) -> timedelta | None:
    """How long the check was down, if this flip ended an outage."""
    if flip.new_status != "up":
        return None
    before = Flip.objects.filter(owner_id=flip.owner_id, pk__lt=flip.pk).order_by("-pk").first()
    return flip.created - before.created if before and before.new_status == "down" else None


def _last_ping(flip: Flip) -> LastPing | None:
    recent = Ping.objects.filter(owner_id=flip.owner_id, created__lte=flip.created)
    ping = recent.order_by("-n").first()
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


def _other_checks(check: Check) -> tuple[tuple[OtherDown, ...], int]:
    others = Check.objects.filter(project_id=check.project_id).exclude(pk=check.pk)
    down = others.filter(status="down").only("name", "slug", "unique_key", "last_ping")
    listed = down.order_by("name", "pk")[:MOST_OTHERS]
    return tuple(OtherDown(other.label(), other.last_ping) for other in listed), others.count()


def _reader(address: str | None, project: Project) -> Reader:
    """Who reads the message: the account with that address, else somebody in the owner's zone."""
    user = User.objects.by_email(address) if address else None
    if user is None:
        return Reader(_zone_of(project.owner))
    return Reader(_zone_of(user), _projects_of(user))


def _zone_of(user: User) -> tzinfo:
    name = Profile.objects.filter(user=user).values_list("tz", flat=True).first()
    today = zones.canonical(name or "UTC")
    return ZoneInfo(today) if today else UTC


def _projects_of(user: User) -> tuple[ProjectSummary, ...]:
    mine = Project.objects.filter(Q(owner=user) | Q(member__user=user)).select_related("owner")
    counted = mine.annotate(
        down=Count("check", filter=Q(check__status="down"), distinct=True)
    ).order_by("name", "pk")
    return tuple(
        ProjectSummary(
            str(project), project.down, f"{settings.SITE_ROOT}/projects/{project.code}/checks/"
        )
        for project in counted
    )
