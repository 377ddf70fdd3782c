"""What tests about accounts have in common: mailed links, and people who have proved themselves."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.core.mail import EmailMessage
from django.db import connection
from django.test import Client
from django.utils import timezone

from hc.accounts.models import User
from hc.accounts.views import sudo

Made = TypeVar("Made")


def link_in(mail: EmailMessage, to: str = "/accounts/check_token/") -> str:
    """The path of the link in a mail whose path begins with `to`."""
    found = re.search(rf"http://testserver({to}\S+)", str(mail.body))
    assert found, mail.body
    return found[1]


def confirmed(client: Client, user: User) -> Client:
    """The client, signed in as somebody who has just proved who they are."""
    client.force_login(user)
    session = client.session
    session[sudo.SESSION_KEY] = [user.pk, timezone.now().timestamp()]
    session.save()
    return client


def at_once(work: Callable[[int], Made], times: int, threads: int = 8) -> list[Made]:
    """What comes of doing something so often, by so many threads, each with its connection."""

    def one(number: int) -> Made:
        try:
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(one, range(times)))
