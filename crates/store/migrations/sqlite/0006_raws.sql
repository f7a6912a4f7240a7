-- The bytes of both bodies as they passed, apart from what was said, so that no list reads them. `span` is spans.id.
-- Read by crates/store/src/sqlite/raw.rs.
--
-- `packed` unpacks to request_head, request_tail, response_head, response_tail bytes in a row.
-- codec 0: those bytes. codec 1: a zstd frame of them, whose dictionary is the file raw_preset.txt followed by the JSON of
-- the row's content in `bodies` (nothing where it has none): whoever changes that JSON packs this row anew.
CREATE TABLE raws (
    span INTEGER PRIMARY KEY,
    request_media TEXT,
    request_coding TEXT,
    request_head INTEGER NOT NULL,
    request_tail INTEGER NOT NULL,
    request_bytes INTEGER NOT NULL,
    response_media TEXT,
    response_coding TEXT,
    response_head INTEGER NOT NULL,
    response_tail INTEGER NOT NULL,
    response_bytes INTEGER NOT NULL,
    codec INTEGER NOT NULL,
    packed BLOB NOT NULL
) STRICT;
