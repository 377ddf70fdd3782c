from __future__ import annotations

from django.urls import include, path

from hc.accounts.views import (
    account_keys,
    activity,
    email_change,
    factors,
    farewell,
    impersonation,
    login,
    oidc,
    passkey,
    password,
    preferences,
    profile,
    reports,
    security,
    signup,
    two_factor,
)

urlpatterns = [
    path("accounts/login/", login.login_page, name="hc-login"),
    path("accounts/login_link_sent/", login.link_sent, name="hc-login-link-sent"),
    path(
        "accounts/check_token/<str:username>/<str:token>/", login.check_token, name="hc-check-token"
    ),
    path("accounts/oidc/", oidc.start, name="hc-oidc"),
    path("accounts/oidc/callback/", oidc.callback, name="hc-oidc-callback"),
    path("accounts/login/passkey/", passkey.passkey, name="hc-passkey"),
    path("accounts/login/two_factor/", two_factor.key, name="hc-two-factor"),
    path("accounts/login/two_factor/totp/", two_factor.totp, name="hc-two-factor-totp"),
    path("accounts/login/two_factor/recovery/", two_factor.recovery, name="hc-two-factor-recovery"),
    path("accounts/profile/security/", security.security, name="hc-security"),
    path(
        "accounts/profile/security/sessions/end_others/",
        security.end_other_sessions,
        name="hc-end-other-sessions",
    ),
    path(
        "accounts/profile/security/sessions/<uuid:code>/end/",
        security.end_session,
        name="hc-end-session",
    ),
    path("accounts/two_factor/webauthn/", factors.add_key, name="hc-add-key"),
    path("accounts/two_factor/<uuid:code>/name/", factors.rename_key, name="hc-rename-key"),
    path("accounts/two_factor/<uuid:code>/remove/", factors.remove_key, name="hc-remove-key"),
    path("accounts/two_factor/totp/", factors.add_totp, name="hc-add-totp"),
    path("accounts/two_factor/totp/remove/", factors.remove_totp, name="hc-remove-totp"),
    path("accounts/two_factor/recovery/", factors.recovery_codes, name="hc-recovery-codes"),
    path("accounts/impersonation/end/", impersonation.end, name="hc-end-impersonation"),
    path("accounts/logout/", login.logout_page, name="hc-logout"),
    path("accounts/signup/", signup.signup, name="hc-signup"),
    path("accounts/signup/csrf/", signup.csrf, name="hc-signup-csrf"),
    path("accounts/profile/", profile.profile, name="hc-profile"),
    path("accounts/profile/keys/", account_keys.account_keys, name="hc-account-keys"),
    path("accounts/profile/activity/", activity.activity, name="hc-account-log"),
    path("accounts/profile/appearance/", preferences.appearance, name="hc-appearance"),
    path("accounts/profile/notifications/", reports.notifications, name="hc-notifications"),
    path(
        "accounts/unsubscribe_reports/<str:token>/",
        reports.unsubscribe,
        name="hc-unsubscribe-reports",
    ),
    path("accounts/set_password/", password.set_password, name="hc-set-password"),
    path("accounts/change_email/", email_change.change_email, name="hc-change-email"),
    path("accounts/change_email/undo/<str:token>/", email_change.undo, name="hc-undo-email-change"),
    path(
        "accounts/change_email/<str:token>/", email_change.confirm, name="hc-change-email-confirm"
    ),
    path("accounts/close/", farewell.close, name="hc-close"),
    path("accounts/close/keep/", farewell.keep, name="hc-keep-account"),
    path("setup/<str:token>/", signup.setup, name="hc-setup"),
    path("", include("hc.accounts.project_urls")),
]
