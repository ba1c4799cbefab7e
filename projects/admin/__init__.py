from projects.admin import agreements, leads, occupancies, projects

__all__ = ["agreements", "leads", "occupancies", "projects"]
