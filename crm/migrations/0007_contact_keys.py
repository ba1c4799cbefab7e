from datetime import timedelta

from django.db import migrations

from zone.calendar import local_date
from zone.privacy.masking import phone_key

KEPT = timedelta(days=1095)


def fill(apps, schema_editor):
    contacts = apps.get_model("crm", "Contact").objects.only("phone", "created_at")
    rows = []
    for contact in contacts.iterator(chunk_size=1000):
        contact.phone_key = phone_key(contact.phone)
        contact.retain_until = local_date(contact.created_at) + KEPT
        rows.append(contact)
    contacts.bulk_update(rows, ["phone_key", "retain_until"], batch_size=1000)


def take_names_out_of_the_log(apps, schema_editor):
    """Django's log named the person; nothing else could take that out again."""
    entries = apps.get_model("admin", "LogEntry").objects.filter(content_type__app_label="crm")
    entries.filter(content_type__model="contact").update(object_repr="•••")
    inlines = entries.filter(content_type__model="enterprise", change_message__contains='"object"')
    inlines.update(change_message="[]")


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0006_contact_privacy"),
        ("admin", "0003_logentry_add_action_flag_choices"),
    ]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.RunPython(take_names_out_of_the_log, migrations.RunPython.noop),
    ]
