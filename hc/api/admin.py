"""Checks, integrations and logs in the admin pages. Source: accounts 13 of the specification."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from hc.api.models import (
    Channel,
    Check,
    DailyRollup,
    Flip,
    Notification,
    Ping,
    RemovedCheck,
    ScheduleKind,
)
from hc.api.models.check import DEFAULT_GRACE, DEFAULT_TIMEOUT
from hc.api.models.ping import PingKind
from hc.api.services import channels, checks
from hc.api.services.checks import Details, ScheduleSettings
from hc.core import words
from hc.core.schedule import (
    LONGEST,
    MAX_EXPRESSION,
    SHORTEST,
    ScheduleError,
    validate_cron,
    validate_oncalendar,
)
from hc.core.state import Shown
from hc.integrations import registry
from hc.integrations.base import BadConfig
from hc.lib.admin import Endless, Journal, Refused, Table, ZoneForm, link_to, pick

SCHEDULE = ("kind", "timeout", "schedule", "tz", "grace")
PERIOD_HELP = "Days and hours:minutes:seconds, such as “1 00:00:00” or “02:30:00”."
FULL = "The owner's account has as many checks as it may have."
KINDS = {integration.label: integration.kind for integration in registry.KINDS}
SLOW = {f"more than {n} s": Q(last_notify_duration__gt=timedelta(seconds=n)) for n in (1, 6, 10)}
PING_KINDS = {str(kind.label): Q(kind=kind) for kind in PingKind}
PING_KINDS["Success"] |= Q(kind=None)


def check_link(check: Check | None) -> str:
    if check and check.removed:
        return f"{check.label()} (deleted)"
    return link_to(check, check.label() if check else "")


# --- Checks -----------------------------------------------------------------------------------


class PeriodField(forms.DurationField):
    def __init__(self, **kwargs: Any) -> None:
        validators = [MinValueValidator(SHORTEST), MaxValueValidator(LONGEST)]
        super().__init__(validators=validators, help_text=PERIOD_HELP, **kwargs)


class CheckForm(ZoneForm[Check]):
    """What a person may decide of a check; all else follows from pings and the clock."""

    name = forms.CharField(max_length=100, required=False)
    slug = forms.SlugField(max_length=100, required=False)
    tags = forms.CharField(max_length=500, required=False)
    timeout = PeriodField(label="Period", initial=DEFAULT_TIMEOUT)
    schedule = forms.CharField(
        label="Expression",
        initial="* * * * *",
        max_length=MAX_EXPRESSION,
        help_text="Of the kinds Cron and OnCalendar.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    grace = PeriodField(label="Grace time", initial=DEFAULT_GRACE)
    methods = forms.ChoiceField(
        label="Requests that count", choices=[("", "Any"), ("POST", "Only POST")], required=False
    )

    class Meta:
        labels = {  # noqa: RUF012  # the names that Django wants
            "tz": "Time zone",
            "desc": "Notes",
            "start_kw": "Start words",
            "success_kw": "Success words",
            "failure_kw": "Failure words",
            "n_pings": "Pings",
        }

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())

    def clean_slug(self) -> str:
        return str(self.cleaned_data["slug"]).lower()

    def clean_tags(self) -> str:
        return " ".join(self.cleaned_data["tags"].split())

    def clean(self) -> dict[str, Any]:
        validators = {
            ScheduleKind.CRON: validate_cron,
            ScheduleKind.ONCALENDAR: validate_oncalendar,
        }
        validate = validators.get(self.cleaned_data.get("kind", ""))
        if validate and "schedule" in self.cleaned_data:
            try:
                validate(self.cleaned_data["schedule"])
            except ScheduleError as e:
                self.add_error("schedule", str(e))
        project = self.cleaned_data.get("project")
        if project and checks.available(project) <= 0:
            self.add_error("project", FULL)
        return self.cleaned_data

    def schedule_settings(self) -> ScheduleSettings:
        return ScheduleSettings(**{name: self.cleaned_data[name] for name in SCHEDULE})


@admin.register(Check)
class CheckAdmin(Table[Check]):
    """Saved by the services, which know what else a new schedule changes."""

    form = CheckForm
    list_display = (
        *("id", "named", "tags", "project_link", "created"),
        *("n_pings", "rhythm", "shown", "last_start", "last_ping"),
    )
    list_display_links = ("id", "named")
    list_filter = ("status", "kind", "last_ping", "last_start")
    list_select_related = ("project__owner",)
    search_fields = ("=id", "name", "slug", "project__owner__email")
    codes = ("code",)
    ordering = ("-id",)
    autocomplete_fields = ("project",)
    fieldsets = (
        (None, {"fields": ("project", "name", "slug", "tags", "desc")}),
        ("Schedule", {"fields": SCHEDULE}),
        (
            "Pings",
            {
                "fields": (
                    "methods",
                    "manual_resume",
                    ("filter_http_body", "filter_subject", "filter_body"),
                    ("failure_kw", "success_kw", "start_kw"),
                    "filter_default_fail",
                )
            },
        ),
    )
    facts = (
        ("Addresses", {"fields": ("code", "badge_key", "created", "pages")}),
        (
            "State",
            {
                "fields": (
                    ("shown", "status", "status_since"),
                    ("n_pings", "last_ping", "last_success", "last_fail"),
                    ("last_start", "last_duration", "outcomes"),
                    ("due", "alert_after"),
                )
            },
        ),
    )
    readonly_fields = (
        *("code", "badge_key", "created", "pages", "shown", "status", "status_since"),
        *("n_pings", "last_ping", "last_success", "last_fail", "last_start", "last_duration"),
        *("outcomes", "due", "alert_after"),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Check | None = None) -> Any:
        return (*self.fieldsets, *self.facts) if obj else self.fieldsets

    def get_readonly_fields(
        self, request: HttpRequest, obj: Check | None = None
    ) -> tuple[str, ...]:
        return (*self.readonly_fields, "project") if obj else self.readonly_fields

    @admin.display(description="Name", ordering="name")
    def named(self, check: Check) -> str:
        return check.label()

    @admin.display(description="Project", ordering="project__name")
    def project_link(self, check: Check) -> str:
        return link_to(check.project)

    @admin.display(description="Schedule")
    def rhythm(self, check: Check) -> str:
        return f"{words.schedule(check.schedule_rule())}, grace {words.period(check.grace)}"

    @admin.display(description="Shown as")
    def shown(self, check: Check) -> str:
        shown = check.shown_status(timezone.now())
        return "Late" if shown is Shown.GRACE else shown.capitalize()

    @admin.display(description="Pages")
    def pages(self, check: Check) -> str:
        log = f"{reverse('admin:api_ping_changelist')}?owner={check.pk}"
        details = reverse("hc-details", args=[check.code])
        return format_html(
            '<a href="{}">The check on the site</a>, <a href="{}">its pings</a>', details, log
        )

    def save_model(self, request: HttpRequest, obj: Check, form: Any, change: bool) -> None:
        """A schedule is one value of five columns; the others are changed one by one."""
        data = form.cleaned_data
        if not change:
            details = {name: data[name] for name in data if name not in ("project", *SCHEDULE)}
            try:
                made = checks.create(obj.project, Details(details), form.schedule_settings())
            except checks.LimitReached:
                raise Refused(FULL) from None
            obj.pk = made.pk
        elif set(SCHEDULE) & set(form.changed_data):
            details = {name: data[name] for name in form.changed_data}
            checks.edit(obj.code, Details(details), form.schedule_settings(), timezone.now())
        else:
            columns = {name: data[name] for name in form.changed_data}
            checks.change(obj.code, columns, timezone.now())

    def delete_model(self, request: HttpRequest, obj: Check) -> None:
        checks.remove(obj.code, timezone.now())


# --- Integrations and their messages ----------------------------------------------------------


def destination(channel: Channel) -> str:
    """Where a channel leads, in the words of its kind, which never hold a secret."""
    try:
        config = registry.load_config(channel.kind, channel.value)
    except BadConfig:
        return "unreadable"
    return " · ".join(filter(None, [config.title(), config.details()]))[:100]


def kind_of(channel: Channel) -> str:
    kind = registry.get(channel.kind)
    return kind.label if kind else channel.kind


@admin.register(Channel)
class ChannelAdmin(Table[Channel]):
    """Where messages go is edited in the project, where each kind has its form."""

    list_display = (
        *("id", "service", "label", "project_link", "created"),
        *("leads_to", "last_notify", "condition", "took"),
    )
    list_display_links = ("id", "label")
    list_filter = (
        pick("kind", "kind", {label: Q(kind=kind) for label, kind in KINDS.items()}),
        pick("time taken", "took", SLOW),
        ("last_error", admin.EmptyFieldListFilter),
        "disabled",
    )
    list_select_related = ("project__owner",)
    search_fields = ("=id", "name", "project__owner__email")
    codes = ("code",)
    ordering = ("-id",)
    hidden = ("value",)
    actions = ("disable",)
    fields = (
        *("name", "disabled", "service", "leads_to", "project_link", "pages", "code", "created"),
        *("email_verified", "n_checks", "last_notify", "last_notify_duration", "last_error"),
    )
    readonly_fields = fields[2:]

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        return (*self.search_fields, *_secret_places(request, "value"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.display(description="Kind", ordering="kind")
    def service(self, channel: Channel) -> str:
        kind = registry.get(channel.kind)
        unverified = kind and kind.confirms and not channel.email_verified
        return kind_of(channel) + (" (unverified)" if unverified else "")

    @admin.display(description="Name", ordering="name")
    def label(self, channel: Channel) -> str:
        return channel.name or "unnamed"

    @admin.display(description="Project", ordering="project__name")
    def project_link(self, channel: Channel) -> str:
        return link_to(channel.project)

    @admin.display(description="Leads to")
    def leads_to(self, channel: Channel) -> str:
        return destination(channel)

    @admin.display(description="Condition")
    def condition(self, channel: Channel) -> str:
        return "Disabled" if channel.disabled else channel.last_error or "Fine"

    @admin.display(description="Time taken", ordering="last_notify_duration")
    def took(self, channel: Channel) -> str | None:
        duration = channel.last_notify_duration
        return None if duration is None else words.run_time(duration)

    @admin.display(description="Checks")
    def n_checks(self, channel: Channel) -> int:
        return channel.checks.count()

    @admin.display(description="Pages")
    def pages(self, channel: Channel) -> str:
        url = reverse("hc-integrations", args=[channel.project.code])
        return format_html('<a href="{}">The integrations of the project</a>', url)

    @admin.action(description="Disable selected integrations", permissions=["change"])
    def disable(self, request: HttpRequest, queryset: QuerySet[Channel]) -> None:
        chosen = list(queryset.filter(disabled=False))
        for channel in chosen:
            channels.disable(channel.code)
        self.log_changes(request, chosen, "Disabled.")
        text = f"Disabled {words.count(len(chosen), 'integration')}."
        self.message_user(request, text, messages.SUCCESS)

    def delete_model(self, request: HttpRequest, obj: Channel) -> None:
        channels.remove(obj.code)


@admin.register(Notification)
class NotificationAdmin(Journal[Notification]):
    list_display = (
        *("id", "created", "service", "announces", "state"),
        *("project_link", "leads_to", "attempts", "error"),
    )
    list_filter = (
        pick("kind", "kind", {label: Q(channel__kind=kind) for label, kind in KINDS.items()}),
        "state",
        "created",
        ("error", admin.EmptyFieldListFilter),
    )
    list_select_related = ("owner", "channel__project__owner")
    search_fields = ("owner__name", "error")
    codes = ("code", "owner__code")
    ordering = ("-id",)
    fields = (
        *("code", "created", "check_link", "check_status", "flip", "channel_link", "project_link"),
        *("leads_to", "state", "priority", "attempts", "due", "settled", "error"),
    )
    readonly_fields = ("check_link", "channel_link", "project_link", "leads_to")

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        return (*self.search_fields, *_secret_places(request, "channel__value"))

    @admin.display(description="Kind", ordering="channel__kind")
    def service(self, notification: Notification) -> str:
        return kind_of(notification.channel)

    @admin.display(description="Announces")
    def announces(self, notification: Notification) -> str:
        status = notification.check_status
        if notification.owner is None:
            return status
        return format_html("{}: {}", check_link(notification.owner), status)

    @admin.display(description="Check")
    def check_link(self, notification: Notification) -> str:
        return check_link(notification.owner)

    @admin.display(description="Integration")
    def channel_link(self, notification: Notification) -> str:
        channel = notification.channel
        return link_to(channel, channel.name or kind_of(channel))

    @admin.display(description="Project")
    def project_link(self, notification: Notification) -> str:
        return link_to(notification.channel.project)

    @admin.display(description="Leads to")
    def leads_to(self, notification: Notification) -> str:
        return destination(notification.channel)


def _secret_places(request: HttpRequest, column: str) -> tuple[str, ...]:
    """What only those may search who may read it in every project, too."""
    return (column,) if request.user.is_active and request.user.is_superuser else ()


# --- Logs ---------------------------------------------------------------------------------------


class OfCheck:
    """The rows of a table whose `owner` is a check."""

    @admin.display(description="Check")
    def check_link(self, row: Any) -> str:
        return check_link(row.owner)


@admin.register(Ping)
class PingAdmin(OfCheck, Endless[Ping]):
    """A body is shown on the ping's own page only, and never read for the list."""

    list_display = (
        *("id", "created", "check_link", "n", "signal", "scheme", "method"),
        *("object_size", "exitstatus", "ua"),
    )
    list_filter = (
        "created",
        pick("scheme", "scheme", {s: Q(scheme=s) for s in ("http", "https", "email")}),
        pick("method", "method", {m: Q(method=m) for m in ("GET", "HEAD", "POST")}),
        pick("kind", "kind", PING_KINDS),
    )
    list_select_related = ("owner",)
    fields = (
        *("check_link", "n", "created", "signal", "scheme", "method", "remote_addr", "ua"),
        *("exitstatus", "rid", "object_size", "body"),
    )
    readonly_fields = ("check_link", "signal", "body")
    hidden = ("body_raw",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Ping]:
        return super().get_queryset(request).defer("body_raw", "owner__desc")

    @admin.display(description="Kind")
    def signal(self, ping: Ping) -> str:
        return str(PingKind(ping.kind or "").label)

    @admin.display(description="Body")
    def body(self, ping: Ping) -> str:
        if ping.body_raw is None:
            return "–"
        return format_html("<pre>{}</pre>", bytes(ping.body_raw).decode(errors="replace"))


