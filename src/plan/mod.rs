//! The build plan: which images a project needs, the stages that they are made of, and the steps that a builder
//! executes for them, each once however many images need it.

pub mod bake;
mod cause;
mod compose_files;
pub mod content;
pub mod dockerrun;
mod dot;
mod graph;
pub mod history;
mod images;
pub mod input;
mod json;
pub mod keys;
pub mod load;
mod mermaid;
mod predict;
pub mod recipe;
pub mod record;
mod stages;
mod text;

use std::collections::BTreeMap;

use crate::source::Span;
pub(crate) use crate::stack::secret_names::looks_secret;

pub use dot::dot;
pub use images::plan;
pub use input::Input;
pub use input::closest;
pub use json::json;
pub use mermaid::mermaid;
pub use predict::predict;
#[cfg(feature = "execute")]
pub(crate) use text::cut;
pub use text::{ContextSize, text};

/// A build plan. Images, stages and steps refer to each other by their places in these lists.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// What is built, in the order of the project.
    pub images: Vec<Image>,
    /// The stages that are needed.
    pub stages: Vec<Stage>,
    /// What is executed.
    pub steps: Vec<Step>,
    /// Steps that can run at once, wave after wave.
    pub waves: Vec<Vec<usize>>,
    /// The longest chain of steps that wait for each other.
    pub critical_path: Vec<usize>,
    /// Services that run an image which nothing here builds: service and image.
    pub prebuilt: Vec<(String, String)>,
    /// Images from outside that stages are made from, sorted.
    pub outside: Vec<String>,
    /// Stages that no image needs: the Dockerfile and the stage's name or number.
    pub never_built: Vec<(String, String)>,
    /// Folders on this machine that the builds are sent.
    pub contexts: Vec<recipe::ContextRef>,
}

impl Plan {
    /// The place of an image's build context among [`Plan::contexts`], where it is a folder on this machine.
    pub fn context_of(&self, image: &Image) -> Option<usize> {
        self.contexts.iter().position(|context| context.dir == image.context && context.dockerfile.as_ref() == Some(&image.dockerfile))
    }
}

impl Plan {
    /// The chain of steps that takes longest; `weight` says how long each takes.
    pub fn longest(&self, weight: impl Fn(usize) -> u64) -> Vec<usize> {
        graph::longest(&self.steps, weight)
    }
}

/// An image that is built.
#[derive(Clone, Debug)]
pub struct Image {
    /// The first service that it is for, or the Dockerfile.
    pub name: String,
    /// All services that run it.
    pub services: Vec<String>,
    /// The names it gets.
    pub tags: Vec<String>,
    /// Place of its Dockerfile in [`Input::dockerfiles`].
    pub unit: usize,
    /// The Dockerfile's path.
    pub dockerfile: String,
    /// Its build context: a folder or a URL.
    pub context: String,
    /// The stage that was asked for.
    pub target: Option<String>,
    /// The stage that it is.
    pub stage: usize,
    /// Platforms; empty for the engine's own.
    pub platforms: Vec<String>,
    /// Build arguments that the Dockerfile declares or the builder knows, and those that nobody reads.
    pub args: BTreeMap<String, String>,
    /// Images that must be there before.
    pub needs: Vec<usize>,
    /// The stages that it is made of, in the order of the file.
    pub stages: Vec<usize>,
    /// What else the builder is told.
    pub settings: input::Settings,
}

/// A stage, with the arguments of a build applied.
#[derive(Clone, Debug)]
pub struct Stage {
    /// `Dockerfile#0`; a second variant of the same stage (other arguments or context) has `~2` after it.
    pub id: String,
    /// Place of its Dockerfile in [`Input::dockerfiles`].
    pub unit: usize,
    /// The Dockerfile's path.
    pub file: String,
    /// Its number in the Dockerfile.
    pub index: usize,
    /// Its name.
    pub name: Option<String>,
    /// The image or stage that it is FROM, variables replaced.
    pub base: String,
    /// Its FROM.
    pub span: Span,
    /// Stages that it needs.
    pub needs: Vec<usize>,
    /// Its steps.
    pub steps: Vec<usize>,
    /// The steps whose result the finished stage is.
    pub heads: Vec<usize>,
    /// The finished stage's file system.
    pub root: recipe::Root,
}

/// What kind of work a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// RUN.
    Run,
    /// COPY.
    Copy,
    /// ADD.
    Add,
    /// WORKDIR: makes the folder.
    Workdir,
}

impl StepKind {
    /// The word in the machine formats.
    pub fn name(self) -> &'static str {
        match self {
            StepKind::Run => "run",
            StepKind::Copy => "copy",
            StepKind::Add => "add",
            StepKind::Workdir => "workdir",
        }
    }
}

/// What a builder executes.
#[derive(Clone, Debug)]
pub struct Step {
    /// The stage's id and the step's number in it: `Dockerfile#0.3`.
    pub id: String,
    /// The first stage that has it.
    pub stage: usize,
    /// The instruction.
    pub span: Span,
    /// The instruction as written, on one line.
    pub instruction: String,
    /// What kind of work it is.
    pub kind: StepKind,
    /// Steps whose results it needs.
    pub needs: Vec<usize>,
    /// What the builder tells it by.
    pub recipe: recipe::Recipe,
    /// What the builder would look up in its cache, where it was computed.
    pub key: Option<String>,
    /// Whether it is in the cache, where that can be told.
    pub cached: Option<bool>,
    /// Why it is not.
    pub cause: Option<Cause>,
}

/// Why a step runs again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The instruction that changed, or is the first to see the change.
    pub span: Span,
    /// What changed.
    pub message: String,
    /// The change is that of a step above.
    pub above: bool,
}

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where, if it has a place.
    pub span: Option<Span>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl Problem {
    /// A problem at a place.
    pub fn at(span: Span, message: impl Into<String>) -> Problem {
        Problem { span: Some(span), message: message.into(), help: None }
    }

    /// A problem of the whole.
    pub fn new(message: impl Into<String>) -> Problem {
        Problem { span: None, message: message.into(), help: None }
    }

    /// Adds what to do.
    pub fn help(mut self, help: impl Into<String>) -> Problem {
        self.help = Some(help.into());
        self
    }
}
