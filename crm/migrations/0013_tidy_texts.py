from django.db import migrations

from crm.models.enterprises import pinyin_key
from zone import stored_texts
from zone.identifiers import half_width, name_key
from zone.privacy.masking import phone_key


def key_enterprises(apps, schema_editor):
    """Write the keys anew; one that another enterprise has already stays as it was."""
    enterprises = apps.get_model("crm", "Enterprise").objects
    rows = enterprises.values_list("pk", "name", "name_key", "sort_key")
    for pk, name, key, place in rows.iterator(chunk_size=stored_texts.BATCH):
        row = enterprises.filter(pk=pk)
        if key != name_key(name):
            stored_texts.write(row, name_key=name_key(name))
        if place != pinyin_key(half_width(name)):
            row.update(sort_key=pinyin_key(half_width(name)))


def key_contacts(apps, schema_editor):
    contacts = apps.get_model("crm", "Contact").objects.exclude(phone="")
    rows = contacts.filter(phone_key="").values_list("pk", "phone")
    for pk, phone in rows.iterator(chunk_size=stored_texts.BATCH):
        if key := phone_key(phone):
            contacts.filter(pk=pk).update(phone_key=key)


class Migration(migrations.Migration):
    dependencies = [("crm", "0012_one_line_texts")]

    operations = [
        stored_texts.tidy("crm"),
        migrations.RunPython(key_enterprises, migrations.RunPython.noop),
        migrations.RunPython(key_contacts, migrations.RunPython.noop),
    ]
