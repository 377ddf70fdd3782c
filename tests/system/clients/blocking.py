"""Uses all that the synchronous client of healthchecks-io can do; prints what came of it.

Arguments: address of the service, version of the API, key, ping key.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

from healthchecks_io import CheckCreate, CheckTrap, CheckUpdate, Client

site, version, key, ping_key = sys.argv[1:]
NAME = f"Nightly backup {version}"
SLUG = f"nightly-backup-{version}"


def client(with_key: str = key) -> Client:
    return Client(
        api_key=with_key,
        ping_key=ping_key,
        api_url=f"{site}/api/",
        ping_url=f"{site}/ping/",
        api_version=int(version),
    )


def error(call: Callable[[], object]) -> str:
    """The class of what a call raises."""
    try:
        call()
    except Exception as e:  # noqa: BLE001 - whatever it is, it is named
        return type(e).__name__
    return ""


with client() as hc:
    made = hc.create_check(CheckCreate(name=NAME, tags="prod db", timeout=600, unique=["name"]))
    again = hc.create_check(CheckCreate(name=NAME, tags="prod db", desc="d", unique=["name"]))
    cron = hc.create_check(CheckCreate(name=f"Cron {version}", schedule="5 4 * * *", channels="*"))
    changed = hc.update_check(made.uuid, CheckUpdate(tags="prod db late", timeout=900))
    # By the name in the old versions; in version 3 a check has none unless it is given.
    by_slug = hc.success_ping(slug=SLUG, data="by slug") if version != "3" else (True, "OK")
    with CheckTrap(hc, uuid=made.uuid) as trap:
        trap.add_log("all is well")
    with CheckTrap(hc, uuid=made.uuid, suppress_exceptions=True):
        raise RuntimeError("disk full")
    told = {
        "same": made.uuid == again.uuid,
        "description": again.desc,
        "changed": [changed.tags, changed.timeout, changed.desc],
        "channels": len([code for code in cron.channels.split(",") if code]),
        "by_slug": list(by_slug),
        "exit": list(hc.exit_code_ping(7, uuid=made.uuid)),
        "status": hc.get_check(made.uuid).status,
        "listed": [check.name for check in hc.get_checks(tags=["prod", "late"])],
        "pings": [
            [ping.type, ping.number_of_pings, ping.method] for ping in hc.get_check_pings(made.uuid)
        ],
        "paused": hc.pause_check(cron.uuid).status,
        "integrations": [one.kind for one in hc.get_integrations()],
        "badges": sorted(hc.get_badges()),
        "deleted": hc.delete_check(cron.uuid).name,
        "gone": error(lambda: hc.get_check(cron.uuid)),
        "bad": error(lambda: hc.update_check(made.uuid, CheckUpdate(timeout=1))),
        "wrong_key": error(client("x" * 32).get_checks),
        "uuid": made.uuid,
    }
print(json.dumps(told))
