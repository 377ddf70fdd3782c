"""Addresses of projects' settings, and of invitations."""

from __future__ import annotations

from django.urls import path

from hc.accounts.views import (
    invitations,
    project_danger,
    project_keys,
    project_log,
    project_settings,
    project_team,
    project_transfer,
)

_BASE = "projects/<uuid:code>/settings/"

urlpatterns = [
    path(_BASE, project_settings.general, name="hc-project-settings"),
    path(f"{_BASE}keys/", project_keys.index, name="hc-project-keys"),
    path(f"{_BASE}keys/add/", project_keys.add, name="hc-add-project-key"),
    path(f"{_BASE}keys/<uuid:key_code>/revoke/", project_keys.revoke, name="hc-revoke-project-key"),
    path(f"{_BASE}keys/older/revoke/", project_keys.revoke_old, name="hc-revoke-older-key"),
    path(f"{_BASE}keys/ping/", project_keys.ping_key, name="hc-project-ping-key"),
    path(f"{_BASE}team/", project_team.index, name="hc-project-team"),
    path(f"{_BASE}team/invite/", project_team.invite, name="hc-invite"),
    path(f"{_BASE}team/role/", project_team.set_role, name="hc-set-role"),
    path(f"{_BASE}team/remove/", project_team.remove, name="hc-remove-member"),
    path(
        f"{_BASE}team/invitations/<uuid:invitation>/resend/",
        project_team.resend,
        name="hc-resend-invitation",
    ),
    path(
        f"{_BASE}team/invitations/<uuid:invitation>/revoke/",
        project_team.revoke,
        name="hc-revoke-invitation",
    ),
    path(f"{_BASE}activity/", project_log.index, name="hc-project-log"),
    path(f"{_BASE}activity/export/<slug:form>/", project_log.export, name="hc-project-log-export"),
    path(f"{_BASE}leave-or-remove/", project_danger.index, name="hc-project-danger"),
    path(f"{_BASE}leave/", project_danger.leave, name="hc-leave-project"),
    path(f"{_BASE}transfer/", project_transfer.start, name="hc-transfer-project"),
    path(f"{_BASE}transfer/cancel/", project_transfer.cancel, name="hc-cancel-transfer"),
    path(f"{_BASE}transfer/answer/", project_transfer.answer, name="hc-answer-transfer"),
    path("projects/<uuid:code>/remove/", project_danger.remove, name="hc-remove-project"),
    path("projects/<uuid:code>/restore/", project_danger.restore, name="hc-restore-project"),
    path("invitations/<uuid:code>/<str:token>/", invitations.invitation, name="hc-invitation"),
]
