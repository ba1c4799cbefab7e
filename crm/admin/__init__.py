from crm.admin import contacts, enterprises, leads

__all__ = ["contacts", "enterprises", "leads"]
