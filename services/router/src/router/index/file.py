"""The file of the index: its tables, and when it is thrown away.

It is written by one thread and read by others (write-ahead log), so a read never waits for a write.
A loss of power may cost the latest transactions, never the file: positions are written with what
they stand for, so those are read again from the streams.
"""

import fcntl
import sqlite3
from pathlib import Path
from typing import IO

from frontline.contract.error import Mistake, SettingsError

FORMAT = 12
"""Raise it whenever a table or the meaning of a column changes: files of another format are built again."""

_NAME = "read-index.sqlite3"

_TABLES = """
CREATE TABLE origin (format INTEGER NOT NULL, streams TEXT NOT NULL);
CREATE TABLE position (
    stream TEXT PRIMARY KEY, seq INTEGER NOT NULL, epoch INTEGER NOT NULL, number INTEGER NOT NULL, mark TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE contact (
    desk TEXT NOT NULL, id TEXT NOT NULL, ordinal INTEGER NOT NULL,
    inbox TEXT NOT NULL, channel TEXT NOT NULL, customer TEXT NOT NULL,
    state TEXT NOT NULL, presence TEXT NOT NULL, lane TEXT NOT NULL, priority_reason TEXT NOT NULL,
    opened_at TEXT NOT NULL, updated_at TEXT NOT NULL,
    agent TEXT, since TEXT, via TEXT, asked TEXT, offer BLOB, linked_to TEXT, merged_into TEXT, moved_to TEXT,
    alarm INTEGER NOT NULL,
    clocks BLOB NOT NULL, why BLOB NOT NULL,
    PRIMARY KEY (desk, id)
);
CREATE UNIQUE INDEX contact_by_age ON contact (desk, ordinal);
CREATE INDEX contact_by_state ON contact (desk, state, ordinal);
CREATE INDEX contact_by_agent ON contact (desk, agent, ordinal);
CREATE INDEX contact_by_asked ON contact (desk, asked) WHERE asked IS NOT NULL;
CREATE INDEX contact_by_link ON contact (desk, linked_to) WHERE linked_to IS NOT NULL;
CREATE INDEX contact_by_heir ON contact (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX contact_left_behind ON contact (id) WHERE moved_to IS NOT NULL;
CREATE INDEX contact_by_customer ON contact (desk, customer, ordinal);

CREATE TABLE agent (
    desk TEXT NOT NULL, id TEXT NOT NULL, state TEXT NOT NULL, until TEXT, reason TEXT NOT NULL,
    PRIMARY KEY (desk, id)
) WITHOUT ROWID;

CREATE TABLE rota (desk TEXT PRIMARY KEY, data BLOB NOT NULL) WITHOUT ROWID;

-- One row a message, reply and note, as the log tells of it, in the contact that it is in; `done` is the ordinal of the
-- resolving (or merging) since.
CREATE TABLE spoken (
    id TEXT PRIMARY KEY, contact TEXT NOT NULL, ordinal INTEGER NOT NULL, done INTEGER, data BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX spoken_by_contact ON spoken (contact, ordinal);

-- One row a transcript item, in the contact that it was moved to last; `data` is the item as it was stored. `delivery`
-- is a receipt's state, or for a reply that of its receipt which says most, `said` much.
CREATE TABLE item (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, contact TEXT NOT NULL, at TEXT NOT NULL,
    revision INTEGER NOT NULL, moved INTEGER NOT NULL, reply TEXT, delivery TEXT, said INTEGER, data BLOB NOT NULL
);
CREATE INDEX item_by_contact ON item (contact, seq);
CREATE INDEX item_by_reply ON item (reply) WHERE reply IS NOT NULL;
CREATE TABLE conversation (contact TEXT PRIMARY KEY, subject TEXT NOT NULL, seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5 (subject, body, content='', tokenize="unicode61 remove_diacritics 2");

-- Contacts whose words are not taken in any more, and whether what deletions leave behind has to be scrubbed.
CREATE TABLE erased (contact TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE erased_customer (customer TEXT PRIMARY KEY) WITHOUT ROWID;
-- Each time that a line was moved; `customer` is who wrote it, if one did. What has gone with an erased contact, or after it
-- to another one.
CREATE TABLE moved (
    id TEXT NOT NULL, moves INTEGER NOT NULL, origin TEXT NOT NULL, contact TEXT NOT NULL, customer TEXT,
    PRIMARY KEY (id, moves)
) WITHOUT ROWID;
CREATE INDEX moved_from ON moved (origin);
CREATE INDEX moved_to ON moved (contact);
CREATE TABLE gone (id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE scrub (wanted INTEGER PRIMARY KEY);

CREATE TABLE person (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, view BLOB NOT NULL);
-- Addresses that are proven to be a person's, so that the same person is known again on another channel.
CREATE TABLE person_address (address TEXT NOT NULL, person TEXT NOT NULL, PRIMARY KEY (address, person)) WITHOUT ROWID;
CREATE INDEX person_address_by_person ON person_address (person);
CREATE VIRTUAL TABLE person_words USING fts5 (name, addresses, tokenize="unicode61 remove_diacritics 2");
"""


class IndexFile:
    """One file in `directory`, which belongs to this process alone until `release`.

    `origin` names the streams that the index is built from. A file of other streams, of another
    format, or one that can't be read, is thrown away. Raises `SettingsError` if another process
    has the directory.
    """

    def __init__(self, directory: Path, origin: str) -> None:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = _lock(directory / "read-index.lock")
        self.path = directory / _NAME
        if not self._usable(origin):
            self._create(origin)

    def connect(self, *, write: bool = False) -> sqlite3.Connection:
        """A connection to be used by one thread at a time."""
        connection = sqlite3.connect(self.path, isolation_level=None, cached_statements=256, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA cache_size = -32768")
        connection.execute("PRAGMA mmap_size = 268435456")
        if write:
            connection.execute("PRAGMA secure_delete = ON")  # what is deleted or replaced is overwritten
        else:
            connection.execute("PRAGMA query_only = ON")
        return connection

    def release(self) -> None:
        self._lock.close()

    def _usable(self, origin: str) -> bool:
        if not self.path.exists():
            return False
        try:
            connection = self.connect()
            try:
                rows = connection.execute("SELECT format, streams FROM origin").fetchall()
            finally:
                connection.close()
        except sqlite3.DatabaseError:
            return False
        return rows == [(FORMAT, origin)]

    def _create(self, origin: str) -> None:
        for leftover in (self.path, *(self.path.with_name(_NAME + end) for end in ("-wal", "-shm"))):
            leftover.unlink(missing_ok=True)
        self.path.touch(mode=0o600)
        connection = self.connect(write=True)
        try:
            connection.executescript("BEGIN;" + _TABLES + "COMMIT;")
            connection.execute("INSERT INTO origin VALUES (?, ?)", (FORMAT, origin))
        finally:
            connection.close()


def _lock(path: Path) -> IO[bytes]:
    handle = path.open("wb")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        handle.close()
        mistake = Mistake(str(path.parent), "another process keeps its read index here; give each router its own")
        raise SettingsError([mistake]) from error
    return handle
