//! What variables hold, line by line.

use stacklint::syntax::dockerfile::scope::{Inputs, expansions};

use super::read;

/// The words of the last instruction.
fn last(text: &str, inputs: &Inputs) -> Option<Vec<String>> {
    let (_, tree) = read(text.as_bytes());
    expansions(&tree, inputs).pop()?.words
}

fn words(text: &str) -> Vec<String> {
    last(text, &Inputs::default()).unwrap_or_else(|| vec!["(not expanded)".to_owned()])
}

#[test]
fn env_sees_the_values_from_before_its_line_and_arg_those_on_it() {
    assert_eq!(words("FROM a\nENV A=1\nENV A=2 B=$A\nUSER $A$B"), ["21"]);
    assert_eq!(words("FROM a\nARG A=1\nARG A=2 B=$A\nUSER $A$B"), ["22"]);
}

#[test]
fn a_global_arg_has_to_be_declared_again() {
    assert_eq!(words("ARG V=1\nFROM a\nUSER x$V"), ["x"]);
    assert_eq!(words("ARG V=1\nFROM a\nARG V\nUSER x$V"), ["x1"]);
    assert_eq!(words("ARG V=1\nFROM a:$V"), ["a:1"]);
    assert_eq!(words("ARG V=1\nARG W=$V-2\nFROM a:${W}"), ["a:1-2"]);
}

#[test]
fn a_stage_has_the_variables_of_the_stage_it_builds_on() {
    assert_eq!(words("FROM a AS One\nENV A=1\nFROM one\nUSER $A"), ["1"]);
    assert_eq!(words("FROM a AS one\nENV A=1\nFROM a\nUSER x$A"), ["x"]);
    assert_eq!(words("FROM a AS one\nENV A=1\nFROM a AS one\nENV A=2\nFROM one\nUSER $A"), ["2"]);
    assert_eq!(words("FROM a AS one\nENV A=1\nFROM One\nUSER x$A"), ["x"]);
}

#[test]
fn platform_variables_are_global_args() {
    assert_eq!(words("FROM --platform=$BUILDPLATFORM a-$TARGETARCH"), ["a-amd64"]);
    assert_eq!(words("FROM a\nARG TARGETOS TARGETARCH\nUSER $TARGETOS/$TARGETARCH"), ["linux/amd64"]);
    assert_eq!(words("FROM a\nUSER x$TARGETOS"), ["x"]);
}

#[test]
fn a_build_argument_beats_the_default_where_it_is_declared() {
    let mut inputs = Inputs::default();
    inputs.build_args.insert("V".to_owned(), "9".to_owned());
    assert_eq!(last("FROM a\nARG V=1\nUSER $V", &inputs).unwrap(), ["9"]);
    assert_eq!(last("FROM a\nUSER x$V", &inputs).unwrap(), ["x"]);
}

#[test]
fn instructions_expand_as_the_builder_does() {
    assert_eq!(words("FROM a\nENV A=\"x y\"\nEXPOSE $A \"$A\""), ["x", "y", "x y"]);
    assert_eq!(words("FROM a\nENV A=b\nCOPY $A '$A' /$A/"), ["b", "$A", "/b/"]);
    assert_eq!(words("FROM a\nENV A=b\nLABEL $A=\"$A\""), ["b", "b"]);
    assert_eq!(words("FROM a\nENV A=b\nRUN echo $A"), ["(not expanded)"]);
    assert_eq!(words("FROM a\nUSER ${A"), ["(not expanded)"]);
}

#[test]
fn a_flag_or_mount_that_cannot_be_expanded_is_told() {
    for text in ["FROM a\nCOPY --chown=${x a b", "FROM a\nRUN --mount=type=cache,target=${x^^} true", "FROM --platform=$NONE a"] {
        let (_, tree) = read(text.as_bytes());
        let last = expansions(&tree, &Inputs::default()).pop().unwrap();
        assert!(last.error.is_some() && last.words.is_none(), "{text}");
    }
}

#[test]
fn values_cannot_grow_without_end() {
    let mut text = "FROM a\nENV A=xxxxxxxxxx\n".to_owned();
    (0..60).for_each(|_| text.push_str("ENV A=$A$A\n"));
    let (_, tree) = read(text.as_bytes());
    let last = expansions(&tree, &Inputs::default()).pop().unwrap();
    assert!(last.error.is_some());
}
