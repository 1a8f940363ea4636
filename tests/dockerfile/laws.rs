//! What holds for every text: no panic, items tile the file, spans lie inside it on character boundaries, every decoded
//! text points back at its source.

use proptest::prelude::*;
use stacklint::source::{SourceFile, Span};
use stacklint::syntax::dockerfile::expand::{expand, expand_words, references};
use stacklint::syntax::dockerfile::scope::{Inputs, expansions};
use stacklint::syntax::dockerfile::{Dockerfile, Form, Instruction, ItemKind, Op, unquote};
use stacklint::text::Text;

use super::{all_fixtures, read};

/// Fails where a law is broken.
pub(crate) fn check(file: &SourceFile, tree: &Dockerfile) {
    let mut at = 0;
    let mut printed = String::new();
    for item in &tree.items {
        assert_eq!(item.span.start as usize, at, "items touch");
        assert!(!item.span.is_empty(), "no item is empty");
        at = item.span.end as usize;
        printed.push_str(file.slice(item.span));
        place(file, item.span);
        match &item.kind {
            ItemKind::Instruction(i) => {
                assert!(item.span.contains(i.span), "{item:?}");
                instruction(file, i, tree.escape);
            }
            ItemKind::Comment(text) => assert_eq!(file.slice(text.span), text.value),
            ItemKind::Directive(n) => assert_eq!(file.slice(tree.directives[*n].value.span), tree.directives[*n].value.value),
            ItemKind::Blank => assert!(file.slice(item.span).trim_matches('\u{feff}').trim().is_empty()),
        }
    }
    assert_eq!(printed, file.text);
    tree.errors.iter().for_each(|e| place(file, e.span));
    let own: usize = tree.instructions().filter(|(_, i)| i.error.is_some()).count();
    assert!(own <= tree.errors.len());
    assert_eq!(expansions(tree, &Inputs::default()).len(), tree.instructions().count());
    assert!(!tree.stages.is_empty() || !tree.errors.is_empty(), "a file without FROM is an error");
}

fn place(file: &SourceFile, span: Span) {
    assert!(file.text.get(span.range()).is_some(), "{span:?} of {:?}", file.text);
}

/// Every character of a text stands where the text says, unless it was decoded.
fn text(file: &SourceFile, text: &Text, escape: char) {
    place(file, text.span);
    for (i, c) in text.value.char_indices() {
        let span = text.span_of(i, i + c.len_utf8());
        place(file, span);
        if span.len() == c.len_utf8() && c.is_alphanumeric() && c.is_ascii() && !file.slice(span).contains(escape) {
            assert!(file.slice(span).starts_with(c) || text.value != file.slice(text.span), "{c:?} at {span:?} in {text:?}");
        }
    }
    for reference in references(text, escape) {
        place(file, reference.span);
    }
    let bare = unquote(text, escape);
    place(file, bare.span_of(0, bare.value.len()));
}

fn instruction(file: &SourceFile, i: &Instruction, escape: char) {
    for span in [i.span, i.head, i.word.span] {
        place(file, span);
    }
    assert!(i.span.contains(i.head) && i.head.contains(i.word.span));
    text(file, &i.rest, escape);
    for flag in &i.flags {
        place(file, flag.span);
        place(file, flag.name.span);
        flag.value.iter().for_each(|v| text(file, v, escape));
    }
    for heredoc in &i.heredocs {
        place(file, heredoc.body);
        place(file, heredoc.operator);
        assert!(i.span.contains(heredoc.body));
    }
    match &i.op {
        Op::Run(run) => {
            form(file, &run.form, escape);
            run.mounts.iter().flat_map(|m| &m.fields).for_each(|(_, v)| text(file, v, escape));
        }
        Op::Cmd(f) | Op::Entrypoint(f) | Op::Healthcheck(Some(f)) => form(file, f, escape),
        Op::Env(pairs) | Op::Arg(pairs) | Op::Label(pairs) => {
            for pair in pairs {
                place(file, pair.span);
                text(file, &pair.key, escape);
                pair.value.iter().for_each(|v| text(file, v, escape));
            }
        }
        Op::Copy(copy) | Op::Add(copy) => copy.sources.iter().chain([&copy.dest]).for_each(|t| text(file, t, escape)),
        Op::Expose(texts) | Op::Volume(texts) | Op::Shell(texts) => texts.iter().for_each(|t| text(file, t, escape)),
        Op::Workdir(t) | Op::User(t) | Op::Stopsignal(t) | Op::Maintainer(t) => text(file, t, escape),
        Op::Onbuild(inner) => instruction(file, inner, escape),
        _ => {}
    }
}

