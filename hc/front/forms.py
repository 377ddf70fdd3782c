"""The forms of checks and projects. They judge what was typed; the services change things."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import Any, Self

from django import forms
from django.core.validators import RegexValidator

from hc.accounts.services import saved_views
from hc.accounts.services.projects import MAX_NAME
from hc.api.models import Check, ScheduleKind
from hc.api.services.checks import Details, ScheduleSettings, revision
from hc.core import zones
from hc.core.schedule import (
    LONGEST,
    MAX_EXPRESSION,
    SHORTEST,
    ScheduleError,
    validate_cron,
    validate_oncalendar,
)
from hc.core.words import parse_period, period

METHODS = (("", "Any request"), ("POST", "Only POST requests"))
NO_MATCH = (("", "Ignore the ping"), ("1", "Count it as a failure"))
RESUMING = (("", "A ping resumes it"), ("1", "It stays paused, pings are ignored"))


class PeriodField(forms.CharField):
    """A span of time as people write it, from a minute to a year."""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return None
        found = parse_period(text)
        if found is None:
            raise forms.ValidationError("Write it like “90 s”, “2 h 30 min” or “1 day”.")
        if not SHORTEST <= found <= LONGEST:
            raise forms.ValidationError("It must be between 1 minute and 365 days.")
        return found

    def prepare_value(self, value: Any) -> Any:
        return period(value) if isinstance(value, timedelta) else value


@cache
def zone_names() -> list[str]:
    """All accepted zones, UTC first."""
    return sorted(zones.ZONES, key=lambda name: (name != "UTC", name))


class ZoneField(forms.CharField):
    """A time zone; former names count as today's."""

    widget = forms.TextInput(attrs={"list": "zones", "autocomplete": "off", "spellcheck": "false"})

    def clean(self, value: Any) -> str:
        name = zones.canonical(super().clean(value))
        if name is None:
            raise forms.ValidationError("Choose a zone from the list, such as “Europe/Riga”.")
        return name


def _yes_no(choices: tuple[tuple[str, str], ...], label: str) -> forms.TypedChoiceField:
    """A choice between two wordings that is stored as a flag."""
    return forms.TypedChoiceField(
        label=label, choices=choices, coerce=bool, empty_value="", required=False
    )


class RulesForm(forms.Form):
    """Which pings count, and as what. Words are kept while nothing is searched for them."""

    use_required_attribute = False

    methods = forms.ChoiceField(label="Requests that count", choices=METHODS, required=False)
    filter_http_body = forms.BooleanField(label="the body of requests", required=False)
    filter_subject = forms.BooleanField(label="the subject of mails", required=False)
    filter_body = forms.BooleanField(label="the text of mails", required=False)
    failure_kw = forms.CharField(label="Failure", max_length=200, required=False)
    success_kw = forms.CharField(label="Success", max_length=200, required=False)
    start_kw = forms.CharField(label="Start", max_length=200, required=False)
    filter_default_fail = _yes_no(NO_MATCH, "If no word is found")
    manual_resume = _yes_no(RESUMING, "While the check is paused")

    @classmethod
    def for_check(cls, check: Check) -> Self:
        """The form filled with the settings of a check."""
        return cls(initial=_rules_of(check))

    def rules(self) -> dict[str, Any]:
        """What was chosen, as columns."""
        columns = {name: self.cleaned_data[name] for name in RULES}
        return columns | {name: bool(columns[name]) for name in _FLAGS}


_FLAGS = ("filter_default_fail", "manual_resume")
RULES = tuple(RulesForm.base_fields)


def _rules_of(check: Check) -> dict[str, Any]:
    values = {name: getattr(check, name) for name in RULES}
    return values | {name: "1" if values[name] else "" for name in _FLAGS}


# Fields that do not matter to a kind of schedule.
_UNUSED = {
    "simple": ("cron", "oncalendar", "tz"),
    "cron": ("timeout", "oncalendar"),
    "oncalendar": ("timeout", "cron"),
}


