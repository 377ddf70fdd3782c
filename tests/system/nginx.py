"""nginx in front of the service, as an operator would set it up: it signs people in by a password
of its own and names them in a header."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.receivers import free_port
from tests.system.service import wait_for

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin") or "nginx"
# nginx talks from this address, which is the only one that the service trusts.
ADDRESS = "127.0.0.2"

_CONFIG = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr;
{user}
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u;
    scgi_temp_path {folder}/s;
    # The worst case: names with underscores are passed on.
    underscores_in_headers on;
    proxy_bind {address};
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;
    server {{
        listen 127.0.0.1:{guarded};
        auth_basic "people";
        auth_basic_user_file {folder}/people;
        location / {{
            proxy_set_header X-Authenticated-User $remote_user;
            proxy_pass http://127.0.0.1:{service};
        }}
    }}
    server {{
        listen 127.0.0.1:{open};
        location / {{
            proxy_set_header X-Authenticated-User "";
            proxy_pass http://127.0.0.1:{service};
        }}
    }}
}}
"""


@dataclass
class Nginx:
    """`guarded`: the port on which people give their password; `open`: one that lets all pass."""

    guarded: int
    open: int


@contextmanager
def running(folder: Path, service: int, ports: Nginx, people: dict[str, str]) -> Iterator[None]:
    """nginx with the configuration above; `people`: passwords by address."""
    folder.mkdir()
    lines = (f"{name}:{{PLAIN}}{password}\n" for name, password in people.items())
    (folder / "people").write_text("".join(lines))
    user = "user root;" if Path("/root").owner() == Path.home().owner() else ""
    config = _CONFIG.format(
        folder=folder,
        user=user,
        address=ADDRESS,
        guarded=ports.guarded,
        open=ports.open,
        service=service,
    )
    (folder / "nginx.conf").write_text(config)
    command = [NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        wait_for(lambda: _answers(ports.open), 10, "starting nginx")
        yield
    finally:
        process.terminate()
        process.wait(10)


def new_ports() -> Nginx:
    return Nginx(free_port(), free_port())


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
