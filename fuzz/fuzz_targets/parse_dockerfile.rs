//! A Dockerfile of any bytes: no panic, and its parts make up the whole.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stacklint::source::Sources;
use stacklint::syntax::dockerfile::parse;

fuzz_target!(|bytes: &[u8]| {
    let mut sources = Sources::new();
    let id = sources.add("Dockerfile", String::from_utf8_lossy(bytes).into_owned());
    let file = sources.get(id);
    let tree = parse(file);
    let printed: String = tree.items.iter().map(|item| file.slice(item.span)).collect();
    assert_eq!(printed, file.text);
    for error in &tree.errors {
        assert!(file.text.get(error.span.range()).is_some());
    }
});
