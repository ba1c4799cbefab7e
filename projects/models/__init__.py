from projects.models.agreements import Agreement, AgreementChange
from projects.models.attachments import Attachment
from projects.models.capital_arrivals import CapitalArrival
from projects.models.occupancies import Occupancy
from projects.models.projects import Credit, Project, StageChange
from zone.apps import import_submodules

# A model that nobody names here is found all the same.
import_submodules(__name__)

__all__ = [
    "Agreement",
    "AgreementChange",
    "Attachment",
    "CapitalArrival",
    "Credit",
    "Occupancy",
    "Project",
    "StageChange",
]
