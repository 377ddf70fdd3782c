"""Tables of people and projects. They know columns and constraints, nothing else."""

from hc.accounts.models.api_key import ApiKey, Scope
from hc.accounts.models.credentials import Credential, LoginToken
from hc.accounts.models.profile import Profile, Reports, Sort, Theme
from hc.accounts.models.project import Member, Project, Role
from hc.accounts.models.user import User, normalise_email

__all__ = [
    "ApiKey",
    "Credential",
    "LoginToken",
    "Member",
    "Profile",
    "Project",
    "Reports",
    "Role",
    "Scope",
    "Sort",
    "Theme",
    "User",
    "normalise_email",
]
