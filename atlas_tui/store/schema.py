"""The tables of the history, as numbered migrations: the file's `user_version` says how many it has seen.

A migration that has been released never changes; a new one is added at the end. Times are seconds since 1970.
Ids of turns and responses are made by the program and grow with time, so what fails can be written again.
"""

from __future__ import annotations

from atlas_tui.sqlite import Form

_FIRST = """
CREATE TABLE conversations (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    created REAL NOT NULL,
    updated REAL NOT NULL,
    deleted REAL,
    system_prompt TEXT,
    target TEXT NOT NULL DEFAULT '',
    fallback TEXT NOT NULL DEFAULT '[]'
);
CREATE INDEX conversations_by_time ON conversations (updated DESC);

CREATE TABLE turns (
    id INTEGER PRIMARY KEY,
    conversation TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    created REAL NOT NULL,
    prompt TEXT NOT NULL,
    documents TEXT NOT NULL DEFAULT '[]',
    chosen INTEGER
);
CREATE INDEX turns_by_conversation ON turns (conversation, id);

CREATE TABLE responses (
    id INTEGER PRIMARY KEY,
    turn INTEGER NOT NULL REFERENCES turns (id) ON DELETE CASCADE,
    created REAL NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('streaming', 'complete', 'incomplete', 'interrupted')),
    owner TEXT,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    mock INTEGER NOT NULL DEFAULT 0,
    content TEXT NOT NULL DEFAULT '',
    reasoning TEXT NOT NULL DEFAULT '',
    finish_reason TEXT,
    request_id TEXT,
    error_kind TEXT,
    error_message TEXT,
    input_tokens INTEGER NOT NULL DEFAULT 0,
    output_tokens INTEGER NOT NULL DEFAULT 0,
    cache_read_tokens INTEGER NOT NULL DEFAULT 0,
    cache_write_tokens INTEGER NOT NULL DEFAULT 0,
    reasoning_tokens INTEGER NOT NULL DEFAULT 0,
    usage_estimated INTEGER NOT NULL DEFAULT 1,
    cost REAL,
    cost_input REAL,
    cost_output REAL,
    cost_estimated INTEGER NOT NULL DEFAULT 1,
    ttft REAL,
    duration REAL NOT NULL DEFAULT 0,
    tokens_per_second REAL
);
CREATE INDEX responses_by_turn ON responses (turn, id);
CREATE INDEX responses_by_time ON responses (created);
CREATE INDEX responses_streaming ON responses (owner) WHERE state = 'streaming';

-- What has come of an answer that still streams; its ending moves it into `responses`.
CREATE TABLE pieces (
    id INTEGER PRIMARY KEY,
    response INTEGER NOT NULL REFERENCES responses (id) ON DELETE CASCADE,
    reasoning INTEGER NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX pieces_by_response ON pieces (response, id);

CREATE TABLE attempts (
    id INTEGER PRIMARY KEY,
    response INTEGER NOT NULL REFERENCES responses (id) ON DELETE CASCADE,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    error TEXT,
    message TEXT NOT NULL,
    duration REAL NOT NULL
);
CREATE INDEX attempts_by_response ON attempts (response, id);

-- What was typed and not sent; of a conversation that has not begun, the place is ''.
CREATE TABLE drafts (
    place TEXT PRIMARY KEY,
    text TEXT NOT NULL,
    updated REAL NOT NULL
);

CREATE VIRTUAL TABLE prompt_index USING fts5(
    prompt, content='turns', content_rowid='id', prefix='2 3',
    tokenize='unicode61 remove_diacritics 2'
);
CREATE TRIGGER turn_added AFTER INSERT ON turns BEGIN
    INSERT INTO prompt_index (rowid, prompt) VALUES (new.id, new.prompt);
END;
CREATE TRIGGER turn_removed AFTER DELETE ON turns BEGIN
    INSERT INTO prompt_index (prompt_index, rowid, prompt) VALUES ('delete', old.id, old.prompt);
END;

CREATE VIRTUAL TABLE answer_index USING fts5(
    content, content='responses', content_rowid='id', prefix='2 3',
    tokenize='unicode61 remove_diacritics 2'
);
CREATE TRIGGER response_added AFTER INSERT ON responses WHEN new.state != 'streaming' BEGIN
    INSERT INTO answer_index (rowid, content) VALUES (new.id, new.content);
END;
CREATE TRIGGER response_ended AFTER UPDATE OF content ON responses WHEN old.state = 'streaming' BEGIN
    INSERT INTO answer_index (rowid, content) VALUES (new.id, new.content);
END;
CREATE TRIGGER response_corrected AFTER UPDATE OF content ON responses WHEN old.state != 'streaming' BEGIN
    INSERT INTO answer_index (answer_index, rowid, content) VALUES ('delete', old.id, old.content);
    INSERT INTO answer_index (rowid, content) VALUES (new.id, new.content);
END;
CREATE TRIGGER response_removed AFTER DELETE ON responses WHEN old.state != 'streaming' BEGIN
    INSERT INTO answer_index (answer_index, rowid, content) VALUES ('delete', old.id, old.content);
END;
"""

