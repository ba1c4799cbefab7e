from zone.admin import chains, checks, parks, people, targets

__all__ = ["chains", "checks", "parks", "people", "targets"]
