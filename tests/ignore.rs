//! What holds for every ignore file: a walk from the top down gives what asking for one path gives, and no folder is passed over
//! that something comes back in.

use proptest::prelude::*;
use stacklint::source::Sources;
use stacklint::syntax::dockerignore::{IgnoreFile, Inherited, parse};

fn read(text: &str) -> IgnoreFile {
    let mut sources = Sources::new();
    let id = sources.add(".dockerignore", text.to_owned());
    parse(sources.get(id))
}

/// The path and its folders, the topmost first.
fn steps(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at]).chain([path])
}

const LINE: &str = "!?/?(\\*\\*/)?([ab.*?|^{}2]|\\[a-b\\]|\\[\\^a\\]|\\\\a|/){0,6}";
const PATH: &str = "[ab.]{1,2}(/[ab]{1,2}){0,3}";

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_walk_says_what_a_question_says(lines in prop::collection::vec(LINE, 0..5), path in PATH) {
        let ignore = read(&lines.join("\n"));
        let (mut ignored, mut held) = (false, Inherited::default());
        for step in steps(&path) {
            (ignored, held) = ignore.step(step, &held);
        }
        prop_assert_eq!(ignored, ignore.matches(&path));
    }

    #[test]
    fn no_folder_is_passed_over_that_something_comes_back_in(lines in prop::collection::vec(LINE, 0..5), path in PATH) {
        let ignore = read(&lines.join("\n"));
        if !ignore.matches(&path) {
            for folder in steps(&path).filter(|s| *s != path && ignore.matches(s)) {
                prop_assert!(ignore.may_take_back_below(folder), "{folder} is ignored, {path} is not");
            }
        }
    }

    #[test]
    fn any_text_is_read(text in "[ -~\n\r\u{feff}é]{0,80}") {
        let ignore = read(&text);
        let lines = text.split('\n').filter(|l| !l.trim().is_empty() && !l.starts_with('#')).count();
        prop_assert!(ignore.patterns.len() + ignore.errors.len() <= lines);
    }
}
