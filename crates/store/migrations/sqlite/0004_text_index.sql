-- What was said, term by term, without positions and without the text itself: `rowid` is spans.id. Its terms come from the
-- tokenizer in crates/model/src/search.rs, with a space between two: "ascii" parts at nothing else that stands in a term.
-- Put in by crates/store/src/sqlite/text.rs some time after the row was written, searched by search.rs.
CREATE VIRTUAL TABLE spans_text USING fts5 (
    terms, content = '', contentless_delete = 1, detail = 'none', tokenize = 'ascii'
);
-- Merging is done piece by piece, apart from putting in: either keeps a write waiting for a short time only.
INSERT INTO spans_text (spans_text, rank) VALUES ('automerge', 0);

-- One row: every span up to `indexed` is in the index (or has nothing to put there), and `removed` counts those that went
-- before they were, so that what was read of them is not put in any more.
CREATE TABLE text_progress (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    indexed INTEGER NOT NULL,
    removed INTEGER NOT NULL
) STRICT;
INSERT INTO text_progress (id, indexed, removed) VALUES (1, 0, 0);

-- The first and the last indexed row of each hour in which spans started (hours since 1970). Rows come roughly in the order
-- of their time, not exactly: an hour may be wider than what it holds, never narrower. So a search of a day need not read
-- the index of a year.
CREATE TABLE text_hours (
    hour INTEGER PRIMARY KEY,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL
) STRICT;

-- A row that goes leaves the index, whoever removes it. The number of the last row is given out again once that row has
-- gone: the mark steps back behind it, so that the next row with this number is indexed too.
CREATE TRIGGER spans_text_leave AFTER DELETE ON spans BEGIN
    DELETE FROM spans_text WHERE rowid = old.id;
    UPDATE text_progress SET
        removed = removed + (old.id > indexed),
        indexed = min(indexed, (SELECT coalesce(max(id), 0) FROM spans))
    WHERE id = 1;
END;