@admin.register(Flip)
class FlipAdmin(OfCheck, Journal[Flip]):
    list_display = (
        *("id", "created", "processed", "check_link", "old_status", "new_status", "reason"),
    )
    list_filter = ("reason",)
    list_select_related = ("owner",)
    search_fields = ("owner__name",)
    codes = ("owner__code",)
    ordering = ("-id",)
    fields = ("check_link", "created", "processed", "old_status", "new_status", "reason")
    readonly_fields = ("check_link",)


@admin.register(DailyRollup)
class DailyRollupAdmin(OfCheck, Endless[DailyRollup]):
    list_display = (
        *("id", "day", "check_link", "successes", "late", "failures", "missed", "downtime"),
    )
    list_filter = ("day",)
    list_select_related = ("owner",)
    fields = (
        *("check_link", "day", "successes", "late", "failures", "missed"),
        *("duration_min", "duration_median", "duration_p95", "duration_max"),
        *("up_seconds", "down_seconds"),
    )
    readonly_fields = ("check_link",)

    @admin.display(description="Down for")
    def downtime(self, rollup: DailyRollup) -> str:
        return words.brief(timedelta(seconds=rollup.down_seconds))


@admin.register(RemovedCheck)
class RemovedCheckAdmin(OfCheck, Journal[RemovedCheck]):
    """Brought back in their projects; deleted for good by housekeeping, with all that is theirs."""

    list_display = ("id", "check_link", "removed", "by")
    list_filter = ("removed",)
    list_select_related = ("owner",)
    search_fields = ("owner__name", "by")
    codes = ("owner__code",)
    ordering = ("-id",)
    fields = ("check_link", "removed", "by")
    readonly_fields = ("check_link",)

    def has_delete_permission(self, request: HttpRequest, obj: RemovedCheck | None = None) -> bool:
        return False
