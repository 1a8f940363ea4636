//! `stacklint lsp`.

use super::Failure;

#[cfg(feature = "lsp")]
pub(super) fn run() -> Result<u8, Failure> {
    crate::lsp::serve(|files, root| super::settings::read(None, ".", files, root)).map(|()| 0)
}

#[cfg(not(feature = "lsp"))]
pub(super) fn run() -> Result<u8, Failure> {
    Err("this stacklint was built without the feature `lsp`".to_owned())
}
