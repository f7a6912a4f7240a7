-- Finds the span that is billed for an answer which several exchanges report (crates/store/src/sqlite/read.rs). Only such
-- spans are in the index: others have nothing to look up, and pay nothing for it but the look at their parameters. `params`
-- is JSON without white space; a text that says the same has its quotes escaped.
CREATE INDEX spans_billed_once ON spans (response_id, tenant_id, provider, started_at, exchange_id)
    WHERE response_id IS NOT NULL AND input IS NOT NULL AND instr(params, '"billed_once":true') > 0;
