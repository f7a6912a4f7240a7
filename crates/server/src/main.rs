//! The binary `llmtrace-proxy`.

use std::process::ExitCode;

/// Returns memory of a burst to the system, which the C library's allocator keeps, and is faster on many small buffers.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // A connection's buffers are allocated whole and used at their beginning. The allocator asks the kernel for huge pages,
    // and one of those makes all of it resident: half the memory of a thousand slow streams. Where the kernel refuses,
    // it only costs that memory.
    #[cfg(target_os = "linux")]
    rustix::thread::disable_transparent_huge_pages(true).unwrap_or_default();
    llmtrace_server::cli::run()
}
