"""Tells a check how three backups went, as borgmatic does. Arguments: ping address, and that with
a slug which is made by the ping."""

from __future__ import annotations

import logging
import sys

from borgmatic.hooks.monitoring import healthchecks
from borgmatic.hooks.monitoring.monitor import State

ping_url, slug_url = sys.argv[1:]
# Beside the console, as in borgmatic itself.
logging.basicConfig(level=logging.WARNING)


def back_up(config: dict[str, object], end: State, log: str) -> None:
    healthchecks.initialize_monitor(config, {}, "config.yaml", logging.INFO, False)
    healthchecks.ping_monitor(config, {}, "config.yaml", State.START, logging.INFO, False)
    logging.getLogger("borg").info(log)
    healthchecks.ping_monitor(config, {}, "config.yaml", end, logging.INFO, False)
    healthchecks.destroy_monitor(config, {}, logging.INFO, False)


back_up({"ping_url": ping_url, "send_logs": True}, State.FINISH, "archive was made ✓")
back_up({"ping_url": ping_url, "send_logs": True}, State.FAIL, "repository is locked")
back_up({"ping_url": ping_url, "send_logs": True, "ping_body_limit": 1500}, State.LOG, "x" * 9000)
back_up({"ping_url": slug_url, "create_slug": True}, State.FINISH, "is not sent")
