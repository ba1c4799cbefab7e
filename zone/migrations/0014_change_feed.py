from django.db import migrations

from zone.database.row_versions import let_touch
from zone.feed.tables import CREATE, DROP
from zone.feed.triggers import feed


class Migration(migrations.Migration):
    dependencies = [("zone", "0013_external_refs")]

    operations = [
        let_touch(),
        migrations.RunSQL(CREATE, DROP),
        *feed(
            "zone.IndustryChain",
            "zone.ChainSegment",
            "zone.Park",
            "zone.Building",
            "zone.Space",
            "zone.Target",
        ),
    ]
