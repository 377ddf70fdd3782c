"""The table of settings: every environment variable, its type, default and meaning.

From this table come validation (`manage.py checkconfig`), `.env.example` and the
documentation. What Django is told with the values stands in hc/settings.py.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from email.utils import parseaddr
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dotenv import dotenv_values

from hc.integrations import registry
from hc.lib.env import (
    BOOL,
    LIST,
    TEXT,
    BadValue,
    Environment,
    Var,
    checked,
    choice,
    integer,
    integer_or_none,
    near_misses,
    read,
)

BASE_DIR = Path(__file__).resolve().parent.parent
INSECURE_KEY = "---"
PRIVATE_NETWORKS = "127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7,fe80::/10"


def _site_root(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise BadValue("the address of this site, with http:// or https://, without ? and #")
    root = f"{parts.scheme.lower()}://{parts.netloc.lower()}"
    return (root + parts.path).rstrip("/")


def _ping_endpoint(text: str) -> str:
    return _site_root(text) + "/"


def _networks(text: str) -> list[str]:
    items = [item.strip() for item in text.split(",") if item.strip()]
    try:
        return [str(ip_network(item, strict=False)) for item in items]
    except ValueError as e:
        raise BadValue(f"IP networks, separated by commas ({e})") from None


def _header(text: str) -> str:
    if not re.fullmatch(r"HTTP_[A-Z0-9_]+,[^,]+", text.replace(" ", "")):
        raise BadValue("a header's CGI name and its value, separated by a comma")
    return text.replace(" ", "")


def _user_header(text: str) -> str:
    # Headers of requests begin with HTTP_; REMOTE_USER comes from the web server itself.
    if not re.fullmatch(r"HTTP_[A-Z0-9_]+|REMOTE_USER", text):
        raise BadValue("a header's CGI name: HTTP_, then capitals, with _ for -")
    return text


def _issuer(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise BadValue("the provider's issuer URL, with https://, without ? and #")
    return text


def _rp_id(values: Mapping[str, Any]) -> str:
    """The host of SITE_ROOT, where browsers let security keys be used: not without https, and
    not at a bare IP address."""
    root = urlsplit(values["SITE_ROOT"] or "")
    host = root.hostname or ""
    is_number = ":" in host or re.fullmatch(r"[0-9.]+", host)
    is_local = host == "localhost" or host.endswith(".localhost")
    return host if not is_number and (root.scheme == "https" or is_local) else ""


def _sender(text: str) -> str:
    if "@" not in parseaddr(text)[1]:
        raise BadValue("an e-mail address, or a name and an address in <>")
    return text


def _address(text: str) -> str:
    if not re.fullmatch(r"[^\s<>@]+@[^\s<>@]+", text):
        raise BadValue("an e-mail address, without a name")
    return text


def _mail_from(text: str) -> str:
    if text.count("%s") != 1 or "@" not in text:
        raise BadValue("an address with exactly one %s")
    return text


def _domain(text: str) -> str:
    if not re.fullmatch(r"[\w-]+(\.[\w-]+)*", text):
        raise BadValue("what stands behind the @ of an address")
    return text


def _domains(text: str) -> list[str]:
    found = [item.strip().lower().removeprefix("@") for item in text.split(",") if item.strip()]
    if not all(re.fullmatch(r"[\w-]+(\.[\w-]+)*", domain) for domain in found):
        raise BadValue("what stands behind the @ of addresses, separated by commas")
    return found


def _endpoint(text: str) -> str:
    if not re.fullmatch(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?", text):
        raise BadValue("a host, or host:port, without https:// and without a path")
    return text


def _nothing(_: Mapping[str, Any]) -> list[str]:
    return []


DATABASES = {
    "sqlite": "sqlite",
    "sqlite3": "sqlite",
    "postgres": "postgres",
    "postgresql": "postgres",
    "mysql": "mysql",
    "mariadb": "mysql",
}

URL = checked("URL", _site_root)
SENDER = checked("e-mail address", _sender)
PORT = integer(1, 65535)

# fmt: off
CORE: tuple[Var, ...] = (
    # The process
    Var("HOST", TEXT, "127.0.0.1", "Address the web server listens on; 0.0.0.0 for all."),
    Var("PORT", PORT, 8000, "Port the web server listens on."),
    Var("DATA_DIR", TEXT, str(BASE_DIR / "data"), "Folder for what the service keeps on disk: the SQLite file and the generated secret key."),
    Var("WEB_WORKERS", integer(1, 64), 2, "Web server processes."),
    Var("DEBUG", BOOL, False, "Error details in the browser; for development only."),
    Var("LOG_FORMAT", choice("line", "json"), "line", "How log records are written: as lines for people, or as JSON."),
    Var("LOG_DB_LEVEL", choice("off", "debug", "info", "warning", "error"), "warning", "Lowest level that is also kept in the database, for the admin pages."),
    Var("LOG_LEVEL", choice("debug", "info", "warning", "error"), "info", "Lowest level that is logged."),
    # The site
    Var("SECRET_KEY", TEXT, "", "Signs sessions and links and hashes API keys. Unset: made once and kept in DATA_DIR.", secret=True),
    Var("SECRET_KEY_FALLBACKS", LIST, _nothing, "Former secret keys, still accepted for what they signed.", secret=True),
    Var("SITE_ROOT", URL, lambda v: f"http://localhost:{v['PORT']}", "Public address of this site, with its path if it has one.", example="https://checks.example.org"),
    Var("ALLOWED_HOSTS", LIST, _nothing, "Host names the site answers to. Unset: the host of SITE_ROOT.", example="checks.example.org,10.0.0.5"),
    Var("CSRF_TRUSTED_ORIGINS", LIST, _nothing, "Further origins whose forms are accepted.", example="https://other.example.org"),
    Var("SITE_NAME", TEXT, "Mychecks", "Name of this site in pages and messages."),
    Var("MASTER_BADGE_LABEL", TEXT, lambda v: v["SITE_NAME"], "Label of a project's badge. Unset: SITE_NAME."),
    Var("SITE_LOGO_URL", TEXT, "", "Logo shown instead of the built-in one."),
    Var("SUPPORT_EMAIL", SENDER, "", "Address shown where people may need help."),
    Var("REGISTRATION_OPEN", BOOL, True, "Whether anybody may sign up."),
    Var("SIGNUP_DOMAINS", checked("domains", _domains), _nothing, "Domains whose addresses may sign up, separated by commas. Unset: all.", example="example.org,example.com"),
    Var("PROJECT_CREATION", choice("anyone", "staff"), "anyone", "Who may make projects. staff: only administrators, and new accounts start without a project."),
    Var("USE_PAYMENTS", BOOL, False, "True: new accounts start with the small limits of a free plan."),
    Var("DEFAULT_CHECK_LIMIT", integer(0, 1_000_000), lambda v: 20 if v["USE_PAYMENTS"] else 10_000, "Checks that a new account may have, in all of its projects."),
    Var("DEFAULT_PING_LOG_LIMIT", integer(1, 1_000_000), 100, "Pings that are kept of each check of a new account."),
    Var("DEFAULT_SMS_LIMIT", integer(0, 1_000_000), lambda v: 0 if v["USE_PAYMENTS"] else 10_000, "Text messages that a new account may send in a month."),
    Var("DEFAULT_CALL_LIMIT", integer(0, 1_000_000), lambda v: 0 if v["USE_PAYMENTS"] else 10_000, "Phone calls that a new account may make in a month."),
    Var("ADMINS", LIST, _nothing, "Addresses that get a mail about each unhandled error.", example="ops@example.org"),
    Var("ADMIN_EMAIL", checked("e-mail address", _address), "", "Account made at the first start, as administrator."),
    Var("ADMIN_PASSWORD", TEXT, "", "Password of ADMIN_EMAIL.", secret=True),
    Var("RP_ID", checked("domain", _domain), _rp_id, "Domain for which security keys and passkeys are made: the host of SITE_ROOT, or a domain above it. Keys made for one domain do not work for another. Unset: the host of SITE_ROOT, if that has https or is localhost.", example="checks.example.org"),
    # Sign-in elsewhere: at a proxy, or at an OpenID Connect provider
    Var("REMOTE_USER_HEADER", checked("header", _user_header), "", "CGI name of the header in which a trusted proxy names the signed-in person's e-mail address. Set: the only way to sign in.", example="HTTP_X_AUTHENTICATED_USER"),
    Var("REMOTE_USER_AUTO_CREATE", BOOL, True, "Whether an unknown address in REMOTE_USER_HEADER gets an account."),
    Var("OIDC_ISSUER", checked("URL", _issuer), "", "Issuer URL of an OpenID Connect provider with which people may sign in. Register the callback <SITE_ROOT>/accounts/oidc/callback/ there.", example="https://id.example.org/realms/main"),
    Var("OIDC_CLIENT_ID", TEXT, "", "Our client id at the provider."),
    Var("OIDC_CLIENT_SECRET", TEXT, "", "Our client secret at the provider. Unset: a public client.", secret=True),
    Var("OIDC_NAME", TEXT, "single sign-on", "What the button calls the provider: “Continue with …”."),
    Var("OIDC_SCOPES", LIST, ["openid", "email", "profile"], "Scopes asked for."),
    Var("OIDC_ALLOWED_DOMAINS", checked("domains", _domains), _nothing, "Only addresses of these domains may sign in. Unset: all.", example="example.org"),
    Var("OIDC_GROUPS_CLAIM", TEXT, "groups", "Claim with the groups or roles of the person; dots lead into objects.", example="realm_access.roles"),
    Var("OIDC_ALLOWED_GROUPS", LIST, _nothing, "Only members of one of these groups may sign in. Unset: all."),
    Var("OIDC_SUPERUSER_GROUP", TEXT, "", "Members of this group are administrators, others are not. Unset: rights are given here."),
    Var("OIDC_AUTO_CREATE", BOOL, True, "Whether an unknown person gets an account."),
    Var("OIDC_TRUST_EMAIL", BOOL, False, "Whether addresses count as verified that the provider does not call so."),
    Var("OIDC_LOCAL_SECOND_FACTOR", BOOL, False, "Whether a second factor of the account here is asked for, too."),
    Var("OIDC_ONLY", BOOL, False, "Whether the provider is the only way to sign in."),
    # Proxies
    Var("TRUSTED_PROXIES", checked("networks", _networks), PRIVATE_NETWORKS.split(","), "Networks whose X-Forwarded-For and X-Forwarded-Proto are believed.", example="127.0.0.0/8,10.0.0.0/8"),
    Var("SECURE_PROXY_SSL_HEADER", checked("header", _header), "", "Header and value by which a proxy marks requests as https.", example="HTTP_X_FORWARDED_PROTO,https"),
    Var("USE_GZIP_MIDDLEWARE", BOOL, False, "Compress dynamic pages (when no proxy does it)."),
    # The database
    Var("DB", choice(*DATABASES), "sqlite", "Database engine: sqlite, postgres, mysql or mariadb."),
    Var("DB_NAME", TEXT, lambda v: "hc" if DATABASES[v["DB"]] != "sqlite" else str(Path(v["DATA_DIR"]) / "hc.sqlite"), "Database name; for SQLite the path of its file."),
    Var("DB_HOST", TEXT, "", "Host of the database server; empty: its local socket."),
    Var("DB_PORT", PORT, None, "Port of the database server."),
    Var("DB_USER", TEXT, lambda v: {"postgres": "postgres", "mysql": "root"}.get(DATABASES[v["DB"]], ""), "User at the database server."),
    Var("DB_PASSWORD", TEXT, "", "Password at the database server.", secret=True),
    Var("DB_CONN_MAX_AGE", integer_or_none(0, 86400), 60, "Seconds a web thread keeps its database connection; None: for ever."),
    Var("DB_SSLMODE", choice("disable", "allow", "prefer", "require", "verify-ca", "verify-full"), "prefer", "PostgreSQL: use of TLS."),
    Var("DB_TARGET_SESSION_ATTRS", choice("any", "read-write", "read-only", "primary", "standby", "prefer-standby"), "read-write", "PostgreSQL: which of several hosts to use."),
    # Outgoing mail
    Var("EMAIL_HOST", TEXT, "", "SMTP server. Unset: mail is printed to the console."),
    Var("EMAIL_PORT", PORT, 587, "Port of the SMTP server."),
    Var("EMAIL_HOST_USER", TEXT, "", "User at the SMTP server."),
    Var("EMAIL_HOST_PASSWORD", TEXT, "", "Password at the SMTP server.", secret=True),
    Var("EMAIL_USE_TLS", BOOL, lambda v: v["EMAIL_PORT"] == 587, "STARTTLS. Unset: on for port 587."),
    Var("EMAIL_USE_SSL", BOOL, lambda v: v["EMAIL_PORT"] == 465, "TLS from the first byte. Unset: on for port 465."),
    Var("EMAIL_TIMEOUT", integer(1, 300), 30, "Seconds a conversation with the SMTP server may stall."),
    Var("EMAIL_USE_VERIFICATION", BOOL, True, "A new e-mail integration must be confirmed from its mailbox."),
    Var("EMAIL_MAIL_FROM_TMPL", checked("address template", _mail_from), "", "Envelope sender with one %s, which becomes a signed bounce id.", example="%s@bounces.example.org"),
    Var("DEFAULT_FROM_EMAIL", SENDER, "healthchecks@example.org", "Sender of all mail.", example="Checks <checks@example.org>"),
    # Pings
    Var("PING_ENDPOINT", checked("URL", _ping_endpoint), lambda v: f"{v['SITE_ROOT']}/ping/", "Prefix of the ping addresses we show."),
    Var("PING_BODY_LIMIT", integer_or_none(0, 100_000_000), 10_000, "Bytes kept of each ping's body; None: all."),
    Var("SPOOL_LIMIT_MB", integer(1, 1_000_000), 256, "Megabytes of pings kept in DATA_DIR while the database is away; beyond, pings are answered 503."),
    # Pings by e-mail
    Var("PING_EMAIL_DOMAIN", checked("domain", _domain), "localhost", "Domain of the addresses to which pings can be mailed.", example="ping.example.org"),
    Var("SMTPD_PORT", PORT, None, "Port on which `make up` takes mail. Unset: it takes none, and `manage.py smtpd` listens on 25."),
    Var("SMTPD_HOST", TEXT, "0.0.0.0", "Address on which mail is taken."),  # noqa: S104 - jobs run on other machines
    Var("SMTPD_TLS_CERT", TEXT, "", "File with the certificate and its chain for STARTTLS. Unset: it is not offered."),
    Var("SMTPD_TLS_KEY", TEXT, "", "File with the key of the certificate. Unset: it is in the same file."),
    # Object storage and housekeeping
    Var("S3_BUCKET", TEXT, "", "Bucket to which ping bodies of more than 100 bytes are moved. Unset: they stay in the database."),
    Var("S3_ENDPOINT", checked("host and port", _endpoint), "", "Host, or host:port, of the S3-compatible storage.", example="s3.eu-central-1.amazonaws.com"),
    Var("S3_ACCESS_KEY", TEXT, "", "Access key of the storage."),
    Var("S3_SECRET_KEY", TEXT, "", "Secret key of the storage.", secret=True),
    Var("S3_REGION", TEXT, "", "Region of the bucket. Unset: the storage is asked."),
    Var("S3_TIMEOUT", integer(1, 600), 60, "Seconds that one request to the storage may take."),
    Var("S3_SECURE", BOOL, True, "Whether the storage is reached by https."),
    Var("METRICS_KEY", TEXT, "", "Key for the metrics of this service at /-/metrics and /api/v3/metrics/. Unset: there are none.", secret=True),
    Var("STATSD_HOST", TEXT, "", "A statsd server that gets counters and timers over UDP; the port is 8125 unless it is given.", example="statsd.example.org:8125"),
    Var("LOG_RETENTION_DAYS", integer(1, 3650), 30, "Days for which log records are kept in the database."),
    Var("AUDIT_RETENTION_DAYS", integer(1, 36_500), 400, "Days for which the audit log is kept."),
    Var("API_RATE_LIMIT", integer(0, 1_000_000), 0, "Requests to the API that each key may make in a minute; beyond, they are answered 429. 0: no limit."),
    Var("PROMETHEUS_ENABLED", BOOL, True, "Whether projects have a page of figures for Prometheus, at /projects/<uuid>/metrics/."),
    # Alerts
    Var("INTEGRATIONS_ALLOW_PRIVATE_IPS", BOOL, False, "Whether integrations may call addresses of private networks."),
    Var("CA_BUNDLE", TEXT, "", "File with the certificate authorities trusted for outgoing HTTPS. Unset: the system's."),
    Var("OUTAGE_SETTLE_SECONDS", integer(0, 86_400), 120, "After an outage of this service itself: extra time for checks whose pings may have been missed, beyond its length."),
    Var("NOTIFY_RETRY_HOURS", integer(1, 72), 6, "Hours for which a message that cannot be delivered is tried again."),
)
# fmt: on

# Known from the service we are compatible with; accepted, but without effect in this version.
WITHOUT_EFFECT = frozenset(
    """APPRISE_ENABLED DISCORD_CLIENT_ID DISCORD_CLIENT_SECRET GITHUB_CLIENT_ID
    GITHUB_CLIENT_SECRET GITHUB_PRIVATE_KEY GITHUB_PUBLIC_LINK MATRIX_HOMESERVER
    MATRIX_USER_ID MATRIX_ACCESS_TOKEN MATTERMOST_ENABLED MSTEAMS_ENABLED NTFY_SH_TOKEN
    OPSGENIE_ENABLED PAGERTREE_ENABLED PD_ENABLED PD_APP_ID
    PUSHBULLET_CLIENT_ID PUSHBULLET_CLIENT_SECRET PUSHOVER_API_TOKEN PUSHOVER_SUBSCRIPTION_URL
    PUSHOVER_EMERGENCY_RETRY_DELAY PUSHOVER_EMERGENCY_EXPIRATION ROCKETCHAT_ENABLED
    SHELL_ENABLED SIGNAL_CLI_SOCKET SLACK_ENABLED SLACK_CLIENT_ID SLACK_CLIENT_SECRET
    SPIKE_ENABLED TELEGRAM_BOT_NAME TELEGRAM_TOKEN TRELLO_APP_KEY TWILIO_ACCOUNT TWILIO_AUTH
    TWILIO_FROM TWILIO_MESSAGING_SERVICE_SID TWILIO_USE_WHATSAPP WHATSAPP_DOWN_CONTENT_SID
    WHATSAPP_UP_CONTENT_SID VICTOROPS_ENABLED ZULIP_ENABLED""".split()  # noqa: SIM905 - sixty names read better as text
)


def table() -> tuple[Var, ...]:
    """All settings: our own and those that the integrations declare."""
    return CORE + tuple(var for kind in registry.KINDS for var in kind.settings)


def environ() -> dict[str, str]:
    """The process environment over the file named by ENV_FILE (default: .env beside manage.py)."""
    path = os.environ.get("ENV_FILE", str(BASE_DIR / ".env"))
    from_file = dotenv_values(path) if path else {}
    return {k: v for k, v in from_file.items() if v is not None} | dict(os.environ)


def load(source: Mapping[str, str]) -> Environment:
    """Read and judge all settings; problems and warnings are in the result."""
    env = read(table(), source)
    _check_site(env)
    _check_sign_in(env)
    _check_mail(env)
    _check_database(env)
    _check_storage(env)
    _check_names(env, source)
    return env


def make_data_dir(env: Environment) -> None:
    """Make the folder for our data, readable for us only; a problem if it cannot be written."""
    path = env["DATA_DIR"]
    try:
        Path(path).mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as e:
        env.reject("DATA_DIR", f"a folder that can be made ({e.strerror})", value=path)
        return
    if not os.access(path, os.W_OK | os.X_OK):
        env.reject("DATA_DIR", "a folder that this user may write to", value=path)


def report(env: Environment) -> str:
    """The problems as text for the operator."""
    count = len(env.problems)
    head = f"{count} setting{'s' if count > 1 else ''} cannot be used:"
    return "\n\n".join([head, *map(str, env.problems)]) + "\n"


def example() -> str:
    """All settings as a file for the environment, each with its meaning and its default."""
    lines = [
        "# All settings, with their defaults. Copy this file to .env and change what you need."
    ]
    defaults = read(table(), {}).values
    for var in table():
        value = defaults[var.name]
        if callable(var.default):
            text = var.example
        else:
            text = (
                ",".join(value) if isinstance(value, list) else str("" if value is None else value)
            )
        note = f" Or {var.file_name}: a file with the value." if var.secret else ""
        lines += ["", f"# {var.help}{note}", f"#{var.name}={text}"]
    return "\n".join(lines).replace(str(BASE_DIR), ".") + "\n"


def hostname(site_root: str | None) -> str:
    return urlsplit(site_root or "").hostname or ""


def _check_site(env: Environment) -> None:
    host = hostname(env["SITE_ROOT"])
    if not env["ALLOWED_HOSTS"]:
        local = ["localhost", "127.0.0.1", "[::1]"] if host in ("localhost", "127.0.0.1") else []
        env.values["ALLOWED_HOSTS"] = local or [f"[{host}]" if ":" in host else host]
    if host and not any(_matches(host, pattern) for pattern in env["ALLOWED_HOSTS"]):
        hosts = ",".join(env["ALLOWED_HOSTS"])
        env.reject("ALLOWED_HOSTS", "a list with the host of SITE_ROOT", f"{hosts},{host}", hosts)
    if env["SECRET_KEY"] == INSECURE_KEY and not env["DEBUG"]:
        env.reject("SECRET_KEY", "at least 50 random characters, or nothing: then one is made")
    for origin in env["CSRF_TRUSTED_ORIGINS"]:
        if "://" not in origin:
            env.reject("CSRF_TRUSTED_ORIGINS", "origins with http:// or https://", value=origin)
    if env["ADMIN_EMAIL"] and not env["ADMIN_PASSWORD"]:
        env.reject("ADMIN_PASSWORD", "a password for ADMIN_EMAIL")
    if env["ADMIN_PASSWORD"] and len(env["ADMIN_PASSWORD"]) < 8:
        env.reject("ADMIN_PASSWORD", "at least 8 characters", value="(hidden)")


def _check_sign_in(env: Environment) -> None:
    refused = {problem.name for problem in env.problems}
    if env["OIDC_ISSUER"] and not env["OIDC_CLIENT_ID"]:
        env.reject("OIDC_CLIENT_ID", "our client id at the provider, since OIDC_ISSUER is set")
    if env["OIDC_ISSUER"] and "openid" not in env["OIDC_SCOPES"]:
        env.reject("OIDC_SCOPES", "a list with openid", value=",".join(env["OIDC_SCOPES"]))
    if env["OIDC_ONLY"] and not env["OIDC_ISSUER"] and "OIDC_ISSUER" not in refused:
        env.reject("OIDC_ISSUER", "the provider's issuer URL, since OIDC_ONLY is on")
    if env["OIDC_ISSUER"] and env["REMOTE_USER_HEADER"]:
        env.reject("REMOTE_USER_HEADER", "nothing, since OIDC_ISSUER is set: one of the two")
    if urlsplit(env["OIDC_ISSUER"]).scheme == "http":
        env.warnings.append("OIDC_ISSUER is not reached by https: do so in tests only.")


def _matches(host: str, pattern: str) -> bool:
    bare = host.strip("[]")
    if pattern == "*" or pattern.strip("[]").lower() == bare:
        return True
    return pattern.startswith(".") and (bare.endswith(pattern) or bare == pattern[1:])


def _check_mail(env: Environment) -> None:
    if env["EMAIL_USE_TLS"] and env["EMAIL_USE_SSL"]:
        env.reject(
            "EMAIL_USE_TLS",
            "False when EMAIL_USE_SSL is on: a connection has one kind of TLS",
            "False",
            "True",
        )
    if env["SMTPD_TLS_KEY"] and not env["SMTPD_TLS_CERT"]:
        env.reject("SMTPD_TLS_CERT", "the certificate that SMTPD_TLS_KEY belongs to")


def _check_database(env: Environment) -> None:
    env.values["DB"] = DATABASES[env["DB"]]
    if not env["DB_NAME"]:
        env.reject("DB_NAME", "the name of the database", "hc")


def _check_storage(env: Environment) -> None:
    """A bucket is of no use without the rest. Names as minio and S3 demand them."""
    bucket = env["S3_BUCKET"]
    if not bucket:
        return
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", bucket):
        expected = "3 to 63 lower-case letters, digits, dots and hyphens"
        env.reject("S3_BUCKET", expected, "ping-bodies", bucket)
    refused = {problem.name for problem in env.problems}
    for name in ("S3_ENDPOINT", "S3_ACCESS_KEY", "S3_SECRET_KEY"):
        if not env[name] and name not in refused:
            env.reject(name, "a value, since S3_BUCKET is set")


def _check_names(env: Environment, source: Mapping[str, str]) -> None:
    names = {var.name for var in table()} | {var.file_name for var in table() if var.secret}
    given = {name for name, value in source.items() if value.strip()}
    for name in sorted(given & WITHOUT_EFFECT):
        env.warnings.append(f"{name} is set, but has no effect in this version.")
    for wrong, right in near_misses(given - WITHOUT_EFFECT, names).items():
        env.warnings.append(f"{wrong} is not a setting. Did you mean {right}?")
