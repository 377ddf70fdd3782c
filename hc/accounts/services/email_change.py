"""A new address for an account.

The link in the mail to the new address shows that it can be read; whoever follows it must be
signed in as the account's owner, so nobody is tricked into taking over the account of a stranger.
The former address is told, and for some days can take the change back, whoever made it.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.urls import reverse

from hc.accounts import audit
from hc.accounts.audit import Target
from hc.accounts.models import EmailChange, User
from hc.accounts.services import account_mails, login
from hc.api.models import Limit, TokenBucket
from hc.lib.links import absolute

PER_SENDER = Limit(5, timedelta(hours=1))


class Taken(Exception):
    """The address belongs to an account, or may be taken back by one."""


def wait_before_request(user: User, new: str, now: datetime) -> timedelta:
    """How long until `user` may have a mail sent to `new`; nothing if this one is counted."""
    own = TokenBucket.attempt(f"email-change-{user.pk}", PER_SENDER, now)
    return own or login.mailbox_wait(new, now)


def is_free(new: str, user: User, now: datetime) -> bool:
    if User.objects.by_email(new) is not None:
        return False
    return not EmailChange.objects.takeable(now).filter(old=new).exclude(user=user).exists()


def request(user: User, new: str, now: datetime) -> EmailChange:
    """Mail a link to the new address. Raises Taken."""
    if not is_free(new, user, now):
        raise Taken
    token = secrets.token_urlsafe(32)
    link = absolute(reverse("hc-change-email-confirm", args=[token]))
    facts = {"old": user.email, "new": new, "link": link}
    with transaction.atomic():
        change = EmailChange.objects.create(
            user=user,
            old=user.email,
            new=new,
            digest=_digest(token),
            created=now,
            expires=now + EmailChange.LIFETIME,
        )
        audit.record("account.email_change_asked", Target(new), user=user)
        subject = "Confirm your new address"
        account_mails.send(new, "change_email", subject, facts, now=now, use=EmailChange.LIFETIME)
    return change


def pending(token: str, now: datetime) -> EmailChange | None:
    """The change that a link confirms; None if it is wrong, used, expired or overtaken."""
    found = EmailChange.objects.pending(now).filter(digest=_digest(token)).select_related("user")
    change = found.first()
    return change if change and change.user.email == change.old else None


def confirm(change: EmailChange, now: datetime) -> bool:
    """Give the account its new address, tell the former one; False if somebody was faster.

    All sessions and mailed links end; the caller refreshes the session in which it happens.
    Raises Taken.
    """
    undo = secrets.token_urlsafe(32)
    try:
        with transaction.atomic():
            open_ = EmailChange.objects.pending(now).filter(pk=change.pk)
            # One statement decides who is first.
            if not open_.update(confirmed=now, undo_digest=_digest(undo)):
                return False
            moved = User.objects.filter(pk=change.user_id, email=change.old)
            if not moved.update(email=change.new):
                raise Taken
            _kill_pending(change.user, now)
            login.forget_links(change.user)
            details = {"email": [change.old, change.new]}
            audit.record(
                "account.email_changed", Target(change.new), user=change.user, details=details
            )
            _tell_former(change, undo, now)
    except IntegrityError:
        raise Taken from None
    change.user.email = change.new
    return True


def takeable(token: str, now: datetime) -> EmailChange | None:
    """The change that an undo link takes back."""
    found = EmailChange.objects.takeable(now).filter(undo_digest=_digest(token))
    return found.select_related("user").first()


def undo(change: EmailChange, now: datetime) -> bool:
    """Give the account its former address back, whatever happened since; False if somebody was
    faster. Raises Taken.

    Whoever changed it may know a password and hold sessions, links, and addresses of later
    changes: none of them is of use any more.
    """
    try:
        with transaction.atomic():
            open_ = EmailChange.objects.takeable(now).filter(pk=change.pk)
            if not open_.update(undone=now):
                return False
            later = EmailChange.objects.filter(user=change.user, pk__gte=change.pk, undone=None)
            later.update(undone=now)
            _kill_pending(change.user, now)
            User.objects.filter(pk=change.user_id).update(
                email=change.old, password=make_password(None)
            )
            login.forget_links(change.user)
            details = {"email": [change.user.email, change.old]}
            audit.record(
                "account.email_change_undone", Target(change.old), user=change.user, details=details
            )
            login_url = absolute(reverse("hc-login"))
            facts = {"old": change.old, "new": change.new, "login_url": login_url}
            account_mails.send(change.old, "email_restored", "Your address is back", facts, now=now)
    except IntegrityError:
        raise Taken from None
    return True


def _tell_former(change: EmailChange, undo_token: str, now: datetime) -> None:
    facts = {
        "old": change.old,
        "new": change.new,
        "link": absolute(reverse("hc-undo-email-change", args=[undo_token])),
        "until": now + EmailChange.UNDO,
    }
    subject = "The address of your account was changed"
    account_mails.send(change.old, "email_changed", subject, facts, now=now, use=EmailChange.UNDO)


def _kill_pending(user: User, now: datetime) -> None:
    EmailChange.objects.pending(now).filter(user=user).update(expires=now)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
