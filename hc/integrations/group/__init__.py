from hc.integrations.base import Integration

GROUP = Integration(
    kind="group",
    label="Group",
    blurb="Several integrations of this project under one name.",
    fans_out=True,
)
