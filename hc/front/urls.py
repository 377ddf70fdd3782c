from __future__ import annotations

from django.urls import path, re_path

from hc.front import actions, check, check_form, checks, projects

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
    re_path(r"^cloaked/(?P<key>[0-9a-f]{40})/$", check.cloaked, name="hc-cloaked"),
]
