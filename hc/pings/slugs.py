"""Pings by project and name: from a ping key and a slug to a check, made on demand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from hc.accounts.models import Project
from hc.api.models import Check
from hc.api.services import checks
from hc.pings.event import PingEvent, Receipt, SlugAddress


@dataclass(frozen=True, slots=True)
class Resolved:
    """The check that a target means, or why it means none."""

    code: UUID | None
    receipt: Receipt


def addresses_of(events: Iterable[PingEvent]) -> set[SlugAddress]:
    return {event.target for event in events if isinstance(event.target, SlugAddress)}


def pairs(addresses: Iterable[SlugAddress]) -> list[tuple[str, str]]:
    """What to look for: ping keys and slugs."""
    return list({(a.ping_key, a.slug) for a in addresses})


def existing(
    addresses: Collection[SlugAddress], rows: Iterable[tuple[str, str, UUID]]
) -> dict[SlugAddress, Resolved]:
    """What the addresses mean, given the checks there are as (ping key, slug, code)."""
    codes: defaultdict[tuple[str, str], list[UUID]] = defaultdict(list)
    for ping_key, slug, code in rows:
        codes[ping_key, slug].append(code)
    return {a: _one_of(codes.get((a.ping_key, a.slug), [])) for a in addresses}


def made(found: Mapping[SlugAddress, Resolved]) -> dict[SlugAddress, Resolved]:
    """The same, once the checks that are wanted and missing have been made."""
    return {a: _make(a) if is_to_be_made(a, r) else r for a, r in found.items()}


def is_to_be_made(address: SlugAddress, resolved: Resolved) -> bool:
    return address.create and resolved.receipt is Receipt.NOT_FOUND


def targets(events: Sequence[PingEvent], found: Mapping[SlugAddress, Resolved]) -> list[Resolved]:
    """What each event is meant for."""
    return [
        Resolved(event.target, Receipt.RECORDED)
        if isinstance(event.target, UUID)
        else found[event.target]
        for event in events
    ]


def _one_of(codes: list[UUID]) -> Resolved:
    if len(codes) == 1:
        return Resolved(codes[0], Receipt.RECORDED)
    return Resolved(None, Receipt.AMBIGUOUS if codes else Receipt.NOT_FOUND)


def _make(address: SlugAddress) -> Resolved:
    project = Project.objects.filter(ping_key=address.ping_key).first()
    if project is None:
        return Resolved(None, Receipt.NOT_FOUND)
    try:
        check, is_new = checks.provision(project, address.slug)
    except checks.LimitReached:
        return Resolved(None, Receipt.NOT_FOUND)
    except Check.MultipleObjectsReturned:
        return Resolved(None, Receipt.AMBIGUOUS)
    return Resolved(check.code, Receipt.CREATED if is_new else Receipt.RECORDED)
