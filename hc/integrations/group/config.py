"""The members of a group, stored as their codes with commas between."""

from __future__ import annotations

from typing import Self
from uuid import UUID

from hc.integrations.base import BadConfig, Config


class GroupConfig(Config):
    channels: tuple[UUID, ...] = ()

    @classmethod
    def load(cls, value: str) -> Self:
        try:
            return cls(channels=tuple(UUID(code) for code in value.split(",") if code))
        except ValueError:
            raise BadConfig("the members of the group") from None

    def dump(self) -> str:
        return ",".join(str(code) for code in self.channels)

    def members(self) -> tuple[UUID, ...]:
        return self.channels

    def details(self) -> str:
        number = len(self.channels)
        return f"{number} member" if number == 1 else f"{number} members"


CONFIG = GroupConfig
