"""The many small parts of charts, put together by hand: templates would take ten times as long."""

from __future__ import annotations

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from hc.front.chart import Bar, Chart

register = template.Library()


@register.simple_tag
def bars(chart: Chart) -> SafeString:
    """Bars with their titles, and the labels below them."""
    labels = (
        f'<text x="{x}" y="{chart.height + 18}" text-anchor="{anchor}">{escape(text)}</text>'
        for x, text, anchor in chart.labels
    )
    return mark_safe("".join([*map(_bar, chart.bars), *labels]))  # noqa: S308 - numbers; texts are escaped


def _bar(bar: Bar) -> str:
    pieces = "".join(
        f'<rect class="run-{piece.outcome}" x="{bar.x}" y="{piece.y}" width="{bar.width}" '
        f'height="{piece.height}" rx="2"/>'
        for piece in bar.pieces
    )
    return f"<g><title>{escape(bar.title)}</title>{pieces}</g>"


@register.simple_tag
def slot_rows(chart: Chart) -> SafeString:
    """The same as the rows of a table."""
    rows = (
        f"<tr><td>{escape(slot.when)}</td><td>{escape(slot.said)}</td></tr>" for slot in chart.slots
    )
    return mark_safe("".join(rows))  # noqa: S308 - all of it is escaped
