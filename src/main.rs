//! The command `stacklint`.

/// A check makes and drops very many small values: with the system's own allocator that is a quarter of its time, and
/// several times more where the C library is musl.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    stacklint::cli::run()
}
