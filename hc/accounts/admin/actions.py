"""What can be done for people from a list of accounts or profiles."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from hc.accounts import impersonation
from hc.accounts.models import Profile, User
from hc.accounts.services import administration
from hc.core.words import count
from hc.reports import demand


def accounts_of(rows: Iterable[Any]) -> list[User]:
    """The accounts of users or of profiles."""
    return [row.user if isinstance(row, Profile) else row for row in rows]


def touchable(request: HttpRequest, users: list[User]) -> list[User]:
    """Staff do not touch other staff, and nobody is an administrator over themselves."""
    others = [user for user in users if user.pk != request.user.pk]
    if request.user.is_active and request.user.is_superuser:
        return others
    return [user for user in others if not (user.is_staff or user.is_superuser)]


@admin.action(description="Log in as the selected person", permissions=["change"])
def log_in_as(
    modeladmin: Any, request: HttpRequest, queryset: QuerySet[Any]
) -> HttpResponse | None:
    chosen = accounts_of(queryset[:2])
    if len(chosen) != 1:
        text = "Select exactly one person to log in as."
        modeladmin.message_user(request, text, messages.ERROR)
        return None
    try:
        impersonation.begin(request, chosen[0])
    except impersonation.Refused as e:
        modeladmin.message_user(request, str(e), messages.ERROR)
        return None
    return redirect("hc-projects")


@admin.action(description="Remove second factors of selected people", permissions=["change"])
def remove_second_factors(modeladmin: Any, request: HttpRequest, queryset: QuerySet[Any]) -> None:
    users, now = touchable(request, accounts_of(queryset)), timezone.now()
    done = sum(administration.remove_second_factors(user, now) for user in users)
    text = f"Removed the second factors of {count(done, 'account')}, and told them by mail."
    modeladmin.message_user(request, text, messages.SUCCESS if done else messages.WARNING)


@admin.action(description="Send a report now", permissions=["change"])
def send_report(modeladmin: Any, request: HttpRequest, queryset: QuerySet[Profile]) -> None:
    profiles, now = _reachable(queryset), timezone.now()
    for profile in profiles:
        demand.send_report(profile, now)
    text = f"Queued {count(len(profiles), 'report')}."
    modeladmin.message_user(request, text, messages.SUCCESS)


@admin.action(description="Send a reminder of what is down now", permissions=["change"])
def send_reminder(modeladmin: Any, request: HttpRequest, queryset: QuerySet[Profile]) -> None:
    profiles, now = _reachable(queryset), timezone.now()
    sent = sum(demand.send_reminder(profile, now) for profile in profiles)
    idle = len(profiles) - sent
    text = f"Queued {count(sent, 'reminder')}."
    if idle:
        text += f" Nothing is down for {count(idle, 'account')}."
    modeladmin.message_user(request, text, messages.SUCCESS if sent else messages.WARNING)


def _reachable(queryset: QuerySet[Profile]) -> list[Profile]:
    profiles = queryset.prefetch_related(None).select_related("user")
    return list(profiles.filter(user__is_active=True))
