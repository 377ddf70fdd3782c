"""Where a channel of the kind `email` writes to, and when."""

from __future__ import annotations

from typing import Self

from hc.integrations.base import Config, Direction


class EmailConfig(Config):
    """Stored as {"value": address, "up": bool, "down": bool}; formerly as the bare address.

    `together`: many checks may be told of in one mail; stored where it was switched off.
    """

    value: str
    up: bool = True
    down: bool = True
    together: bool = True

    @classmethod
    def load(cls, value: str) -> Self:
        if not value.startswith("{"):
            return cls(value=value)
        return super().load(value)

    def dump(self) -> str:
        return self.model_dump_json(exclude={"together"} if self.together else None)

    def tells_together(self) -> bool:
        return self.together

    @property
    def address(self) -> str:
        return self.value

    def wants(self, status: Direction) -> bool:
        return self.down if status == "down" else self.up

    def title(self) -> str:
        return self.address

    def details(self) -> str:
        if self.up and self.down:
            return ""
        return "down only" if self.down else "up only"

    def reader_address(self) -> str:
        return self.address


CONFIG = EmailConfig
