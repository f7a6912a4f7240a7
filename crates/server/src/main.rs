//! The binary `llmtrace-proxy`.

use std::process::ExitCode;

/// Returns memory of a burst to the system, which the C library's allocator keeps, and is faster on many small buffers.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    llmtrace_server::cli::run()
}
