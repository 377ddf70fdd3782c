"""Tables of people and projects. They know columns and constraints, nothing else."""

from hc.accounts.models.api_key import ApiKey, Scope
from hc.accounts.models.audit import AuditEntry, Via
from hc.accounts.models.changes import EmailChange, Invitation
from hc.accounts.models.credentials import Credential, LoginToken, RecoveryCode
from hc.accounts.models.external import ExternalIdentity
from hc.accounts.models.profile import Profile, Reports, Sort, Theme
from hc.accounts.models.project import Member, Project, Role
from hc.accounts.models.saved_view import SavedView
from hc.accounts.models.session import SignIn
from hc.accounts.models.user import User, normalise_email

__all__ = [
    "ApiKey",
    "AuditEntry",
    "Credential",
    "EmailChange",
    "ExternalIdentity",
    "Invitation",
    "LoginToken",
    "Member",
    "Profile",
    "Project",
    "RecoveryCode",
    "Reports",
    "Role",
    "SavedView",
    "Scope",
    "SignIn",
    "Sort",
    "Theme",
    "User",
    "Via",
    "normalise_email",
]
