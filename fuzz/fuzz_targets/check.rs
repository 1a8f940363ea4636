//! A stack of two files, parted by a zero byte, under every rule: no panic, and findings stand inside their files.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use stacklint::check;
use stacklint::files::Memory;
use stacklint::rule::{Selection, SelectionRequest, registry};
use stacklint::stack::{self, Candidate, Request};

static ALL: LazyLock<Selection> = LazyLock::new(|| {
    let request = SelectionRequest { select: vec!["ALL".to_owned()], ..SelectionRequest::default() };
    Selection::resolve(&request, registry()).expect("ALL is a selection")
});

fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.splitn(2, |b| *b == 0);
    let mut files = Memory::new();
    files.insert("Dockerfile", parts.next().unwrap_or_default().to_vec());
    files.insert("compose.yaml", parts.next().unwrap_or_default().to_vec());
    let candidates = files.paths().map(|path| Candidate { path: path.to_owned(), explicit: false, size: None }).collect();
    let stack = stack::load(&Request { candidates, ..Request::default() }, &files);
    for finding in check::run(&stack, &ALL).diagnostics {
        let edits = finding.fix.iter().flat_map(|f| &f.edits).map(|e| e.span);
        for span in edits.chain([finding.primary]).chain(finding.related.iter().map(|l| l.span)) {
            assert!(stack.sources.get(span.file).text.get(span.range()).is_some());
        }
    }
});
