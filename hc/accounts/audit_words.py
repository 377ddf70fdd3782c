"""Entries of the audit log in words: "Alice edited the check Backup: grace 1 hour → 2 hours".

An action that has no words here is told by its name, so that nothing in the log can fail a page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hc.accounts.models import AuditEntry, Role, Via

VERBS = {
    "check.created": "made the check",
    "check.edited": "edited the check",
    "check.paused": "paused the check",
    "check.resumed": "resumed the check",
    "check.removed": "deleted the check",
    "check.restored": "brought back the check",
    "check.moved": "moved the check",
    "check.cleared": "cleared the log of the check",
    "check.uncleared": "brought back the log of the check",
    "integration.added": "added the integration",
    "integration.edited": "edited the integration",
    "integration.renamed": "renamed the integration",
    "integration.confirmed": "confirmed the address of the integration",
    "integration.assigned": "chose the checks of the integration",
    "integration.enabled": "switched on the integration",
    "integration.disabled": "switched off the integration",
    "integration.removed": "removed the integration",
    "key.created": "made the API key",
    "key.revoked": "revoked the API key",
    "pingkey.created": "made a ping key",
    "pingkey.renewed": "replaced the ping key",
    "pingkey.revoked": "revoked the ping key",
    "project.created": "made the project",
    "project.edited": "edited the project",
    "project.removed": "removed the project",
    "project.restored": "brought back the project",
    "project.deleted": "deleted for good the project",
    "team.invited": "invited",
    "team.invitation_resent": "sent another invitation to",
    "team.invitation_revoked": "revoked the invitation of",
    "team.joined": "accepted the invitation:",
    "team.declined": "declined the invitation:",
    "team.role_changed": "changed the role of",
    "team.removed": "removed from the team",
    "team.left": "left the team:",
    "transfer.started": "offered the project to",
    "transfer.cancelled": "took back the offer of the project to",
    "transfer.accepted": "took the project over:",
    "transfer.declined": "declined to take the project over:",
    "account.created": "made the account",
    "account.password_set": "set a new password",
    "account.closing": "asked for the account to be closed",
    "account.kept": "kept the account after all",
    "account.preferences": "changed preferences",
    "account.email_change_asked": "asked for another e-mail address:",
    "account.email_changed": "changed the e-mail address to",
    "account.email_change_undone": "took back the change of address:",
    "account.connected": "connected the account to",
    "account.activated": "switched on the account",
    "account.deactivated": "switched off the account",
    "account.rights_changed": "changed the rights of",
    "account.factors_removed": "removed all second factors of",
    "account.impersonated": "began to act as",
    "account.impersonation_ended": "no longer acts as",
    "account.link_printed": "printed a sign-in link for",
    "account.unsubscribed": "stopped reports and reminders",
    "account.removed": "deleted the account",
    "account.deleted": "deleted the account, as asked:",
    "key.added": "added the security key",
    "key.renamed": "renamed the security key",
    "key.removed": "removed the security key",
    "key.suspected": "was refused with the security key",
    "totp.added": "set up the second factor",
    "totp.removed": "removed the second factor",
    "recovery.made": "made new",
    "recovery.used": "used a recovery code",
    "session.ended": "signed out another browser",
    "session.others_ended": "signed out all other browsers",
}
LABELS = {
    "desc": "notes",
    "tz": "time zone",
    "timeout": "period",
    "methods": "allowed methods",
    "channels": "integrations",
    "kind": "kind of schedule",
    "failure_kw": "failure keywords",
    "success_kw": "success keywords",
    "start_kw": "start keywords",
    "show_slugs": "ping addresses by slug",
}
# What stands before a value that was not changed, but is part of what was done.
SCALARS = {"role": "as", "scope": "may", "expires": "until"}
SCOPES = {"rw": "read and write", "ro": "read only", "account": "manage projects"}
WHO = {Via.SYSTEM.value: "The service", Via.COMMAND.value: "An operator"}


@dataclass(frozen=True, slots=True)
class Said:
    """An entry in the parts of its sentence: who, what was done, to what, and how."""

    who: str
    verb: str
    target: str
    changes: str

    def __str__(self) -> str:
        sentence = " ".join(part for part in (self.who, self.verb, self.target) if part)
        return f"{sentence}: {self.changes}" if self.changes else sentence


def say(entry: AuditEntry) -> Said:
    verb = VERBS.get(entry.action) or _spelled(entry.action)
    return Said(_who(entry), verb, entry.target, _changes(entry.details))


def _who(entry: AuditEntry) -> str:
    who = entry.actor_name or WHO.get(entry.via, "Somebody")
    return f"{entry.impersonator} as {who}" if entry.impersonator else who


def _spelled(action: str) -> str:
    kind, _, what = action.rpartition(".")
    return re.sub(r"[._]+", " ", f"{what} {kind}").strip()


def _changes(details: Any) -> str:
    """What an entry says besides, whatever it is."""
    if not isinstance(details, Mapping):
        return ""
    if details.keys() == {"channel", "on"}:
        return f"alerts through {details['channel']} {_value('on', details['on'])}"
    return ", ".join(_change(str(name), value) for name, value in details.items() if value != "")


def _change(name: str, value: Any) -> str:
    if name == "changed" and isinstance(value, list):
        return f"{', '.join(map(_label, value))} changed"
    if isinstance(value, list) and len(value) == 2:
        return f"{_label(name)} {_value(name, value[0])} → {_value(name, value[1])}"
    return f"{SCALARS.get(name) or _label(name)} {_value(name, value)}"


def _label(name: Any) -> str:
    return LABELS.get(str(name), str(name).replace("_", " "))


def _value(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if value is None or value == "":
        return "nothing"
    if name == "role" and value in Role.values:
        return Role(value).label
    if name == "scope":
        return SCOPES.get(str(value), str(value))
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)
