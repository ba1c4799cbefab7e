from crm.models import Lead
from crm.models.visits import Visit
from projects.demo.data import DemoData, words

GUESTS = ("总经理一行", "投资总监、技术负责人", "董事长助理、财务负责人", "选址考察组")


def build(data: DemoData):
    """Add a visit to every ninth lead."""
    for lead in data.rows[Lead][::9]:
        day, number = data.day_after(lead.created_at.date(), 1, 20), data.rng.randint(2, 8)
        kind, told = data.rng.choice((("VISITED", "VISIT_OUT"), ("RECEIVED", "VISIT_IN")))
        said = {"summary": data.rng.choice(words()["follow_ups"][told]), "visitors": number}
        said |= {"by": lead.owner, "guests": data.rng.choice(GUESTS)}
        data.add(Visit, day, lead=lead, kind=kind, happened_on=day, **said)
