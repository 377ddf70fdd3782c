from __future__ import annotations

from django.apps import AppConfig


class Config(AppConfig):
    name = "hc.accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        from hc.accounts import seen  # noqa: PLC0415 - needs the models

        seen.connect()
