"""What Django is told; every choice an operator may make comes from hc/config.py."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from hc import config
from hc.integrations import registry
from hc.lib.secrets import kept_secret

env = config.load(config.environ())
config.make_data_dir(env)
if env.problems:
    sys.stderr.write(config.report(env))
    sys.exit(78)  # EX_CONFIG of sysexits.h

BASE_DIR = config.BASE_DIR
CONFIG_WARNINGS: list[str] = env.warnings

# --- The site -------------------------------------------------------------------------------
DEBUG: bool = env["DEBUG"]
HOST: str = env["HOST"]
PORT: int = env["PORT"]
WEB_WORKERS: int = env["WEB_WORKERS"]
DATA_DIR = Path(env["DATA_DIR"]).resolve()
SITE_ROOT: str = env["SITE_ROOT"]
SITE_NAME: str = env["SITE_NAME"]
MASTER_BADGE_LABEL: str = env["MASTER_BADGE_LABEL"]
SITE_LOGO_URL: str = env["SITE_LOGO_URL"]
SUPPORT_EMAIL: str = env["SUPPORT_EMAIL"]
REGISTRATION_OPEN: bool = env["REGISTRATION_OPEN"]
SIGNUP_DOMAINS: list[str] = env["SIGNUP_DOMAINS"]
PROJECT_CREATION: str = env["PROJECT_CREATION"]
USE_PAYMENTS: bool = env["USE_PAYMENTS"]
DEFAULT_CHECK_LIMIT: int = env["DEFAULT_CHECK_LIMIT"]
DEFAULT_PING_LOG_LIMIT: int = env["DEFAULT_PING_LOG_LIMIT"]
DEFAULT_SMS_LIMIT: int = env["DEFAULT_SMS_LIMIT"]
DEFAULT_CALL_LIMIT: int = env["DEFAULT_CALL_LIMIT"]
ADMIN_EMAIL: str = env["ADMIN_EMAIL"]
ADMIN_PASSWORD: str = env["ADMIN_PASSWORD"]
RP_ID: str = env["RP_ID"]
TRUSTED_PROXIES: list[str] = env["TRUSTED_PROXIES"]
REMOTE_USER_HEADER: str = env["REMOTE_USER_HEADER"]
REMOTE_USER_AUTO_CREATE: bool = env["REMOTE_USER_AUTO_CREATE"]
OIDC_ISSUER: str = env["OIDC_ISSUER"]
OIDC_CLIENT_ID: str = env["OIDC_CLIENT_ID"]
OIDC_CLIENT_SECRET: str = env["OIDC_CLIENT_SECRET"]
OIDC_NAME: str = env["OIDC_NAME"]
OIDC_SCOPES: list[str] = env["OIDC_SCOPES"]
OIDC_ALLOWED_DOMAINS: list[str] = env["OIDC_ALLOWED_DOMAINS"]
OIDC_GROUPS_CLAIM: str = env["OIDC_GROUPS_CLAIM"]
OIDC_ALLOWED_GROUPS: list[str] = env["OIDC_ALLOWED_GROUPS"]
OIDC_SUPERUSER_GROUP: str = env["OIDC_SUPERUSER_GROUP"]
OIDC_AUTO_CREATE: bool = env["OIDC_AUTO_CREATE"]
OIDC_TRUST_EMAIL: bool = env["OIDC_TRUST_EMAIL"]
OIDC_LOCAL_SECOND_FACTOR: bool = env["OIDC_LOCAL_SECOND_FACTOR"]
OIDC_ONLY: bool = env["OIDC_ONLY"]

_root = urlsplit(SITE_ROOT)
URL_PREFIX = _root.path.strip("/")  # "" or "some/path", without slashes at its ends
_HTTPS = _root.scheme == "https"
_PATH = f"/{URL_PREFIX}/" if URL_PREFIX else "/"

SECRET_KEY: str = env["SECRET_KEY"] or kept_secret(DATA_DIR / "secret_key")
SECRET_KEY_FALLBACKS: list[str] = env["SECRET_KEY_FALLBACKS"]
ALLOWED_HOSTS: list[str] = env["ALLOWED_HOSTS"]
CSRF_TRUSTED_ORIGINS: list[str] = [f"{_root.scheme}://{_root.netloc}", *env["CSRF_TRUSTED_ORIGINS"]]
ADMINS = [("", address) for address in env["ADMINS"]]

SECURE_PROXY_SSL_HEADER = (
    tuple(env["SECURE_PROXY_SSL_HEADER"].split(",")) if env["SECURE_PROXY_SSL_HEADER"] else None
)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _HTTPS
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = _PATH
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_ENGINE = "hc.accounts.sessions"
SECURE_HSTS_SECONDS = 31_536_000 if _HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = False
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DEFAULT_EXCEPTION_REPORTER_FILTER = "hc.lib.masking.SecretFields"
CSRF_FAILURE_VIEW = "hc.front.errors.csrf_failure"
SILENCED_SYSTEM_CHECKS = [
    # The proxy redirects to https; HSTS for sub-domains and preloading are the operator's to give.
    "security.W008",
    "security.W005",
    "security.W021",
]

# --- Django ---------------------------------------------------------------------------------
INSTALLED_APPS = [
    "hc.accounts",
    "hc.api",
    "hc.logs",
    "hc.pings",
    "hc.alerts",
    "hc.housekeeping",
    "hc.reports",
    "hc.front",
    "hc.integrations",
    "hc.ops",
    "hc.accounts.admin_site.Config",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.forms",
    "compressor",
    "django_htmx",
    "lucide",
]
MIDDLEWARE = [
    "hc.lib.middleware.HeadRequests",
    "hc.lib.middleware.NotModified",
    "hc.lib.middleware.RequestIds",
    "hc.ops.views.Probes",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    *(["django.middleware.gzip.GZipMiddleware"] if env["USE_GZIP_MIDDLEWARE"] else []),
    "hc.lib.middleware.PageHeaders",
    "hc.lib.middleware.Sessions",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "hc.accounts.seen.SignIns",
    "hc.accounts.header_login.HeaderLogin",
    "hc.accounts.sso.ShutDoors",
    "hc.accounts.middleware.Acting",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "hc.front.errors.Pages",
]
ROOT_URLCONF = "hc.urls"
WSGI_APPLICATION = "hc.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [
            BASE_DIR / "templates",
            *(BASE_DIR / "hc/integrations" / kind.kind / "templates" for kind in registry.KINDS),
        ],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "hc.front.frame.context",
            ],
        },
    }
]
FORM_RENDERER = "hc.lib.forms.Renderer"
LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
TEST_RUNNER = "tests.runner.PytestRunner"

# --- Accounts -------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["hc.accounts.backends.EmailBackend"]
LOGIN_URL = f"{_PATH}accounts/login/"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2SHA1PasswordHasher",
    "django.contrib.auth.hashers.BCryptSHA256PasswordHasher",
    "django.contrib.auth.hashers.ScryptPasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email",)},
    },
]

# --- The database ---------------------------------------------------------------------------
_SERVER = {
    "NAME": env["DB_NAME"],
    "HOST": env["DB_HOST"],
    "PORT": env["DB_PORT"] or "",
    "USER": env["DB_USER"],
    "PASSWORD": env["DB_PASSWORD"],
    "CONN_MAX_AGE": env["DB_CONN_MAX_AGE"],
    "CONN_HEALTH_CHECKS": True,
}
if env["DB"] == "postgres":
    _database = _SERVER | {
        "ENGINE": "hc.lib.postgresql",
        "OPTIONS": {
            "sslmode": env["DB_SSLMODE"],
            "target_session_attrs": env["DB_TARGET_SESSION_ATTRS"],
            "application_name": "hc",
            "connect_timeout": 10,
        },
        "TEST": {"NAME": f"test_{env['DB_NAME']}"},
    }
elif env["DB"] == "mysql":
    import pymysql

    pymysql.install_as_MySQLdb()
    _database = _SERVER | {
        "ENGINE": "django.db.backends.mysql",
        # Keys, slugs and names differ by letter case; the server's default collations do not.
        "OPTIONS": {
            "charset": "utf8mb4",
            "isolation_level": "read committed",
            "connect_timeout": 10,
        },
        "TEST": {"CHARSET": "utf8mb4", "COLLATION": "utf8mb4_bin"},
    }
else:
    _database = {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": env["DB_NAME"],
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            # FULL: a transaction that was answered survives a power failure, too.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        },
    }
DATABASES = {"default": _database}

# --- Static files: hashed names, compressed at the start, cached for ever by browsers ---------
STATIC_URL = f"{_PATH}static/"
STATIC_ROOT = BASE_DIR / "static-collected"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "hc.integrations.finders.LogoFinder",
    "compressor.finders.CompressorFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if DEBUG
            else "hc.lib.storage.HashedStaticFiles"
        )
    },
}
# Django's hashes and the compressor's: twelve hex digits before the ending.
WHITENOISE_IMMUTABLE_FILE_TEST = r"^.+\.[0-9a-f]{12}\.[^/]+$"
COMPRESS_ENABLED = not DEBUG
COMPRESS_OFFLINE = not DEBUG
COMPRESS_STORAGE = "compressor.storage.BrotliCompressorFileStorage"
COMPRESS_FILTERS = {
    "css": [
        "compressor.filters.css_default.CssAbsoluteFilter",
        "compressor.filters.cssmin.rCSSMinFilter",
    ],
}

# --- Mail -----------------------------------------------------------------------------------
EMAIL_HOST: str = env["EMAIL_HOST"]
EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend"
    if EMAIL_HOST
    else "django.core.mail.backends.console.EmailBackend"
)
EMAIL_PORT: int = env["EMAIL_PORT"]
EMAIL_HOST_USER: str = env["EMAIL_HOST_USER"]
EMAIL_HOST_PASSWORD: str = env["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS: bool = env["EMAIL_USE_TLS"]
EMAIL_USE_SSL: bool = env["EMAIL_USE_SSL"]
EMAIL_TIMEOUT: int = env["EMAIL_TIMEOUT"]
EMAIL_USE_VERIFICATION: bool = env["EMAIL_USE_VERIFICATION"]
EMAIL_MAIL_FROM_TMPL: str = env["EMAIL_MAIL_FROM_TMPL"]
DEFAULT_FROM_EMAIL: str = env["DEFAULT_FROM_EMAIL"]
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# --- Pings and alerts -----------------------------------------------------------------------
PING_ENDPOINT: str = env["PING_ENDPOINT"]
PING_BODY_LIMIT: int | None = env["PING_BODY_LIMIT"]
PING_EMAIL_DOMAIN: str = env["PING_EMAIL_DOMAIN"]
SMTPD_PORT: int | None = env["SMTPD_PORT"]
SMTPD_HOST: str = env["SMTPD_HOST"]
SMTPD_TLS_CERT: str = env["SMTPD_TLS_CERT"]
SMTPD_TLS_KEY: str = env["SMTPD_TLS_KEY"]
SPOOL_DIR = DATA_DIR / "spool"
SPOOL_LIMIT_MB: int = env["SPOOL_LIMIT_MB"]
INTEGRATIONS_ALLOW_PRIVATE_IPS: bool = env["INTEGRATIONS_ALLOW_PRIVATE_IPS"]
CA_BUNDLE: str = env["CA_BUNDLE"]
OUTAGE_SETTLE_SECONDS: int = env["OUTAGE_SETTLE_SECONDS"]
NOTIFY_RETRY_HOURS: int = env["NOTIFY_RETRY_HOURS"]
INTEGRATIONS: dict[str, Any] = {
    var.name: env[var.name] for var in config.table() if var not in config.CORE
}

# --- Object storage and housekeeping --------------------------------------------------------
METRICS_KEY: str = env["METRICS_KEY"]
STATSD_HOST: str = env["STATSD_HOST"]
S3_BUCKET: str = env["S3_BUCKET"]
S3_ENDPOINT: str = env["S3_ENDPOINT"]
S3_ACCESS_KEY: str = env["S3_ACCESS_KEY"]
S3_SECRET_KEY: str = env["S3_SECRET_KEY"]
S3_REGION: str = env["S3_REGION"]
S3_TIMEOUT: int = env["S3_TIMEOUT"]
S3_SECURE: bool = env["S3_SECURE"]
API_RATE_LIMIT: int = env["API_RATE_LIMIT"]
PROMETHEUS_ENABLED: bool = env["PROMETHEUS_ENABLED"]
LOG_RETENTION_DAYS: int = env["LOG_RETENTION_DAYS"]
AUDIT_RETENTION_DAYS: int = env["AUDIT_RETENTION_DAYS"]

# --- Logs: one line per event on standard output -----------------------------------------------
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "hc.lib.logging.LineFormatter"},
        "json": {"()": "hc.lib.logging.JsonFormatter"},
    },
    "filters": {"mask_paths": {"()": "hc.lib.logging.MaskPaths"}},
    "handlers": {
        "stdout": {
            "class": "logging.StreamHandler",
            "stream": "ext://sys.stdout",
            "formatter": env["LOG_FORMAT"],
        },
        "mail_admins": {"class": "hc.ops.adminmail.AdminMailHandler", "level": "ERROR"},
        "database": (
            {"class": "logging.NullHandler"}
            if env["LOG_DB_LEVEL"] == "off"
            else {"class": "hc.logs.handler.DatabaseHandler", "level": env["LOG_DB_LEVEL"].upper()}
        ),
    },
    "root": {"handlers": ["stdout"], "level": "WARNING"},
    "loggers": {
        "hc": {"level": env["LOG_LEVEL"].upper(), "handlers": ["mail_admins", "database"]},
        "django": {"handlers": ["mail_admins"], "level": "WARNING"},
        "django.request": {
            "level": "ERROR",
            "filters": ["mask_paths"],
            "handlers": ["database"],
        },
        # Names and hosts that do not exist here are the visitor's business, not an error of ours.
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        # What mail clients do wrong, likewise; this is aiosmtpd's.
        "mail.log": {"level": "ERROR"},
    },
}
