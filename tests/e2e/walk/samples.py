"""What is filled in where a form asks for something: by the address and the words of its button."""

from __future__ import annotations

from tests.factories import PASSWORD

Sample = dict[str, str]

FIRST = "the first that is offered"
_CHOSEN: Sample = {"check": "on"}
SAMPLES: dict[tuple[str, str], Sample] = {
    ("hc-add-email", "Add email"): {"address": "somebody@example.org"},
    ("hc-add-group", "Add group"): {"name": "Night shift", "channels": "on"},
    ("hc-add-project", "Create project"): {"name": "Another"},
    ("hc-add-view", "Save view"): {"name": "Mornings"},
    ("hc-add-webhook", "Add webhook"): {"url_down": "https://example.org/down"},
    ("hc-account-keys", "Create a key"): {"name": "Terraform"},
    ("hc-change-email", "Send the link"): {"email": "owner@new.example"},
    ("hc-checks-bulk", "Add tag"): _CHOSEN | {"tag": "night"},
    ("hc-checks-bulk", "Alerts …"): _CHOSEN,
    ("hc-checks-bulk", "Delete …"): _CHOSEN,
    ("hc-checks-bulk", "Move …"): _CHOSEN,
    ("hc-checks-bulk", "Move them"): {"to": FIRST},
    ("hc-checks-bulk", "Pause"): _CHOSEN,
    ("hc-checks-bulk", "Remove tag"): _CHOSEN | {"tag": "prod"},
    ("hc-checks-bulk", "Resume"): _CHOSEN,
    ("hc-invite", "Invite"): {"email": "erin@example.org"},
    ("hc-add-project-key", "Make key"): {"name": "Dashboard"},
    ("hc-login", "Mail me a link"): {"identity": "manager@example.org"},
    ("hc-login", "Sign in"): {"email": "manager@example.org", "password": PASSWORD},
    ("hc-remove-project", "Remove project"): {"confirmation": "remove"},
    ("hc-set-password", "Set the password"): {"password": "a good long password of mine"},
    ("hc-add-key", "Add the key"): {"name": "Spare key"},
    ("hc-signup", "Create account"): {"identity": "erin@example.org"},
    ("hc-tv", "Show the board"): {"tv-key": "hcr_" + 28 * "x"},
    ("hc-transfer-check", "Move the check"): {"project": FIRST},
}
# Refused, whatever is filled in: there is no key. With one, see test_second_factors.
REFUSED = {("hc-passkey", "Sign in with a passkey")}
# Buttons that may be pressed without anything to be seen: they choose what is chosen already.
TELLS_NOTHING: set[str] = set()
