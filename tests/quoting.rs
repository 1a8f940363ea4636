//! The layers that a text passes through, through the public surface.

use std::process::Command as Process;

use stacklint::quoting::{
    LostKind, Options, dollars, envsubst_calls, expanded_too_early, first_process, generated_files, layers, lost_effects, options_at,
    pipelines, shell_options, unchecked,
};
use stacklint::source::{FileId, Span};
use stacklint::syntax::shell::{Dialect, Script, parse_run};

fn run(text: &str) -> Script {
    parse_run(text, Span::new(FileId(0), 0, text.len()), Dialect::Posix)
}

fn at(text: &str, span: Span) -> &str {
    text.get(span.range()).unwrap_or_default()
}

/// Names that envsubst replaces, names in its format that a shell replaces first, and its input.
fn envsubst(text: &str) -> (Option<Vec<String>>, Vec<String>, Option<String>) {
    let lookup = |name: &str| match name {
        "NAMES" => Some("$DOMAIN ${PORT}".to_owned()),
        "DOMAIN" => Some("example.org".to_owned()),
        _ => None,
    };
    let script = run(text);
    let calls = envsubst_calls(&script, &lookup);
    assert_eq!(calls.len(), 1, "{text}");
    let call = &calls[0];
    (call.names.clone(), call.expanded.iter().map(|p| p.value.clone()).collect(), call.input.map(|w| w.lossy().into_owned()))
}

