"""make_…(**only_what_matters): dull, fixed defaults; every row passes clean().

``make(model)`` makes a row of any model: of most, its required fields say enough.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import count
from uuid import uuid4

from django.apps import apps
from django.db import models
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from crm.models import Contact, Enterprise, FollowUp, Lead
from crm.models.conflicts import Conflict
from crm.models.follow_up_files import FollowUpFile
from crm.models.screenings import Screening
from crm.models.transfers import LeadTransfer
from projects.models import Agreement, Attachment, CapitalArrival, Credit, Occupancy, Project
from tests import files
from zone.calendar import today
from zone.models import (
    ApiClient,
    Appointment,
    ApprovedHost,
    IndustryChain,
    Park,
    Row,
    Space,
    Target,
    User,
    WebhookDelivery,
    WebhookEndpoint,
)
from zone.models.group_bots import GroupBot

_number = count(1)


def _saved(row):
    # Unique values and constraints are the database's to refuse: asking first doubles the time.
    row.full_clean(validate_unique=False, validate_constraints=False)
    row.save()
    return row


def make_user(role: str = "", chain=None, park=None, **fields) -> User:
    """Make a person with a password nobody needs, appointed to ``role`` since 2025-01-01."""
    n = next(_number)
    fields = {"username": f"user{n}", "display_name": f"人员{n}", "is_staff": True} | fields
    user = User(**fields)
    user.set_unusable_password()
    user.save()
    if role:
        if role in ("chain_leader", "specialist"):
            chain = chain or make_chain()
        if role == "park_operator":
            park = park or make_park()
        make_appointment(user, role.upper(), chain=chain, park=park)
    return user


def make_chain(code: str = "new-energy", **fields) -> IndustryChain:
    names = {"new-energy": "新能源", "electronics": "电子信息", "equipment": "装备制造"}
    chain, _ = IndustryChain.objects.get_or_create(
        code=code, defaults={"name": names.get(code, code)} | fields
    )
    return chain


def make_appointment(user: User, role: str, **fields) -> Appointment:
    return _saved(Appointment(user=user, role=role, **{"starts_on": date(2025, 1, 1)} | fields))


def make_specialist(chain: IndustryChain | None = None, **fields) -> User:
    return make_user("specialist", chain=chain, **fields)


def make_office(**fields) -> User:
    return make_user("office", **fields)


def make_park(**fields) -> Park:
    n = next(_number)
    return _saved(Park(**{"code": f"park{n}", "name": f"园区{n}", "kind": "INDUSTRIAL"} | fields))


def make_space(**fields) -> Space:
    defaults = {"code": f"{next(_number)}", "kind": "PLANT", "area_m2": Decimal(1000)}
    if "park" not in fields:
        fields["park"] = make_park()
    return _saved(Space(**defaults | fields))


def make_enterprise(**fields) -> Enterprise:
    return _saved(Enterprise(**{"name": f"示例企业{next(_number)}有限公司"} | fields))


def make_contact(**fields) -> Contact:
    if "enterprise" not in fields:
        fields["enterprise"] = make_enterprise()
    return _saved(Contact(**{"name": "王经理", "phone": "0355-0001234"} | fields))


def make_lead(**fields) -> Lead:
    owner = fields.pop("owner", None)
    defaults = {
        "title": f"线索{next(_number)}",
        "source": Lead.Source.OWN,
        "planned_investment_wan": Decimal(10_000),
    }
    fields.setdefault("chain", make_chain())
    if "enterprise" not in fields:
        fields["enterprise"] = make_enterprise()
    if owner is not None:
        fields.setdefault("owned_on", today())
    return _saved(Lead(**defaults | fields, owner=owner))


def make_screening(result: str = "PASS", **fields) -> Screening:
    """Make a decided sheet of a lead, by an office person; with PASS the lead may go on."""
    fields.setdefault("lead", None)
    fields["lead"] = fields["lead"] or make_lead()
    if result:
        fields.setdefault("decided_by", make_user())
        fields.setdefault("decided_on", date(2025, 1, 1))
    return _saved(Screening(result=result, **fields))


def make_transfer(**fields) -> LeadTransfer:
    """Make a proposal that waits; without a target it goes to another zone."""
    fields["lead"] = fields.get("lead") or make_lead()
    if not {"to_owner", "to_chain"} & fields.keys():
        fields.setdefault("to_place", "示例开发区")
    fields.setdefault("proposed_by", fields["lead"].owner or make_user())
    return _saved(LeadTransfer(**{"subject": f"流转{next(_number)}", "reason": "分工"} | fields))


def make_conflict(**fields) -> Conflict:
    """Make a claim that waits, against a lead of its own or the one given."""
    fields["lead"] = fields.get("lead") or make_lead()
    fields.setdefault("raised_by", make_user())
    fields.setdefault("chain", fields["lead"].chain)
    fields.setdefault("enterprise_name", fields["lead"].enterprise.name)
    claim = {"title": "我的项目", "planned_investment_wan": Decimal(777), "grounds": "已接洽"}
    return _saved(Conflict(**claim | fields))


def make_follow_up(**fields) -> FollowUp:
    defaults = {"kind": FollowUp.Kind.CALL, "summary": "电话沟通", "happened_on": date(2025, 3, 1)}
    return _saved(FollowUp(**defaults | fields))


def make_project(**fields) -> Project:
    fields.setdefault("chain", make_chain())
    if "enterprise" not in fields:
        fields["enterprise"] = make_enterprise()
    return _saved(Project(**{"name": f"项目{next(_number)}"} | fields))


def make_agreement(**fields) -> Agreement:
    """Make an agreement; ``recognised_on`` counts it at once, by an office person."""
    defaults = {
        "kind": Agreement.Kind.FORMAL,
        "signed_on": date(2025, 3, 1),
        "amount_wan": Decimal(10_000),
    }
    if "project" not in fields:
        fields["project"] = make_project()
    if fields.get("recognised_on") and not fields.get("recognised_by"):
        fields["recognised_by"] = make_user()
    return _saved(Agreement(**defaults | fields))


def make_counted(amount_wan, signed_on=date(2025, 3, 1), **fields) -> Agreement:
    """Make a recognised formal agreement of a project of its own."""
    return make_agreement(
        amount_wan=Decimal(amount_wan), signed_on=signed_on, recognised_on=signed_on, **fields
    )


def make_attachment(name: str = "扫描件.pdf", content: bytes | None = None, **fields) -> Attachment:
    """Make an attachment of a project of its own, or of what ``fields`` name."""
    if not {"agreement", "project"} & fields.keys():
        fields["project"] = make_project()
    defaults = {
        "kind": Attachment.Kind.SCAN,
        "uploaded_by": fields.get("uploaded_by") or make_user(),
    }
    file = files.upload(name, files.pdf() if content is None else content)
    return _saved(Attachment(**defaults | fields).take(file))


def make_follow_up_file(name: str = "现场.pdf", **fields) -> FollowUpFile:
    if "follow_up" not in fields:
        fields["follow_up"] = make(FollowUp)
    fields.setdefault("uploaded_by", fields["follow_up"].by)
    return _saved(FollowUpFile(**fields).take(files.upload(name, files.pdf())))


def make_credit(**fields) -> Credit:
    return _saved(Credit(**{"share": Decimal(100)} | fields))


def make_arrival(**fields) -> CapitalArrival:
    defaults = {"arrived_on": date(2025, 3, 1), "amount_wan": Decimal(100), "origin": "CITY"}
    if "project" not in fields:
        fields["project"] = make_project()
    return _saved(CapitalArrival(**defaults | fields))


def make_occupancy(starts_on=date(2025, 1, 1), ends_before=None, **fields) -> Occupancy:
    """Make an occupancy from ``starts_on`` up to, not including, ``ends_before``."""
    if "space" not in fields:
        fields["space"] = make_space()
    if "enterprise" not in fields:
        fields["enterprise"] = make_enterprise()
    return _saved(Occupancy(period=DateRange(starts_on, ends_before), **fields))


def make_target(measure: str, value, year: int = 2025, **fields) -> Target:
    return _saved(Target(year=year, measure=measure, value=Decimal(value), **fields))


def make_client(**fields) -> ApiClient:
    """Make another system that may call the interface, with a key in force."""
    client = ApiClient(**{"name": f"系统{next(_number)}", "whole_zone": True} | fields)
    client.save()
    client.issue_key()
    return client


def make_host(host: str = "oa.example.cn", **fields) -> ApprovedHost:
    known = ApprovedHost.objects.filter(host=host).first()
    defaults = {"networks": ["10.20.0.0/16"], "reason": "联调"}
    return known or _saved(ApprovedHost(host=host, **defaults | fields))


def make_bot(**fields) -> GroupBot:
    host = make_host("bots.example.cn")
    defaults = {"name": f"群{next(_number)}", "kind": "WECOM", "url": f"https://{host}/send?key=x"}
    return _saved(GroupBot(**defaults | fields))


def make_endpoint(**fields) -> WebhookEndpoint:
    """Make an address of a client that is told of leads and enterprises, with a secret."""
    if "client" not in fields:
        fields["client"] = make_client(
            scopes=["changes:read", "leads:read", "enterprises:read", "contacts:read"]
        )
    fields.setdefault("url", f"https://{make_host().host}/hooks/{next(_number)}")
    endpoint = _saved(WebhookEndpoint(**fields))
    endpoint.issue_secret()
    return endpoint


def make_delivery(endpoint: WebhookEndpoint | None = None, **fields) -> WebhookDelivery:
    """Make a message that waits, or one that ended as ``fields`` say."""
    n = next(_number)
    data = {"entity": "leads", "id": str(uuid4()), "version": 1, "op": "upsert"}
    endpoint = endpoint or make_endpoint()
    made = WebhookDelivery.of(endpoint, f"place{n}", "leads.upsert", data, timezone.now())
    if {"delivered_at", "dead_at"} & fields.keys():
        made.next_at = None
    for name, value in fields.items():
        setattr(made, name, value)
    made.save()
    return made


MAKERS = {
    Agreement: make_agreement,
    ApiClient: make_client,
    ApprovedHost: make_host,
    Attachment: make_attachment,
    CapitalArrival: make_arrival,
    Conflict: make_conflict,
    Contact: make_contact,
    Enterprise: make_enterprise,
    FollowUpFile: make_follow_up_file,
    GroupBot: make_bot,
    IndustryChain: make_chain,
    Lead: make_lead,
    LeadTransfer: make_transfer,
    Occupancy: make_occupancy,
    Project: make_project,
    Screening: lambda result="", **fields: make_screening(result, **fields),
    Space: make_space,
    Target: lambda measure="SIGNED_AMOUNT", value=1, **fields: make_target(
        measure, value, **fields
    ),
    User: make_user,
    WebhookDelivery: make_delivery,
    WebhookEndpoint: make_endpoint,
}


def make(model: type[Row], **fields) -> Row:
    """Make a row of ``model``: by its maker, or with dull values for what it requires."""
    return MAKERS[model](**fields) if model in MAKERS else _saved(build(model, **fields))


def build(model: type[Row], **fields) -> Row:
    """Return a row of ``model`` that is not saved, with dull values for what it requires."""
    if model.BELONGS_TO and not _named(model, fields) & {*model.BELONGS_TO}:
        owner = model._meta.get_field(model.BELONGS_TO[0])
        fields[owner.name] = make(owner.related_model)
    given = _named(model, fields)
    missing = [f for f in model._meta.concrete_fields if _is_required(f) and f.name not in given]
    return model(**fields, **{f.name: _dull_value(f) for f in missing})


def make_parts(**owners: Row) -> list[Row]:
    """Make a row of every model that belongs to one of ``owners`` and has none there yet."""
    found = [
        (model, name) for model in apps.get_models() for name in owners if _is_part(model, name)
    ]
    return [
        make(model, **{name: owners[name]})
        for model, name in found
        if not model._default_manager.filter(**{name: owners[name]}).exists()
    ]


def _is_part(model: type[models.Model], name: str) -> bool:
    return issubclass(model, Row) and name in model.BELONGS_TO


def _named(model: type[Row], fields: dict) -> set[str]:
    """Return the names of the fields that are given, by themselves or by their key."""
    return {f.name for f in model._meta.concrete_fields if {f.name, f.attname} & fields.keys()}


def _is_required(field: models.Field) -> bool:
    given = field.has_default() or field.has_db_default() or field.null or field.blank
    return not (field.primary_key or given)


def _dull_value(field: models.Field):
    if field.is_relation:
        return make(field.related_model)
    if field.choices:
        return field.choices[0][0]
    if isinstance(field, models.UUIDField):
        return uuid4()
    if isinstance(field, models.DateTimeField):
        return timezone.now()
    if isinstance(field, models.DateField):
        return date(2025, 3, 1)
    if isinstance(field, (models.IntegerField, models.DecimalField)):
        return Decimal(1) if isinstance(field, models.DecimalField) else 1
    return f"{field.name}{next(_number)}"
