"""Links and chips of the list of checks."""

from __future__ import annotations

from collections.abc import Mapping

from django import template

from hc.front.listing import Wanted

register = template.Library()

TAGS_SHOWN = 10


@register.simple_tag
def toggled(wanted: Wanted, *, tag: str = "", status: str = "") -> str:
    """The address with a filter more, or less if it is on."""
    return wanted.toggled(tag=tag, status=status)


@register.simple_tag
def page_address(wanted: Wanted, page: int, step: int) -> str:
    return wanted.address(page=page + step)


@register.filter
def address_without_filters(wanted: Wanted) -> str:
    return wanted.address(tags=(), statuses=(), search="")


@register.filter
def first_tags(tags: Mapping[str, str], wanted: Wanted) -> list[tuple[str, str]]:
    """The tags that always show, with the worst status of each: those that are chosen, then those
    in trouble, then others as far as there is room."""
    rank = {"down": 1, "grace": 2, "": 3}
    order = sorted(tags, key=lambda tag: (tag not in wanted.tags, rank[tags[tag]]))
    shown = set(order[:TAGS_SHOWN]) | set(wanted.tags)
    return [(tag, worst) for tag, worst in tags.items() if tag in shown]


@register.filter
def more_tags(tags: Mapping[str, str], wanted: Wanted) -> list[tuple[str, str]]:
    """The others."""
    shown = {tag for tag, _ in first_tags(tags, wanted)}
    return [(tag, worst) for tag, worst in tags.items() if tag not in shown]
