//! What the model says of the kind of a variable's value against the shells themselves: where it says that an expansion stays one word,
//! whichever way a script takes, it does.

use std::process::{Command, Stdio};

use stacklint::quoting::{stays_one_word, visit_shapes};
use stacklint::source::{FileId, Span};
use stacklint::syntax::shell::{self, Dialect, PieceKind, Quote};

use crate::differential::{Random, installed};

const SCRIPTS: usize = 4_000;

fn script(r: &mut Random, depth: usize, probes: &mut usize) -> String {
    (0..1 + r.next(3)).map(|_| statement(r, depth, probes)).collect::<Vec<_>>().join("\n")
}

fn statement(r: &mut Random, depth: usize, probes: &mut usize) -> String {
    let name = |r: &mut Random| r.one(&["x", "y", "z"]).to_owned();
    let mut inner = |r: &mut Random| script(r, depth + 1, probes);
    match if depth < 3 { r.next(24) } else { 12 + r.next(12) } {
        0 | 1 => {
            let condition = condition(r);
            let other = if r.chance(50) { format!("\nelse {}", inner(r)) } else { String::new() };
            format!("if {condition}; then {}{other}\nfi", inner(r))
        }
        2 => format!("if {}; then {}\nelif {}; then {}\nfi", condition(r), inner(r), condition(r), inner(r)),
        3 => format!("for {} in {}; do {}\ndone", name(r), r.one(&["a b", "'a b' c", "a", "$y", "\"$x\" d"]), inner(r)),
        4 => format!("n=0; while [ $n -lt 2 ]; do n=$((n+1)); {}\ndone", inner(r)),
        5 => format!("case \"${}\" in one) {}\n;; a*) {}\n;; *) {}\n;; esac", name(r), inner(r), inner(r), inner(r)),
        6 => format!("{{ {}\n}}", inner(r)),
        7 => format!("( {}\n)", inner(r)),
        8 => format!("f{depth}() {{ {}\n}}; f{depth}", inner(r)),
        9 => format!("for k in 1 2; do {}\n{} && {}\n{}\ndone", inner(r), condition(r), r.one(&["break", "continue"]), inner(r)),
        10 => format!("if {}; then {}\nexit\nfi", condition(r), inner(r)),
        11 => format!("echo a | {{ {}\n}}", inner(r)),
        12..=16 => format!("{}={}", name(r), value(r)),
        17 => format!("export {}={}", name(r), r.one(&["plain", "'a b'", "\"$y\"", "\"$(echo a b)\""])),
        18 => format!("{} && {}={}", condition(r), name(r), value(r)),
        19 => format!("{} || {}={}", condition(r), name(r), value(r)),
        20 => format!("read {} <<EOF\na b\nEOF", name(r)),
        _ => {
            *probes += 1;
            format!(
                "probe {probes} {}{}",
                r.one(&["", "", "k", "\"q\""]),
                r.one(&["$x", "$y", "$z", "${x}", "$x$y", "$#", "$((1+1))", "${#x}"])
            )
        }
    }
}

fn condition(r: &mut Random) -> String {
    r.one(&["true", "false", "[ -n \"$x\" ]", "[ \"$y\" = one ]", "! true", "test -z \"$z\""]).to_owned()
}

fn value(r: &mut Random) -> String {
    let values =
        ["plain", "'a b'", "", "one", "*", "$y", "\"$x\"", "\"$x$y\"", "p$z", "$(echo a b)", "$((2*3))", "\"${x:-a b}\"", "${y%b}", "$#"];
    r.one(&values).to_owned()
}

/// The probes that the model says give one word at most: the number, and how many words they had then.
fn plain(text: &str, dialect: Dialect) -> Vec<usize> {
    let script = shell::parse(text, Span::new(FileId(0), 0, text.len()), dialect);
    assert!(script.errors.is_empty(), "{:?} in\n{text}", script.errors);
    let mut found = Vec::new();
    visit_shapes(&script, &|_| false, &mut |command, shapes| {
        if command.name().as_deref() != Some("probe") {
            return;
        }
        let pieces = command.args().iter().flat_map(|w| &w.pieces);
        let loose = |p: &&stacklint::syntax::shell::Piece| p.quote == Quote::None && !matches!(p.kind, PieceKind::Literal(_));
        if pieces.filter(loose).all(|p| stays_one_word(p, shapes, &|_| false))
            && let Some(number) = command.args().first().and_then(|w| w.literal()).and_then(|w| w.parse().ok())
        {
            found.push(number);
        }
    });
    found
}

fn compare(name: &str, dialect: Dialect) {
    if !installed(name) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    ["a", "b", "c d"].iter().for_each(|file| std::fs::write(dir.path().join(file), "").unwrap());
    let seed = std::env::var("STACKLINT_TEST_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(0x5eed_0003);
    let mut random = Random(seed);
    let mut said = 0;
    let (mut probes, mut texts, mut batch) = (0, Vec::new(), String::from("probe() { printf '%s:%s\\n' \"$1\" \"$#\"; }\n"));
    for _ in 0..SCRIPTS {
        let text = script(&mut random, 0, &mut probes);
        batch.push_str(&format!("( {text}\n) </dev/null\n"));
        texts.push(text);
    }
    let file = dir.path().join(".batch");
    std::fs::write(&file, batch).unwrap();
    let mut command = Command::new(name);
    command.arg(&file).current_dir(dir.path()).env_clear().env("PATH", "/usr/bin:/bin").stdin(Stdio::null()).stderr(Stdio::null());
    let output = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let mut most = vec![0usize; probes + 1];
    for (number, words) in output.lines().filter_map(|l| l.split_once(':')) {
        let (number, words): (usize, usize) = (number.parse().unwrap(), words.parse().unwrap());
        most[number] = most[number].max(words);
    }
    let ran = most.iter().filter(|n| **n > 0).count();
    assert!(ran * 3 > probes, "{ran} of {probes} probes are run");
    let mut wrong = Vec::new();
    for text in &texts {
        for number in plain(text, dialect) {
            said += 1;
            if most[number] > 2 {
                wrong.push(format!("probe {number}:\n{text}"));
            }
        }
    }
    wrong.sort_by_key(String::len);
    wrong.truncate(5);
    assert!(wrong.is_empty(), "{name} splits what is said to stay one word:\n{}", wrong.join("\n\n"));
    eprintln!("{name}: of {probes} expansions {said} are said to stay one word, and do");
    assert!(said * 5 > probes, "only {said} of {probes} are known");
}

#[test]
fn what_is_plain_stays_one_word_in_dash() {
    compare("dash", Dialect::Posix);
}

#[test]
fn what_is_plain_stays_one_word_in_bash() {
    compare("bash", Dialect::Bash);
}
