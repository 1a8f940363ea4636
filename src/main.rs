//! The command `stacklint`.

fn main() {}
