//! What the commits of a repository would have run again, one after the other, on a builder that forgets nothing.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::json;

use super::content::Contents;
use super::keys::Keys;
use super::load::{LoadError, Request, load};
use super::record::Record;
use super::{Problem, StepKind, plan, predict};
use crate::files::Files;
use crate::source::Sources;

/// How many rows and causes a table shows.
const ROWS: usize = 12;

/// A commit, looked at.
#[derive(Clone, Debug, Default)]
pub struct Passed {
    /// Its id.
    pub id: String,
    /// The first line of its message.
    pub title: String,
    /// Why it has no plan.
    pub problem: Option<String>,
    /// How many steps its builds have.
    pub steps: usize,
    /// Steps that run again, or may.
    pub again: Vec<Again>,
    /// The same in the order that is advised, where another one is.
    pub advised: Option<Vec<Again>>,
}

/// A step that runs again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Again {
    /// The Dockerfile.
    pub file: String,
    /// The stage's name or number.
    pub stage: String,
    /// The line there.
    pub line: usize,
    /// The instruction.
    pub instruction: String,
    /// What kind of work it is.
    pub kind: StepKind,
    /// It runs only if what it reads of another stage differs.
    pub depends: bool,
    /// Why.
    pub cause: String,
}

/// Builds commit after commit.
#[derive(Debug, Default)]
pub struct Builder {
    record: Option<Record>,
}

impl Builder {
    /// Builds a commit: how many steps it has and which of them run again; an error says why it has no plan. The first
    /// build runs everything, and says nothing.
    pub fn build(&mut self, request: &Request, files: &dyn Files) -> Result<(usize, Vec<Again>), String> {
        let mut sources = Sources::new();
        let loaded = load(request, files, &mut sources).map_err(|error| match error {
            LoadError::Usage(text) => text,
            LoadError::Problems(problems) => first(&problems),
        })?;
        let mut plan = plan(&loaded.input()).map_err(|problems| first(&problems))?;
        let mut contents = Contents::list(&plan, files, &mut sources).map_err(|problems| first(&problems))?;
        contents.read(&plan, files);
        let keys = Keys::of(&plan, &contents);
        let mut again = Vec::new();
        if let Some(record) = &self.record {
            predict(&mut plan, &keys, &contents, record);
            for step in plan.steps.iter().filter(|step| step.cached != Some(true)) {
                let stage = plan.stages.get(step.stage);
                again.push(Again {
                    file: sources.path(step.span.file).to_owned(),
                    stage: stage.map_or_else(String::new, |s| s.name.clone().unwrap_or_else(|| s.index.to_string())),
                    line: sources.line(step.span),
                    instruction: step.instruction.clone(),
                    kind: step.kind,
                    depends: step.cached.is_none(),
                    cause: step.cause.as_ref().map_or_else(String::new, |cause| cause.message.clone()),
                });
            }
        }
        let record = Record::of(&plan, &keys, &contents, &sources);
        self.record = Some(match self.record.take() {
            Some(before) => record.after(before),
            None => record,
        });
        Ok((plan.steps.len(), again))
    }
}

fn first(problems: &[Problem]) -> String {
    problems.first().map_or_else(String::new, |problem| problem.message.clone())
}

/// What the commits did to one step.
#[derive(Clone, Debug, Default)]
struct Row {
    kind: Option<StepKind>,
    line: usize,
    runs: usize,
    depends: usize,
    causes: BTreeMap<String, usize>,
    advised: Option<usize>,
}

/// A step by its Dockerfile, stage and text.
type Name = (String, String, String);

fn rows(commits: &[Passed]) -> Vec<(Name, Row)> {
    let mut rows: BTreeMap<Name, Row> = BTreeMap::new();
    let name = |again: &Again| (again.file.clone(), again.stage.clone(), again.instruction.clone());
    for again in commits.iter().flat_map(|commit| &commit.again) {
        let row = rows.entry(name(again)).or_default();
        (row.kind, row.line) = (Some(again.kind), again.line);
        if again.depends {
            row.depends += 1;
        } else {
            row.runs += 1;
            *row.causes.entry(again.cause.clone()).or_default() += 1;
        }
    }
    if commits.iter().any(|commit| commit.advised.is_some()) {
        rows.values_mut().for_each(|row| row.advised = Some(0));
        for commit in commits {
            for again in commit.advised.as_ref().unwrap_or(&commit.again).iter().filter(|again| !again.depends) {
                if let Some(runs) = rows.get_mut(&name(again)).and_then(|row| row.advised.as_mut()) {
                    *runs += 1;
                }
            }
        }
    }
    let mut rows: Vec<(Name, Row)> = rows.into_iter().collect();
    rows.sort_by_key(|(_, row)| (std::cmp::Reverse(row.runs), row.kind != Some(StepKind::Run), std::cmp::Reverse(row.depends)));
    rows
}

