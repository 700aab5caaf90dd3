//! The `goldseam` program. See `goldseam --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    goldseam::cli::main()
}
