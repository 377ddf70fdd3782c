from __future__ import annotations

import asyncio
import ssl
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from hc.pings import maildoor


class Command(BaseCommand):
    # `serve` and `checkconfig` judge the settings; a process of the service has to start fast.
    requires_system_checks = ()
    help = (
        "Takes pings by e-mail: a mail to <uuid>@PING_EMAIL_DOMAIN or "
        "<ping key>+<slug>@PING_EMAIL_DOMAIN is a ping. Runs until SIGTERM."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        host, port = settings.SMTPD_HOST, settings.SMTPD_PORT or 25
        parser.add_argument(
            "--host", default=host, help="Address to listen on; default: %(default)s."
        )
        parser.add_argument(
            "--port", type=int, default=port, help="Port to listen on; default: %(default)s."
        )
        parser.add_argument(
            "--tls-cert",
            metavar="FILE",
            default=settings.SMTPD_TLS_CERT,
            help="Certificate with its chain, as PEM; with one, STARTTLS is offered.",
        )
        parser.add_argument(
            "--tls-key",
            metavar="FILE",
            default=settings.SMTPD_TLS_KEY,
            help="Key of the certificate, as PEM; default: in the same file.",
        )

    def handle(self, **options: Any) -> None:
        tls = _tls(options["tls_cert"], options["tls_key"]) if options["tls_cert"] else None
        try:
            asyncio.run(maildoor.main(options["host"], options["port"], tls))
        except OSError as e:
            address = f"{options['host']}:{options['port']}"
            raise CommandError(f"Cannot listen on {address}: {e.strerror}.") from e


def _tls(cert: str, key: str) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(cert, key or None)
    except OSError as e:  # of which the errors of TLS are a kind
        raise CommandError(f"The certificate cannot be used: {e.strerror or e}.") from e
    return context
