"""What schemathesis cannot know from the description of the API alone. Loaded by its own process.

CHECK_ID, CHANNEL_ID, PROJECT_ID: a check with pings, an integration, and their project.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import available_timezones

import schemathesis
from hypothesis import strategies as st

CHECK, CHANNEL, PROJECT = (os.environ[f"{name}_ID"] for name in ("CHECK", "CHANNEL", "PROJECT"))
KEPT = {CHECK, CHANNEL, PROJECT}
SCHEDULES = ["15 1 * * *", "*/5 9-17 * * MON-FRI", "daily", "Mon..Fri *-*-* 09:00\nSat 12:00"]
TOMORROW = datetime.now() + timedelta(days=1)  # noqa: DTZ005 - hypothesis takes naive ones

# Formats of our own, and those of which only a part means something here.
FORMATS: dict[str, st.SearchStrategy[str]] = {
    "schedule": st.sampled_from(SCHEDULES),
    "time-zone": st.sampled_from(sorted(z for z in available_timezones() if "Europe/" in z)),
    "channel-names": st.sampled_from(["", "*"]),
    "channel-id": st.just(CHANNEL),
    "web-address": st.from_regex(r"https?://[a-z]{1,9}\.example/[a-z?&=]{0,9}", fullmatch=True),
    "email": st.from_regex(r"[a-z]{1,9}@[a-z]{1,9}\.example", fullmatch=True),
    # Only keys end at some time, and none can end in the past.
    "date-time": st.datetimes(min_value=TOMORROW, timezones=st.just(UTC)).map(
        lambda moment: moment.isoformat()
    ),
}
for _name, _strategy in FORMATS.items():
    schemathesis.openapi.format(_name, _strategy)


@schemathesis.hook
def map_path_parameters(context: Any, path_parameters: Any) -> Any:
    """Half of those who only look get what there is in the place of what there is not."""
    if context.operation.method != "get" or not path_parameters:
        return path_parameters
    known = {"check": CHECK, "channel": CHANNEL, "project": PROJECT, "n": 1}
    return {
        name: known[name] if str(value)[-1:] in "02468ace" else value
        for name, value in path_parameters.items()
    }


@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:
    """JSON Schema takes 60.0 for an integer. The contract does not: "is not a number"."""
    if not isinstance(body, dict):
        return body
    return {k: int(v) if isinstance(v, float) and v.is_integer() else v for k, v in body.items()}


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Keep what must stay; make the values valid that the coverage phase makes without formats."""
    if case.method == "DELETE":
        places = case.path_parameters or {}
        case.path_parameters = {k: str(uuid4()) if v in KEPT else v for k, v in places.items()}
    if not isinstance(case.body, dict):
        return
    if isinstance(ids := case.body.get("ids"), list) and CHECK in ids:
        case.body = case.body | {"ids": [str(uuid4())]}
    if case.meta and case.meta.generation.mode.is_positive:
        if "schedule" in case.body:
            case.body = case.body | {"schedule": SCHEDULES[len(case.body) % len(SCHEDULES)]}
        if case.body.get("expires"):
            case.body = case.body | {"expires": f"{TOMORROW.isoformat()}Z"}
