"""Uses all that the asynchronous client of healthchecks-io can do; prints what came of it.

Arguments: address of the service, version of the API, key, ping key.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable
from typing import Any

from healthchecks_io import AsyncClient, CheckCreate, CheckTrap, CheckUpdate

site, version, key, ping_key = sys.argv[1:]


async def error(call: Awaitable[object]) -> str:
    """The class of what a call raises."""
    try:
        await call
    except Exception as e:  # noqa: BLE001 - whatever it is, it is named
        return type(e).__name__
    return ""


async def use(hc: AsyncClient) -> dict[str, Any]:
    wanted = CheckCreate(name=f"Async {version}", tags="sea", unique=["name", "tags"])
    made, again = [await hc.create_check(wanted) for _ in range(2)]
    changed = await hc.update_check(made.uuid, CheckUpdate(desc="d", grace=60))
    async with CheckTrap(hc, uuid=made.uuid) as trap:
        trap.add_log("all is well")
    failed = await hc.fail_ping(uuid=made.uuid, data="disk full")
    return {
        "same": made.uuid == again.uuid,
        "changed": [changed.desc, changed.grace],
        "failed": list(failed),
        "status": (await hc.get_check(made.uuid)).status,
        "listed": [check.name for check in await hc.get_checks(tags=["sea"])],
        "pings": [
            [ping.type, ping.number_of_pings] for ping in await hc.get_check_pings(made.uuid)
        ],
        "integrations": [one.kind for one in await hc.get_integrations()],
        "badges": sorted(await hc.get_badges()),
        "paused": (await hc.pause_check(made.uuid)).status,
        "deleted": (await hc.delete_check(made.uuid)).name,
        "gone": await error(hc.get_check(made.uuid)),
    }


async def main() -> None:
    async with AsyncClient(
        api_key=key,
        ping_key=ping_key,
        api_url=f"{site}/api/",
        ping_url=f"{site}/ping/",
        api_version=int(version),
    ) as hc:
        print(json.dumps(await use(hc)))


asyncio.run(main())
