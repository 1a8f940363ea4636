//! `--shellcheck PATH`: the real ShellCheck, run once a script, for what has no rule here.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock};

use serde::Deserialize;

use super::Failure;
use crate::diagnostic::{Diagnostic, Severity};
use crate::rule::{SHELLCHECK, registry};
use crate::stack::{ShellSource, Stack};
use crate::syntax::shell::Dialect;

/// What it cannot know here: files that are sourced, `ash`, scripts of other languages.
const NEVER: [&str; 4] = ["SC1090", "SC1091", "SC2187", "SC1071"];

/// The tool, as the user named it.
pub(super) struct Tool<'a> {
    path: &'a str,
    /// The ids that it is told to leave out.
    exclude: String,
}

#[derive(Deserialize)]
struct Answer {
    comments: Vec<Comment>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Comment {
    line: usize,
    end_line: usize,
    column: usize,
    end_column: usize,
    level: String,
    code: u32,
    message: String,
}

impl<'a> Tool<'a> {
    pub(super) fn new(path: &'a str) -> Self {
        let carried = registry().rules().iter().flat_map(|r| r.aliases.iter().copied()).filter(|a| a.starts_with("SC"));
        let mut ids: Vec<&str> = NEVER.into_iter().chain(carried).collect();
        ids.sort_unstable();
        ids.dedup();
        Tool { path, exclude: format!("--exclude={}", ids.join(",")) }
    }

    /// What it finds in all scripts of a stack.
    pub(super) fn findings(&self, stack: &Stack) -> Result<Vec<Diagnostic>, Failure> {
        let answers = crate::par::map(&stack.shell_sources(), usize::MAX, |source| self.ask(source));
        let mut found = Vec::new();
        for answer in answers {
            found.extend(answer?);
        }
        Ok(found)
    }

    fn ask(&self, source: &ShellSource) -> Result<Vec<Diagnostic>, Failure> {
        let head = prelude(source);
        let script = format!("{head}{}", source.text.value);
        let output = self.run(&script).map_err(|e| format!("cannot run {}: {}", self.path, super::reason(&e)))?;
        // 1 says that there are findings; what lies above, that it could not work
        let worked = matches!(output.status.code(), Some(0 | 1));
        let answer = serde_json::from_slice::<Answer>(&output.stdout).ok().filter(|_| worked);
        let answer = answer.ok_or_else(|| match String::from_utf8_lossy(&output.stderr).lines().next() {
            Some(said) => format!("{} failed: {said}", self.path),
            None => format!("{} does not answer as ShellCheck 0.7 and later do", self.path),
        })?;
        Ok(answer.comments.iter().filter_map(|c| diagnostic(c, &script, head.len(), source)).collect())
    }

    fn run(&self, script: &str) -> std::io::Result<std::process::Output> {
        let mut tool = Command::new(self.path)
            .args(["--norc", "--format=json1", self.exclude.as_str(), "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        if let Some(mut input) = tool.stdin.take() {
            // what ends before it has read everything says why by its status
            let _ = input.write_all(script.as_bytes());
        }
        tool.wait_with_output()
    }
}

/// What stands above a script: its shell, and what its environment sets. A script that names its shell by itself gets nothing.
fn prelude(source: &ShellSource) -> String {
    if source.text.starts_with("#!") {
        return String::new();
    }
    let shell = if source.dialect == Dialect::Bash { "bash" } else { "sh" };
    let exports: String = source.environment.iter().map(|name| format!("export {name}=1\n")).collect();
    format!("#!/bin/{shell}\n{exports}")
}

/// A finding at its place in the source; `None` for one about what stands above the script.
fn diagnostic(comment: &Comment, script: &str, head: usize, source: &ShellSource) -> Option<Diagnostic> {
    let start = offset(script, comment.line, comment.column).checked_sub(head)?;
    let next = source.text.get(start..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    let end = offset(script, comment.end_line, comment.end_column).saturating_sub(head).max(start + next).min(source.text.len());
    let id = id(comment.code);
    Some(Diagnostic {
        rule: SHELLCHECK,
        category: "shell",
        aliases: vec![id],
        severity: Severity::parse(&comment.level).unwrap_or(Severity::Warning),
        message: comment.message.trim_end_matches('.').to_owned(),
        primary: source.text.span_of(start.min(end), end),
        label: String::new(),
        related: Vec::new(),
        help: Some(format!("https://www.shellcheck.net/wiki/{id} says more")),
        fix: None,
        masks: Vec::new(),
    })
}

/// The byte at which a line's column begins, both counted from 1 in characters.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start = match line.checked_sub(2) {
        Some(breaks) => text.match_indices('\n').nth(breaks).map_or(text.len(), |(at, _)| at + 1),
        None => 0,
    };
    let rest = text.get(start..).unwrap_or_default();
    rest.char_indices().nth(column.saturating_sub(1)).map_or(text.len(), |(at, _)| start + at)
}

/// The id of a code, for as long as the program lives: there are a few hundred.
fn id(code: u32) -> &'static str {
    static IDS: OnceLock<Mutex<BTreeMap<u32, &'static str>>> = OnceLock::new();
    let mut ids = IDS.get_or_init(Mutex::default).lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    ids.entry(code).or_insert_with(|| format!("SC{code:04}").leak())
}