fn causes(row: &Row) -> Vec<(&str, usize)> {
    let mut causes: Vec<(&str, usize)> = row.causes.iter().map(|(cause, count)| (cause.as_str(), *count)).collect();
    causes.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    causes
}

/// The history for people: the steps that ran most often, by what, and what the advised order would have saved.
pub fn text(commits: &[Passed]) -> String {
    let mut out = String::new();
    let built = commits.iter().filter(|commit| commit.problem.is_none()).count();
    let rebuilt = commits.iter().filter(|commit| !commit.again.is_empty()).count();
    let _ = match (built, rebuilt) {
        (1, 0) => writeln!(out, "1 commit, which runs nothing again"),
        (1, _) => writeln!(out, "1 commit, which runs something again"),
        (_, 0) => writeln!(out, "{built} commits, none of which runs anything again"),
        (_, 1) => writeln!(out, "{built} commits, 1 of which runs something again"),
        _ => writeln!(out, "{built} commits, {rebuilt} of which run something again"),
    };
    for (problem, count) in problems(commits) {
        let _ = writeln!(out, "{count} could not be planned: {problem}");
    }
    let rows = rows(commits);
    if rows.is_empty() {
        return out;
    }
    let _ = writeln!(out, "\n{:>5}  {:<46}  most often because", "runs", "step");
    for ((file, _, instruction), row) in rows.iter().take(ROWS) {
        let instruction = instruction.split_whitespace().collect::<Vec<_>>().join(" ");
        let runs = if row.depends > 0 { format!("{}–{}", row.runs, row.runs + row.depends) } else { row.runs.to_string() };
        let cause = causes(row).first().map_or_else(String::new, |(cause, count)| format!("{cause} ({count}×)"));
        let _ = writeln!(out, "{runs:>5}  {:<46}  {}", super::text::cut(&instruction, 46), super::text::cut(&cause, 60));
        let _ = writeln!(out, "{:>5}  {file}:{}", "", row.line);
    }
    if rows.len() > ROWS {
        let _ = writeln!(out, "{:>5}  … and {} more steps", "", rows.len() - ROWS);
    }
    let saved = rows.iter().filter_map(|(name, row)| Some((name, row.runs, row.advised.filter(|runs| *runs < row.runs)?)));
    let saved: Vec<_> = saved.filter(|((_, _, instruction), _, _)| instruction.starts_with("RUN")).collect();
    if !saved.is_empty() {
        out.push_str("\nwith what `stacklint check` advises about the order of instructions:\n");
    }
    for ((file, _, instruction), runs, advised) in saved {
        let instruction = super::text::cut(&instruction.split_whitespace().collect::<Vec<_>>().join(" "), 46);
        let _ = writeln!(out, "{advised:>5}  instead of {runs}: {instruction} ({file})");
    }
    out
}

fn problems(commits: &[Passed]) -> BTreeMap<&str, usize> {
    commits.iter().filter_map(|commit| commit.problem.as_deref()).fold(BTreeMap::new(), |mut all, problem| {
        *all.entry(problem).or_default() += 1;
        all
    })
}

/// The history as JSON.
pub fn json(commits: &[Passed]) -> String {
    let again = |again: &Again| {
        json!({
            "file": again.file, "line": again.line, "stage": again.stage, "instruction": again.instruction,
            "cached": if again.depends { None } else { Some(false) }, "cause": again.cause,
        })
    };
    let commit = |commit: &Passed| {
        json!({
            "id": commit.id, "title": commit.title, "problem": commit.problem, "steps": commit.steps,
            "again": commit.again.iter().map(again).collect::<Vec<_>>(),
        })
    };
    let step = |((file, stage, instruction), row): &(Name, Row)| {
        let causes: Vec<_> = causes(row).into_iter().map(|(message, count)| json!({"message": message, "count": count})).collect();
        json!({
            "file": file, "line": row.line, "stage": stage, "instruction": instruction,
            "runs": row.runs, "depends": row.depends, "runs_as_advised": row.advised, "causes": causes,
        })
    };
    let value = json!({
        "version": 1,
        "commits": commits.iter().map(commit).collect::<Vec<_>>(),
        "steps": rows(commits).iter().map(step).collect::<Vec<_>>(),
    });
    format!("{value:#}\n")
}
