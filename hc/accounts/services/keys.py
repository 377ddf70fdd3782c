"""API keys and ping keys. Source: accounts 10.3 of the specification."""

from __future__ import annotations

import hashlib
import hmac
import string

from django.conf import settings

from hc.accounts.models import Project
from hc.lib.secrets import random_string

PREFIX_LENGTH = 8


def create_api_key(project: Project) -> str:
    """A new read-write key, shown this once; the former one dies."""
    key = "hcw_" + random_string(28)
    Project.objects.filter(pk=project.pk).update(api_key=hashed(key))
    return key


def create_readonly_key(project: Project) -> str:
    """A new read-only key, shown this once; the former one dies."""
    key = "hcr_" + random_string(28)
    Project.objects.filter(pk=project.pk).update(api_key_readonly=hashed(key))
    return key


def create_ping_key(project: Project) -> str:
    key = random_string(22, string.ascii_lowercase + string.digits)
    Project.objects.filter(pk=project.pk).update(ping_key=key)
    return key


def hashed(key: str) -> str:
    """What is stored of an API key: its first characters for the look-up, and a keyed hash."""
    digest = hmac.new(settings.SECRET_KEY.encode(), key.encode(), hashlib.sha256).hexdigest()
    return f"{key[4 : 4 + PREFIX_LENGTH]}.{digest}"
