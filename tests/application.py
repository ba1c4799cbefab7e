"""The tests' own database, as the application's role sees it: the suite itself runs as owner."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from django.db import connection

from tests.database import FOLDER
from zone.database.cluster import HOST, Cluster
from zone.database.data import APPLICATION
from zone.schema import grants


@contextmanager
def logged_in() -> Iterator[psycopg.Connection]:
    """Have a connection of the application's role to the database of this test."""
    roots = list(FOLDER.glob(f"{os.getpid()}-*"))
    if not roots:
        pytest.skip("the server of TEST_DATABASE_URL has no such role")
    cluster = Cluster(roots[0])
    with psycopg.connect(
        host=HOST, port=cluster.port, user=APPLICATION, password=cluster.application_password,
        dbname=connection.settings_dict["NAME"], sslmode="disable",
    ) as opened:  # fmt: skip
        yield opened


def grant() -> list[str]:
    return grants.apply(APPLICATION)


def act_as_application():
    """Give the rest of this test's transaction the application's rights."""
    if not list(FOLDER.glob(f"{os.getpid()}-*")):
        pytest.skip("the server of TEST_DATABASE_URL has no such role")
    grant()
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {APPLICATION}")


@contextmanager
def as_application() -> Iterator[None]:
    """Let Django log in as the application inside."""
    grant()
    with logged_in() as opened:
        login = {"USER": opened.info.user, "PASSWORD": opened.info.password}
    owner = connection.settings_dict.copy()
    connection.close()
    connection.settings_dict.update(login)
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(owner)
