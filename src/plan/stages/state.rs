//! What the instructions of a stage have set up so far.

use crate::plan::recipe::{Fact, Root, Topic};
use crate::source::Span;
use crate::syntax::dockerfile::Instruction;

/// The folders that a system without any configuration looks for programs in.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The state between two instructions.
#[derive(Clone, Default)]
pub(super) struct State {
    pub env: Environment,
    pub user: Set,
    pub shell: Option<(Vec<String>, Span)>,
    /// The working folder, as far as the builder cleans its text.
    pub workdir: Set,
    pub platform: String,
    pub root: Root,
    /// The steps whose result `root` is.
    pub heads: Vec<usize>,
    pub triggers: Vec<Instruction>,
}

/// A value, and the instruction that set it.
#[derive(Clone, Default)]
pub(super) struct Set {
    pub value: String,
    pub span: Option<Span>,
}

impl Set {
    pub(super) fn to(&mut self, value: String, span: Span) {
        *self = Set { value, span: Some(span) };
    }
}

/// ENV and ARG, in the order in which they were last set: it is part of what a RUN is.
#[derive(Clone, Default)]
pub(super) struct Environment {
    variables: Vec<Variable>,
    /// What ENV has set, in the order in which it was first set: this is what the image will have.
    config: Vec<Variable>,
}

#[derive(Clone)]
struct Variable {
    /// Empty for all that the base image sets, which nobody here knows.
    name: String,
    value: String,
    arg: bool,
    span: Option<Span>,
}

impl Environment {
    /// What a stage begins with that is FROM an image, or from nothing.
    pub(super) fn begin(scratch: bool) -> Environment {
        let (name, value) = if scratch { ("PATH", DEFAULT_PATH) } else { ("", "") };
        let first = Variable { name: name.to_owned(), value: value.to_owned(), arg: false, span: None };
        Environment { variables: vec![first.clone()], config: vec![first] }
    }

    /// What a stage begins with that is FROM this one: the image's variables are set once more, after the arguments.
    pub(super) fn inherit(&mut self) {
        for variable in self.config.clone() {
            self.put(variable);
        }
    }

    fn put(&mut self, variable: Variable) {
        self.variables.retain(|v| v.name != variable.name);
        self.variables.push(variable);
    }

    pub(super) fn set_env(&mut self, name: String, value: String, span: Span) {
        let variable = Variable { name, value, arg: false, span: Some(span) };
        match self.config.iter_mut().find(|v| v.name == variable.name) {
            Some(there) => *there = variable.clone(),
            // Every image has PATH, and has it among its own.
            None if variable.name == "PATH" => self.config.insert(self.config.len().min(1), variable.clone()),
            None => self.config.push(variable.clone()),
        }
        self.put(variable);
    }

    pub(super) fn set_arg(&mut self, name: String, value: String, span: Span) {
        self.put(Variable { name, value, arg: true, span: Some(span) });
    }

    pub(super) fn get(&self, name: &str) -> Option<String> {
        self.variables.iter().rev().find(|v| v.name == name && !name.is_empty()).map(|v| v.value.clone())
    }

    /// The variables as facts of a RUN at `here`.
    pub(super) fn facts(&self, here: Span) -> impl Iterator<Item = Fact> {
        self.variables.iter().map(move |v| Fact {
            topic: if v.arg { Topic::Argument } else { Topic::Variable },
            name: v.name.clone(),
            value: v.value.clone(),
            span: v.span.unwrap_or(here),
        })
    }

    /// All that tells this environment from another.
    pub(super) fn parts(&self) -> Vec<String> {
        let text = |v: &Variable| format!("{}={}", v.name, v.value);
        self.variables.iter().map(text).chain(["config".to_owned()]).chain(self.config.iter().map(text)).collect()
    }
}
