from django.db import migrations

from zone.database.row_versions import create_function, touch


class Migration(migrations.Migration):
    dependencies = [("zone", "0001_ground")]

    operations = [
        create_function(),
        *touch(
            "zone_appointment",
            "zone_building",
            "zone_chainsegment",
            "zone_fund",
            "zone_industrychain",
            "zone_park",
            "zone_publishedfigure",
            "zone_space",
            "zone_target",
            "zone_user",
            "zone_zonesetting",
        ),
    ]
