//! Tables of truths, `tests/truths/RULE.txt`: what shells, envsubst, the builder and servers do with a text, and what is to be said of it. Half of the
//! cases of each table are innocent and look like the others. Where a shell can prove a truth, it is asked.
//!
//! A case begins with `=== title`; `--- path` holds a file (`+x`, `crlf` as in the rule pages), `--- expect` the findings of all rules of
//! this family that are on by default, and of the table's own. `--- run SHELL` holds a script, `--- prints` what it writes. `--- differs SHELL`
//! and `--- same SHELL` hold the case's last RUN against bash.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

use stacklint::check;
use stacklint::diagnostic::Diagnostic;
use stacklint::rule::{Block, Selection, SelectionRequest, registry};

use crate::pages::{load, memory, select};

struct Case {
    table: String,
    title: String,
    /// Name and text, in order.
    blocks: Vec<(String, String)>,
}

impl Case {
    fn files(&self) -> Vec<Block> {
        let own = |name: &str| ["expect", "prints"].contains(&name) || ["run ", "differs ", "same "].iter().any(|w| name.starts_with(w));
        let files = self.blocks.iter().filter(|(name, _)| !own(name));
        files.map(|(name, text)| Block { language: String::new(), path: Some(name.clone()), text: text.clone() }).collect()
    }

    fn expected(&self) -> BTreeSet<String> {
        self.blocks.iter().filter(|(name, _)| name == "expect").flat_map(|(_, text)| text.lines().map(str::to_owned)).collect()
    }
}

