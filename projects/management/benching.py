"""What the benches share: a database that is dropped at the end, rows made by SQL, a server."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import urlopen

from django.conf import settings
from django.db import connection, models
from django.test import Client
from psycopg import sql

from zone.models import User

START_LIMIT = 60  # seconds until the server answers

END_OTHERS = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid()"""


@contextmanager
def database_of_its_own() -> Iterator[None]:
    """Have an empty database with all migrations, and drop it whatever happened inside."""
    original = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(END_OTHERS)  # a server's threads keep their connections
        connection.creation.destroy_test_db(original, verbosity=0)


def insert(model: type[models.Model], rows: str, /, **values: str) -> str:
    """Return an INSERT of a row of ``model`` for each row of ``rows``, a FROM clause.

    ``values`` are SQL expressions by column. What they leave out holds what the model would put
    there, so that a field added later is filled here too.
    """
    columns = {}
    for field in model._meta.concrete_fields:
        expression = values.pop(field.attname, None) or default_of(field)
        if expression:
            columns[f'"{field.column}"'] = expression
    if values:
        raise ValueError(f"{model.__name__} has no {', '.join(values)}")
    table = model._meta.db_table
    return f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(columns.values())} {rows}"


def default_of(field: models.Field) -> str:
    """Return what stands in a column that nobody filled, as SQL; "" for the database's own."""
    if field.primary_key and isinstance(field, models.UUIDField):
        return "gen_random_uuid()"
    if getattr(field, "auto_now_add", False) or getattr(field, "auto_now", False):
        return "now()"
    if field.has_db_default() or field.primary_key or (field.null and not field.has_default()):
        return ""
    value = field.get_db_prep_save(field.get_default(), connection)
    return sql.Literal(value).as_string()


@contextmanager
def production_server(**environ: str) -> Iterator[tuple[str, subprocess.Popen]]:
    """Serve this database by gunicorn as in production, but over plain HTTP.

    Yields the address and the process.
    """
    with TemporaryDirectory() as folder:
        host = f"127.0.0.1:{free_port()}"
        environ = production(host, folder) | environ
        manage = [sys.executable, settings.BASE_DIR / "manage.py"]
        subprocess.run([*manage, "collectstatic", "--noinput", "-v0"], env=environ, check=True)
        command = [sys.executable, "-m", "gunicorn", "--config", "zone/gunicorn.py", "zone.wsgi"]
        process = subprocess.Popen(
            command, cwd=settings.BASE_DIR, env=environ, stdout=subprocess.DEVNULL
        )
        try:
            wait_for(f"http://{host}/healthz")
            yield f"http://{host}", process
        finally:
            process.terminate()
            process.wait()


def production(host: str, folder: str) -> dict[str, str]:
    """Return the environment of a server that reads the sessions made here."""
    found = connection.settings_dict
    login = f"{quote(found['USER'])}:{quote(found['PASSWORD'])}"
    named = {key: value for key, value in os.environ.items() if key != "DATABASE_OWNER_URL"}
    return named | {
        "DATABASE_URL": f"postgresql://{login}@{found['HOST']}:{found['PORT']}/{found['NAME']}",
        "DEBUG": "0",
        "OWN_MACHINE": "1",
        "SECRET_KEY": settings.SECRET_KEY,
        "CONTACT_KEY": settings.CONTACT_KEY,
        "SECOND_FACTOR_ROLES": "NONE",
        "SECURE_SSL_REDIRECT": "0",
        "BEHIND_PROXY": "0",
        "ALLOWED_HOSTS": "127.0.0.1",
        "STATIC_ROOT": f"{folder}/static",
        "GUNICORN_BIND": host,
        "GUNICORN_WORKERS": "2",
        "GUNICORN_LOG_LEVEL": "error",
    }


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(address: str):
    until = time.monotonic() + START_LIMIT
    while time.monotonic() < until:
        try:
            with urlopen(address, timeout=5):
                return
        except (URLError, TimeoutError):
            time.sleep(0.05)
    raise RuntimeError(f"{address} does not answer")


def session_cookie(username: str) -> tuple[str, str]:
    """Return the cookie, of a server without DEBUG, that lets this person in."""
    client = Client()
    client.force_login(User.objects.get(username=username))
    return "__Host-sessionid", client.cookies[settings.SESSION_COOKIE_NAME].value