class CheckForm(RulesForm):
    name = forms.CharField(
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs={"placeholder": "Nightly backup", "autocomplete": "off"}),
    )
    slug = forms.CharField(
        max_length=100,
        required=False,
        validators=[
            RegexValidator(r"\A[a-z0-9_-]*\Z", "Use only small letters, digits, “-” and “_”.")
        ],
        help_text="A short name for addresses and scripts.",
        widget=forms.TextInput(attrs={"autocapitalize": "none", "autocomplete": "off"}),
    )
    tags = forms.CharField(
        max_length=500, required=False, help_text="Separated by spaces: “prod db”."
    )
    desc = forms.CharField(
        label="Notes",
        required=False,
        help_text="What to do when it goes down. Part of the messages.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    kind = forms.ChoiceField(
        label="Pings come", choices=ScheduleKind, initial="simple", widget=forms.RadioSelect
    )
    timeout = PeriodField(
        label="Period",
        initial="1 day",
        required=False,
        help_text="The time between two pings.",
        widget=forms.TextInput(attrs={"list": "periods", "autocomplete": "off"}),
    )
    cron = forms.CharField(
        label="Cron expression",
        initial="* * * * *",
        required=False,
        max_length=MAX_EXPRESSION,
        help_text="minute, hour, day of month, month, weekday",
        widget=forms.TextInput(
            attrs={"class": "code", "autocomplete": "off", "spellcheck": "false"}
        ),
    )
    oncalendar = forms.CharField(
        label="OnCalendar expressions",
        initial="*-*-* 00:00:00",
        required=False,
        max_length=MAX_EXPRESSION,
        help_text="As in systemd timers; one per line.",
        widget=forms.Textarea(attrs={"rows": 2, "class": "code", "spellcheck": "false"}),
    )
    tz = ZoneField(label="Time zone", initial="UTC", required=False)
    grace = PeriodField(
        label="Grace time",
        initial="1 hour",
        help_text="How late a ping may be, and how long a run may take, before people are told.",
        widget=forms.TextInput(attrs={"list": "periods", "autocomplete": "off"}),
    )
    # What was edited: hc.api.services.checks.revision.
    revision = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)

    @classmethod
    def for_check(cls, check: Check) -> Self:
        plain = ("name", "slug", "tags", "desc", "kind", "timeout", "grace", "tz")
        initial = {name: getattr(check, name) for name in plain} | _rules_of(check)
        if check.kind != ScheduleKind.SIMPLE:
            initial[check.kind] = check.schedule
        return cls(initial=initial | {"revision": revision(check)})

    def in_conflict_with(self, check: Check) -> CheckForm:
        """What was typed, with what is stored by now beside it; saving it again replaces that."""
        again = CheckForm(dict(self.data.items()) | {"revision": revision(check)})
        stored = CheckForm.for_check(check)
        unused = (*_UNUSED.get(check.kind, ()), "revision")
        for name, field in again.fields.items():
            theirs = stored[name].initial
            if name not in unused and _differ(field, self.cleaned_data.get(name), theirs):
                again.add_error(name, f"Somebody else has set this to “{_shown(field, theirs)}”.")
        return again

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())

    def clean_tags(self) -> str:
        return " ".join(self.cleaned_data["tags"].split())

    def clean(self) -> dict[str, Any]:
        """Only the fields of the chosen kind of schedule have to be right."""
        kind = self.cleaned_data.get("kind", "simple")
        for name in _UNUSED.get(kind, ()):
            self.errors.pop(name, None)
        if kind == ScheduleKind.SIMPLE:
            if self.cleaned_data.get("timeout") is None and "timeout" not in self.errors:
                self.add_error("timeout", "Say how often pings come.")
        else:
            self._check_expression(kind)
        return self.cleaned_data

    def _check_expression(self, kind: str) -> None:
        validate = validate_cron if kind == ScheduleKind.CRON else validate_oncalendar
        try:
            validate(self.cleaned_data.get(kind) or "")
        except ScheduleError as e:
            if kind not in self.errors:
                self.add_error(kind, str(e))

    def details(self) -> Details:
        """The name and the rules that were typed, as columns."""
        names = ("name", "slug", "tags", "desc")
        return Details({name: self.cleaned_data[name] for name in names} | self.rules())

    def schedule_settings(self) -> ScheduleSettings:
        """The schedule of a valid form."""
        return self._schedule(self.cleaned_data)

    def entered_schedule(self) -> ScheduleSettings | None:
        """The schedule as far as it was typed; None while it cannot be read."""
        if not self.is_bound:
            values = {
                name: self.get_initial_for_field(field, name) for name, field in self.fields.items()
            }
            cleaned = {
                name: parse_period(value)
                if name in ("timeout", "grace") and isinstance(value, str)
                else value
                for name, value in values.items()
            }
            return self._schedule(cleaned)
        involved = {"kind", "timeout", "cron", "oncalendar", "tz", "grace"}
        if involved & set(self.errors):
            return None
        return self._schedule(self.cleaned_data)

    def _schedule(self, values: dict[str, Any]) -> ScheduleSettings:
        kind, grace = values["kind"], values["grace"]
        if kind == ScheduleKind.SIMPLE:
            return ScheduleSettings(kind=kind, timeout=values["timeout"], grace=grace)
        return ScheduleSettings(
            kind=kind, schedule=values[kind].strip(), tz=values.get("tz") or "UTC", grace=grace
        )


def _differ(field: forms.Field, mine: Any, theirs: Any) -> bool:
    if isinstance(field, forms.BooleanField | forms.TypedChoiceField):
        return bool(mine) != bool(theirs)
    return (mine or "") != (theirs or "")


def _shown(field: forms.Field, value: Any) -> str:
    if isinstance(field, forms.ChoiceField):
        choices: Any = field.choices
        return str(dict(choices).get(value, value))
    if isinstance(value, bool):
        return "on" if value else "off"
    text = str(field.prepare_value(value) or "nothing")
    return text if len(text) <= 200 else f"{text[:199]}…"


class ProjectForm(forms.Form):
    name = forms.CharField(
        max_length=MAX_NAME, help_text="A team, a customer or a server: what belongs together."
    )

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())


class SavedViewForm(forms.Form):
    """The name of a view of the list."""

    name = forms.CharField(
        max_length=saved_views.MAX_NAME,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    replace = forms.BooleanField(
        required=False, widget=forms.HiddenInput, label="Replace it by what the list shows now"
    )

    def clean_name(self) -> str:
        name = " ".join(self.cleaned_data["name"].split())
        if not name.isprintable():
            raise forms.ValidationError("There is a character in it that cannot be shown.")
        return name

    def offer_to_replace(self, reason: str) -> None:
        self.add_error("name", f"{reason} Choose another one, or replace it.")
        self.fields["replace"].widget = forms.CheckboxInput()
