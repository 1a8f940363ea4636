//! Sorting a Compose file moves whole entries with their comments, and changes nothing that the file means.

use stacklint::diagnostic::Applicability;
use stacklint::files::Memory;
use stacklint::rule::{Selection, SelectionRequest, registry};
use stacklint::stack::{self, Candidate, Request};
use stacklint::{check, fix};

const RULES: [&str; 5] =
    ["unsorted-services", "unsorted-service-keys", "unsorted-dependencies", "unsorted-ports", "unsorted-top-level-keys"];

/// The text after all fixes of these rules, and what they still find.
fn sorted(text: &str) -> (String, usize) {
    let request = SelectionRequest { select: RULES.iter().map(|r| (*r).to_owned()).collect(), ..SelectionRequest::default() };
    let selection = Selection::resolve(&request, registry()).unwrap();
    let mut text = text.to_owned();
    for _ in 0..10 {
        let mut files = Memory::new();
        files.insert("compose.yaml", text.as_bytes().to_vec());
        let candidates = vec![Candidate { path: "compose.yaml".to_owned(), explicit: false, size: None }];
        let stack = stack::load(&Request { candidates, ..Request::default() }, &files);
        let found = check::run(&stack, &selection).diagnostics;
        let fixed = fix::apply(&stack.sources, &found, Applicability::Safe);
        match fixed.texts.into_values().next() {
            Some(new) => text = new,
            None => return (text, found.len()),
        }
    }
    panic!("does not settle:\n{text}");
}

#[test]
fn comments_go_where_their_entry_goes() {
    let text = "services:\n\n  # b one\n  # b two\n  b: # on b\n    image: b:1\n    # in b\n\n    # in b, after a blank line\n\n  # a\n  a:\n    image: a:1\n";
    let wanted = "services:\n\n  # a\n  a:\n    image: a:1\n\n  # b one\n  # b two\n  b: # on b\n    image: b:1\n    # in b\n\n    # in b, after a blank line\n";
    assert_eq!(sorted(text), (wanted.to_owned(), 0));
}

#[test]
fn line_breaks_and_the_end_of_the_file_stay() {
    let text = "services:\r\n  b:\r\n    image: b:1\r\n  a:\r\n    image: a:1";
    assert_eq!(sorted(text).0, "services:\r\n  a:\r\n    image: a:1\r\n  b:\r\n    image: b:1");
}

#[test]
fn block_scalars_are_moved_whole() {
    let text = "services:\n  b:\n    image: b:1\n    command: |\n      x\n      # no comment\n  a:\n    image: a:1\n";
    let wanted = "services:\n  a:\n    image: a:1\n  b:\n    image: b:1\n    command: |\n      x\n      # no comment\n";
    assert_eq!(sorted(text).0, wanted);
}

#[test]
fn nothing_is_moved_where_a_meaning_could_change() {
    for text in [
        // an alias would come before its anchor
        "services:\n  b: &b\n    image: b:1\n  a:\n    <<: *b\n",
        "services:\n  b:\n    image: b:1\n    ports: &p [\"80:80\"]\n  a:\n    image: a:1\n    ports: *p\n",
        // the last blank lines belong to the value
        "services:\n  b:\n    image: b:1\n    command: |+\n      x\n\n  a:\n    image: a:1\n",
        // a comment inside the brackets
        "services:\n  a:\n    image: a:1\n    depends_on: [c, # why\n      b]\n  b:\n    image: b:1\n  c:\n    image: c:1\n",
    ] {
        let (after, left) = sorted(text);
        assert_eq!(after, text);
        assert_eq!(left, 1, "{text}");
    }
}

#[test]
fn brackets_keep_their_form() {
    let text = "services: {b: {ports: [\"443:1\", '80:2'], image: \"b:1\"}, a: {image: a:1}}\n";
    assert_eq!(sorted(text).0, "services: {a: {image: a:1}, b: {image: \"b:1\", ports: ['80:2', \"443:1\"]}}\n");
}
