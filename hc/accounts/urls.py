from __future__ import annotations

from django.urls import path

from hc.accounts.views import login, preferences, reports, signup

urlpatterns = [
    path("accounts/login/", login.login_page, name="hc-login"),
    path("accounts/login_link_sent/", login.link_sent, name="hc-login-link-sent"),
    path(
        "accounts/check_token/<str:username>/<str:token>/", login.check_token, name="hc-check-token"
    ),
    path("accounts/logout/", login.logout_page, name="hc-logout"),
    path("accounts/signup/", signup.signup, name="hc-signup"),
    path("accounts/profile/appearance/", preferences.appearance, name="hc-appearance"),
    path("accounts/profile/notifications/", reports.notifications, name="hc-notifications"),
    path(
        "accounts/unsubscribe_reports/<str:token>/",
        reports.unsubscribe,
        name="hc-unsubscribe-reports",
    ),
    path("setup/<str:token>/", signup.setup, name="hc-setup"),
]
