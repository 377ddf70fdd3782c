"""Administrators in the place of somebody else: a session of its own kind, and the way back.

It is marked, so that the audit log names both, and every page says so. It counts neither as a
sign-in of the person nor as a proof of who they are: pages that ask for that stay shut.
"""

from __future__ import annotations

from django.contrib.auth import (
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
    logout,
)
from django.http import HttpRequest
from django.middleware.csrf import rotate_token
from django.utils.crypto import constant_time_compare

from hc.accounts.header_login import BY_HEADER
from hc.accounts.middleware import IMPERSONATOR
from hc.accounts.models import User
from hc.accounts.seen import METHOD
from hc.accounts.services import administration

BACKEND = "hc.accounts.backends.EmailBackend"
# Whose session it was, and the hash of their password then: if that changes, there is no way back.
RETURN = "impersonator_session"
SECONDS = 3600


class Refused(Exception):
    """Not this person, or not from here; the text says why."""


def begin(request: HttpRequest, target: User) -> None:
    """Go on as `target`; the session of the administrator ends. Raises Refused."""
    admin = request.user
    if not isinstance(admin, User) or not admin.is_staff:
        raise Refused("Only administrators may do that.")
    if request.session.get(IMPERSONATOR):
        raise Refused("You act as somebody else already. Go back to your account first.")
    if target.pk == admin.pk:
        raise Refused("That is your own account.")
    if not target.is_active:
        raise Refused("This account is switched off.")
    if (target.is_staff or target.is_superuser) and not admin.is_superuser:
        raise Refused("Only superusers may act as other administrators.")
    administration.note_impersonation(target)
    back = [admin.pk, admin.get_session_auth_hash()]
    _switch(request, target)
    request.session[IMPERSONATOR] = admin.email
    request.session[RETURN] = back
    request.session.set_expiry(SECONDS)


def end(request: HttpRequest) -> bool:
    """Back to the administrator's own account; False if nobody is in the place of another.

    Who is no administrator any more, or has a new password since, is signed out.
    """
    pk, digest = request.session.get(RETURN) or (None, "")
    if not isinstance(request.user, User) or pk is None:
        return False
    administration.note_return(request.user)
    admin = User.objects.filter(pk=pk, is_active=True, is_staff=True).first()
    if admin is None or not constant_time_compare(digest, admin.get_session_auth_hash()):
        logout(request)
        return True
    _switch(request, admin)
    return True


def _switch(request: HttpRequest, user: User) -> None:
    """A new session for `user`: without the signal of a sign-in, which changes `last_login`."""
    by_header = request.session.get(BY_HEADER)
    logout(request)
    if by_header:
        request.session[BY_HEADER] = by_header
    request.session[SESSION_KEY] = str(user.pk)
    request.session[BACKEND_SESSION_KEY] = BACKEND
    request.session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    request.session.cycle_key()
    rotate_token(request)
    request.user = user
    # For the list of the person's browsers, where it stands, too.
    request._cached_user = user  # type: ignore[attr-defined]  # noqa: SLF001
    setattr(request, METHOD, "admin")
