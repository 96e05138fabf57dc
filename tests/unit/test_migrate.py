"""The migrations make exactly the tables the code believes in, once, however many ask for it."""

import signal
import subprocess
import sys

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, insert, inspect, select, text, update

import db.migrate
from db import claims, intake, moves, queries
from db.claims import Answer, DigitRow
from db.engine import Database
from db.errors import LedgerTooNew, NotMigrated, ValueRefused
from db.intake import SeenFile
from db.migrate import HEAD, migrate, require_migrated
from db.queries import Filter
from db.tables import Status, digits, images, metadata

INSERT = text(
    "INSERT INTO images (folder, path, size, mtime_ns, status, first_seen_ms) VALUES ('d', 'x', 1, 1, :status, 1)"
)


def test_the_head_in_the_code_is_the_newest_migration() -> None:
    folder = db.migrate.__file__.replace("migrate.py", "migrations")
    assert ScriptDirectory(folder).get_current_head() == HEAD


def differences(connection: Connection, users: frozenset[str] = frozenset()) -> object:
    """Compare the tables in the code with those there; what PostgreSQL or a user has of its own is left out.

    Computed columns are left out too: no database gives their text back as it was.
    """
    postgres = {"uq_images_folder_path", "ix_images_path", "answers"}
    own = users | postgres if connection.dialect.name == "postgresql" else users
    own |= {column.name for column in images.c if column.computed is not None}
    options = {
        "compare_type": True,
        "compare_server_default": True,
        "include_object": lambda _item, name, *_: name not in own,
    }
    return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)


def test_the_tables_in_the_code_are_those_the_migrations_make(database: Database) -> None:
    with database.reading() as connection:
        assert differences(connection) == []
        tables = inspect(connection)
        primary_keys = {table: tables.get_pk_constraint(table)["constrained_columns"] for table in ("images", "digits")}
        foreign = tables.get_foreign_keys("digits")
    assert primary_keys == {table.name: [column.name for column in table.primary_key] for table in (images, digits)}
    assert [(key["referred_table"], key["options"]) for key in foreign] == [("images", {"ondelete": "CASCADE"})]


def test_the_comparison_would_notice_a_missing_column(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(text("ALTER TABLE images DROP COLUMN dark_on_light"))
        assert differences(connection) != []


def test_migrating_twice_keeps_what_is_there(database: Database) -> None:
    intake.register(database, "d", [SeenFile("7.png", 1, 1)])
    migrate(database)
    assert queries.balance(database).seen == 1
    require_migrated(database)


def test_a_ledger_of_the_first_version_keeps_its_rows_and_gets_the_tables_of_this_one(database: Database) -> None:
    intake.register(database, "d", [SeenFile("7.png", 1, 1)])
    back_to(database, "0001")
    with pytest.raises(NotMigrated, match=r"of version 0001, not"):
        require_migrated(database)
    migrate(database)
    require_migrated(database)
    assert [result.path for result in queries.results(database, Filter())] == ["7.png"]
    with database.reading() as connection:
        assert differences(connection) == []


def back_to(database: Database, version: str) -> None:
    config = Config()
    config.set_main_option("script_location", db.migrate.__file__.replace("migrate.py", "migrations"))
    with database.migrating() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, version)


def test_what_was_read_before_signs_were_is_written_as_it_was_read(database: Database) -> None:
    back_to(database, "0002")
    with database.writing() as connection:
        columns = "folder, path, size, mtime_ns, status, reading, first_seen_ms"
        connection.execute(text(f"INSERT INTO images ({columns}) VALUES ('d', 'a', 1, 1, 'accepted', '0472', 1)"))  # noqa: S608 - fixed
        connection.execute(text(f"INSERT INTO images ({columns}) VALUES ('d', 'b', 1, 1, 'queued', NULL, 1)"))  # noqa: S608 - fixed
    migrate(database)
    with database.reading() as connection:
        found = connection.execute(text("SELECT path, reading, written FROM results ORDER BY path")).all()
    assert [tuple(row) for row in found] == [("a", "0472", "0472"), ("b", None, None)]


