//! Decoded texts point back at the bytes that they came from.

use stacklint::syntax::dockerfile::expand::references;
use stacklint::syntax::dockerfile::{Form, Op, unquote};

use super::read;

#[test]
fn a_word_in_a_continuation_has_its_place() {
    let (file, tree) = read(b"FROM a\nENV A=one \\\n  # note\n  B=\"t\\\nwo\"\n");
    let (_, env) = tree.instructions().last().unwrap();
    let Op::Env(pairs) = &env.op else { panic!("ENV") };
    let value = pairs[1].value.as_ref().unwrap();
    assert_eq!(value.value, "\"two\"");
    assert_eq!(file.slice(value.span), "\"t\\\nwo\"");
    assert_eq!(file.slice(value.span_of(2, 4)), "wo");
    assert_eq!(file.line_of(value.span_of(2, 3).start as usize), 5);
    let bare = unquote(value, '\\');
    assert_eq!(bare.value, "two");
    assert_eq!(file.slice(bare.span_of(1, 3)), "wo");
}

#[test]
fn json_escapes_keep_their_places() {
    let (file, tree) = read(b"FROM a\nCMD [\"a\\\"b\\u00e9c\", \"d\"]\n");
    let Op::Cmd(Form::Exec(words)) = &tree.instructions().last().unwrap().1.op else { panic!("exec form") };
    let word = &words[0];
    assert_eq!(word.value, "a\"b\u{e9}c");
    assert_eq!(file.slice(word.span), r#""a\"b\u00e9c""#);
    let c = word.value.find('c').unwrap();
    assert_eq!(file.slice(word.span_of(c, c + 1)), "c");
    assert_eq!(file.slice(word.span_of(3, 5)), "\\u00e9");
}

#[test]
fn references_point_into_the_file() {
    let (file, tree) = read(b"FROM a\nWORKDIR /x/${A:-\\\n$B}/'$C'\n");
    let Op::Workdir(path) = &tree.instructions().last().unwrap().1.op else { panic!("WORKDIR") };
    let found: Vec<_> = references(path, tree.escape).iter().map(|r| (r.name.clone(), file.slice(r.span).to_owned(), r.operator)).collect();
    assert_eq!(found, [("B".to_owned(), "$B".to_owned(), ""), ("A".to_owned(), "${A:-\\\n$B}".to_owned(), ":-")]);
}

#[test]
fn shell_text_has_the_offsets_of_the_file() {
    let (file, tree) = read(b"# escape=`\nFROM a\nRUN a `  \n # note\n\n  && b\nRUN cat <<E && x\r\nhi\r\nE\r\n");
    let shells: Vec<_> = tree
        .instructions()
        .filter_map(|(_, i)| match &i.op {
            Op::Run(run) => match &run.form {
                Form::Shell(shell) => Some(shell.clone()),
                Form::Exec(_) => None,
            },
            _ => None,
        })
        .collect();
    assert_eq!(shells[0].text, "a \\\n             && b");
    let b = shells[0].text.find("b").unwrap();
    assert_eq!(file.slice(shells[0].span.part(b, b + 1)), "b");
    assert_eq!(shells[1].text, "cat <<E && x \nhi\r\nE");
}

#[test]
fn a_line_that_the_builder_names_is_the_first_error() {
    for (text, line) in [
        // What is wrong with the lines themselves comes before what is wrong with an instruction above them.
        ("FROM a\nRUNN x\nENV A\n", 3),
        ("FROM a\nRUNN x\nCMD [1]\n", 3),
        ("FROM a\nCOPY x\nRUN <<E\n", 3),
        ("RUN x\nFROM\n", 1),
        ("FROM a\nRUN a \\\n b\nCOPY --x \\\n a b\n", 4),
        ("# a\n\n\n", 3),
        ("FROM a\nRUN x \\\n --y\nCOPY \\\n a\n", 4),
    ] {
        let (file, tree) = read(text.as_bytes());
        assert_eq!(file.line_of(tree.errors[0].span.start as usize), line, "{text:?}: {:?}", tree.errors);
    }
}

#[test]
fn an_error_stays_in_its_instruction() {
    let (_, tree) = read(b"FROM a\nRUN <<EOF\necho\n\nRUN b\nCOPY a\nRUN c\n");
    let words: Vec<_> = tree.instructions().map(|(_, i)| (i.word.value.as_str(), i.error.is_some())).collect();
    assert_eq!(words, [("FROM", false), ("RUN", true), ("RUN", false), ("COPY", true), ("RUN", false)]);
}

#[test]
fn heredocs_are_found_where_the_builder_finds_them() {
    for (line, names) in [
        ("RUN cat <<E", vec!["E"]),
        ("RUN : ${A:=b} ${A:0:3} && cat <<E", vec!["E"]),
        // An operator that the builder's lexer does not know hides every heredoc of the line.
        ("RUN echo ${A^^} <<E", vec![]),
        ("RUN echo it's <<E", vec![]),
        ("RUN echo \"a\\b\" <<E", vec!["E"]),
        ("RUN cat<<E", vec![]),
        ("RUN cat <<<E", vec![]),
        ("RUN cat << E", vec!["E"]),
        ("RUN cat <<- E", vec![]),
        ("RUN [\"<<E\"]", vec![]),
        ("CMD cat <<E", vec![]),
        ("COPY <<'a b' <<E /x", vec!["a b", "E"]),
        ("COPY <<\\E /x", vec!["E"]),
    ] {
        let (file, tree) = read(format!("FROM a\n{line}\na b\nE\n").as_bytes());
        let (_, i) = tree.instructions().nth(1).unwrap();
        let found: Vec<_> = i.heredocs.iter().map(|h| h.name.as_str()).collect();
        assert_eq!(found, names, "{line}");
        assert!(i.heredocs.iter().all(|h| file.slice(h.operator).contains("<<")), "{line}");
    }
}
