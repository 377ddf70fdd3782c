from hc.integrations.base import Integration
from hc.lib.env import BOOL, Var

WEBHOOK = Integration(
    kind="webhook",
    label="Webhook",
    blurb="An HTTP request of your making to any address.",
    settings=(Var("WEBHOOKS_ENABLED", BOOL, True, "Whether webhook integrations may be used."),),
    enabled=lambda settings: bool(settings["WEBHOOKS_ENABLED"]),
)