_COMPARISON = """
-- The column of a comparison that a response came in; 1 in a chat.
ALTER TABLE responses ADD COLUMN column_number INTEGER NOT NULL DEFAULT 1;

-- Judgements. They outlive the conversation that they were made in, so the targets stand here too.
CREATE TABLE votes (
    id INTEGER PRIMARY KEY,
    created REAL NOT NULL,
    left_target TEXT NOT NULL,
    right_target TEXT NOT NULL,
    verdict TEXT NOT NULL CHECK (verdict IN ('A', 'B', 'tie', 'both bad')),
    topic TEXT NOT NULL DEFAULT '',
    blind INTEGER NOT NULL DEFAULT 0,
    turn INTEGER,
    left_response INTEGER,
    right_response INTEGER
);

CREATE TABLE line_ups (
    name TEXT PRIMARY KEY,
    targets TEXT NOT NULL,
    updated REAL NOT NULL
);
"""

_SPENDING = """
-- An answer that came with a branch or an import: whoever paid for it has paid once.
ALTER TABLE responses ADD COLUMN copied INTEGER NOT NULL DEFAULT 0;

-- What was paid for answers that are not in `responses`: asked without a history, or removed for good.
CREATE TABLE spending (
    id INTEGER PRIMARY KEY,
    created REAL NOT NULL,
    cost REAL NOT NULL,
    mock INTEGER NOT NULL
);
CREATE INDEX spending_by_time ON spending (created);
CREATE TRIGGER response_forgotten AFTER DELETE ON responses WHEN old.cost > 0 AND NOT old.copied BEGIN
    INSERT INTO spending (created, cost, mock) VALUES (old.created, old.cost, old.mock);
END;

-- How many tokens of input a model counted for each that was estimated: the last few of each target.
CREATE TABLE token_ratios (
    id INTEGER PRIMARY KEY,
    target TEXT NOT NULL,
    ratio REAL NOT NULL
);
CREATE INDEX token_ratios_by_target ON token_ratios (target, id);
"""

_FALLBACK = """
-- null: the conversation has no fallback targets of its own; an empty list: it shall have none.
UPDATE conversations SET fallback = 'null' WHERE fallback = '[]';
"""

_WAITS = """
-- What was waited before an attempt, in seconds, and why it was made.
ALTER TABLE attempts ADD COLUMN waited REAL NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN reason TEXT;
"""

_PICKED = """
-- The user has chosen this one of several answers of its column.
ALTER TABLE responses ADD COLUMN picked INTEGER NOT NULL DEFAULT 0;
"""

FORM = Form(
    name="the history",
    migrations=(_FIRST, _COMPARISON, _SPENDING, _FALLBACK, _WAITS, _PICKED),
    pragmas=(
        "journal_mode = WAL",
        # A commit is on the disk itself when it returns: also what has streamed must outlive a loss of power.
        "synchronous = FULL",
        "foreign_keys = ON",
    ),
    patience=5.0,
)
