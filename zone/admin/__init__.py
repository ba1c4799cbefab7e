from zone.admin import audit, chains, parks, people, targets

__all__ = ["audit", "chains", "parks", "people", "targets"]
