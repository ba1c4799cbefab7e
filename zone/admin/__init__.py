from zone.admin import alerts, chains, parks, people, targets

__all__ = ["alerts", "chains", "parks", "people", "targets"]
