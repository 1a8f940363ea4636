//! Shell scripts through the public surface.

use std::process::Command as Process;

use stacklint::source::{FileId, Span};
use stacklint::syntax::shell::{Command, Dialect, GroupKind, Join, PieceKind, Quote, Script, from_argv, parse, parse_run, parse_text};
use stacklint::text::Text;

fn whole(text: &str) -> Span {
    Span::new(FileId(0), 0, text.len())
}

fn sh(text: &str) -> Script {
    parse(text, whole(text), Dialect::Posix)
}

fn run(text: &str) -> Script {
    parse_run(text, whole(text), Dialect::Posix)
}

fn at(text: &str, span: Span) -> &str {
    text.get(span.range()).unwrap()
}

fn line(command: &Command) -> String {
    command.words.iter().map(|w| w.lossy()).collect::<Vec<_>>().join(" ")
}

fn lines(script: &Script) -> Vec<String> {
    script.commands.iter().map(line).collect()
}

#[test]
fn places_say_how_commands_are_joined() {
    let script = sh("a && b | c || ! d; e & ( f; g )");
    let joins: Vec<_> = script.commands.iter().map(|c| (line(c), c.place.join, c.place.pipe_index, c.place.pipe_len)).collect();
    let expected = [
        ("a", Join::First, 0, 1),
        ("b", Join::And, 0, 2),
        ("c", Join::Pipe, 1, 2),
        ("d", Join::Or, 0, 1),
        ("e", Join::Then, 0, 1),
        ("f", Join::First, 0, 1),
        ("g", Join::Then, 0, 1),
    ];
    let expected: Vec<_> = expected.iter().map(|(n, j, i, l)| ((*n).to_owned(), *j, *i, *l)).collect();
    assert_eq!(joins, expected);
    let place = |n: usize| script.commands[n].place;
    assert!(place(3).negated && place(4).background && place(5).subshell && !place(4).last && place(6).last);
    assert_eq!(script.groups[place(6).group.unwrap()].place.join, Join::Background);
}

#[test]
fn tail_position_is_seen_through_branches_and_not_through_loops() {
    let last = |text: &str| sh(text).commands.iter().filter(|c| c.place.last).map(line).collect::<Vec<_>>();
    assert_eq!(last("if a; then b; exec c; else d; fi"), ["exec c", "d"]);
    assert_eq!(last("case $1 in x) a;; *) exec \"$@\";; esac"), ["a", "exec $@"]);
    assert_eq!(last("while a; do b; done"), Vec::<String>::new());
    assert_eq!(last("f() { a; }; f"), ["f"]);
    assert_eq!(last("a && exec b"), ["exec b"]);
    assert_eq!(last("echo $(a)"), ["echo $(a)"]);
    assert_eq!(last("{ a; b; } | c"), ["c"]);
}

#[test]
fn pieces_know_their_quotes_and_places() {
    let text = r#"echo a\ b "x $y ${z:-d}" '$no' $'t\tu' *.[ch] "$(date)" `id` $((1+2)) pre{a,b}"#;
    let script = parse(text, whole(text), Dialect::Bash);
    let words = script.commands[0].args();
    assert_eq!(words[0].literal().unwrap(), "a b");
    let params: Vec<_> = words[1].params().map(|(p, piece)| (p.name.clone(), p.modifier.clone(), at(text, piece.span))).collect();
    assert_eq!(params, [("y".to_owned(), String::new(), "$y"), ("z".to_owned(), ":-d".to_owned(), "${z:-d}")]);
    assert_eq!((words[2].literal().unwrap().as_ref(), words[2].pieces[0].quote), ("$no", Quote::Single));
    assert_eq!(words[3].literal().unwrap(), "t\tu");
    assert!(matches!(&words[4].pieces[2].kind, PieceKind::Glob(g) if g == "[ch]"), "{:?}", words[4]);
    assert!(matches!(&words[5].pieces[0].kind, PieceKind::Command { backquotes: false, text } if text == "date"));
    assert!(matches!(&words[6].pieces[0].kind, PieceKind::Command { backquotes: true, text } if text == "id"));
    assert!(matches!(&words[7].pieces[0].kind, PieceKind::Arithmetic(a) if a == "1+2"));
    assert!(matches!(&words[8].pieces[1].kind, PieceKind::Other(o) if o == "{a,b}"));
    assert_eq!(script.commands.iter().filter(|c| c.place.substitution).map(line).collect::<Vec<_>>(), ["date", "id"]);
}

