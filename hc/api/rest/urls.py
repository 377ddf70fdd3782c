from __future__ import annotations

from django.urls import URLPattern, path

from hc.api.rest import callbacks

VERSIONS = (1, 2, 3)


def _of_version(number: int) -> list[URLPattern]:
    root = f"api/v{number}"
    return [
        path(f"{root}/notifications/<uuid:code>/status", callbacks.notification_status),
        path(f"{root}/bounces/", callbacks.bounce),
    ]


urlpatterns = [pattern for number in VERSIONS for pattern in _of_version(number)]
