//! What becomes of a line on its way to what is executed: Compose, the Dockerfile, shells in shells, envsubst.

mod dockerfile;
mod env_file;
mod environment;
mod find;
mod json;
mod layers;
mod project;
mod scripts;
mod template;
mod text;

use crate::quoting::{Arg, Flow, Mark, Outcome, Runs};
use crate::source::Span;
use crate::stack::Stack;
use crate::syntax::shell::Join;

pub use json::json;
pub use text::text;

/// Whether a variable's value must not be shown: its name, and where the value stands.
pub type IsSecret<'a> = &'a dyn Fn(&str, Option<Span>) -> bool;

/// What to trace.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The file, as in the stack's sources.
    pub path: &'a str,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: Option<usize>,
    /// As this service has it.
    pub service: Option<&'a str>,
    /// The env files that Compose reads instead of `.env`, by their paths.
    pub env_files: &'a [String],
    /// Variables as if they were set where Compose and the container run.
    pub env: &'a [(String, String)],
    /// Which values are secret.
    pub is_secret: IsSecret<'a>,
}

/// A line and what becomes of it.
#[derive(Clone, Debug)]
pub struct Trace {
    /// What stands on the line: `CMD`, `services.web.command` …; empty where nothing does.
    pub subject: String,
    /// Its place.
    pub span: Span,
    /// Its text.
    pub written: Flow,
    /// What becomes of it; one for each service for which it differs.
    pub views: Vec<View>,
    /// What is to be said of the whole.
    pub notes: Vec<String>,
}

/// What becomes of a line in one service, or in one build.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// The services that it holds for.
    pub services: Vec<String>,
    /// The layers, from top to bottom.
    pub layers: Vec<Layer>,
    /// What is executed in the end, in order.
    pub runs: Vec<Executes>,
    /// What comes out where nothing is executed: names (or nothing) and values.
    pub results: Vec<(String, Flow)>,
    /// What else is to be said.
    pub notes: Vec<String>,
}

/// A layer.
#[derive(Clone, Debug)]
pub struct Layer {
    /// Who it is: `Compose`, `Dockerfile`, `/bin/sh -c`, `envsubst` …
    pub by: String,
    /// What kind it is.
    pub kind: Kind,
    /// The text as it gets it.
    pub text: Flow,
    /// What becomes of each `$` in it.
    pub marks: Vec<Mark>,
    /// What else it does.
    pub note: Option<String>,
    /// Parts of its text are not known: what follows from it is as likely as not.
    pub uncertain: bool,
    /// For envsubst: what it replaces and what it leaves in its input.
    pub input: Vec<(String, Outcome)>,
}

/// Kinds of layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Compose's interpolation.
    Compose,
    /// A string made into words without a shell.
    Words,
    /// The builder.
    Dockerfile,
    /// A shell.
    Shell,
    /// envsubst.
    Envsubst,
    /// `printf`, `echo`.
    Prints,
    /// A program with a `$` of its own.
    Own,
}

/// A command that is executed.
#[derive(Clone, Debug)]
pub struct Executes {
    /// Its words.
    pub argv: Vec<Arg>,
    /// Its redirections, with what they are given.
    pub redirects: Vec<(String, Arg)>,
    /// Whether it runs.
    pub runs: Runs,
    /// How it is joined to the command before it.
    pub join: Join,
    /// It runs for what it prints: `$(…)`.
    pub substitution: bool,
    /// Where it stands.
    pub span: Span,
}

/// Why there is no trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The file has fewer lines.
    NoLine(usize),
    /// No service of this name; those that there are.
    NoService(Vec<String>),
}

/// Traces a line.
pub fn trace(stack: &Stack, request: &Request<'_>) -> Result<Trace, Failure> {
    find::trace(stack, request)
}

impl Trace {
    fn nothing(span: Span, note: &str) -> Trace {
        Trace { subject: String::new(), span, written: Flow::default(), views: Vec::new(), notes: vec![note.to_owned()] }
    }
}

impl View {
    /// Whether two services see the same.
    fn same(&self, other: &View) -> bool {
        format!("{:?}{:?}{:?}{:?}", self.layers, self.runs, self.results, self.notes)
            == format!("{:?}{:?}{:?}{:?}", other.layers, other.runs, other.results, other.notes)
    }
}

/// Puts views together that differ in nothing but the service.
fn joined(views: Vec<View>) -> Vec<View> {
    let mut found: Vec<View> = Vec::new();
    for mut view in views {
        if !view.runs.is_empty() {
            // what a script sets on the way is of no interest beside what it runs
            view.results.clear();
        }
        match found.iter_mut().find(|v| v.same(&view)) {
            Some(same) => same.services.extend(view.services),
            None => found.push(view),
        }
    }
    found
}
