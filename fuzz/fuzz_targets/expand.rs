//! Any word: expanding it as one text and as several words fails or works alike.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stacklint::syntax::dockerfile::expand::{expand, expand_words};

fuzz_target!(|word: &str| {
    let lookup = |name: &str| (name == "a").then(|| "a/b*c".to_owned());
    for escape in ['\\', '`'] {
        let one = expand(word, escape, &lookup);
        assert_eq!(one.is_ok(), expand_words(word, escape, &lookup).is_ok());
    }
});
