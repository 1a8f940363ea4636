//! The command `stacklint`.

fn main() -> std::process::ExitCode {
    stacklint::cli::run()
}
