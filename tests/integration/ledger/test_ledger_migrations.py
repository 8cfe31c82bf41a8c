"""Rules: the schema comes up from empty, is the one of the models, and another one is refused with a clear word."""

from __future__ import annotations

import os

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text

from cityharvest import api, migrations
from cityharvest.db import Database
from cityharvest.errors import LedgerUnavailable, SchemaOutdated
from cityharvest.ledger import Ledger
from cityharvest.models import Base
from cityharvest.settings import Settings


@pytest.fixture
def empty(database_url: str):
    """The database without the schema; the schema is there again afterwards, for the other tests."""
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA IF EXISTS cityharvest CASCADE"))
    yield engine
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA IF EXISTS cityharvest CASCADE"))
    migrations.upgrade(engine)
    engine.dispose()


def test_the_schema_comes_up_from_empty_and_a_second_time_nothing_happens(empty) -> None:
    assert migrations.current(empty) is None
    with pytest.raises(SchemaOutdated, match="schema-outdated"):
        migrations.require_current(empty)
    assert migrations.upgrade(empty) == migrations.expected() == migrations.current(empty)
    assert migrations.upgrade(empty) == migrations.expected()
    migrations.require_current(empty)


def test_everything_lies_in_the_schema_of_the_ledger(empty) -> None:
    before = set(inspect(empty).get_table_names(schema="public"))
    migrations.upgrade(empty)
    assert set(inspect(empty).get_table_names(schema="public")) == before
    tables = set(inspect(empty).get_table_names(schema="cityharvest"))
    assert tables == {table.name for table in Base.metadata.sorted_tables} | {"alembic_version"}


def test_the_migrated_schema_is_the_one_of_the_models(empty) -> None:
    migrations.upgrade(empty)
    # A role of the schema's own name has it as its default, and then Alembic would not see it as ours.
    engine = create_engine(empty.url, connect_args={"options": "-c search_path=public"})
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_schemas": True,
                "include_name": ours,
                "compare_type": True,
                "compare_server_default": True,
            },
        )
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def ours(name: str | None, kind: str, parents: object) -> bool:
    return (kind != "schema" or name == "cityharvest") and name != "alembic_version"


def test_a_newer_schema_is_refused_by_both_the_ledger_and_the_upgrade(empty, tmp_path) -> None:
    migrations.upgrade(empty)
    with empty.begin() as connection:
        connection.execute(text("UPDATE cityharvest.alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaOutdated, match="schema-newer"):
        migrations.upgrade(empty)
    ledger = Ledger(Settings(database_url=os.environ["CITYHARVEST_TEST_DATABASE_URL"], storage=f"file://{tmp_path}"))
    with pytest.raises(SchemaOutdated) as caught:
        api.delivery_list(ledger=ledger)
    assert (caught.value.code, caught.value.exit_code) == ("schema-newer", 2)
    report = api.health(ledger=ledger)
    assert (report["ok"], report["database_ok"], report["schema_ok"]) == (False, True, False)
    ledger.database.dispose()


def test_health_tells_what_waits(ledger, mandate) -> None:
    api.plan(ledger=ledger)
    report = api.health(ledger=ledger)
    assert report["ok"] is True
    assert report["held"] == 0
    assert report["late"] == len(api.late(ledger=ledger))
    assert report["late"] >= 1


def test_a_database_that_is_away_is_temporary_and_red(tmp_path) -> None:
    url = "postgresql+psycopg2://nobody@127.0.0.1:1/none"
    ledger = Ledger(Settings(database_url=url, storage=f"file://{tmp_path}"))
    with pytest.raises(LedgerUnavailable) as caught:
        api.mandate_list(ledger=ledger)
    assert caught.value.exit_code == 75
    report = api.health(ledger=ledger)
    assert (report["ok"], report["database_ok"], report["error"]["code"]) == (False, False, "ledger-unavailable")


def test_a_forked_child_makes_its_own_connections(ledger, mandate) -> None:
    database: Database = ledger.database
    parent = database.engine
    child = os.fork()
    if child == 0:
        try:
            with database.transaction() as session:
                session.execute(text("SELECT 1"))
            os._exit(0 if database.engine is not parent else 3)
        except BaseException:  # noqa: BLE001 - the exit code tells
            os._exit(4)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert api.mandate_show(mandate.id, ledger=ledger).id == mandate.id