#[test]
fn a_shell_format_is_what_envsubst_gets() {
    let names = |names: &[&str]| Some(names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>());
    for (text, replaced, expanded) in [
        ("envsubst < a > b", None, vec![]),
        ("envsubst '$A ${B}' < a", names(&["A", "B"]), vec![]),
        ("envsubst '' < a", names(&[]), vec![]),
        (r#"envsubst "\$A" < a"#, names(&["A"]), vec![]),
        (r#"envsubst "$DOMAIN" < a"#, names(&[]), vec!["DOMAIN"]),
        (r#"envsubst "$NAMES" < a"#, names(&["DOMAIN", "PORT"]), vec!["NAMES"]),
        (r#"envsubst "$UNKNOWN" < a"#, None, vec!["UNKNOWN"]),
        (r#"bash -c "envsubst '$NAMES' < a""#, names(&["DOMAIN", "PORT"]), vec!["NAMES"]),
        (r#"bash -c "envsubst '$DOMAIN' < a""#, names(&[]), vec!["DOMAIN"]),
        (r#"bash -c "envsubst '\$DOMAIN' < a""#, names(&["DOMAIN"]), vec![]),
        (r#"bash -c 'envsubst "\$DOMAIN \${X}" < a'"#, names(&["DOMAIN", "X"]), vec![]),
        (r#"bash -c 'envsubst "$DOMAIN" < a'"#, names(&[]), vec!["DOMAIN"]),
        (r#"sh -c "sh -c \"envsubst '\\\$DOMAIN' < a\"""#, names(&["DOMAIN"]), vec![]),
        (r#"sh -c "sh -c \"envsubst '\$DOMAIN' < a\"""#, names(&[]), vec!["DOMAIN"]),
        (r#"sh -c "sh -c \"envsubst '$DOMAIN' < a\"""#, names(&[]), vec!["DOMAIN"]),
    ] {
        let (found, early, input) = envsubst(text);
        assert_eq!((found, early), (replaced, expanded.into_iter().map(str::to_owned).collect()), "{text}");
        assert_eq!(input.as_deref(), Some("a"), "{text}");
    }
    assert_eq!(envsubst("cat t.template | envsubst '$A' | tee out").2.as_deref(), Some("t.template"));
    let script = run("cat t | envsubst | tee -a out");
    assert_eq!(envsubst_calls(&script, &|_| None)[0].output.unwrap().lossy(), "out");
}

#[test]
fn every_dollar_is_expanded_by_one_shell_or_by_none() {
    let text = r#"echo $a '$b' "$c" \$d; bash -c "$e \$f '$g' '\$h'"; awk '{print $1, $i}'"#;
    let script = run(text);
    let found: Vec<_> = dollars(&script).into_iter().map(|d| (d.name.value.clone(), d.by)).collect();
    let expected = [
        ("a", Some(0)),
        ("b", None),
        ("c", Some(0)),
        ("d", None),
        ("i", None),
        ("e", Some(0)),
        ("f", Some(1)),
        ("g", Some(0)),
        ("h", None),
    ];
    let mut expected: Vec<_> = expected.iter().map(|(n, by)| ((*n).to_owned(), *by)).collect();
    let mut found = found;
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
    assert_eq!(layers(&script).iter().map(|l| l.level).max(), Some(1));
}

#[test]
fn names_inside_an_expansion_are_expanded_with_it() {
    let text = r#"echo ${a:-$b} "${#c}" ${d%${e}}"#;
    let script = run(text);
    let found: Vec<_> = dollars(&script).into_iter().map(|d| (d.name.value.clone(), at(text, d.name.span))).collect();
    let expected = [("a", "${a:-$b}"), ("b", "$b"), ("c", "${#c}"), ("d", "${d%${e}}"), ("e", "${e}")];
    assert_eq!(found, expected.map(|(n, t)| (n.to_owned(), t)));
}

#[test]
fn parameters_that_the_inner_script_sets_are_expanded_too_early() {
    let early = |text: &str| expanded_too_early(&run(text)).into_iter().map(|e| e.param.value).collect::<Vec<_>>();
    assert_eq!(early(r#"bash -c "x=1; echo $x""#), ["x"]);
    assert_eq!(early(r#"bash -c "for f in *; do echo $f; done""#), ["f"]);
    assert_eq!(early(r#"bash -c 'x=1; echo $x'"#), Vec::<String>::new());
    assert_eq!(early(r#"bash -c "x=1; echo \$x""#), Vec::<String>::new());
    assert_eq!(early(r#"x=2; bash -c "x=1; echo $x""#), Vec::<String>::new());
    assert_eq!(early(r#"bash -c "export P=$P:/bin; x""#), Vec::<String>::new());
    assert_eq!(early("bash <<E\nx=1\necho $x\nE"), ["x"]);
}

#[test]
fn the_process_that_a_script_ends_in() {
    let ends = |text: &str, execs: bool| {
        let script = run(text);
        let found = first_process(&script, execs, &|shell| shell == "bash");
        found.iter().map(|p| (p.effective.name().unwrap_or_default().into_owned(), p.replaces, p.explicit)).collect::<Vec<_>>()
    };
    let one = |name: &str, replaces, explicit| vec![(name.to_owned(), replaces, explicit)];
    assert_eq!(ends("server -x", false), one("server", false, false));
    assert_eq!(ends("server -x", true), one("server", true, false));
    assert_eq!(ends("migrate && exec server", false), one("server", true, true));
    assert_eq!(ends("migrate && server", true), one("server", true, false));
    assert_eq!(ends("exec sh -c 'a && server'", false), one("server", false, false));
    assert_eq!(ends("exec bash -c 'a && server'", false), one("server", true, false));
    assert_eq!(ends("sh -c 'exec server'", false), one("server", false, false));
    assert_eq!(ends("server | tee log", true), one("tee", false, false));
    assert_eq!(ends("main() { a; exec server; }\nmain \"$@\"", false), one("server", true, true));
    assert_eq!(ends("if a; then exec b; else c; fi", false), [("b".to_owned(), true, true), ("c".to_owned(), false, false)]);
    assert_eq!(ends("exec tini -- gosu u server", false), one("server", true, true));
}

#[test]
fn options_hold_where_they_are_set() {
    let text = "a; set -eu -o pipefail; b; (set +e; c); d";
    let script = run(text);
    let found = options_at(&script, Options::default());
    let at_name = |name: &str| found[script.commands.iter().position(|c| c.name().as_deref() == Some(name)).unwrap()];
    assert!(!at_name("a").errexit && at_name("b").errexit && at_name("b").pipefail && at_name("b").nounset);
    assert!(!at_name("c").errexit && at_name("d").errexit);
    let shell = shell_options(Options::default(), ["/bin/bash", "-euo", "pipefail", "-c"]);
    assert_eq!(shell, Options { errexit: true, pipefail: true, nounset: true });
}

#[test]
fn pipelines_know_their_parts_and_options() {
    let text = "set -o pipefail && curl x | { tar x; } | wc; echo \"$(a | b)\"";
    let script = run(text);
    let found = pipelines(&script, Options::default());
    assert_eq!(found.iter().map(|p| at(text, p.span)).collect::<Vec<_>>(), ["curl x | { tar x; } | wc", "a | b"]);
    assert_eq!(found[0].stages.len(), 3);
    assert!(found[0].options.pipefail);
}

#[test]
fn failures_that_nothing_sees() {
    let lost = |text: &str| {
        let script = run(text);
        let names = unchecked(&script, Options::default()).into_iter().filter_map(|c| c.name());
        names.map(std::borrow::Cow::into_owned).collect::<Vec<_>>()
    };
    assert_eq!(lost("a\nb && c\nd"), ["a", "c"]);
    assert_eq!(lost("set -e\na\nb"), ["set"]);
    assert_eq!(lost("a && b"), Vec::<String>::new());
    assert_eq!(lost("if a; then b; c; fi"), ["b"]);
}

#[test]
fn changes_of_the_shell_that_end_with_it() {
    let lost = |text: &str| lost_effects(&run(text)).into_iter().map(|l| l.kind).collect::<Vec<_>>();
    assert_eq!(lost("cd /app"), [LostKind::Directory]);
    assert_eq!(lost("mkdir /app && cd /app"), [LostKind::Directory]);
    assert_eq!(lost("a && export A=1 B=2; C=3"), [LostKind::Variable, LostKind::Variable]);
    assert_eq!(lost(". /venv/bin/activate"), [LostKind::Source]);
    assert!(lost("cd /app && make").is_empty());
    assert!(lost("(cd /app)").is_empty());
    assert!(lost("export A=$(b)").len() == 1);
}

/// The files that `sh` itself writes when it runs a script in an empty folder.
fn files_of_sh(text: &str, name: &str) -> Option<String> {
    let folder = tempfile::tempdir().ok()?;
    Process::new("sh").arg("-c").arg(text).current_dir(folder.path()).output().ok()?;
    std::fs::read_to_string(folder.path().join(name)).ok()
}

#[test]
fn generated_files_are_what_sh_writes() {
    for text in [
        r#"printf '#!/bin/sh\nset -e\nexec "$@"\n' > f"#,
        r#"printf '%s\n' '#!/bin/sh' 'exec "$@"' "it's" > f"#,
        r"printf 'a\tb%%\061%s' x > f",
        r#"printf "a\\nb\n" > f"#,
        r"printf '%b' 'a\nb\0101' > f",
        "printf '%s=%s\\n' a 1 b 2 > f",
        "echo a 'b  c' > f",
        "echo -n a > f",
        "cat > f <<'E'\nhi $x \\$y\nE",
        "cat <<-E > f\n\thi \\$y\n\tE",
        "{ echo a; echo b; } > f",
        "echo a | tee f",
    ] {
        let script = parse_run(text, Span::new(FileId(0), 0, text.len()), Dialect::Bash);
        let files = generated_files(&script);
        assert_eq!(files.len(), 1, "{text}");
        assert_eq!(files[0].path, "f");
        match files_of_sh(text, "f") {
            Some(expected) => assert_eq!(files[0].text.value, expected, "{text}"),
            None => eprintln!("skipped: no sh here"),
        }
    }
}

#[test]
fn generated_files_point_at_their_source_through_continuations() {
    let text = "printf '#!/bin/sh\\n\\\nset -e\\n'\\\n'exec gunicorn \"$@\"\\n' >> /entry.sh && cat <<E >/x\n$A b\nE";
    let files = generated_files(&run(text));
    let (entry, other) = (&files[0], &files[1]);
    assert_eq!(entry.text.value, "#!/bin/sh\nset -e\nexec gunicorn \"$@\"\n");
    assert!(entry.append && entry.expanded.is_empty());
    let from = entry.text.value.find("gunicorn").unwrap();
    assert_eq!(at(text, entry.text.span_of(from, from + 8)), "gunicorn");
    assert_eq!((other.path.as_str(), other.expanded[0].value.as_str()), ("/x", "A"));
}

#[test]
fn large_scripts_do_not_take_long() {
    let text = format!("bash <<E\n{}E\n", "echo $x ${y:-$z}\n".repeat(5_000));
    let script = run(&text);
    let start = std::time::Instant::now();
    assert_eq!(dollars(&script).len(), 15_000);
    assert!(expanded_too_early(&script).is_empty());
    run(&"[".repeat(200_000));
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}
