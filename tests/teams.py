"""People who work in projects, for tests."""

from __future__ import annotations

from django.test import Client
from django.utils import timezone

from hc.accounts.views import sudo


def proved(client: Client) -> Client:
    """Whoever is signed in has just proved again who they are."""
    session = client.session
    session[sudo.SESSION_KEY] = [int(session["_auth_user_id"]), timezone.now().timestamp()]
    session.save()
    return client
