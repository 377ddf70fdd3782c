"""Reading the bodies of pings, wherever they are: in the row, or in object storage.

How they get there: hc/pings/bodies.py.
"""

from __future__ import annotations

from uuid import UUID

from hc.api.models import Ping
from hc.core.object_keys import object_key
from hc.lib import objects
from hc.lib.objects import StorageError

# A person waits for it.
LONGEST_WAIT = 10.0


class BodyUnavailable(Exception):
    """The body is in object storage, and that does not give it away; the text is for people."""

    def __init__(self, size: int) -> None:
        super().__init__(
            f"The body ({size:,} bytes) cannot be read at the moment: "
            "the object storage does not answer."
        )


def read(ping: Ping, longest_wait: float = LONGEST_WAIT) -> bytes | None:
    """The body of a ping, None if it has none (any more). Raises BodyUnavailable.

    Load the ping with its owner (`select_related`). `longest_wait`: seconds.
    """
    if ping.body_raw is not None:
        return bytes(ping.body_raw)
    if not ping.object_size or ping.n is None:
        return None
    return read_object(ping.owner.code, ping.n, ping.object_size, longest_wait)


def read_object(code: UUID, n: int, size: int, longest_wait: float) -> bytes | None:
    """The body of ping `n` of a check, `size` bytes of it, from object storage; as `read`."""
    try:
        store = objects.configured(longest_wait)
        if store is not None:
            return store.get(object_key(code, n), limit=size)
    except StorageError:
        pass
    raise BodyUnavailable(size)