#[test]
fn a_run_is_joined_before_the_shell_sees_it() {
    let text = "printf '#!/bin/sh\\n\\\nexec \"$@\"\\n' > /e # note \\\n && chmod +x /e";
    let script = run(text);
    assert_eq!(lines(&script), ["printf #!/bin/sh\\nexec \"$@\"\\n"]);
    let exec = &script.commands[0].words[1].pieces[1];
    assert_eq!(at(text, exec.span), "exec \"$@\"\\n");
    assert!(!sh(text).errors.is_empty(), "a script file keeps its lines");
}

#[test]
fn carriage_returns_end_lines_and_no_more() {
    let text = "if a; then\r\n  cat <<X\r\nhi $b\r\nX\r\nfi\r\nexec \\\r\n c\r\n";
    let script = run(text);
    assert!(script.errors.is_empty(), "{:?}", script.errors);
    assert_eq!(lines(&script), ["a", "cat", "exec c"]);
    let body = script.commands[1].redirects[0].heredoc.as_ref().unwrap();
    assert_eq!(at(text, body.pieces[1].span), "$b");
    assert_eq!(at(text, script.commands[2].words[1].span), "c");
}

#[test]
fn heredocs_expand_unless_their_delimiter_is_quoted() {
    let text = "cat <<A <<-'B' > out\n$x \\$y\nA\n\t\t$z\nB\n";
    let script = sh(text);
    let bodies: Vec<_> = script.commands[0].redirects.iter().filter_map(|r| r.heredoc.as_ref()).collect();
    let params = |n: usize| bodies[n].pieces.iter().filter(|p| matches!(p.kind, PieceKind::Param(_))).count();
    assert_eq!((bodies[0].expand, params(0), bodies[1].expand, params(1)), (true, 1, false, 0));
    assert!(matches!(&bodies[1].pieces[0].kind, PieceKind::Literal(t) if t == "$z\n"));
}

#[test]
fn scripts_of_other_shells_are_read_with_what_the_outer_one_expands() {
    let text = r#"exec tini -- gosu app bash -euo pipefail -c "cd /a && envsubst '$NAMES' < \$IN""#;
    let script = sh(text);
    let command = &script.commands[0];
    assert!(command.effective().exec);
    let nested = command.nested.as_ref().unwrap();
    assert_eq!((nested.by.as_str(), lines(&nested.script)), ("bash", vec!["cd /a".to_owned(), "envsubst $NAMES".to_owned()]));
    assert_eq!(nested.expanded_outside.iter().map(|p| p.value.as_str()).collect::<Vec<_>>(), ["NAMES"]);
    assert_eq!(at(text, nested.script.commands[1].words[0].span), "envsubst");
    assert_eq!(nested.script.dialect, Dialect::Bash);
}