def test_a_view_that_a_user_built_on_the_results_outlives_the_migration(database: Database) -> None:
    back_to(database, "0002")
    with database.writing() as connection:
        connection.execute(text("CREATE VIEW mine AS SELECT path, recognized_at FROM results"))
        connection.execute(INSERT, {"status": "queued"})
    migrate(database)
    with database.reading() as connection:
        assert connection.execute(text("SELECT path FROM mine")).scalars().all() == ["x"]


def test_a_database_without_tables_is_refused_with_what_to_do(empty_database: Database) -> None:
    with pytest.raises(NotMigrated, match=r"`digits (run|migrate)`"):
        require_migrated(empty_database)


def test_a_database_of_an_older_version_is_refused_with_what_to_do(database: Database) -> None:
    back_to(database, "0003")
    with pytest.raises(NotMigrated, match=r"of version 0003, not .*: run `digits migrate`"):
        require_migrated(database)


@pytest.mark.parametrize("version", [f"{int(HEAD) + 1:04}", "9999", "5e1a7c0ffee5"])
def test_a_database_of_a_newer_version_is_refused_by_all_and_left_as_it_is(database: Database, version: str) -> None:
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :version"), {"version": version})
    for ask in (require_migrated, migrate):
        with pytest.raises(LedgerTooNew, match=rf"of version {version}, .*: upgrade Digit Inbox") as caught:
            ask(database)
        assert "digits migrate" not in str(caught.value)
    with database.reading() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == version


def test_the_migration_forgets_digits_of_answers_that_have_ended(database: Database) -> None:
    rows = intake.register(database, "d", [SeenFile(status, 1, 1) for status in Status])
    with database.writing() as connection:
        for row_id, status in zip(rows, Status, strict=True):
            connection.execute(update(images).where(images.c.id == row_id).values(status=status, hash="ab"))
            probabilities = {f"p{label}": 0.1 for label in range(10)}
            box = {"box_left": 0, "box_top": 0, "box_width": 1, "box_height": 1}
            row = {"image_id": row_id, "position": 0, "label": 7, "confidence": 0.9, **box, **probabilities}
            connection.execute(insert(digits).values(row))
    back_to(database, "0004")
    migrate(database)
    with database.reading() as connection:
        having = select(images.c.status).join(digits).order_by(images.c.id)
        assert connection.execute(having).scalars().all() == ["accepted", "review", "rejected"]
        assert connection.execute(select(images.c.hash).where(images.c.status == "queued")).scalar() is None


def test_every_migration_before_the_head_is_known_as_one() -> None:
    scripts = ScriptDirectory(db.migrate.__file__.replace("migrate.py", "migrations"))
    earlier = [script.revision for script in scripts.walk_revisions()][1:]
    assert set(earlier) == set(db.migrate._EARLIER)  # noqa: SLF001 - the list that the code keeps of them


@pytest.mark.parametrize("status", ["", "QUEUED", "done", "queued "])
def test_the_database_refuses_a_status_that_does_not_exist(database: Database, status: str) -> None:
    with pytest.raises(ValueRefused, match="ck_images_status"), database.writing() as connection:
        connection.execute(INSERT, {"status": status})


@pytest.mark.parametrize("status", list(Status))
def test_the_database_takes_every_status_that_exists(database: Database, status: Status) -> None:
    with database.writing() as connection:
        connection.execute(INSERT, {"status": status.value})
    assert queries.balance(database).by_status[status] == 1


def test_a_path_can_not_be_in_the_ledger_twice(database: Database) -> None:
    with pytest.raises(ValueRefused), database.writing() as connection:
        connection.execute(INSERT, [{"status": "queued"}, {"status": "queued"}])


def test_a_ledger_of_the_version_before_keeps_its_rows_and_takes_each_once(database: Database) -> None:
    back_to(database, "0004")
    with database.writing() as connection:
        connection.execute(INSERT, {"status": "queued"})
    migrate(database)
    assert intake.register(database, "d", [SeenFile("x", 1, 1)]) == []
    assert queries.balance(database).seen == 1


def test_the_results_view_has_the_promised_columns_and_one_row_a_file(database: Database) -> None:
    intake.register(database, "d", [SeenFile("a", 1, 1), SeenFile("b", 1, 1)])
    intake.register(database, "e", [SeenFile("a", 1, 1)])
    with database.reading() as connection:
        found = connection.execute(text("SELECT * FROM results ORDER BY path"))
        assert list(found.keys()) == [
            "path", "reading", "confidence", "status", "reason", "model_version", "recognized_at", "written", "folder",
            "id", "source",
        ]  # fmt: skip
        assert [(row.path, row.status) for row in found] == [("a", "queued"), ("a", "queued"), ("b", "queued")]


