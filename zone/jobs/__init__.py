from zone.jobs.upkeep import JOBS

__all__ = ["JOBS"]
