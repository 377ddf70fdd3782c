"""Accounts and profiles in the admin pages."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Model, Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join

from hc.accounts.admin.actions import (
    log_in_as,
    remove_second_factors,
    send_reminder,
    send_report,
    touchable,
)
from hc.accounts.forms import AddressField
from hc.accounts.models import Credential, Profile, Project, Theme, User
from hc.accounts.services import administration
from hc.accounts.services.accounts import AddressTaken, check_new_account, create_account
from hc.api.models import Check
from hc.api.services import reminders
from hc.core.words import count
from hc.lib.admin import ModelForm, Refused, Table, ZoneForm, count_of, link_to, pick
from hc.reports.preferences import NAG_PERIODS

if TYPE_CHECKING:
    _UserAdmin = UserAdmin[User]
    _PasswordForm = AdminPasswordChangeForm[User]
else:
    _UserAdmin = UserAdmin
    _PasswordForm = AdminPasswordChangeForm

DELETION_GRACE = timedelta(days=31)
MANY_CHECKS = (10, 20, 50, 100, 500, 1000)
PROJECTS_SHOWN = 5


def lock_checks(**lookups: Model) -> None:
    """Pings that come before the transaction ends wait, and find what it left."""
    list(Check.objects.filter(**lookups).for_update().only("pk"))


class AccountForm(ModelForm[User]):
    """A new account."""

    email = AddressField(label="E-mail address")
    password = forms.CharField(
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="May stay empty: then the person signs in by a mailed link.",
    )

    class Meta:
        model = User
        fields = ("email",)

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if password and "email" in self.cleaned_data:
            check_new_account(self.cleaned_data["email"], password)
        return password


class PasswordForm(_PasswordForm):
    def save(self, commit: bool = True) -> User:
        user = super().save(commit=False)
        if commit:
            administration.set_password(user, timezone.now())
        return user


@admin.register(User)
class AccountAdmin(Table[User], _UserAdmin):
    """Only superusers touch the accounts of staff and hand out rights; nobody their own."""

    list_display = ("id", "email", "usage", "date_joined", "last_login", "last_active", "is_staff")
    list_display_links = ("id", "email")
    list_filter = ("last_login", "date_joined", "is_staff", "is_active")
    search_fields = ("email", "=id")
    ordering = ("-id",)
    hidden = ("password",)
    actions = ("activate", "deactivate", log_in_as, remove_second_factors)
    fieldsets = (
        (None, {"fields": ("email", "password_state", "profile_link")}),
        (
            "Rights",
            {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")},
        ),
        ("Dates", {"fields": ("date_joined", "last_login")}),
    )
    readonly_fields = ("password_state", "profile_link", "date_joined", "last_login")
    add_form = AccountForm
    add_form_template = None
    add_fieldsets = ((None, {"fields": ("email", "password")}),)
    change_password_form = PasswordForm

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return (
            super()
            .get_queryset(request)
            .annotate(
                last_active=F("profile__last_active_date"),
                n_projects=count_of(Project.objects.all(), "owner"),
                n_checks=count_of(Check.objects.all(), "project__owner"),
            )
        )

    @admin.display(description="Usage", ordering="n_checks")
    def usage(self, user: Any) -> str:
        return f"{count(user.n_projects, 'project')}, {count(user.n_checks, 'check')}"

    @admin.display(description="Last active", ordering="last_active")
    def last_active(self, user: Any) -> Any:
        return user.last_active

    @admin.display(description="Password")
    def password_state(self, user: User) -> str:
        words = ("Set", "change it") if user.has_usable_password() else ("None", "set one")
        url = reverse("admin:auth_user_password_change", args=[user.pk])
        return format_html('{}, <a href="{}">{}</a>', words[0], url, words[1])

    @admin.display(description="Profile")
    def profile_link(self, user: User) -> str:
        return link_to(Profile.objects.filter(user=user).first(), "Preferences and limits")

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        fixed: tuple[str, ...] = ()
        if obj == request.user or not _is_superuser(request):
            fixed = ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")
        return (*self.readonly_fields, *fixed)

    def may_touch(self, request: HttpRequest, obj: User | None) -> bool:
        return obj is None or not obj.is_staff or _is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and self.may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        may = super().has_delete_permission(request, obj) and self.may_touch(request, obj)
        return may and obj != request.user

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            administration.note_rights(obj, form.changed_data)
            if "is_active" in form.changed_data and not obj.is_active:
                administration.switch_off([obj])
            return
        try:
            obj.pk = create_account(obj.email, password=form.cleaned_data["password"]).pk
        except AddressTaken:
            raise Refused("There is an account with this address already.") from None

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        with transaction.atomic():
            lock_checks(project__owner=obj)
            administration.note_removal(obj)
            obj.delete()

    def user_change_password(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().user_change_password(request, *args, **kwargs)
        if isinstance(response, TemplateResponse) and response.context_data:
            response.context_data["title"] = f"Password of {response.context_data['original']}"
        return response

    @admin.action(description="Activate selected accounts", permissions=["change"])
    def activate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        users = touchable(request, list(queryset.filter(is_active=False)))
        with transaction.atomic():
            administration.switch_on(users)
            self.log_changes(request, users, "Activated.")
        self.message_user(request, f"Activated {count(len(users), 'account')}.", messages.SUCCESS)

    @admin.action(description="Deactivate selected accounts", permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        users = touchable(request, list(queryset.filter(is_active=True)))
        with transaction.atomic():
            administration.switch_off(users)
            self.log_changes(request, users, "Deactivated.")
        text = f"Deactivated {count(len(users), 'account')}."
        self.message_user(request, text, messages.SUCCESS)


def _is_superuser(request: HttpRequest) -> bool:
    return request.user.is_active and request.user.is_superuser


class ProfileForm(ZoneForm[Profile]):
    theme = forms.ChoiceField(choices=Theme, required=False)

    class Meta:
        labels = {  # noqa: RUF012  # the names that Django wants
            "tz": "Time zone",
            "sms_limit": "SMS limit",
            "sms_sent": "SMS sent",
            "last_sms_date": "Last SMS date",
        }
        help_texts = {"nag_period": "00:00:00 (never), 01:00:00 or 1 00:00:00."}  # noqa: RUF012

    def clean_nag_period(self) -> timedelta:
        period: timedelta = self.cleaned_data["nag_period"]
        if period not in NAG_PERIODS:
            raise ValidationError("Reminders come never, hourly or daily.")
        return period


@admin.register(Profile)
class ProfileAdmin(Table[Profile]):
    """It comes and goes with its account: deleted alone, it took the second factor along."""

    form = ProfileForm
    list_display = (
        *("id", "account", "checks", "projects", "joined", "last_active_date", "over_limit_date"),
        *("deletion_scheduled_date", "text_messages", "reports"),
    )
    list_display_links = ("id",)
    list_filter = (
        "check_limit",
        pick("checks", "checks", {f"more than {n}": Q(n_checks__gt=n) for n in MANY_CHECKS}),
        "last_active_date",
        "over_limit_date",
        "deletion_scheduled_date",
        "reports",
    )
    list_per_page = 30
    list_select_related = ("user",)
    search_fields = ("=id", "user__email")
    ordering = ("-id",)
    hidden = ("token", "totp")
    actions = (
        *(log_in_as, send_report, send_reminder, remove_second_factors),
        *("schedule_deletion", "unschedule_deletion"),
    )
    fieldsets = (
        (None, {"fields": ("account", "tz", "theme", "sort", "second_factor", "last_active_date")}),
        ("Reports", {"fields": ("reports", "next_report_date", "nag_period", "next_nag_date")}),
        (
            "Limits",
            {
                "fields": (
                    ("check_limit", "ping_log_limit"),
                    ("sms_limit", "sms_sent", "last_sms_date"),
                    ("call_limit", "calls_sent", "last_call_date"),
                    "over_limit_date",
                )
            },
        ),
        ("End", {"fields": ("deletion_notice_date", "deletion_scheduled_date")}),
    )
    readonly_fields = ("account", "second_factor", "last_active_date")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Profile]:
        projects = Project.objects.only("name", "owner").order_by("pk")
        return (
            super()
            .get_queryset(request)
            .annotate(n_checks=count_of(Check.objects.all(), "project__owner", "user"))
            .prefetch_related(Prefetch("user__project_set", projects))
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Profile | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Profile, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if "deletion_scheduled_date" in form.changed_data:
            Profile.objects.filter(pk=obj.pk).update(deletion_reminded=None)
        if "nag_period" in form.changed_data:
            reminders.follow_people([obj.user_id], timezone.now())

    @admin.display(description="Account", ordering="user__email")
    def account(self, profile: Profile) -> str:
        return link_to(profile.user)

    @admin.display(description="Checks", ordering="n_checks")
    def checks(self, profile: Any) -> str:
        return f"{profile.n_checks} of {profile.check_limit}"

    @admin.display(description="Projects")
    def projects(self, profile: Profile) -> str:
        projects = list(profile.user.project_set.all())
        links = [(link_to(project),) for project in projects[:PROJECTS_SHOWN]]
        more = len(projects) - len(links)
        return format_html_join(", ", "{}", [*links, *([(f"{more} more",)] if more else [])])

    @admin.display(description="Joined", ordering="user__date_joined")
    def joined(self, profile: Profile) -> Any:
        return profile.user.date_joined

    @admin.display(description="Text messages", ordering="sms_sent")
    def text_messages(self, profile: Profile) -> str:
        return f"{profile.sms_sent} of {profile.sms_limit}"

    @admin.display(description="Second factor")
    def second_factor(self, profile: Profile) -> str:
        keys = Credential.objects.filter(user=profile.user_id).count()
        since = (
            f"one-time codes since {profile.totp_created:%Y-%m-%d}" if profile.totp_created else ""
        )
        codes = since or ("one-time codes" if profile.totp else "")
        return ", ".join(filter(None, [codes, count(keys, "security key") if keys else ""])) or "–"

    @admin.action(description="Schedule selected accounts for deletion", permissions=["change"])
    def schedule_deletion(self, request: HttpRequest, queryset: QuerySet[Profile]) -> None:
        date = timezone.now() + DELETION_GRACE
        number = self._set_date(request, queryset, date, f"Deletion scheduled for {date:%Y-%m-%d}.")
        text = f"Scheduled {count(number, 'account')} for deletion on {date:%Y-%m-%d}."
        self.message_user(request, text, messages.SUCCESS)

    @admin.action(description="Unschedule deletion of selected accounts", permissions=["change"])
    def unschedule_deletion(self, request: HttpRequest, queryset: QuerySet[Profile]) -> None:
        scheduled = queryset.exclude(deletion_scheduled_date=None)
        number = self._set_date(request, scheduled, None, "Deletion unscheduled.")
        self.message_user(request, f"Unscheduled {count(number, 'account')}.", messages.SUCCESS)

    def _set_date(
        self, request: HttpRequest, queryset: QuerySet[Profile], date: Any, message: str
    ) -> int:
        profiles = list(queryset.prefetch_related(None))
        # People are told of each date anew.
        columns = {"deletion_scheduled_date": date, "deletion_reminded": None}
        self.change_rows(request, profiles, message, **columns)
        return len(profiles)
