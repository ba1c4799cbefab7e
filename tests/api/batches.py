"""Batches as another system sends them."""

from datetime import date

from crm.models import Contact, Enterprise, Lead
from crm.models.trips import Trip
from projects.models import Agreement, CapitalArrival, Occupancy, Project
from tests import factories
from zone.api.urls import RESOURCES

SCOPES = (
    "enterprises:write", "contacts:write", "leads:write", "projects:write", "agreements:write",
    "capital-arrivals:write", "occupancies:write",
)  # fmt: skip


def upsert(caller, name: str, rows: list[dict], mode="partial", **headers):
    items = [{"external_id": f"X-{n}", "data": data} for n, data in enumerate(rows)]
    return send(caller, name, items, mode, **headers)


def send(caller, name: str, items: list[dict], mode="partial", **headers):
    body = {"source": "oa", "mode": mode, "items": items}
    return caller._send("post", f"{name}/batch-upsert", body, headers)


def statuses(response) -> list[int]:
    return [found["status"] for found in response.json()["results"]]


def places(result: dict) -> list[tuple]:
    return sorted((found["pointer"], found["code"]) for found in result["problem"]["errors"])


class World:
    """What rows of each kind point to."""

    def __init__(self):
        self.chain = factories.make_chain()
        self.space = factories.make_space()

    def row(self, name: str, n: int) -> dict:
        special = getattr(self, name.replace("-", "_"), None)
        return special(n) if special else self.plain(RESOURCES[name])

    def plain(self, resource) -> dict:
        """Return a body as its example has it, pointing to rows of its own."""
        body = {key: resource.example[key] for key in (*resource.create_only, *resource.writable)}
        owner, *others = resource.model.BELONGS_TO
        keys = {owner, *resource.create_only} - {*others}
        fields = [resource.model._meta.get_field(name) for name in keys]
        targets = {field.name: field.related_model for field in fields if field.is_relation}
        return body | {name: str(factories.make(model).pk) for name, model in targets.items()}

    def enterprises(self, n):
        return {"name": f"示例批量{n}有限公司", "chain": self.chain.code, "scale": "SMALL"}

    def contacts(self, n):
        at = factories.make_enterprise()
        return {"enterprise": str(at.pk), "name": "王经理", "phone": "13812345678"}

    def leads(self, n):
        at = factories.make_enterprise()
        body = {"enterprise": str(at.pk), "title": f"线索{n}", "chain": self.chain.code}
        return body | {"source": "SUPERIOR", "planned_investment_wan": "5000"}

    def projects(self, n):
        at = factories.make_enterprise()
        return {"enterprise": str(at.pk), "name": f"项目{n}", "chain": self.chain.code}

    def agreements(self, n):
        project = factories.make_project()
        body = {"project": str(project.pk), "kind": "FORMAL", "signed_on": "2025-03-01"}
        return body | {"amount_wan": "20000"}

    def capital_arrivals(self, n):
        project = factories.make_project()
        body = {"project": str(project.pk), "arrived_on": "2025-03-01", "amount_wan": "100"}
        return body | {"origin": "CITY"}

    def occupancies(self, n):
        space, tenant = factories.make_space(park=self.space.park), factories.make_enterprise()
        body = {"space": str(space.pk), "enterprise": str(tenant.pk), "kind": "LEASE"}
        return body | {"starts_on": "2025-01-01", "ends_on": None}

    def trips(self, n):
        body = {"place": f"深圳{n}", "chain": self.chain.code, "purpose": "拜访企业"}
        return body | {"starts_on": "2025-03-01", "ends_on": "2025-03-02", "summary": ""}

    def trip_meetings(self, n):
        trip = factories.make(Trip, starts_on=date(2025, 3, 1), ends_on=date(2025, 3, 2))
        body = {"trip": str(trip.pk), "enterprise": str(factories.make_enterprise().pk)}
        return body | {"met_on": "2025-03-01", "lead": None, "note": ""}


KINDS = {
    "enterprises": (Enterprise, {"scale": "LARGE"}, {"name": ""}),
    "contacts": (Contact, {"title": "总经理"}, {"name": ""}),
    "leads": (Lead, {"needs": "厂房"}, {"title": ""}),
    "projects": (Project, {"content": "正极材料"}, {"name": ""}),
    "agreements": (Agreement, {"title": "投资协议"}, {"kind": ""}),
    "capital-arrivals": (CapitalArrival, {"note": "首期"}, {"origin": ""}),
    "occupancies": (Occupancy, {"note": "一楼"}, {"kind": ""}),
}
SPECIAL = {*KINDS, "chains", "chain-segments", "parks", "buildings", "spaces", "follow-ups"}
SPECIAL |= {"targets"}


def kind_of(resource) -> tuple:
    """Return (model, a change, a mistake) of a resource that needs no words of its own here."""
    fields = map(resource.model._meta.get_field, resource.writable)
    required = next(field.name for field in fields if not field.blank)
    return resource.model, resource.change, {required: ""}


PLAIN = [name for name, it in RESOURCES.items() if it.writable and name not in SPECIAL]
KINDS |= {name: kind_of(RESOURCES[name]) for name in PLAIN}
SCOPES += tuple(f"{name}:write" for name in PLAIN)
