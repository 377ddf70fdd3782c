"""The configuration of the web server."""

from __future__ import annotations

from hc.config import environ as _environ
from hc.config import load as _load

_env = _load(_environ())

bind = f"{_env['HOST']}:{_env['PORT']}"
workers = _env["WEB_WORKERS"]
worker_class = "asgi"
preload_app = False
# Shorter than the supervisor's patience, so that requests end by themselves.
graceful_timeout = 8
keepalive = 5
backlog = 4096
# The heads of requests are bounded; bodies are cut where they are read.
limit_request_line = 8190
# Who may be believed in X-Forwarded-* is decided in hc/lib/addresses.py.
forwarded_allow_ips = ""
accesslog = None
errorlog = "-"
loglevel = "warning"
