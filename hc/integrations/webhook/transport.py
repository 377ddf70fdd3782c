"""The alert as an HTTP request that the user has designed."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime

from hc.integrations import placeholders
from hc.integrations.base import Alert, Outcome, Wire, failed, outcome_of, outcome_of_error
from hc.integrations.webhook.config import WITH_BODY, RequestTemplate, WebhookConfig
from hc.lib.http import HttpError


async def send(alert: Alert, config: WebhookConfig, wire: Wire) -> Outcome:
    template = config.template(alert.status)
    if not template.url:
        return failed("Empty webhook URL")
    known = placeholders.values(alert)
    body = _body(template, known)
    headers = _headers(template, known, alert)
    if config.secret:
        headers |= signature(config.secret, str(alert.id), alert.sent_at or alert.at, body or b"")
    url = placeholders.in_url(template.url, known)
    try:
        answer = await wire.http.request(template.method, url, headers=headers, body=body)
    except HttpError as e:
        return outcome_of_error(e)
    return outcome_of(answer)


def _body(template: RequestTemplate, known: dict[str, str]) -> bytes | None:
    if template.method not in WITH_BODY:
        return None
    return placeholders.in_body(template.body, known).encode("utf-8", "replace")


def _headers(template: RequestTemplate, known: dict[str, str], alert: Alert) -> dict[str, str]:
    own = {name: placeholders.in_header(value, known) for name, value in template.headers.items()}
    if not any(name.lower() == "idempotency-key" for name in own):
        own["Idempotency-Key"] = str(alert.id)
    return own


def signature(secret: str, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The signing headers of the Standard Webhooks specification, version 1 (symmetric).

    `secret`: base64 after the prefix `whsec_`; any other text is used as it is.
    """
    timestamp = str(int(at.astimezone(UTC).timestamp()))
    signed = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.new(_key(secret), signed, hashlib.sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }


def _key(secret: str) -> bytes:
    if secret.startswith("whsec_"):
        try:
            return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except ValueError:
            pass
    return secret.encode()
