from __future__ import annotations

from django.apps import AppConfig


class Config(AppConfig):
    name = "hc.ops"
    verbose_name = "Operation"

    def ready(self) -> None:
        from hc.ops import checks  # noqa: F401, PLC0415 - registers them
