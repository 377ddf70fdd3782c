"""The forms of sign-in and sign-up. They judge what was typed; they change nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError

from hc.accounts.models import normalise_email
from hc.accounts.models.profile import Reports
from hc.accounts.services import policies
from hc.accounts.services.accounts import check_new_account

MAX_EMAIL = 254
TRY_LATER = "That was tried too often."


class AddressField(forms.EmailField):
    """An e-mail address in its normal form."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.EmailInput(attrs={"autocomplete": "username", "autocapitalize": "none"})
        super().__init__(max_length=MAX_EMAIL, widget=widget, **kwargs)

    def clean(self, value: Any) -> str:
        return normalise_email(super().clean(value))


class PasswordForm(forms.Form):
    """Sign-in by password."""

    use_required_attribute = True
    email = AddressField(label="E-mail address")
    password = forms.CharField(
        strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Browsers offer passkeys in this field, too: static/js/webauthn.js.
        self.fields["email"].widget.attrs["autocomplete"] = "username webauthn"


class LinkForm(forms.Form):
    """Sign-in by a mailed link."""

    identity = AddressField(label="E-mail address")


class SignupForm(LinkForm):
    """`tz`: what the browser says its zone is."""

    tz = forms.CharField(required=False, max_length=100, widget=forms.HiddenInput())

    def clean_identity(self) -> str:
        email: str = self.cleaned_data["identity"]
        if not policies.may_sign_up(email):
            domains = ", ".join(settings.SIGNUP_DOMAINS)
            raise ValidationError(f"Only addresses of {domains} may sign up here.")
        return email


class NotificationsForm(forms.Form):
    """Reports, and reminders in seconds."""

    reports = forms.ChoiceField(choices=Reports, widget=forms.RadioSelect)
    nag_period = forms.TypedChoiceField(
        label="Reminders while something is down",
        choices=[("0", "Off"), ("3600", "Hourly"), ("86400", "Daily")],
        coerce=lambda seconds: timedelta(seconds=int(seconds)),
        widget=forms.RadioSelect,
    )


class SetupForm(forms.Form):
    """The first account of an installation."""

    email = AddressField(label="E-mail address")
    password = forms.CharField(
        strip=False,
        help_text="At least 8 characters.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    tz = forms.CharField(required=False, max_length=100, widget=forms.HiddenInput())

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        if "email" in cleaned and "password" in cleaned:
            try:
                check_new_account(cleaned["email"], cleaned["password"])
            except ValidationError as e:
                self.add_error("password", e)
        return cleaned
