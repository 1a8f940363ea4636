//! Every fix of a Dockerfile: what was free of syntax errors stays so.
#![no_main]

use std::convert::Infallible;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use stacklint::diagnostic::Applicability;
use stacklint::files::{Files, Memory};
use stacklint::rule::{Selection, SelectionRequest, registry};
use stacklint::source::Sources;
use stacklint::stack::{self, Candidate, Request, Stack};
use stacklint::syntax::dockerfile::parse;
use stacklint::{check, fix};

static ALL: LazyLock<Selection> = LazyLock::new(|| {
    let request = SelectionRequest { select: vec!["ALL".to_owned()], ..SelectionRequest::default() };
    Selection::resolve(&request, registry()).expect("ALL is a selection")
});

fn run(files: &dyn Files) -> Result<(Stack, check::Outcome), Infallible> {
    let candidates = vec![Candidate { path: "Dockerfile".to_owned(), explicit: true, size: None }];
    let stack = stack::load(&Request { candidates, ..Request::default() }, files);
    let outcome = check::run(&stack, &ALL);
    Ok((stack, outcome))
}

fn errors(text: &str) -> usize {
    let mut sources = Sources::new();
    let id = sources.add("Dockerfile", text.to_owned());
    parse(sources.get(id)).errors.len()
}

fuzz_target!(|text: &str| {
    if errors(text) > 0 {
        return;
    }
    let mut files = Memory::new();
    files.insert("Dockerfile", text.as_bytes().to_vec());
    let made = fix::until_settled(&files, Applicability::Unsafe, run, |(stack, outcome)| (&stack.sources, &outcome.diagnostics));
    let Ok(made) = made;
    for fixed in made.texts.values() {
        assert_eq!(errors(fixed), 0, "{text:?} became {fixed:?}");
    }
});
