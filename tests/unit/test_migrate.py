"""The migrations make exactly the tables the code believes in, once, however many ask for it."""

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, insert, inspect, select, text, update

import db.migrate
from db import intake, queries
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


def differences(connection: Connection) -> object:
    """Compare the tables in the code with those there, without what PostgreSQL has of its own.

    Computed columns are left out too: no database gives their text back as it was.
    """
    own = {"uq_images_folder_path", "ix_images_path", "answers"} if connection.dialect.name == "postgresql" else set()
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
    with database.writing() as connection:
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


@pytest.mark.parametrize("version", ["0099", "9999", "5e1a7c0ffee5"])
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
    assert set(earlier) <= set(db.migrate._EARLIER)  # noqa: SLF001 - the list that the code keeps of them


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
