"""Settings of the test suite: those of the service, apart from the machine they run on.

Only the DB* variables of the environment count, so that the suite runs on all engines.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from hc import config

for _var in config.table():
    if not _var.name.startswith("DB"):
        os.environ.pop(_var.name, None)
        os.environ.pop(_var.file_name, None)
os.environ |= {
    "ENV_FILE": "",
    "SECRET_KEY": "a key for tests only, not a secret at all, and long enough for all uses",
    "DATA_DIR": tempfile.mkdtemp(prefix="hc-tests-"),
    "SITE_ROOT": "http://testserver",
    "EMAIL_HOST": "mail.invalid",
    "LOG_DB_LEVEL": "off",
}

from hc.settings import *  # noqa: E402, F403

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):  # noqa: F405
    # A file, as in production: SQLite in memory locks whole tables and does not wait for them.
    DATABASES["default"]["TEST"] = {"NAME": os.environ["DATA_DIR"] + "/test.sqlite"}  # noqa: F405
    DATABASES["default"]["OPTIONS"]["init_command"] = (  # noqa: F405
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"
    )
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
STATIC_ROOT = Path(os.environ["DATA_DIR"], "static")
STATIC_ROOT.mkdir()
COMPRESS_ENABLED = False
COMPRESS_OFFLINE = False
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

# Its thread writes beside the transactions of the tests.
LOGGING["handlers"]["mail_admins"] = {"class": "logging.NullHandler"}  # noqa: F405
