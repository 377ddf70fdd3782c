"""The table of requests with the answers that the specification promises, by subject.

Where http-api 9 names a weak spot, the better behaviour is expected.
"""

from __future__ import annotations

from tests.system.rows import (
    checks,
    fields,
    keys,
    lists,
    log,
    methods,
    others,
    pings,
    public,
    writes,
)
from tests.system.rows.row import Row

ROWS: list[Row] = [
    *keys.ROWS,
    *methods.ROWS,
    *fields.ROWS,
    *writes.ROWS,
    *checks.ROWS,
    *lists.ROWS,
    *log.ROWS,
    *public.ROWS,
    *others.ROWS,
    *pings.ROWS,
]
