from zone.admin import appointments, audit, chains, checks, parks, people, targets

__all__ = ["appointments", "audit", "chains", "checks", "parks", "people", "targets"]