#[test]
fn every_way_into_another_shell_is_seen() {
    for (text, inner) in [
        ("sh -c 'a b'", "a b"),
        ("busybox sh -c 'a b'", "a b"),
        ("su -s /bin/sh -c 'a b' user", "a b"),
        ("su - user --command 'a b'", "a b"),
        ("eval a b", "a b"),
        ("eval \"a b\"", "a b"),
        ("bash <<X\na b\nX", "a b"),
        ("bash -s <<'X'\na b\nX", "a b"),
        ("bash <<< 'a b'", "a b"),
        ("find . -exec sh -c 'a b' {} +", "a b"),
        ("xargs -n 1 sh -c 'a b'", "a b"),
        ("env X=1 nice -n 5 /bin/dash -ec 'a b'", "a b"),
    ] {
        let script = parse(text, whole(text), Dialect::Bash);
        let nested = script.commands[0].nested.as_ref().unwrap_or_else(|| panic!("{text}"));
        assert_eq!(lines(&nested.script), [inner], "{text}");
    }
    for text in ["bash run.sh -c x", "sh", "bash -c", "echo sh -c 'a'", "python -c 'a'"] {
        assert!(sh(text).commands[0].nested.is_none(), "{text}");
    }
}

#[test]
fn wrappers_are_seen_through() {
    for (text, program, through) in [
        ("exec nginx -g x", "nginx -g x", "exec"),
        ("exec env A=1 B=$c -u D uvicorn app", "uvicorn app", "exec env"),
        ("sudo -u www -E apt-get install", "apt-get install", "sudo"),
        ("timeout -k 5 10s nice -10 stdbuf -oL time -p a", "a", "timeout nice stdbuf time"),
        ("/usr/bin/tini -g -- /usr/bin/dumb-init --rewrite 15:2 -- a b", "a b", "tini dumb-init"),
        ("setpriv --reuid 1000 --clear-groups --regid=5 a", "a", "setpriv"),
        ("su-exec app:app a", "a", "su-exec"),
        ("poetry run gunicorn a", "gunicorn a", "poetry"),
        ("./wait-for-it.sh db:5432 -t 9 -- a b", "a b", "wait-for-it.sh"),
        ("xargs -0 -n 1 rm -f", "rm -f", "xargs"),
        ("poetry install", "poetry install", ""),
        ("uv pip install run", "uv pip install run", ""),
        ("uv --project x run --with y a run", "a run", "uv"),
        ("conda run --no-capture-output -n env a", "a", "conda"),
        ("command -v curl", "command -v curl", ""),
        ("exec > log", "exec", ""),
        ("env", "env", ""),
    ] {
        let script = sh(text);
        let seen = script.commands[0].effective();
        let words = seen.words.iter().map(|w| w.lossy()).collect::<Vec<_>>().join(" ");
        assert_eq!((words.as_str(), seen.through().join(" ").as_str()), (program, through), "{text}");
    }
}

#[test]
fn options_are_read_in_all_their_forms() {
    let text = "gunicorn --bind=a:1 -b b:2 -bc:3 --bind d:4 -qy --workers 3 app -- -z";
    let script = sh(text);
    let command = &script.commands[0];
    let values: Vec<_> = command.options("--bind", "-b").into_iter().map(|(v, span)| (v, at(text, span))).collect();
    let expected = ["a:1", "b:2", "c:3", "d:4"].map(|v| (v.to_owned(), v));
    assert_eq!(values, expected);
    assert!(command.has_flag("-y", "--yes") && command.has_flag("", "--workers") && !command.has_flag("-z", ""));
    let operands: Vec<_> = command.operands(&["-b", "--bind", "--workers"]).into_iter().map(|w| w.lossy()).collect();
    assert_eq!(operands, ["app", "-z"]);
}

#[test]
fn groups_keep_redirections_names_and_words() {
    let text = "f() { a; }\nfor x in 1 $(b); do c; done > log\n{ d; } | e";
    let script = sh(text);
    let kinds: Vec<_> = script.groups.iter().map(|g| g.kind.clone()).collect();
    assert_eq!(kinds[0], GroupKind::Function("f".to_owned()));
    let each = script.groups.iter().find(|g| g.kind == GroupKind::For("x".to_owned())).unwrap();
    assert_eq!((each.words.len(), each.redirects.len()), (2, 1));
    let brace = script.groups.iter().rfind(|g| g.kind == GroupKind::Brace).unwrap();
    assert_eq!((brace.place.pipe_index, brace.place.pipe_len), (0, 2));
}

