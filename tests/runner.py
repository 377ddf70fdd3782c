"""Runs the suite with pytest when it is started as `manage.py test`."""

from __future__ import annotations

from typing import Any

import pytest


class PytestRunner:
    def __init__(self, *, verbosity: int = 1, failfast: bool = False, **_: Any) -> None:
        self._arguments = (["-x"] if failfast else []) + ["-v"] * max(0, verbosity - 1)

    def run_tests(self, labels: list[str], **_: Any) -> int:
        """Run the named paths, or the whole suite; 0 if all is well."""
        return int(pytest.main([*self._arguments, *labels]))
