"""Random secrets: made by the operating system's generator, kept where only we can read them."""

from __future__ import annotations

import os
import secrets
import string
from pathlib import Path

ALPHANUMERIC = string.ascii_letters + string.digits


def kept_secret(path: Path) -> str:
    """The secret stored at `path`; made now (64 characters, mode 0600) if there is none yet.

    Its folder must exist.
    """
    if path.exists():
        return _read(path)
    # Written beside and linked into place: of two processes starting at once, one wins, and
    # neither can read half a key.
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as f:
        f.write(random_string(64))
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return _read(path)


def _read(path: Path) -> str:
    return path.read_text(encoding="ascii").strip()


def random_string(length: int, alphabet: str = ALPHANUMERIC) -> str:
    """`length` random characters of `alphabet`."""
    return "".join(secrets.choice(alphabet) for _ in range(length))
