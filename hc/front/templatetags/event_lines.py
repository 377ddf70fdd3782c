"""Lines of a log, put together by hand: there are many, and templates would take four times as
long."""

from __future__ import annotations

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from hc.front.events import EventRow
from hc.front.templatetags.hc import mark

register = template.Library()

_LINE = """\
<div class="{}" id="{}" data-version="{}">
  <span class="event-n">{}</span><time class="event-time" datetime="{}">{}</time>
  <span class="event-kind">{}{}</span>
  <div class="event-text">{}{}</div>
  <span class="event-took">{}</span>
</div>
"""


@register.simple_tag
def event_line(row: EventRow) -> SafeString:
    classes = ["event"]
    classes += [f"event-{row.tone}"] if row.tone else []
    classes += ["event-flip"] if row.kind == "flip" else []
    return format_html(
        _LINE,
        " ".join(classes),
        row.key,
        row.version,
        f"#{row.number}" if row.number else "",
        row.at.isoformat(timespec="milliseconds"),
        row.time,
        mark(row.mark),
        _label(row),
        row.text,
        _told(row),
        row.took,
    )


def _label(row: EventRow) -> str:
    if not row.url:
        return row.label
    return format_html(
        '<a class="event-link" href="{}" data-panel aria-label="{}, ping {}">{}</a>',
        row.url,
        row.label,
        row.number,
        row.label,
    )


def _told(row: EventRow) -> str:
    if not row.told:
        return ""
    items = format_html_join("", '<li class="{}">{}</li>', ((t.tone, t.text) for t in row.told))
    return format_html('<ul class="event-told">{}</ul>', items)
