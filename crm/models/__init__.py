from crm.models.contacts import Contact
from crm.models.enterprises import Enterprise
from crm.models.follow_ups import FollowUp
from crm.models.leads import Lead, LeadOwnerChange, LeadStageChange

__all__ = ["Contact", "Enterprise", "FollowUp", "Lead", "LeadOwnerChange", "LeadStageChange"]
