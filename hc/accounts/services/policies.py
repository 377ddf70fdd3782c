"""Rules of the installation: who may have an account, and who may make projects."""

from __future__ import annotations

from django.conf import settings

from hc.accounts.models import User, normalise_email


def may_sign_up(email: str) -> bool:
    """Whether an account may be asked for with this address."""
    domains = settings.SIGNUP_DOMAINS
    domain = normalise_email(email).rpartition("@")[2]
    return not domains or domain in domains


def may_create_projects(user: User) -> bool:
    """Whether `user` may make projects; those that they have or were given stay theirs."""
    return settings.PROJECT_CREATION == "anyone" or user.is_staff or user.is_superuser
