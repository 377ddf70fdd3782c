"""Links and chips of the list of checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django import template

from hc.front.listing import Wanted
from hc.front.saved_views import ViewLink

register = template.Library()

TAGS_SHOWN = 10
VIEWS_SHOWN = 8


@register.simple_tag
def toggled(wanted: Wanted, *, tag: str = "", status: str = "") -> str:
    """The address with a filter more, or less if it is on."""
    return wanted.toggled(tag=tag, status=status)


@register.simple_tag
def page_address(wanted: Wanted, page: int, step: int) -> str:
    return wanted.address(page=page + step)


@register.filter
def address_without_filters(wanted: Wanted) -> str:
    return wanted.address(tags=(), statuses=(), search="", order="")


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


@register.filter
def first_views(links: Sequence[ViewLink]) -> list[ViewLink]:
    """The saved views that always show: the first ones, and the one that is open."""
    return [link for place, link in enumerate(links) if place < VIEWS_SHOWN or link.is_open]


@register.filter
def more_views(links: Sequence[ViewLink]) -> list[ViewLink]:
    """The others."""
    return [link for link in links[VIEWS_SHOWN:] if not link.is_open]


@register.filter
def is_new_view(wanted: Wanted, links: Sequence[ViewLink]) -> bool:
    """Whether the list shows something that could be saved and is not."""
    return wanted.is_filtered and not any(link.is_open for link in links)


@register.filter
def after_endpoint(address: str, endpoint: str) -> str:
    """What tells a ping address from the others: they all begin in the same way."""
    return address.removeprefix(endpoint)
