"""Making projects."""

from __future__ import annotations

import uuid

from hc.accounts.models import Project, User

MAX_NAME = 60


def create_project(name: str, owner: User) -> Project:
    code = uuid.uuid4()
    return Project.objects.create(code=code, name=name, owner=owner, badge_key=str(code))
