"""Static files of the integrations: each folder's logo, as integrations/<kind>/logo.svg."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage

from hc.integrations import registry

FOLDER = Path(__file__).resolve().parent
NAME = "logo.svg"


class LogoFinder(BaseFinder):
    def find(self, path: str, find_all: bool = False, **_: Any) -> Any:
        for kind in registry.KINDS:
            if path == f"integrations/{kind.kind}/{NAME}":
                found = str(FOLDER / kind.kind / NAME)
                return [found] if find_all else found
        return []

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[Any]:
        for kind in registry.KINDS:
            storage = FileSystemStorage(location=FOLDER / kind.kind)
            # Where collectstatic puts the storage's files.
            storage.prefix = f"integrations/{kind.kind}"  # type: ignore[attr-defined]
            yield NAME, storage
