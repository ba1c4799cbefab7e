"""The application that gunicorn serves: gunicorn --config zone/gunicorn.py zone.wsgi"""

import gc
import os

from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from zone.access.row_access import SCOPE_CHECK
from zone.database import checkout

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zone.settings")

application = get_wsgi_application()
# A server runs no system checks by itself; with an error it must not start.
call_command("check", tags=[SCOPE_CHECK])
checkout.mark_production(os.environ)
# What is loaded by now is never collected, so the garbage collector need not walk through it.
# A batch of 500 rows took half as long again with it; and a twentieth longer when the collector
# came after every 700 new objects.
_ = get_resolver().url_patterns
gc.collect()
gc.freeze()
gc.set_threshold(50_000)
