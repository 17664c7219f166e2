"""The tables of the library, as numbered migrations: the file's `user_version` says how many it has seen.

A migration that has been released never changes; a new one is added at the end. Times are seconds since 1970. Chunk
ids grow and are never used again, so what another index knows by an id is either the same chunk or gone.
"""

from __future__ import annotations

from atlas_tui.sqlite import Form

_FIRST = """
CREATE TABLE collections (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    embedder TEXT,
    generation INTEGER NOT NULL DEFAULT 0,
    updated REAL NOT NULL
);

CREATE TABLE sources (
    id INTEGER PRIMARY KEY,
    collection INTEGER NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
    source TEXT NOT NULL,
    size INTEGER NOT NULL,
    modified_ns INTEGER NOT NULL,
    digest TEXT NOT NULL,
    UNIQUE (collection, source)
);

CREATE TABLE chunks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    collection INTEGER NOT NULL,
    source INTEGER NOT NULL REFERENCES sources (id) ON DELETE CASCADE,
    hash TEXT NOT NULL,
    first_line INTEGER,
    last_line INTEGER,
    page INTEGER,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    -- The rest of what stands in the full-text index: to take a chunk out of it, it must be told what it was given.
    parts TEXT NOT NULL,
    place TEXT NOT NULL
);
CREATE INDEX chunks_by_source ON chunks (source);
CREATE INDEX chunks_by_hash ON chunks (hash, collection);

CREATE TABLE vectors (
    id INTEGER PRIMARY KEY,
    hash TEXT NOT NULL,
    model TEXT NOT NULL,
    vector BLOB NOT NULL,
    UNIQUE (hash, model)
);
"""

_PLACES = """
-- Paths are bytes, as the system has them: a name need not be text.
CREATE TABLE places (
    collection INTEGER NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
    path BLOB NOT NULL,
    max_size INTEGER,
    PRIMARY KEY (collection, path)
) WITHOUT ROWID;
"""

FORM = Form(
    name="the knowledge base",
    migrations=(_FIRST, _PLACES),
    pragmas=(
        "page_size = 8192",  # five vectors of 384 numbers a page
        "journal_mode = WAL",
        # What a loss of power takes is whole documents, which the next indexing finds missing.
        "synchronous = NORMAL",
        "foreign_keys = ON",
        "cache_size = -32000",
    ),
    patience=60.0,  # three processes that index wait for each other's batches
)

WORDS = """
CREATE VIRTUAL TABLE words_{collection} USING fts5(
    text, parts, title, place, content='', tokenize='porter unicode61 remove_diacritics 2'
)
"""
"""A full-text index for each collection, so that the words of one do not weigh in another."""
