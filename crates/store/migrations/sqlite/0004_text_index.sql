-- What was said, term by term, without positions and without the text itself: `rowid` is spans.id. Its terms come from the
-- tokenizer in crates/model/src/search.rs, with a space between two: "ascii" parts at nothing else that stands in a term.
-- Read by crates/store/src/sqlite/query.rs.
CREATE VIRTUAL TABLE spans_text USING fts5 (
    terms, content = '', contentless_delete = 1, detail = 'none', tokenize = 'ascii'
);
