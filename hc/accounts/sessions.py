"""Sessions in the database, as Django keeps them there.

Each page and each live update reads one, so they are read by a prepared statement. The name of the
class is that of Django's, which is part of the signature of what is stored.
"""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.backends import db
from django.utils import timezone

from hc.lib.prepared import Statement

_READ = Statement(
    "hc_session",
    "SELECT session_data FROM django_session WHERE session_key = %(key)s AND expire_date > %(now)s",
    {"key": "varchar", "now": "timestamptz"},
)


class SessionStore(db.SessionStore):
    def _validate_session_key(self, key: Any) -> bool:
        """What a cookie says is asked for only if it can be the key of a session."""
        could_be = super()._validate_session_key(key)  # type: ignore[misc]  # not in the stubs
        return bool(could_be) and key.isascii() and key.isalnum()

    def load(self) -> dict[str, Any]:
        rows = _READ.rows(key=self.session_key, now=timezone.now())
        if not rows:
            self._session_key = None
            return {}
        return self.decode(rows[0][0])
