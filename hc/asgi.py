"""The entrance of the web server: pings to their own door, everything else to Django on threads."""

from __future__ import annotations

import os
from typing import Any, cast

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hc.settings")

import django
from a2wsgi import WSGIMiddleware
from django.conf import settings

django.setup()

from hc.ops.lifespan import lifespan
from hc.pings.asgi import Receive, Scope, Send, ping
from hc.wsgi import application as wsgi_application

PING_PREFIX = f"/{settings.URL_PREFIX}/ping/" if settings.URL_PREFIX else "/ping/"
SITE_PREFIX = PING_PREFIX.removesuffix("/ping/")
# Its types are narrower than those of the protocol.
_django: Any = WSGIMiddleware(cast("Any", wsgi_application), workers=8)


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
    elif scope["type"] == "http":
        path = scope["path"]
        if path.startswith(PING_PREFIX):
            await ping(scope, path.removeprefix(SITE_PREFIX), receive, send)
        else:
            await _django(scope, receive, send)
