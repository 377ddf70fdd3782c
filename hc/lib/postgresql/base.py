"""Django's engine asks a kept connection for something before each request, to see whether it
still works. A server that has gone has closed its side, which can be seen without asking."""

from __future__ import annotations

import select

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    def is_usable(self) -> bool:
        """Whether the connection can be used: nothing waits to be read from it, such as its end."""
        if self.connection is None or self.connection.closed:
            return False
        poll = select.poll()
        poll.register(self.connection.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
        if not poll.poll(0):
            return True
        # It may be just a message of the server.
        usable: bool = super().is_usable()
        return usable
