"""Under which keys ping bodies lie in object storage.

The newest ping of a check comes first in the order of keys, so "all up to number t" is one listing
that starts after the key of t + 1. Source: core 6.4 of the specification.
"""

from __future__ import annotations

from uuid import UUID


def sort_key(n: int) -> str:
    """Larger numbers sort first: `zj-0` for 0, `xihg-123` for 123.

    A letter for the number of digits (z: one), each digit as a letter (j: 0, a: 9), the number.
    """
    digits = str(n)
    letters = "".join(chr(ord("j") - int(digit)) for digit in digits)
    return f"{chr(ord('z') + 1 - len(digits))}{letters}-{n}"


def prefix(code: UUID) -> str:
    """What the keys of all bodies of a check begin with."""
    return f"{code}/"


def object_key(code: UUID, n: int) -> str:
    return prefix(code) + sort_key(n)


def number_of(key: str) -> int | None:
    """The number of the ping to which a key belongs; None if it is no key of ours."""
    name = key.rpartition("/")[2]
    digits = name.rpartition("-")[2]
    if not (digits.isascii() and digits.isdigit()):
        return None
    n = int(digits)
    return n if name == sort_key(n) else None


def code_of(folder: str) -> UUID | None:
    """The check to which a top-level folder (with or without its slash) belongs, if it is one."""
    name = folder.removesuffix("/")
    try:
        code = UUID(name)
    except ValueError:
        return None
    return code if str(code) == name else None
