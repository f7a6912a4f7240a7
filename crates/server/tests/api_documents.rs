//! The documents that are generated: what we promise in them changes only on purpose.

mod kept;

use llmtrace_server::api;

#[test]
fn the_openapi_document_is_the_one_in_the_reference() {
    kept::compare("docs/reference/openapi.json", &api::openapi());
}
