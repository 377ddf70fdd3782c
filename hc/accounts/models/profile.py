"""A person's preferences, limits and schedule of reports."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models

from hc.accounts.models.user import User


def _check_limit() -> int:
    return int(settings.DEFAULT_CHECK_LIMIT)


def _ping_log_limit() -> int:
    return int(settings.DEFAULT_PING_LOG_LIMIT)


def _message_limit() -> int:
    return int(settings.DEFAULT_SMS_LIMIT)


def _call_limit() -> int:
    return int(settings.DEFAULT_CALL_LIMIT)


class Reports(models.TextChoices):
    OFF = "off", "Off"
    DAILY = "daily", "Daily"
    WEEKLY = "weekly", "Weekly"
    MONTHLY = "monthly", "Monthly"


class Theme(models.TextChoices):
    SYSTEM = "system", "As the system"
    LIGHT = "", "Light"
    DARK = "dark", "Dark"


class Sort(models.TextChoices):
    CREATED = "created", "Oldest first"
    NAME = "name", "Name"
    NAME_DOWN = "-name", "Name, descending"
    LAST_PING = "last_ping", "Last ping, oldest first"
    LAST_PING_DOWN = "-last_ping", "Last ping, newest first"
    NEXT = "next", "Next ping"
    DURATION_DOWN = "-duration", "Longest run"


class Profile(models.Model):
    user = models.OneToOneField(User, models.CASCADE)
    tz = models.CharField(max_length=36, default="UTC")
    reports = models.CharField(max_length=10, default=Reports.MONTHLY, choices=Reports)
    next_report_date = models.DateTimeField(null=True, blank=True)
    nag_period = models.DurationField(default=timedelta)
    next_nag_date = models.DateTimeField(null=True, blank=True)
    ping_log_limit = models.IntegerField(default=_ping_log_limit)
    check_limit = models.IntegerField(default=_check_limit)
    sms_limit = models.IntegerField(default=_message_limit)
    sms_sent = models.IntegerField(default=0)
    last_sms_date = models.DateTimeField(null=True, blank=True)
    call_limit = models.IntegerField(default=_call_limit)
    calls_sent = models.IntegerField(default=0)
    last_call_date = models.DateTimeField(null=True, blank=True)
    token = models.CharField(max_length=128, blank=True, default="")
    sort = models.CharField(max_length=20, default=Sort.CREATED, choices=Sort)
    # How lists of checks look: hc.accounts.services.list_view.
    list_view = models.JSONField(default=dict, blank=True, editable=False)
    # Empty, or NULL in rows of older versions: light.
    theme = models.CharField(max_length=10, null=True, blank=True, default=Theme.SYSTEM)
    last_active_date = models.DateTimeField(null=True, blank=True)
    deletion_notice_date = models.DateTimeField(null=True, blank=True)
    deletion_scheduled_date = models.DateTimeField(null=True, blank=True)
    # When the people concerned were last told of that.
    deletion_reminded = models.DateTimeField(null=True, blank=True, editable=False)
    over_limit_date = models.DateTimeField(null=True, blank=True)
    # Encrypted (hc.lib.sealing); plain in rows of older versions.
    totp = models.CharField(max_length=255, null=True, blank=True)
    totp_created = models.DateTimeField(null=True, blank=True)
    # The last time step of which a code was accepted: each code works once.
    totp_step = models.BigIntegerField(null=True, blank=True, editable=False)
    # The name under which security keys know this account; random, made with the first key.
    webauthn_handle = models.CharField(max_length=64, null=True, blank=True, unique=True)
    # When the person asked for the account to be closed; it can be taken back for a while.
    close_requested = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"Profile of {self.user_id}"

    @classmethod
    def known(cls, user: User) -> Profile:
        """As `of`; the one that was read with the user, if it was."""
        try:
            return user.profile
        except cls.DoesNotExist:
            return cls.of(user.pk)

    @classmethod
    def of(cls, user_id: int) -> Profile:
        """The profile of a user; made now if there is none yet."""
        profile, _ = cls.objects.get_or_create(user_id=user_id)
        return profile
