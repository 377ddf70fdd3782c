"""Lines of a log, put together by hand, each text in them escaped: there are many, and templates
would take four times as long."""

from __future__ import annotations

from html import escape

from django import template
from django.utils.safestring import SafeString

from hc.front.events import EventRow
from hc.front.templatetags.hc import mark

register = template.Library()


@register.simple_tag
def event_line(row: EventRow) -> SafeString:
    classes = "event"
    classes += f" event-{row.tone}" if row.tone else ""
    classes += " event-flip" if row.kind == "flip" else ""
    return SafeString(
        f"""\
<div class="{escape(classes)}" id="{escape(row.key)}" data-version="{row.version}">
  <span class="event-n">{f"#{row.number}" if row.number else ""}</span>\
<time class="event-time" datetime="{row.at.isoformat(timespec="milliseconds")}">{row.time}</time>
  <span class="event-kind">{mark(row.mark)}{_label(row)}</span>
  <div class="event-text">{escape(row.text)}{_told(row)}</div>
  <span class="event-took">{escape(row.took)}</span>
</div>
"""
    )


def _label(row: EventRow) -> str:
    label = escape(row.label)
    if not row.url:
        return label
    return (
        f'<a class="event-link" href="{escape(row.url)}" data-panel'
        f' aria-label="{label}, ping {row.number}">{label}</a>'
    )


def _told(row: EventRow) -> str:
    if not row.told:
        return ""
    items = [f'<li class="{escape(t.tone)}">{escape(t.text)}</li>' for t in row.told]
    return f'<ul class="event-told">{"".join(items)}</ul>'
