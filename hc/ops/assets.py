"""Static files: collected, hashed and compressed when something about them has changed."""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command

STAMP = ".stamp"
_TOOLS = ("Django", "whitenoise", "django-compressor", "django-htmx")


def prepare() -> bool:
    """Collect and compress unless that was done for these very files; whether it was done now.

    One process at a time: several installations may start from the same folder of code.
    """
    root = Path(settings.STATIC_ROOT)
    root.mkdir(parents=True, exist_ok=True)
    with (root.parent / f".{root.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = fingerprint()
        stamp = root / STAMP
        if stamp.is_file() and stamp.read_text() == wanted:
            return False
        call_command("collectstatic", interactive=False, clear=True, verbosity=0)
        call_command("compress", force=True, verbosity=0)
        stamp.write_text(wanted)
    return True


def fingerprint() -> str:
    """Changes when a static file, a template, the site's prefix or a tool has changed."""
    digest = hashlib.sha256(settings.STATIC_URL.encode())
    for name in _TOOLS:
        digest.update(version(name).encode())
    for path in sorted(_sources()):
        found = path.stat()
        digest.update(f"{path}:{found.st_size}:{found.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _sources() -> Iterator[Path]:
    for finder in get_finders():
        for name, storage in finder.list([]):
            yield Path(storage.path(name))
    for folder in settings.TEMPLATES[0]["DIRS"]:
        yield from Path(folder).rglob("*.html")
