from zone.admin import (
    alerts,
    appointments,
    audit,
    chains,
    checks,
    clients,
    parks,
    people,
    targets,
    webhooks,
)

__all__ = [
    "alerts",
    "appointments",
    "audit",
    "chains",
    "checks",
    "clients",
    "parks",
    "people",
    "targets",
    "webhooks",
]
