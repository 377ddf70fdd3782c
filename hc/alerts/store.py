"""The dispatchers' stores: the outbox and the queue of mails, over the database thread."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import InterfaceError, OperationalError
from django.utils import timezone

from hc.alerts import leases, outbox, packing, post
from hc.alerts.database import DatabaseThread
from hc.alerts.dispatcher import Parcel, Space
from hc.alerts.leases import Attempt, Claim
from hc.api.models import Notification, QueuedMail
from hc.integrations.base import Wire

logger = logging.getLogger(__name__)


class OutboxStore:
    """Messages about flips."""

    def __init__(self, database: DatabaseThread, wire: Wire) -> None:
        self._database = database
        self._wire = wire

    async def fetch(self, space: Space) -> Sequence[Parcel[Notification]]:
        return await self._database(self._fetch, space, timezone.now())

    async def settle(self, attempts: Sequence[Attempt[Notification]]) -> None:
        await _settle(self._database, outbox.settle, attempts)

    async def renew(self, claims: Sequence[Claim[Notification]]) -> None:
        await self._database(leases.renew, Notification, claims, timezone.now())

    async def release(self, claims: Sequence[Claim[Notification]]) -> None:
        await self._database(leases.release, Notification, claims, timezone.now())

    async def expire(self, failing: Mapping[str, datetime]) -> None:
        await self._database(outbox.expire, failing, timezone.now())

    async def next_due(self, space: Space) -> datetime | None:
        return await self._database(outbox.next_due, space)

    def _fetch(self, space: Space, now: datetime) -> list[Parcel[Notification]]:
        lots = outbox.claim(space, now)
        return packing.pack(lots, self._wire, now) if lots else []


class MailStore:
    """Mails that are not alerts."""

    def __init__(self, database: DatabaseThread, wire: Wire) -> None:
        self._database = database
        self._mailer = wire.mail

    async def fetch(self, space: Space) -> Sequence[Parcel[QueuedMail]]:
        claims = await self._database(post.claim, space, timezone.now())
        return [post.parcel(one, self._mailer) for one in claims]

    async def settle(self, attempts: Sequence[Attempt[QueuedMail]]) -> None:
        await _settle(self._database, post.settle, attempts)

    async def renew(self, claims: Sequence[Claim[QueuedMail]]) -> None:
        await self._database(leases.renew, QueuedMail, claims, timezone.now())

    async def release(self, claims: Sequence[Claim[QueuedMail]]) -> None:
        await self._database(leases.release, QueuedMail, claims, timezone.now())

    async def expire(self, failing: Mapping[str, datetime]) -> None:
        await self._database(post.expire, timezone.now())

    async def next_due(self, space: Space) -> datetime | None:
        return await self._database(post.next_due, space)


async def _settle(
    database: DatabaseThread, settle: Callable[[Any], Sequence[Any]], attempts: Sequence[Any]
) -> None:
    try:
        held = await database(settle, attempts)
    except (OperationalError, InterfaceError) as e:
        raise ConnectionError from e
    if len(held) < len(attempts):
        lost = {one.claim.id for one in attempts} - {one.claim.id for one in held}
        logger.warning("leases lost", extra={"action": "settle", "messages": sorted(lost)})