fn form(file: &SourceFile, form: &Form, escape: char) {
    match form {
        Form::Exec(words) => words.iter().for_each(|w| text(file, w, escape)),
        Form::Shell(shell) => {
            place(file, shell.span);
            assert_eq!(shell.text.len(), shell.span.len(), "shell text is as long as its source: {shell:?}");
        }
    }
}

#[test]
fn fixtures_obey_the_laws() {
    for (_, bytes) in all_fixtures() {
        let (file, tree) = read(&bytes);
        check(&file, &tree);
    }
}

#[test]
fn valid_fixtures_have_no_error_and_broken_ones_have_one() {
    for (path, bytes) in super::fixtures("dockerfiles") {
        let (_, tree) = read(&bytes);
        assert_eq!(tree.errors, [], "{}", path.display());
    }
    for (path, bytes) in super::fixtures("broken/dockerfiles") {
        let (_, tree) = read(&bytes);
        // Bytes that are no UTF-8 and quotes left open are no syntax errors for the builder.
        let quiet = ["not-utf8", "quotes"].iter().any(|name| path.ends_with(format!("{name}.Dockerfile")));
        assert_eq!(tree.errors.is_empty(), quiet, "{}", path.display());
    }
}

/// A small generator of its own, so that a failing run can be repeated.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides.max(1) as u64) as usize
    }
}

#[test]
fn mutated_fixtures_obey_the_laws() {
    let pieces: [&[u8]; 24] = [
        b"\\\n",
        b"\n",
        b"\r\n",
        b"<<EOF",
        b"<<-'E'",
        b"\nEOF\n",
        b"\"",
        b"'",
        b"[",
        b"]",
        b"$",
        b"${a:-",
        b"}",
        b"--",
        b"=",
        b"\\",
        b"`",
        b"#",
        b" ",
        b"\t",
        b"\xc2\xa0",
        b"\xef\xbb\xbf",
        b"\xff",
        b"FROM a\n",
    ];
    let files = all_fixtures();
    let mut dice = Dice(0x5eed_1234_abcd_ef01);
    for _ in 0..4000 {
        let (_, bytes) = &files[dice.roll(files.len())];
        if bytes.len() > 4096 {
            continue;
        }
        let mut bytes = bytes.clone();
        for _ in 0..=dice.roll(4) {
            let at = dice.roll(bytes.len() + 1);
            match dice.roll(4) {
                0 if at < bytes.len() => {
                    bytes.remove(at);
                }
                1 => bytes.truncate(at),
                2 if at < bytes.len() => bytes[at] = dice.roll(256) as u8,
                _ => {
                    let piece = pieces[dice.roll(pieces.len())];
                    bytes.splice(at..at, piece.iter().copied());
                }
            }
        }
        let (file, tree) = read(&bytes);
        check(&file, &tree);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_obey_the_laws(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let (file, tree) = read(&bytes);
        check(&file, &tree);
    }

    #[test]
    fn any_lines_obey_the_laws(lines in prop::collection::vec(
        "(FROM|RUN|COPY|ADD|ENV|LABEL|ARG|CMD|ONBUILD|HEALTHCHECK|EXPOSE|SHELL|VOLUME|#|)[ \t]?(--[a-z]+=)?[ -~\u{85}\u{a0}é𝄞\t]{0,24}(\\\\|`|<<E)?\r?", 0..12)) {
        let text = lines.join("\n");
        let (file, tree) = read(text.as_bytes());
        check(&file, &tree);
    }

    #[test]
    fn any_word_expands_or_is_refused(word in "[a-c${}:+?#%/*'\"\\\\<0-9 -]{0,30}") {
        let lookup = |name: &str| (name == "a").then(|| "a/b*c".to_owned());
        let one = expand(&word, '\\', &lookup);
        let many = expand_words(&word, '\\', &lookup);
        prop_assert_eq!(one.is_ok(), many.is_ok());
    }
}
