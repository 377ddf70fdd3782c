"""How times, statuses and run histories are drawn."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import groupby
from typing import Any

from django import template
from django.template.context import Context
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from lucide.templatetags.lucide import lucide

from hc.accounts.models import Project
from hc.alerts import announcements
from hc.api.models import Channel, Check, Notification
from hc.api.queries import ChannelCounts
from hc.core import words
from hc.core.state import HISTORY
from hc.front import outcomes
from hc.front.rows import LABELS, Phrase, clock, duration_text
from hc.integrations.base import Integration
from hc.integrations.names import channel_name

register = template.Library()

BAR, GAP, HEIGHT = 5, 3, 20
_OUTCOMES = {"s": "good", "l": "late", "f": "failed", "m": "missed", "r": "running", "p": "paused"}


@register.simple_tag
@lru_cache(maxsize=256)
def icon(name: str, size: int = 16, css: str = "") -> SafeString:
    """An icon beside a word. The library draws each anew, which pages cannot afford."""
    classes = {"class": css} if css else {}
    return SafeString(lucide(name, size=size, aria_hidden="true", **classes))


@register.simple_tag
@lru_cache(maxsize=64)
def mark(status: str, size: int = 16) -> SafeString:
    """The shape of a status, from the sprite at the top of the page; a word must stand beside."""
    return format_html(
        '<svg class="mark mark-{}" width="{}" height="{}" aria-hidden="true">'
        '<use href="#mark-{}"></use></svg>',
        status,
        size,
        size,
        status,
    )


@register.filter
def status_label(status: str) -> str:
    return LABELS.get(status, status)


@register.simple_tag(takes_context=True)
def phrase(context: Context, said: Phrase) -> SafeString:
    """A line about time, whose age ticks in the browser."""
    age = tick(context, said.at) if said.at else ""
    return format_html("{}{}{}", said.before, age, said.after)


@register.simple_tag(takes_context=True)
def tick(context: Context, moment: datetime) -> SafeString:
    """The time between `moment` and now as a number that ticks; the exact time on hover."""
    zone = context["frame"].zone
    distance = abs(timezone.now() - moment)
    return format_html(
        '<time datetime="{}" title="{}" data-tick>{}</time>',
        moment.isoformat(timespec="seconds"),
        f"{moment.astimezone(zone):%a, %-d %b %Y %H:%M:%S %Z}",
        words.age(distance),
    )


@register.simple_tag(takes_context=True)
def moment(context: Context, at: datetime) -> SafeString:
    """An instant, as briefly as it is clear, in the reader's zone."""
    zone = context["frame"].zone
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        at.isoformat(timespec="seconds"),
        f"{at.astimezone(zone):%a, %-d %b %Y %H:%M:%S %Z}",
        clock(at, timezone.now(), zone),
    )


@register.simple_tag(takes_context=True)
def seconds(context: Context, at: datetime) -> str:
    """The time of day to the second, in the reader's zone."""
    return f"{at.astimezone(context['frame'].zone):%H:%M:%S}"


@register.simple_tag(takes_context=True)
def day(context: Context, at: datetime) -> str:
    """The date in the reader's zone, without the year unless it is another one."""
    zone = context["frame"].zone
    local = at.astimezone(zone)
    same_year = local.year == timezone.now().astimezone(zone).year
    return f"{local.day} {local:%B}" if same_year else f"{local.day} {local:%B %Y}"


@register.filter
def run_time(duration: timedelta | None) -> str:
    return duration_text(duration)


@register.filter
def period(duration: timedelta) -> str:
    return words.period(duration)


@register.filter
def brief(duration: timedelta) -> str:
    return words.brief(duration)


@register.simple_tag
@lru_cache(maxsize=8192)
def strip(outcomes: str, status: str = "") -> SafeString:
    """The last runs as bars: one path per outcome, so that a long list stays light."""
    shown = outcomes + {"running": "r", "paused": "ppp"}.get(status, "")
    shown = shown[-HISTORY:]
    if not shown:
        return SafeString("")
    bars: dict[str, list[str]] = {}
    for position, outcome in enumerate(shown):
        bars.setdefault(outcome, []).append(_bar(position, outcome))
    paths = format_html_join(
        "",
        '<path class="run-{}" d="{}"/>',
        ((_OUTCOMES.get(outcome, "good"), "".join(d)) for outcome, d in bars.items()),
    )
    width = HISTORY * (BAR + GAP) - GAP
    return format_html(
        '<svg class="strip" viewBox="0 0 {} {}" width="{}" height="{}" role="img" '
        'aria-label="{}">{}</svg>',
        width,
        HEIGHT,
        width,
        HEIGHT,
        _in_words(shown),
        paths,
    )


def _bar(position: int, outcome: str) -> str:
    left = position * (BAR + GAP)
    if outcome == "r":
        return f"M{left} {HEIGHT // 2}h{BAR}v{HEIGHT // 2}h-{BAR}z"
    if outcome == "m":  # hollow: the line is drawn inside the bar
        return f"M{left + 0.5} .5h{BAR - 1}v{HEIGHT - 1}h-{BAR - 1}z"
    return f"M{left} 0h{BAR}v{HEIGHT}h-{BAR}z"


def _in_words(shown: str) -> str:
    """ "Last runs: 3 good, 1 failed, 2 good"."""
    names = (_OUTCOMES.get(o, "good") for o in shown if o in "slfmr")
    groups = [f"{len(list(group))} {name}" for name, group in groupby(names)]
    return "Last runs: " + ", ".join(groups) if groups else "No runs"


@register.filter
def get(mapping: Any, key: Any) -> Any:
    return mapping.get(key)


@register.simple_tag(takes_context=True)
def channels_in(context: Context, project: Project) -> ChannelCounts:
    """How many channels the project has, and how many fail; asked once per page."""
    counts: ChannelCounts = context["frame"].channels_in(project)
    return counts


@register.simple_tag
def url_of_logo(kind: str) -> str:
    return static(f"integrations/{kind}/logo.svg")


@register.simple_tag
def add_url(project: Project, integration: Integration) -> str:
    """The page on which a channel of that kind is added."""
    return reverse(f"hc-add-{integration.kind}", args=[project.code])


@register.filter
def name_of(channel: Channel) -> str:
    return channel_name(channel)


@register.filter
def outcome(notification: Notification, zone: tzinfo) -> str:
    return outcomes.outcome(notification, zone)


@register.filter
def is_announcement(notification: Notification) -> bool:
    return announcements.is_announcement(notification)


@register.filter
def told_tone(notification: Notification) -> str:
    return outcomes.tone(notification)


@register.filter
def told_how(notification: Notification, zone: tzinfo) -> str:
    """What became of a message: "delivered in 1.2 s", or why it was not, and what is next."""
    return outcomes.fate(notification, zone)


@register.filter
def is_awaited(test: Notification | None) -> bool:
    """Whether to ask every second for what comes of a test message; the list asks now and then."""
    return test is not None and outcomes.is_awaited(test, timezone.now())


@register.filter
def last_told(notification: Notification, zone: tzinfo) -> str:
    return outcomes.last_told(notification, zone, timezone.now())


@register.filter
def ping_rules_text(check: Check) -> str:
    """Which pings count, if not all do."""
    said = []
    if check.methods == "POST":
        said.append("POST only")
    if check.filter_http_body or check.filter_subject or check.filter_body:
        said.append("judged by keywords")
    if check.manual_resume:
        said.append("ignored while paused")
    return ", ".join(said)
