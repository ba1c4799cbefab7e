from zone.admin import appointments, chains, checks, parks, people, targets

__all__ = ["appointments", "chains", "checks", "parks", "people", "targets"]