def test_a_digit_without_its_image_is_refused(database: Database) -> None:
    columns = ", ".join(["box_left", "box_top", "box_width", "box_height", *(f"p{label}" for label in range(10))])
    orphan = f"INSERT INTO digits (image_id, position, label, confidence, {columns}) VALUES (1, 0, 7, 1{', 0' * 14})"  # noqa: S608 - fixed
    with pytest.raises(ValueRefused), database.writing() as connection:
        connection.execute(text(orphan))


def test_the_rebuilt_table_keeps_rows_digits_indexes_triggers_and_views(database: Database) -> None:
    ids = intake.register(database, "d", [SeenFile(name, 1, 1) for name in "abc"])
    claims.claim(database, ids, "message")
    digit = DigitRow(7, 0.9, (1, 2, 3, 4), (0.1,) * 10)
    answers = [Answer(row_id, Status.ACCEPTED, reading="7", written="7", digits=(digit,)) for row_id in ids]
    claims.answer(database, "message", answers)
    before = queries.results(database, Filter()), queries.digits_of(database, ids)
    back_to(database, "0007")
    with database.writing() as connection:
        connection.execute(text("CREATE INDEX mine ON images (reading)"))
        connection.execute(text("CREATE VIEW sevens AS SELECT path FROM images WHERE reading = '7'"))
        if connection.dialect.name == "sqlite":
            connection.execute(text("CREATE TABLE told (path TEXT)"))
            connection.execute(
                text("CREATE TRIGGER tell AFTER INSERT ON images BEGIN INSERT INTO told VALUES (new.path); END")
            )
    migrate(database)
    assert (queries.results(database, Filter()), queries.digits_of(database, ids)) == before
    intake.register(database, "d", [SeenFile("d", 1, 1)])
    moves.forget(database, ids[:1])
    with database.reading() as connection:
        assert differences(connection, frozenset({"mine", "told"})) == []
        assert connection.execute(text("SELECT path FROM sevens ORDER BY path")).scalars().all() == ["b", "c"]
        assert set(connection.execute(select(digits.c.image_id)).scalars()) == set(ids[1:])  # the key refers to it
        assert "mine" in {index["name"] for index in inspect(connection).get_indexes("images")}
        if connection.dialect.name == "sqlite":
            assert connection.execute(text("SELECT path FROM told")).scalars().all() == ["d"]
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []


def test_a_ledger_that_was_migrated_gives_no_id_twice(database: Database) -> None:
    ids = intake.register(database, "d", [SeenFile(name, 1, 1) for name in "abc"])
    back_to(database, "0007")
    migrate(database)
    moves.forget(database, ids)
    assert min(intake.register(database, "d", [SeenFile(name, 1, 1) for name in "abc"])) > max(ids)


#: Migrates, and dies at the moment when the old table is gone and the new one has not its name yet.
DIES = """
import os, signal, sys
from sqlalchemy import event
from db.engine import Database
from db.migrate import migrate
database = Database(sys.argv[1])
@event.listens_for(database.engine, "after_cursor_execute")
def die(_connection, _cursor, statement, *_):
    if statement == "DROP TABLE images":
        os.kill(os.getpid(), signal.SIGKILL)
migrate(database)
"""


def test_a_migration_that_is_killed_leaves_the_ledger_as_it_was_and_the_next_one_ends(
    sqlite_database: Database,
) -> None:
    database = sqlite_database
    ids = intake.register(database, "d", [SeenFile(str(number), 1, 1) for number in range(3000)])
    back_to(database, "0007")
    url = database.url.render_as_string(hide_password=False)
    assert subprocess.run([sys.executable, "-c", DIES, url], check=False).returncode == -signal.SIGKILL
    with pytest.raises(NotMigrated, match="of version 0007"):
        require_migrated(database)
    migrate(database)
    require_migrated(database)
    assert {row.id for row in queries.results(database, Filter())} == set(ids)
    with database.reading() as connection:
        assert differences(connection) == []
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