#[test]
fn exec_forms_and_decoded_strings_point_at_their_source() {
    let source = r#"["sh", "-c", "echo \"$x\" && b"]"#;
    let word = |s: &str| Text::verbatim(s, Span::new(FileId(0), source.find(s).unwrap(), source.find(s).unwrap() + s.len()));
    let mut inner = Text::builder(Span::new(FileId(0), 13, 32));
    for (value, from, to) in [("echo ", 14, 19), ("\"", 19, 21), ("$x", 21, 23), ("\"", 23, 25), (" && b", 25, 30)] {
        inner.push(value, Span::new(FileId(0), from, to));
    }
    let script = from_argv(&[word("sh"), word("-c"), inner.clone()], Dialect::Posix);
    let nested = script.commands[0].nested.as_ref().unwrap();
    assert!(nested.expanded_outside.is_empty());
    assert_eq!(at(source, nested.script.commands[1].span), "b");
    assert_eq!(at(source, nested.script.commands[0].words[1].pieces[0].span), "$x");
    assert_eq!(lines(&parse_text(&inner, Dialect::Posix)), lines(&nested.script));
}

#[test]
fn broken_scripts_give_what_could_be_read() {
    for (text, read) in [
        ("a && echo b; echo 'c\nd", vec!["a", "echo b"]),
        ("a; if b; then c", vec!["a", "b", "c"]),
        ("a; for x in y; do if b; then c", vec!["a", "b", "c"]),
        ("a ) ; b", vec!["a", "b"]),
    ] {
        let script = sh(text);
        assert!(!script.errors.is_empty(), "{text}");
        assert_eq!(lines(&script), read, "{text}");
    }
    assert!(parse("Get-Item x | y {", whole(""), Dialect::Windows).commands.is_empty());
}

/// What `sh` makes of a simple command's words, where there is an `sh`.
fn words_of_sh(text: &str) -> Option<Vec<String>> {
    let script = format!("show() {{ for word in \"$@\"; do printf '%s\\0' \"$word\"; done; }}\nset -f\nshow {text}");
    let out = Process::new("sh").arg("-c").arg(script).output().ok()?;
    let text = String::from_utf8(out.stdout).ok()?;
    Some(text.split_terminator('\0').map(str::to_owned).collect())
}

#[test]
fn words_are_split_as_sh_splits_them() {
    for text in [
        r"a b  c",
        r#"a\ b "c d" 'e f'"#,
        r#"a"b"'c'd"#,
        r#""a\"b" 'a\b' a\\b "a\b""#,
        r#""" '' a"""#,
        "a\\\nb 'c\\\nd' \"e\\\nf\"",
        r#"\$x "\$x" '$x' "\`" '`'"#,
        r"*.c a[b]c x?y",
        r#"a=b --c="d e" f\=g"#,
        "a#b '#c' \"#d\" # e",
        r#"'it'\''s' "it's" \'"#,
        "é 'ü ß' \"→\" \\é",
        r"a\;b 'c;d' e\&f",
        "~x a~b {a,b}c",
    ] {
        let Some(expected) = words_of_sh(text) else {
            eprintln!("skipped: no sh here");
            return;
        };
        let line = format!("show {text}");
        let script = sh(&line);
        let words: Vec<_> = script.commands[0].args().iter().map(|w| w.lossy()).collect();
        assert_eq!(words, expected, "{text}");
    }
}

fn spans(script: &Script, found: &mut Vec<Span>) {
    found.extend(script.errors.iter().map(|e| e.span));
    found.extend(script.groups.iter().map(|g| g.span));
    for command in &script.commands {
        found.push(command.span);
        found.extend(command.assigns.iter().map(|a| a.span));
        for word in &command.words {
            found.push(word.span);
            found.extend(word.pieces.iter().map(|p| p.span));
        }
        for redirect in &command.redirects {
            found.push(redirect.span);
            if let Some(body) = &redirect.heredoc {
                found.push(body.span);
                found.extend(body.pieces.iter().map(|p| p.span));
            }
        }
        if let Some(nested) = &command.nested {
            spans(&nested.script, found);
        }
        let _ = command.effective();
    }
}

