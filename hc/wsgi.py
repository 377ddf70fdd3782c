"""Django's part of the site as a WSGI application."""

from __future__ import annotations

import os
import sys

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hc.settings")

application = get_wsgi_application()

# The development server has no lifespan; its reloader runs the site in a process of its own.
if "runserver" in sys.argv and os.environ.get("RUN_MAIN") == "true":
    from hc.ops.lifespan import listen_on_a_thread

    listen_on_a_thread()
