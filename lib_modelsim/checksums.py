"""A checksum in every row: a row whose bytes were damaged on the disk is as one that is not there.

SQLite sees damage of its own pages, not of the values in them: without a sum a damaged number would be a number, and
an index that leads to another's row would make two models the same. Each table with a column `crc` gets a view
`sound_…` of its sound rows, which is what is read, and triggers that write the sum. They belong to the connection:
in the file are plain tables.
"""

from __future__ import annotations

import sqlite3
import zlib


def _crc(*values: bytes | str | None) -> int:
    found = 0
    for value in values:
        data = value.encode() if isinstance(value, str) else value
        found = zlib.crc32(b"\0" if data is None else b"%d:" % len(data), found)
        found = zlib.crc32(data or b"", found)
    return found


class Checksums:
    """Of one connection, for every table that has the column."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db, self._seen = db, False
        db.create_function("row_crc", -1, _crc, deterministic=True)
        db.create_function("is_sound", -1, self._is_sound, deterministic=True)
        for table, columns in _tables(db).items():
            db.executescript(
                f"""
                CREATE TEMP VIEW sound_{table} AS SELECT rowid AS number, {", ".join(columns)}
                    FROM main.{table} WHERE is_sound(crc, {_bytes(table, columns)});
                CREATE TEMP TRIGGER sum_new_{table} AFTER INSERT ON main.{table} BEGIN
                    UPDATE {table} SET crc = row_crc({_bytes(table, columns, "NEW.")}) WHERE rowid = NEW.rowid;
                END;
                CREATE TEMP TRIGGER sum_changed_{table} AFTER UPDATE OF {", ".join(columns)} ON main.{table}
                WHEN OLD.crc = row_crc({_bytes(table, columns, "OLD.")}) BEGIN
                    UPDATE {table} SET crc = row_crc({_bytes(table, columns, "NEW.")}) WHERE rowid = NEW.rowid;
                END;
                """
            )

    def _is_sound(self, crc: object, *values: bytes | str | None) -> bool:
        sound = crc == _crc(*values)
        self._seen |= not sound
        return sound

    def require_sound(self) -> None:
        """Where a row was met that is not sound: delete all of them. Raises sqlite3.DatabaseError where more than rows
        is damaged."""
        if not self._seen:
            return
        self._seen = False
        for table, columns in _tables(self._db).items():
            self._db.execute(f"DELETE FROM main.{table} WHERE crc IS NOT row_crc({_bytes(table, columns)})")
        (found,) = self._db.execute("PRAGMA integrity_check(1)").fetchone()
        if found != "ok":
            raise sqlite3.DatabaseError(found)

    def suspect(self) -> None:
        """Something else says that there is damage."""
        self._seen = True


def add_checksums(db: sqlite3.Connection, tables: tuple[str, ...]) -> None:
    """To the rows of tables that have no such column yet; what they hold is believed."""
    if all("crc" in _columns(db, table) for table in tables):
        return
    db.create_function("row_crc", -1, _crc, deterministic=True)
    db.execute("BEGIN IMMEDIATE")
    with db:
        for table in tables:
            columns = _columns(db, table)
            if "crc" not in columns:  # else another program was quicker
                db.execute(f"ALTER TABLE {table} ADD COLUMN crc INTEGER")
                db.execute(f"UPDATE {table} SET crc = row_crc({_bytes(table, columns)})")


def _tables(db: sqlite3.Connection) -> dict[str, list[str]]:
    """Table → the columns that its sum is of."""
    names = [name for (name,) in db.execute("SELECT name FROM main.sqlite_master WHERE type = 'table' ORDER BY name")]
    found = {name: _columns(db, name) for name in names}
    return {name: [each for each in columns if each != "crc"] for name, columns in found.items() if "crc" in columns}


def _columns(db: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in db.execute(f'PRAGMA main.table_info("{table}")')]


def _bytes(table: str, columns: list[str], row: str = "") -> str:
    """SQL for what a row's sum is of. As bytes: damaged text is no text."""
    return ", ".join([f"'{table}'", *(f"CAST({row}{column} AS BLOB)" for column in columns)])
