//! The `goldseam` program. See `goldseam --help`.

use std::process::ExitCode;

/// A turn is hundreds of small allocations: with the system's own allocator they are a quarter of its time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    goldseam::cli::main()
}
