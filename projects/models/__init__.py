from projects.models.agreements import Agreement, AgreementChange
from projects.models.capital import CapitalArrival
from projects.models.occupancies import Occupancy
from projects.models.projects import Credit, Project, StageChange

__all__ = [
    "Agreement",
    "AgreementChange",
    "CapitalArrival",
    "Credit",
    "Occupancy",
    "Project",
    "StageChange",
]
