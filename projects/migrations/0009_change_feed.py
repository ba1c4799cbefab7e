from django.db import migrations

from zone.feed.triggers import feed


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0007_roles"),
        ("crm", "0009_change_feed"),
        ("zone", "0012_change_feed"),
    ]

    operations = feed(
        "projects.Project",
        "projects.Agreement",
        "projects.CapitalArrival",
        "projects.Occupancy",
    )