const SEEDS: &[&str] = &[
    "set -eux; apt-get update && apt-get install -y --no-install-recommends curl \\\n  && rm -rf /var/lib/apt/lists/*",
    "bash -c \"envsubst '$A ${B}' < /é.t > /o && exec nginx -g 'daemon off;'\" | tee x",
    "case \"${1:-x$(id)}\" in -*) set -- a \"$@\";; é|b) `c \\`d\\``;; esac",
    "cat <<-EOF > /x\n\thi ${a%%/*} $((1+$b)) ü\n\tEOF\nif [ -n \"$x\" ]; then eval \"$y 'z'\"; fi",
    "printf '%s\\n' 'a\\\nb' $'\\x41é' \"$(cat <<X\n$q\nX\n)\" {a,b}[c-d]* <(e) >&2 2>/dev/null &",
];

#[test]
fn mutated_scripts_never_panic_and_spans_stay_inside() {
    let noise = [
        "'", "\"", "`", "$(", "${", ")", "}", "\\", "\n", "\r\n", "<<E\n", "é", ";", "&&", "|", "((", "[[", "#", "", "$'", "{a,", "sh -c ",
    ];
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below.max(1) as u64).unwrap()
    };
    for round in 0..3000 {
        let mut text: Vec<char> = SEEDS[round % SEEDS.len()].chars().collect();
        for _ in 0..=random(3) {
            let (from, len) = (random(text.len()), random(6));
            let to = (from + len).min(text.len());
            text.splice(from..to, noise[random(noise.len())].chars());
        }
        let text: String = text.into_iter().collect();
        let base = Span::new(FileId(3), 100, 100 + text.len());
        for script in [parse(&text, base, Dialect::Bash), parse_run(&text, base, Dialect::Posix)] {
            let mut found = Vec::new();
            spans(&script, &mut found);
            for span in found {
                let (from, to) = (span.start as usize, span.end as usize);
                assert!(from >= 100 && to <= base.end as usize, "{span:?} {text:?}");
                assert!(text.is_char_boundary(from - 100) && text.is_char_boundary(to - 100), "{span:?} {text:?}");
            }
        }
    }
}

#[test]
fn deep_nesting_ends() {
    for (open, close) in
        [("(", ")"), ("$(", ")"), ("{ ", "; }"), ("if a; then ", "; fi"), ("sh -c \"", "\""), ("${x:-", "}"), ("a && ", "b")]
    {
        let text = format!("{}x{}", open.repeat(3000), close.repeat(3000));
        let _ = sh(&text);
    }
    let mut text = "echo x".to_owned();
    for _ in 0..12 {
        text = format!("eval {}", text.replace('\\', "\\\\").replace(' ', "\\ "));
        let _ = sh(&text);
    }
}

#[test]
fn a_bracket_behind_words_is_refused_as_shells_do() {
    for text in ["echo a (b)", "echo x \\; (echo y)", "ls -l (a|b)", "echo \\$(b)", "echo a(b)"] {
        let script = parse(text, Span::new(FileId(0), 0, text.len()), Dialect::Posix);
        assert_eq!(script.errors.len(), 1, "{text}");
        let error = &script.errors[0];
        assert_eq!(text.get(error.span.range()), Some("("), "{text}");
    }
    for text in ["f () { echo a; }", "echo a; (b)", "echo $(a) \\(b\\)", "[ \\( a \\) ]", "shopt -s extglob\nls !(a) x@(b|c)"] {
        let script = parse(text, Span::new(FileId(0), 0, text.len()), Dialect::Posix);
        assert!(script.errors.is_empty(), "{text}: {:?}", script.errors);
    }
}
