"""The dispatcher's store over the outbox: claims turned into parcels, on a thread of its own.

All database work of the alert loop happens on one thread, so that it has one connection.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import ParamSpec, TypeVar

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, close_old_connections
from django.utils import timezone

from hc.alerts import message, outbox
from hc.alerts.dispatcher import Parcel
from hc.alerts.lastbody import with_body
from hc.alerts.outbox import Attempt, Claim
from hc.integrations import registry
from hc.integrations.base import BadConfig, failed, retry

logger = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")


class DatabaseThread:
    """Runs functions one after another on one thread, with a connection that heals itself."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="database")

    async def __call__(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        def work() -> T:
            close_old_connections()
            return function(*args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def close(self) -> None:
        self._pool.shutdown(wait=True)


class OutboxStore:
    def __init__(self, database: DatabaseThread) -> None:
        self._database = database

    async def fetch(self, limit: int, busy: Collection[int]) -> Sequence[Parcel]:
        return await self._database(_fetch, limit, busy)

    async def settle(self, attempt: Attempt) -> None:
        try:
            held = await self._database(outbox.settle, attempt)
        except (OperationalError, InterfaceError) as e:
            raise ConnectionError from e
        if not held:
            logger.warning("lease lost", extra={"notification": attempt.claim.id})

    async def renew(self, claims: Sequence[Claim]) -> None:
        await self._database(outbox.renew, claims, timezone.now())

    async def release(self, claims: Sequence[Claim]) -> None:
        await self._database(outbox.release, claims, timezone.now())


def _fetch(limit: int, busy: Collection[int]) -> list[Parcel]:
    claims = outbox.claim(limit, timezone.now(), busy=busy)
    return [parcel for one in claims if (parcel := _parcel(one))]


def _parcel(claim: Claim) -> Parcel | None:
    """The message ready for sending; None if it was settled here, because nothing is to be sent."""
    now = timezone.now()
    if why := _is_moot(claim):
        outbox.drop(claim, why, now)
        return None
    try:
        return _packed(claim, now)
    except Undeliverable as e:
        outcome = failed(str(e))
    except DatabaseError:
        raise
    except Exception:
        logger.exception("message cannot be built", extra={"notification": claim.id})
        outcome = retry("Internal error; it was logged for the operator")
    outbox.settle(Attempt(claim, outcome, now, now))
    return None


def _is_moot(claim: Claim) -> str:
    """Why a message is not to be sent any more; empty if it is."""
    channel, check_id = claim.notification.channel, claim.notification.owner_id
    if channel.disabled:
        return "The integration was switched off"
    if check_id and not channel.checks.filter(pk=check_id).exists():
        return "The integration was taken off the check"
    return ""


class Undeliverable(Exception):
    """A message that no attempt can deliver as things stand; the text is for its users."""


def _packed(claim: Claim, now: datetime) -> Parcel:
    channel = claim.notification.channel
    integration = registry.get(channel.kind)
    if integration is None:
        raise Undeliverable(f"{channel.kind} notifications are not enabled.")
    if not integration.enabled(settings.INTEGRATIONS):
        raise Undeliverable(f"{integration.label} notifications are not enabled.")
    try:
        config = registry.load_config(channel.kind, channel.value)
    except BadConfig:
        text = "The settings of this integration cannot be read; set it up again"
        raise Undeliverable(text) from None
    alert = message.build(claim.notification, config, now)
    destination = config.destination()
    return Parcel(claim, alert, config, destination, with_body(registry.transport(channel.kind)))
