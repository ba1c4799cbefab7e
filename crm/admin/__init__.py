from crm.admin import enterprises, leads

__all__ = ["enterprises", "leads"]
