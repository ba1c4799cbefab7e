from django.conf import settings
from django.db import migrations, models

import zone.calendar

# Set-wise, and past the triggers of the table: what the leads' own lines say already is no change of
# a lead, and half a million of them would be sent to every other system.
FILL = """
ALTER TABLE crm_lead DISABLE TRIGGER USER;
UPDATE crm_lead SET
  stage_since = coalesce(s.last_on, own.day),
  screened_on = s.screened_on,
  fed_back_on = least(c.told_on, s.ended_on),
  first_contact_on = c.first_on,
  last_contact_on = c.last_on,
  owned_on = CASE WHEN own.owner_id IS NOT NULL THEN coalesce(o.last_on, own.day) END,
  lost_reason = CASE WHEN own.stage IN ('LOST', 'INVALID') THEN 'OTHER' ELSE '' END
FROM (SELECT id, owner_id, stage, (registered_at AT TIME ZONE 'Asia/Shanghai')::date AS day
    FROM crm_lead) own
  LEFT JOIN (SELECT lead_id, max("on") AS last_on,
      min("on") FILTER (WHERE to_stage <> 'NEW') AS screened_on,
      max("on") FILTER (WHERE to_stage IN ('SIGNED', 'LOST', 'INVALID')) AS ended_on
    FROM crm_leadstagechange GROUP BY lead_id) s ON s.lead_id = own.id
  LEFT JOIN (SELECT lead_id, max("on") AS last_on FROM crm_leadownerchange
    WHERE to_owner_id IS NOT NULL GROUP BY lead_id) o ON o.lead_id = own.id
  LEFT JOIN (SELECT lead_id, min(day) AS first_on, max(day) AS last_on,
      min(day) FILTER (WHERE day >= screened_on) AS told_on
    FROM (SELECT lead_id, happened_on AS day FROM crm_followup WHERE lead_id IS NOT NULL
      UNION ALL SELECT lead_id, happened_on FROM crm_visit WHERE lead_id IS NOT NULL) one
    LEFT JOIN (SELECT lead_id, min("on") FILTER (WHERE to_stage <> 'NEW') AS screened_on
      FROM crm_leadstagechange GROUP BY lead_id) step USING (lead_id)
    GROUP BY lead_id) c ON c.lead_id = own.id
WHERE crm_lead.id = own.id;
ALTER TABLE crm_lead ENABLE TRIGGER USER
"""
# From here on a job returns leads whose protection has ended: nobody loses one without the warning.
# That is a change of the lead, and is told.
GRACE = """
UPDATE crm_lead SET protected_until = current_date + 7
WHERE owner_id IS NOT NULL AND stage IN ('NEW', 'SCREENED', 'NEGOTIATING', 'AGREEING')
  AND protected_until < current_date + 7
"""


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0011_follow_up_result"),
        ("zone", "0004_sent_form"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="lead",
            name="fed_back_on",
            field=models.DateField(
                blank=True, editable=False, null=True, verbose_name="fed back on"
            ),
        ),
        migrations.AddField(
            model_name="lead",
            name="first_contact_on",
            field=models.DateField(
                blank=True, editable=False, null=True, verbose_name="first contact"
            ),
        ),
        migrations.AddField(
            model_name="lead",
            name="last_contact_on",
            field=models.DateField(
                blank=True, editable=False, null=True, verbose_name="last contact"
            ),
        ),
        migrations.AddField(
            model_name="lead",
            name="lost_reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("PRICE", "price of land, plant or rent"),
                    ("LOCATION", "location or logistics"),
                    ("PREMISES", "no suitable land or plant"),
                    ("ENERGY", "power, energy or environmental limits"),
                    ("POLICY", "policy terms"),
                    ("FUNDS", "investor's funds or decision"),
                    ("MARKET", "market or technology"),
                    ("ELSEWHERE", "settled elsewhere"),
                    ("SILENT", "investor no longer answers"),
                    ("DUPLICATE", "recorded twice"),
                    ("WRONG_DATA", "data are wrong"),
                    ("EXCLUDED", "excluded by the rules of recognition"),
                    ("OTHER", "other"),
                ],
                default="",
                editable=False,
                max_length=12,
                verbose_name="reason of the end",
            ),
        ),
        migrations.AddField(
            model_name="lead",
            name="owned_on",
            field=models.DateField(
                blank=True, editable=False, null=True, verbose_name="owned since"
            ),
        ),
        migrations.AddField(
            model_name="lead",
            name="screened_on",
            field=models.DateField(
                blank=True, editable=False, null=True, verbose_name="screened on"
            ),
        ),
        migrations.AddField(
            model_name="lead",
            name="stage_since",
            field=models.DateField(
                default=zone.calendar.today, editable=False, verbose_name="at this stage since"
            ),
        ),
        migrations.AddField(
            model_name="lead",
            name="tier",
            field=models.CharField(
                blank=True,
                choices=[("A", "tier A"), ("B", "tier B"), ("C", "tier C")],
                default="",
                help_text="Set by the office or the chain leader; A does not count as held.",
                max_length=1,
                verbose_name="tier",
            ),
        ),
        migrations.AddField(
            model_name="lead",
            name="untouched_since",
            field=models.DateTimeField(
                blank=True, editable=False, null=True, verbose_name="without follow-up since"
            ),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(
                condition=models.Q(
                    ("owner__isnull", False),
                    ("stage__in", ("NEW", "SCREENED", "NEGOTIATING", "AGREEING")),
                ),
                fields=["protected_until"],
                name="lead_protected",
            ),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(
                condition=models.Q(("untouched_since__isnull", False)),
                fields=["untouched_since"],
                name="lead_untouched",
            ),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(
                condition=models.Q(("lost_reason", ""), _negated=True),
                fields=["lost_reason", "stage_since"],
                name="lead_lost_reason",
            ),
        ),
        migrations.AddIndex(
            model_name="leadownerchange",
            index=models.Index(
                condition=models.Q(("by", None), ("from_owner__isnull", False), ("to_owner", None)),
                fields=["at"],
                name="lead_returned",
            ),
        ),
        migrations.AddConstraint(
            model_name="lead",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("lost_reason", ""), ("stage__in", ("LOST", "INVALID")), _connector="OR"
                ),
                name="lead_lost_reason_of_ended",
                violation_error_message="Only a lost or invalid lead has a reason of its end.",
            ),
        ),
        migrations.RunSQL(GRACE, migrations.RunSQL.noop),
    ]
