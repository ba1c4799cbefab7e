from django.db import migrations

from zone.feed.triggers import feed

# A contact is no longer seen by way of its enterprise, so neither table tells of the other.
(installed,) = feed("crm.Contact", "crm.Enterprise")


class Migration(migrations.Migration):
    dependencies = [("crm", "0010_one_index_each")]

    # The triggers are made from the models as they are: going back has none other to put there.
    operations = [migrations.RunPython(installed.code, migrations.RunPython.noop)]