fn cases() -> Vec<Case> {
    let mut found: Vec<Case> = Vec::new();
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/truths");
    let mut tables: Vec<_> = std::fs::read_dir(dir).unwrap().flatten().map(|e| e.path()).collect();
    tables.sort();
    for path in tables {
        let table = path.file_stem().unwrap().to_str().unwrap().to_owned();
        for line in std::fs::read_to_string(&path).unwrap().lines() {
            if let Some(title) = line.strip_prefix("=== ") {
                found.push(Case { table: table.clone(), title: title.to_owned(), blocks: Vec::new() });
            } else if let Some(name) = line.strip_prefix("--- ") {
                found.last_mut().unwrap().blocks.push((name.to_owned(), String::new()));
            } else if let Some((_, text)) = found.last_mut().and_then(|c| c.blocks.last_mut()) {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    for (_, text) in found.iter_mut().flat_map(|c| &mut c.blocks) {
        let kept = text.trim_end_matches('\n').len();
        text.truncate(if kept == 0 { 0 } else { kept + 1 });
    }
    found
}

fn findings(case: &Case) -> BTreeSet<String> {
    let rules = registry().rules().iter();
    let own = registry().rules().iter().find(|r| r.name == case.table).map_or("", |r| r.entry.id);
    let category = own.split('/').next().unwrap_or_default();
    let family =
        rules.filter(|r| r.entry.id.split('/').next() == Some(category) && r.page().meta.presets.iter().any(|p| p == "recommended"));
    let mut names: Vec<&str> = family.map(|r| r.name).collect();
    names.push(&case.table);
    let files = memory(&case.files());
    let paths: Vec<String> = files.paths().map(str::to_owned).collect();
    let stack = load(&files, &paths);
    let found = check::run(&stack, &select(&names)).diagnostics;
    let shown = found.iter().map(|d| {
        let source = stack.sources.get(d.primary.file);
        format!("{}:{} {}", stack.sources.path(d.primary.file), source.line_column(d.primary.start as usize).line, d.rule)
    });
    shown.collect()
}

#[test]
fn the_verdicts_are_the_truth() {
    let wrong: Vec<String> = cases()
        .iter()
        .filter_map(|case| {
            let (found, expected) = (findings(case), case.expected());
            (found != expected).then(|| format!("{}: {}: found {found:?}, the truth is {expected:?}", case.table, case.title))
        })
        .collect();
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}

/// Two rules know of a variable that the builder blanks in a heredoc; who asks for neither hears of it once.
#[test]
fn one_fault_is_said_once() {
    let text = "FROM alpine:3.22\nCOPY $SRC /y\nCOPY <<EOF /etc/app.conf\nport=$PORT\nhost=${HOST}\nEOF\n";
    let files = memory(&[Block { language: String::new(), path: Some("Dockerfile".to_owned()), text: text.to_owned() }]);
    let stack = load(&files, &["Dockerfile".to_owned()]);
    let found = |request: SelectionRequest| -> Vec<String> {
        let selection = Selection::resolve(&request, registry()).unwrap();
        let line = |d: &Diagnostic| stack.sources.get(d.primary.file).line_column(d.primary.start as usize).line;
        let shown = check::run(&stack, &selection).diagnostics.iter().map(|d| format!("{} {}", line(d), d.rule)).collect::<Vec<_>>();
        shown.into_iter().filter(|s| s.ends_with("undefined-variable") || s.ends_with("by-builder")).collect()
    };
    let request = SelectionRequest::default;
    assert_eq!(found(request()), ["2 undefined-variable", "4 heredoc-expanded-by-builder"]);
    let both = ["2 undefined-variable", "3 undefined-variable", "4 heredoc-expanded-by-builder"];
    for name in ["undefined-variable", "UndefinedVar"] {
        assert_eq!(found(SelectionRequest { extend: vec![name.to_owned()], ..request() }), both, "{name}");
    }
    let alone = SelectionRequest { ignore: vec!["heredoc-expanded-by-builder".to_owned()], ..request() };
    assert_eq!(found(alone), ["2 undefined-variable", "3 undefined-variable"]);
}

#[test]
fn half_of_the_cases_are_innocent() {
    let tables: BTreeSet<String> = cases().into_iter().map(|c| c.table).collect();
    for table in tables {
        let of = |innocent: bool| cases().iter().filter(|c| c.table == table && c.expected().is_empty() == innocent).count();
        let (innocent, faulty) = (of(true), of(false));
        assert!(innocent * 3 >= faulty && faulty > 1, "{table}: {innocent} innocent, {faulty} faulty");
        assert!(registry().rules().iter().any(|r| r.name == table), "{table} is no rule");
    }
}

/// Status and output of a script in a folder of its own; `None` where the shell is not installed.
fn run(shell: &str, script: &str) -> Option<(Option<i32>, String)> {
    let dir = tempfile::tempdir().unwrap();
    let mut command = match shell {
        "ash" => Command::new("busybox"),
        name => Command::new(name),
    };
    if shell == "ash" {
        command.arg("sh");
    }
    let path = std::env::var("PATH").unwrap_or_default();
    command.env_clear().envs([("PATH", path.as_str()), ("HOME", "/root"), ("LC_ALL", "C")]);
    let output = command.args(["-c", script]).current_dir(dir.path()).stdin(Stdio::null()).output().ok()?;
    Some((output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned()))
}

fn installed(program: &str) -> bool {
    std::env::var("PATH").unwrap_or_default().split(':').any(|dir| Path::new(dir).join(program).is_file())
}

#[test]
fn the_shells_say_so() {
    let mut wrong = Vec::new();
    for case in cases() {
        for (at, (name, text)) in case.blocks.iter().enumerate() {
            let Some((kind, shell)) = name.split_once(' ').filter(|(kind, _)| ["run", "differs", "same"].contains(kind)) else { continue };
            if kind == "run" {
                if text.contains("envsubst") && !installed("envsubst") || text.contains("bash") && !installed("bash") {
                    continue;
                }
                let (_, expected) = case.blocks.get(at + 1).filter(|(name, _)| name == "prints").unwrap();
                let Some((_, printed)) = run(shell, text) else { continue };
                if printed != *expected {
                    wrong.push(format!("{}: {}: {shell} prints {printed:?}", case.table, case.title));
                }
                continue;
            }
            let dockerfile = case.blocks.iter().find(|(name, _)| name == "Dockerfile").unwrap();
            let (_, script) = dockerfile.1.rsplit_once("\nRUN ").unwrap();
            let (Some(bash), Some(other)) = (run("bash", script), run(shell, script)) else { continue };
            if (bash == other) != (kind == "same") {
                wrong.push(format!("{}: {}: bash gives {bash:?}, {shell} {other:?}", case.table, case.title));
            }
        }
    }
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}
