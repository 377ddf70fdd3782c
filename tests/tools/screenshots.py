"""The pictures of the documents: `python -m tests.tools.screenshots` (`make screenshots`).

Starts the service over a demonstration project in a folder of its own and photographs its pages,
light and dark, on a desk and on a phone, into docs/screenshots.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from playwright.sync_api import Browser

from tests.browser import chromium
from tests.system.service import ROOT, Service

TARGET = ROOT / "docs/screenshots"
SIZES = {"desk": (1400, 900), "phone": (390, 780)}
COLOURS = 128
SIGN_IN = """
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from hc.accounts.models import Project, User
from hc.accounts.services import keys
from hc.accounts.views.entry import BACKEND
from hc.api.models import Check
user = User.objects.by_email("demo@example.org")
session = SessionStore()
session[SESSION_KEY], session[BACKEND_SESSION_KEY] = str(user.pk), BACKEND
session[HASH_SESSION_KEY] = user.get_session_auth_hash()
session.save()
project = Project.objects.get(name="Production")
check = Check.objects.get(project=project, name="DB backup, primary")
print(session.session_key, project.code, check.code, keys.create_readonly_key(project))
"""
SHOWN = {
    "EMAIL_HOST": "127.0.0.1",
    "SITE_NAME": "Healthchecks",
    "PING_ENDPOINT": "https://checks.example.org/ping/",
}


def main() -> None:
    TARGET.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        service = Service(Path(folder), SHOWN)
        service.start()
        try:
            arguments = ["manage.py", "demo", "--name", "Production"]
            subprocess.run(
                [ROOT / ".venv/bin/python", *arguments],
                cwd=ROOT,
                env=service.variables(),
                check=True,
                capture_output=True,
            )
            session, project, check, key = service.shell(SIGN_IN).split()[-4:]
            pages = {
                "list": f"/projects/{project}/checks/",
                "check": f"/checks/{check}/details/",
                "log": f"/checks/{check}/log/",
                "add": f"/projects/{project}/checks/add/",
                "integrations": f"/projects/{project}/integrations/",
                "tv": f"/tv/#{key}=Production",
            }
            with chromium() as browser:
                for name, path in pages.items():
                    photograph(browser, service.url, session, name, path)
        finally:
            service.clean_up()


def photograph(browser: Browser, url: str, session: str, name: str, path: str) -> None:
    for size, (width, height) in SIZES.items():
        for scheme in ("light", "dark"):
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme=scheme,
                timezone_id="Europe/Riga",
                device_scale_factor=1.5 if size == "phone" else 1,
            )
            host = re.findall(r"//([^:/]+)", url)[0]
            cookie = {"name": "sessionid", "value": session, "domain": host, "path": "/"}
            context.add_cookies([cookie])  # type: ignore[list-item] # a dict of the right shape
            page = context.new_page()
            dark = "&theme=dark" if name == "tv" and scheme == "dark" else ""
            page.goto(url + path + dark)
            page.wait_for_timeout(1500 if name == "tv" else 500)
            target = TARGET / f"{name}-{size}-{scheme}.png"
            page.screenshot(path=target)
            shrink(target)
            context.close()


def shrink(picture: Path) -> None:
    """Fewer colours: a quarter of the bytes, if there is a tool for it."""
    if shutil.which("pngquant"):
        subprocess.run(
            ["pngquant", "--force", "--output", picture, str(COLOURS), picture], check=False
        )


if __name__ == "__main__":
    main()
