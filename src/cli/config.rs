//! `stacklint config`.

use super::Failure;

#[derive(clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_args: Args) -> Result<u8, Failure> {
    Err("not built yet".to_owned())
}
