//! Programs that tests make and start. Another process writes them: while a file is open for writing here, a process that
//! another test starts at that moment inherits the open file, and until it is gone the program is refused as "text file busy".

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Copies a program with its permissions.
#[cfg(feature = "execute")]
pub(crate) fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-p").args([from, to]).status().unwrap().success(), "cp {} {}", from.display(), to.display());
}

/// Writes a script that everybody may start.
pub(crate) fn write(path: &Path, text: &str) {
    let mut shell = Command::new("sh");
    shell.args(["-c", "cat > \"$0\" && chmod 755 \"$0\""]).arg(path).stdin(Stdio::piped());
    let mut child = shell.spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success(), "{}", path.display());
}
