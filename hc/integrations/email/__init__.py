from hc.integrations.base import Integration

EMAIL = Integration(
    kind="email",
    label="Email",
    blurb="A message to a mailbox, with the facts and the output of the job.",
    confirms=True,
    sends_many=True,
)
