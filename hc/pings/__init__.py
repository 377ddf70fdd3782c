"""Pings in: from a request or a mail to a row, a new status, and messages in the outbox."""
