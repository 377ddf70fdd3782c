"""Scripts that call the API, as tests need them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

ROOT = "http://testserver"


@dataclass
class Script:
    """Calls one version of the API with one key."""

    client: Client
    key: str = ""
    version: int = 3

    def get(self, path: str, *, headers: dict[str, str] | None = None, **params: Any) -> Any:
        """A GET of a path behind `/api/v3/`; keyword arguments become its parameters."""
        return self.client.get(self._url(path), params, headers=self._headers(headers))

    def post(self, path: str, body: Any = None, *, headers: dict[str, str] | None = None) -> Any:
        """A POST of an object as JSON, or of bytes as they are."""
        data = body if isinstance(body, bytes) else json.dumps({} if body is None else body)
        kind = "application/json"
        return self.client.post(self._url(path), data, kind, headers=self._headers(headers))

    def delete(self, path: str) -> Any:
        return self.client.delete(self._url(path), headers=self._headers())

    def listed(self, path: str, name: str, /, **params: Any) -> list[dict[str, Any]]:
        """The list `name` of an answer."""
        response = self.get(path, **params)
        assert response.status_code == 200, response.content
        found: list[dict[str, Any]] = response.json()[name]
        return found

    def pages(self, path: str, name: str, /, **params: Any) -> list[list[dict[str, Any]]]:
        """All pages of a list, by following the links to the next ones."""
        response = self.get(path, **params)
        pages = [response.json()[name]]
        while link := response.headers.get("Link"):
            found = re.fullmatch(rf'<{ROOT}(/[^>]+)>; rel="next"', link)
            assert found, link
            response = self.client.get(found[1], headers=self._headers())
            pages.append(response.json()[name])
        return pages

    def _url(self, path: str) -> str:
        return f"/api/v{self.version}/{path}"

    def _headers(self, more: dict[str, str] | None = None) -> dict[str, str]:
        return ({"X-Api-Key": self.key} if self.key else {}) | (more or {})


def queries_of(call: Callable[[], object]) -> list[str]:
    """The statements that the database was given meanwhile."""
    with CaptureQueriesContext(connection) as captured:
        call()
    return [query["sql"] for query in captured.captured_queries]
