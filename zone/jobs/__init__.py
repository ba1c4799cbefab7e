from zone.jobs import reminders, upkeep

JOBS = (*upkeep.JOBS, *reminders.JOBS)

__all__ = ["JOBS"]
