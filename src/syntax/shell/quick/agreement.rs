//! Both readers give the same.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::super::lower::Lower;
use super::super::map::{Map, cut};
use super::super::model::{Dialect, Group, GroupKind, Script};
use crate::source::{FileId, Span};

/// What one of the readers makes of a text; `None` where the quick one leaves it to the other.
fn script(text: &str, quick: bool) -> Option<Script> {
    let base = Span::new(FileId(0), 0, text.len());
    let mut lower = Lower::new(text, Map::Base(base), Dialect::Bash, 0);
    if !quick {
        lower.tree();
    } else if super::read(&mut lower).is_err() {
        return None;
    }
    let mut script = lower.script;
    script.groups.iter_mut().for_each(|group| tidy(text, group));
    in_order(&mut script);
    Some(script)
}

/// Where things end is not compared: the tree counts what follows in, separators, comments and the bodies of heredocs; and it
/// starts groups in brackets behind the comments in them.
fn tidy(text: &str, group: &mut Group) {
    let trimmed = |span: Span| {
        let inside = text.get(span.range()).unwrap_or_default();
        let ahead = inside.len() - inside.trim_start_matches([' ', '\t', '\n', '(', '{']).len();
        span.part(ahead, ahead)
    };
    group.span = match group.kind {
        GroupKind::Brace | GroupKind::Subshell => Span::new(FileId(0), 0, 0),
        _ => trimmed(group.span),
    };
    for branch in &mut group.branches {
        branch.body = trimmed(branch.body);
        branch.condition = branch.condition.map(trimmed);
    }
}

/// Commands and groups in the order of their places.
fn in_order(script: &mut Script) {
    script.commands.sort_by_key(|c| c.span.start);
    let mut order: Vec<usize> = (0..script.groups.len()).collect();
    order.sort_by_key(|at| script.groups.get(*at).map(|g| (g.span.start, std::cmp::Reverse(g.span.end))));
    let moved = |at: usize| order.iter().position(|old| *old == at);
    let mut groups: Vec<_> = order.iter().filter_map(|at| script.groups.get(*at).cloned()).collect();
    groups.iter_mut().for_each(|g| g.place.group = g.place.group.and_then(moved));
    script.commands.iter_mut().for_each(|c| c.place.group = c.place.group.and_then(moved));
    script.groups = groups;
}

/// A line of what differs first.
fn difference(text: &str) -> Option<String> {
    let quick = script(text, true)?;
    let whole = script(text, false)?;
    let (quick, whole) = (format!("{quick:#?}"), format!("{whole:#?}"));
    if quick == whole {
        return None;
    }
    let at = quick.lines().zip(whole.lines()).position(|(a, b)| a != b).unwrap_or(0);
    let around = |all: &str| all.lines().skip(at.saturating_sub(8)).take(14).collect::<Vec<_>>().join("\n");
    Some(format!("--- {text}\n+++ quick\n{}\n+++ tree\n{}", around(&quick), around(&whole)))
}

/// The scripts of the fixtures and of the examples: files, and what stands behind RUN.
fn scripts() -> Vec<String> {
    let mut files = Vec::new();
    for folder in ["fixtures", "rules", "tests/truths"] {
        gather(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut files);
    }
    files.sort();
    let mut found = Vec::new();
    for path in files {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        if path.extension().is_some_and(|e| e == "sh") {
            found.push(text);
            continue;
        }
        for at in
            text.match_indices("\nRUN ").filter(|(at, _)| !text.get(*at..).is_some_and(|t| t.starts_with("\nRUN --"))).map(|(at, _)| at + 5)
        {
            let rest = text.get(at..).unwrap_or_default();
            let (joined, _) = cut(rest, true).unwrap_or((rest.to_owned(), Vec::new()));
            found.extend(joined.lines().next().filter(|line| !line.contains("<<")).map(str::to_owned));
        }
    }
    found
}

fn gather(folder: &Path, found: &mut Vec<PathBuf>) {
    for path in std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        if path.is_dir() { gather(&path, found) } else { found.push(path) }
    }
}

/// Where the tree is wrong: a brace that is closed behind blanks is no expansion, and one that is closed ends no word.
const MISREAD: [&str; 2] = ["{{ ", "{}\\"];

#[test]
fn both_readers_give_the_same() {
    let scripts = scripts();
    let read = scripts.iter().filter(|text| script(text, true).is_some()).count();
    assert!(read * 100 >= scripts.len() * 80, "{read} of {} scripts are read quickly", scripts.len());
    let fair = |text: &&String| !MISREAD.iter().any(|part| text.contains(part));
    let different: Vec<String> = scripts.iter().filter(fair).filter_map(|text| difference(text)).collect();
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn arrays_of_declarations_are_read_quickly_and_the_same() {
    let texts = [
        "f() {\n\tlocal a=( b -c \"$d\" )\n\te \"${a[@]}\"\n}",
        "declare -a x=(1 $(two) 'three')\ny",
        "export A+=(b) C=d E",
        "readonly a=(\n\tb # c\n\td\n) e",
        "local a=() && b",
        "declare -A x=(\n\t[a-b]=c\n\t[d.e]='f g' [_1]=$(h)\n)",
        "x=([a]= [b]=\"$c\")",
    ];
    for text in texts {
        assert!(script(text, true).is_some(), "{text}");
        assert_eq!(difference(text), None);
    }
    assert!(script("declare -A x=([$a]=b)", true).is_none());
}

/// What is broken is never taken for a script that is all right.
#[test]
fn what_is_read_quickly_is_a_script_for_bash() {
    if Command::new("bash").arg("--version").output().is_err() {
        return;
    }
    let scripts: Vec<String> = scripts().into_iter().filter(|text| (1..1500).contains(&text.len())).collect();
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for _ in 0..1000 {
        let mut text = scripts[random.below(scripts.len())].clone();
        (0..=random.below(3)).for_each(|_| mutate(&mut text, &mut random));
        if script(&text, true).is_some() {
            let answer = Command::new("bash").args(["-n", "-c", "--", &text]).output().expect("bash runs");
            assert!(answer.status.success(), "{text}\n{}", String::from_utf8_lossy(&answer.stderr));
        }
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n.max(1) as u64) as usize
    }
}

/// Takes a stretch out, or puts something in that means something to a shell.
fn mutate(text: &mut String, random: &mut Random) {
    const BITS: [&str; 48] = [
        ";",
        " ",
        "\n",
        "\"",
        "'",
        "$",
        "{",
        "}",
        "(",
        ")",
        "|",
        "&",
        "<",
        ">",
        "\\",
        "`",
        "#",
        " fi ",
        " done ",
        "!",
        "=",
        "[",
        "]",
        "*",
        "$(",
        "${a:-",
        "<<E",
        "((",
        "]]",
        "[[ ",
        " in ",
        "case ",
        "do ",
        "then ",
        "3>",
        "function f ",
        "2>&1",
        "A=",
        "\\\n",
        "\t",
        "if ",
        "export ",
        "~",
        "esac",
        ";;",
        "é",
        "<(",
        "a() ",
    ];
    let floor = |text: &str, at: usize| (0..=at.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
    let from = floor(text, random.below(text.len() + 1));
    let to = floor(text, from + [0, 1, 6][random.below(3)]).max(from);
    let bit = if random.below(3) == 0 { "" } else { BITS[random.below(BITS.len())] };
    text.replace_range(from..to, bit);
}
