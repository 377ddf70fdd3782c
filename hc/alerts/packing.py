"""From claims to parcels: what cannot or need not be sent is settled on the way."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from hc.alerts import outbox, telemetry
from hc.alerts.configs import config_of, destination
from hc.alerts.dispatcher import Parcel
from hc.alerts.lastbody import with_body
from hc.alerts.leases import Attempt, Claim
from hc.alerts.message import Builder
from hc.alerts.testing import is_test
from hc.api.models import Channel, Notification
from hc.integrations import registry
from hc.integrations.base import (
    Alert,
    Config,
    Outcome,
    Wire,
    dropped,
    failed,
    retry,
)

logger = logging.getLogger(__name__)

Claims = Sequence[Claim[Notification]]
Packed = tuple[Claim[Notification], Alert, Config]


class Undeliverable(Exception):
    """A message that no attempt can deliver as things stand; the text is for its users."""


def pack(lots: Sequence[Claims], wire: Wire, now: datetime) -> list[Parcel[Notification]]:
    """Parcels for lots of claims; the claims of a lot go to one channel, and out together."""
    claims = [one for lot in lots for one in lot]
    outcomes = _moot(claims)
    configs: dict[int, Config] = {}
    for one in claims:
        if one.id not in outcomes:
            try:
                configs[one.id] = _config(one.row.channel)
            except Undeliverable as e:
                outcomes[one.id] = failed(str(e))
    alerts = _build([(one, configs[one.id]) for one in claims if one.id in configs], outcomes, now)
    _settle([Attempt(c, outcomes[c.id], now, now) for c in claims if c.id in outcomes])
    packed = [
        [(one, alerts[one.id], configs[one.id]) for one in lot if one.id in alerts] for lot in lots
    ]
    return [_parcel(ready, wire) for ready in packed if ready]


def _settle(attempts: Sequence[Attempt[Notification]]) -> None:
    """What is over, or put off, without being sent."""
    for one in outbox.settle(attempts):
        telemetry.unsent(one.claim.row.channel.kind, one.outcome.result)


def _moot(claims: Claims) -> dict[int, Outcome]:
    """What is not to be sent any more, and why."""
    links = Channel.checks.through.objects.filter(
        check_id__in={one.row.owner_id for one in claims if one.row.owner_id},
        channel_id__in={_attached(one.row) for one in claims},
    )
    rows = links.values_list("check_id", "channel_id", "channel__project__removed")
    linked = {(check, channel): removed for check, channel, removed in rows}
    found: dict[int, Outcome] = {}
    for one in claims:
        row = one.row
        if is_test(row):
            continue
        if row.channel.disabled:
            found[one.id] = dropped("The integration was switched off")
        elif row.owner_id and (row.owner_id, _attached(row)) not in linked:
            found[one.id] = dropped("The integration was taken off the check")
        elif row.owner_id and linked[row.owner_id, _attached(row)]:
            found[one.id] = dropped("The project was removed")
    return found


def _attached(row: Notification) -> int:
    """The channel that the check is set to alert through: the group, or the channel itself."""
    return row.group.channel_id if row.group else row.channel_id


def _config(channel: Channel) -> Config:
    integration = registry.get(channel.kind)
    if integration is None:
        raise Undeliverable(f"{channel.kind} notifications are not enabled.")
    if not integration.enabled(settings.INTEGRATIONS):
        raise Undeliverable(f"{integration.label} notifications are not enabled.")
    config = config_of(channel)
    if config is None:
        raise Undeliverable("The settings of this integration cannot be read; set it up again")
    return config


def _build(
    claims: Sequence[tuple[Claim[Notification], Config]],
    outcomes: dict[int, Outcome],
    now: datetime,
) -> dict[int, Alert]:
    """The alerts; one that cannot be built costs nobody else a message."""
    if not claims:
        return {}
    builder = Builder([(one.row, config) for one, config in claims], now)
    alerts: dict[int, Alert] = {}
    for one, config in claims:
        try:
            alerts[one.id] = builder.build(one.row, config)
        except DatabaseError:
            raise
        except Exception:
            logger.exception("message cannot be built", extra={"notification": one.id})
            outcomes[one.id] = retry("Internal error; it was logged for the operator")
    return alerts


def _parcel(ready: Sequence[Packed], wire: Wire) -> Parcel[Notification]:
    first, alert, config = ready[0]
    channel = first.row.channel
    flips = [one.row.flip_id for one, _, _ in ready if one.row.flip_id]
    if len(ready) == 1:
        transport = with_body(registry.transport(channel.kind))

        async def send() -> Outcome:
            telemetry.FLIPS.started(flips, timezone.now())
            return await transport(alert, config, wire)

    else:
        many = registry.bulk_transport(channel.kind)
        alerts = [alert for _, alert, _ in ready]

        async def send() -> Outcome:
            telemetry.FLIPS.started(flips, timezone.now())
            return await many(alerts, config, wire)

    about = {"channel": str(channel.code), "notification": str(first.id)}
    claims = [one for one, _, _ in ready]
    return Parcel(claims, send, destination(config, alert.status), channel.kind, about)
