//! YAML of any bytes: no panic, and errors stand inside the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stacklint::source::Sources;
use stacklint::syntax::yaml::parse;

fuzz_target!(|bytes: &[u8]| {
    let mut sources = Sources::new();
    let id = sources.add("compose.yaml", String::from_utf8_lossy(bytes).into_owned());
    let file = sources.get(id);
    for error in &parse(file).errors {
        assert!(file.text.get(error.span.range()).is_some());
    }
});
