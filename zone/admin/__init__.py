from zone.admin import chains, parks, people, targets

__all__ = ["chains", "parks", "people", "targets"]
