from crm.models.contacts import Contact
from crm.models.enterprises import Enterprise
from crm.models.follow_ups import FollowUp
from crm.models.lead_changes import LeadOwnerChange, LeadStageChange
from crm.models.leads import Lead
from zone.apps import import_submodules

# A model that nobody names here is found all the same.
import_submodules(__name__)

__all__ = ["Contact", "Enterprise", "FollowUp", "Lead", "LeadOwnerChange", "LeadStageChange"]
