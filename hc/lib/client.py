"""Who is at the other end of a Django request."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest

from hc.lib.addresses import bucket_of, client_address


def client_bucket(request: HttpRequest) -> str:
    """What rate limits count for this request's sender."""
    peer = request.META.get("REMOTE_ADDR")
    forwarded = request.headers.get("X-Forwarded-For")
    return bucket_of(client_address(peer, forwarded, settings.TRUSTED_PROXIES))
