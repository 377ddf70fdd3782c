from __future__ import annotations

from django.urls import path

from hc.integrations.email import views

urlpatterns = [
    path("integrations/<uuid:code>/verify/<str:token>/", views.verify, name="hc-verify-email"),
    path("integrations/<uuid:code>/unsub/<str:token>/", views.unsubscribe, name="hc-unsubscribe"),
]
