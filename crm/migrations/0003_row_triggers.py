from django.db import migrations

from zone.database.row_versions import touch


class Migration(migrations.Migration):
    dependencies = [("crm", "0002_links"), ("zone", "0002_row_triggers")]

    operations = touch("crm_contact", "crm_enterprise", "crm_followup", "crm_lead")
