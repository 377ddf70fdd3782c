"""The configuration of the web server."""

from __future__ import annotations

import resource

from hc.config import environ as _environ
from hc.config import load as _load

_env = _load(_environ())

bind = f"{_env['HOST']}:{_env['PORT']}"
workers = _env["WEB_WORKERS"]
worker_class = "asgi"
# Its parser in C (gunicorn_h1c 0.6.10) keeps the memory of every connection.
http_parser = "python"
asgi_loop = "uvloop"
# The top of the hour: thousands of jobs at once.
worker_connections = 10_000
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

# Every connection takes a file.
_, _most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (_most, _most))
