"""Settings of the test suite: those of the service, apart from the machine they run on.

Only the DB* variables of the environment count, so that the suite runs on all engines.
"""

from __future__ import annotations

import os
import tempfile

_kept = {name: value for name, value in os.environ.items() if name.startswith("DB")}
_foreign = set(os.environ) - set(_kept)
for _name in ("SECRET_KEY", "SITE_ROOT", "EMAIL_HOST", "PORT", "HOST", "DATA_DIR", "DEBUG"):
    os.environ.pop(_name, None)
os.environ |= {
    "ENV_FILE": "",
    "SECRET_KEY": "a key for tests only, not a secret at all, and long enough for all uses",
    "DATA_DIR": tempfile.mkdtemp(prefix="hc-tests-"),
    "SITE_ROOT": "http://testserver",
    "EMAIL_HOST": "mail.invalid",
}

from hc.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
COMPRESS_ENABLED = False
COMPRESS_OFFLINE = False
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
