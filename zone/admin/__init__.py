from zone.admin import (
    alerts,
    appointments,
    audit,
    chains,
    checks,
    clients,
    parks,
    targets,
    users,
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
    "targets",
    "users",
    "webhooks",
]
