from zone.apps import import_submodules
from zone.models.alerts import SecurityAlert
from zone.models.api_uploads import ApiUpload, ApiUploadPart
from zone.models.appointments import Appointment
from zone.models.audit import AuditEntry
from zone.models.audit_links import AuditAnchor, AuditLink
from zone.models.base import Change, Row
from zone.models.chains import ChainSegment, IndustryChain
from zone.models.clients import ApiBudget, ApiClient, ApiKey, ApiReply
from zone.models.deliveries import WebhookDelivery
from zone.models.external_refs import ExternalRef, Merged
from zone.models.funds import Fund
from zone.models.import_runs import ImportLine, ImportRun
from zone.models.job_runs import JobRun
from zone.models.parks import Building, Park, Space
from zone.models.saved_views import SavedView
from zone.models.sent_forms import SentForm
from zone.models.targets import Measure, PublishedFigure, Target
from zone.models.throttles import Throttle
from zone.models.users import User
from zone.models.webhooks import ApprovedHost, WebhookCursor, WebhookEndpoint
from zone.models.worker_beats import WorkerBeat
from zone.models.zone_settings import ZoneSetting

# A model that nobody names here is found all the same.
import_submodules(__name__)

__all__ = [
    "ApiBudget",
    "ApiClient",
    "ApiKey",
    "ApiReply",
    "ApiUpload",
    "ApiUploadPart",
    "Appointment",
    "ApprovedHost",
    "AuditEntry",
    "AuditAnchor",
    "AuditLink",
    "Building",
    "ChainSegment",
    "Change",
    "ExternalRef",
    "Fund",
    "ImportLine",
    "ImportRun",
    "IndustryChain",
    "JobRun",
    "Measure",
    "Merged",
    "Park",
    "PublishedFigure",
    "Row",
    "SavedView",
    "SecurityAlert",
    "SentForm",
    "Space",
    "Target",
    "Throttle",
    "User",
    "WebhookCursor",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WorkerBeat",
    "ZoneSetting",
]
