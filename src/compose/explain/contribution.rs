//! What is said of a value: its texts, in order.

use serde_json::Value as Json;

use crate::compose::tree::StepKind;
use crate::source::Span;

/// What there is to say of a key path.
#[derive(Clone, Debug)]
pub enum Explained {
    /// One entry a value at or below the path.
    Found(Vec<Explanation>),
    /// The project has no such key.
    Unknown {
        /// The part of the path that exists; empty at the top.
        parent: String,
        /// The key that it does not have.
        key: String,
        /// The key that was probably meant, as a whole path.
        nearest: Option<String>,
        /// It names a service whose profile is not active.
        inactive: bool,
    },
}

/// A value of the resolved model, and what led to it.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// Its key path.
    pub path: String,
    /// The value as `config` prints it; null for one that was taken away.
    pub value: Json,
    /// Everything that had a say, in order; the one that won is last, unless all were taken away.
    pub contributions: Vec<Contribution>,
}

/// One text, or one default, that had a say in a value.
#[derive(Clone, Debug)]
pub struct Contribution {
    /// What it says.
    pub value: Json,
    /// Where it stands; `None` for what is written nowhere.
    pub span: Option<Span>,
    /// What kind of text it is.
    pub source: Source,
    /// The resolved model has this one.
    pub wins: bool,
    /// A `!reset` or `!override` took it away.
    pub removed_by: Option<Span>,
    /// What brought it here, outermost first.
    pub via: Vec<(StepKind, Span)>,
    /// The text before interpolation, where there was any.
    pub raw: Option<String>,
    /// The variables in it.
    pub variables: Vec<Variable>,
}

impl From<Source> for Contribution {
    fn from(source: Source) -> Self {
        Contribution {
            value: Json::Null,
            span: None,
            source,
            wins: false,
            removed_by: None,
            via: Vec::new(),
            raw: None,
            variables: Vec::new(),
        }
    }
}

/// What kind of text a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The value itself.
    Written,
    /// A short form that it was read out of.
    ShortForm,
    /// A line of an env file or label file.
    EnvFile,
    /// The environment of the process.
    Environment,
    /// The command line.
    CommandLine,
    /// Compose adds it.
    Default,
}

/// A variable that was interpolated.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Where its value comes from.
    pub from: VariableSource,
}

/// Where the value of a variable comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VariableSource {
    /// `.env`, or another env file: at this place.
    File(Span),
    /// The environment of the process.
    Environment,
    /// It is not set; the text says what then holds.
    Default,
    /// It is not set: nothing stands in its place.
    Unset,
}
