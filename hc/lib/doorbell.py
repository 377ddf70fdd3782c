"""Waking the alert loops of all hosts, on PostgreSQL; elsewhere they look once a second."""

from __future__ import annotations

from django.db import connection

TOPIC = "hc_alerts"


def ring() -> None:
    """Tell the alert loops, with the commit of the current transaction, that there is work."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"NOTIFY {TOPIC}")
