"""The requests that a channel of the kind `webhook` makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field

from hc.integrations.base import Config, Direction

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


@dataclass(frozen=True, slots=True)
class RequestTemplate:
    """A request with placeholders in it."""

    method: Method
    url: str
    body: str
    headers: Mapping[str, str]


class WebhookConfig(Config):
    """Stored as JSON. `secret`: the key with which requests are signed; empty for none."""

    method_down: Method = "GET"
    url_down: str = ""
    body_down: str = ""
    headers_down: dict[str, str] = Field(default_factory=dict)
    method_up: Method = "GET"
    url_up: str = ""
    body_up: str = ""
    headers_up: dict[str, str] = Field(default_factory=dict)
    name: str = ""
    secret: str = Field(default="", repr=False)

    def template(self, status: Direction) -> RequestTemplate:
        if status == "down":
            return RequestTemplate(
                self.method_down, self.url_down, self.body_down, self.headers_down
            )
        return RequestTemplate(self.method_up, self.url_up, self.body_up, self.headers_up)

    def wants(self, status: Direction) -> bool:
        return bool(self.template(status).url)

    def title(self) -> str:
        return urlsplit(self.url_down or self.url_up).hostname or ""

    def destination(self, status: Direction) -> str:
        return urlsplit(self.template(status).url).netloc.rpartition("@")[2].lower()

    def details(self) -> str:
        if self.url_down and self.url_up:
            return ""
        return "down only" if self.url_down else "up only"


CONFIG = WebhookConfig
