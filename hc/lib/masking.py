"""What error reports of Django keep to themselves, whether or not a view says so."""

from __future__ import annotations

import re
from typing import Any

from django.http import HttpRequest
from django.views.debug import SafeExceptionReporterFilter

SECRET = re.compile(
    r"pass|secret|token|key|code|signature|sudo|response|credential|totp|recover|csrf|value",
    re.IGNORECASE,
)


class SecretFields(SafeExceptionReporterFilter):
    """Fields of forms are masked by their names: passwords, codes, answers of security keys,
    settings of integrations. Also in debug mode."""

    hidden_settings = SECRET

    def get_post_parameters(self, request: HttpRequest | None) -> Any:
        if request is None:
            return {}
        sent = super().get_post_parameters(request).copy()
        for name in sent:
            if SECRET.search(name):
                sent[name] = self.cleansed_substitute
        return sent
