from __future__ import annotations

from django.urls import path, re_path

from hc.front import (
    actions,
    channel_actions,
    channel_checks,
    check,
    check_form,
    checks,
    deliveries,
    integrations,
    projects,
)

urlpatterns = [
    path("", projects.index, name="hc-projects"),
    path("projects/add/", projects.add, name="hc-add-project"),
    path("projects/<uuid:code>/checks/", checks.checks, name="hc-checks"),
    path("projects/<uuid:code>/checks/add/", check_form.add, name="hc-add-check"),
    path("projects/<uuid:code>/checks/status/", checks.status, name="hc-checks-status"),
    path("checks/schedule_preview/", check_form.schedule_preview, name="hc-schedule-preview"),
    path("checks/<uuid:code>/details/", check.details, name="hc-details"),
    path("checks/<uuid:code>/status/", check.status, name="hc-details-status"),
    path("checks/<uuid:code>/edit/", check_form.edit, name="hc-edit-check"),
    path("checks/<uuid:code>/pause/", actions.pause, name="hc-pause"),
    path("checks/<uuid:code>/resume/", actions.resume, name="hc-resume"),
    path("checks/<uuid:code>/remove/", actions.remove, name="hc-remove-check"),
    path(
        "checks/<uuid:code>/channels/<uuid:channel_code>/enabled",
        actions.set_channel,
        name="hc-set-channel",
    ),
    path("projects/<uuid:code>/integrations/", integrations.index, name="hc-integrations"),
    path(
        "projects/<uuid:code>/integrations/status/",
        integrations.status,
        name="hc-integrations-status",
    ),
    path("integrations/<uuid:code>/deliveries/", deliveries.deliveries, name="hc-deliveries"),
    path(
        "integrations/<uuid:code>/deliveries/status/",
        deliveries.status,
        name="hc-deliveries-status",
    ),
    path("integrations/<uuid:code>/test/", channel_actions.test, name="hc-test-channel"),
    path(
        "integrations/<uuid:code>/test_status/", channel_actions.test_status, name="hc-test-status"
    ),
    path("integrations/<uuid:code>/enable/", channel_actions.enable, name="hc-enable-channel"),
    path("integrations/<uuid:code>/disable/", channel_actions.disable, name="hc-disable-channel"),
    path("integrations/<uuid:code>/name/", channel_actions.rename, name="hc-rename-channel"),
    path("integrations/<uuid:code>/checks/", channel_checks.choose, name="hc-channel-checks"),
    re_path(r"^cloaked/(?P<key>[0-9a-f]{40})/$", check.cloaked, name="hc-cloaked"),
]
