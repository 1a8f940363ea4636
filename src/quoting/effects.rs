//! What a RUN loses: failures in pipelines and lists, and changes of the shell that end with it.

use super::options::{Options, options_at};
use crate::source::Span;
use crate::syntax::shell::{Command, Group, GroupKind, Join, Place, Script};

/// A pipeline of two or more commands.
#[derive(Clone, Debug)]
pub struct Pipeline<'a> {
    /// From the first to the last command.
    pub span: Span,
    /// Its parts, in order.
    pub stages: Vec<Stage<'a>>,
    /// The options of its shell.
    pub options: Options,
}

/// A part of a pipeline.
#[derive(Clone, Copy, Debug)]
pub enum Stage<'a> {
    /// A simple command.
    Command(&'a Command),
    /// A group or a loop.
    Group(&'a Group),
}

impl Stage<'_> {
    /// Its place.
    pub fn place(&self) -> Place {
        match self {
            Stage::Command(command) => command.place,
            Stage::Group(group) => group.place,
        }
    }

    /// Its source.
    pub fn span(&self) -> Span {
        match self {
            Stage::Command(command) => command.span,
            Stage::Group(group) => group.span,
        }
    }
}

/// All pipelines of a script, nested scripts not included, with the options in effect where they stand.
pub fn pipelines(script: &Script, start: Options) -> Vec<Pipeline<'_>> {
    let options = options_at(script, start);
    let mut stages: Vec<(Stage<'_>, Options)> = script.commands.iter().map(Stage::Command).zip(options.iter().copied()).collect();
    for group in &script.groups {
        let first = script.commands.partition_point(|c| c.span.start < group.span.start);
        stages.push((Stage::Group(group), options.get(first).copied().unwrap_or(start)));
    }
    stages.retain(|(stage, _)| stage.place().pipe_len > 1);
    stages.sort_by_key(|(stage, _)| stage.span().start);
    let mut found: Vec<Pipeline<'_>> = Vec::new();
    for (stage, options) in stages {
        let place = stage.place();
        if place.pipe_index == 0 {
            found.push(Pipeline { span: stage.span(), stages: vec![stage], options });
            continue;
        }
        let of = |p: &&mut Pipeline<'_>| {
            p.stages.len() == place.pipe_index as usize && p.stages.first().is_some_and(|s| s.place().group == place.group)
        };
        if let Some(pipeline) = found.iter_mut().rev().find(of) {
            pipeline.span = pipeline.span.to(stage.span());
            pipeline.stages.push(stage);
        }
    }
    found
}

/// The commands whose failure a script ignores: without `errexit`, those after which it goes on whatever their status is.
pub fn unchecked(script: &Script, start: Options) -> Vec<&Command> {
    let options = options_at(script, start);
    let order = in_order(script);
    let checked = |c: &Command| c.place.condition || c.place.negated || c.place.background || c.place.substitution || c.words.is_empty();
    let commands = script.commands.iter().zip(&options);
    let lost = commands.filter(|(c, options)| !options.errexit && !checked(c) && !c.place.last && goes_on(script, &order, c));
    lost.map(|(command, _)| command).collect()
}

/// Whether the script goes on after a command without a look at its status.
fn goes_on(script: &Script, order: &[(u32, Place)], command: &Command) -> bool {
    let (mut place, mut end) = (command.place, command.span.end);
    loop {
        let around = place.group.and_then(|at| script.groups.get(at));
        let next = order.get(order.partition_point(|(start, _)| *start < end)..).unwrap_or_default();
        let inside = next.iter().take_while(|(start, _)| around.is_none_or(|g| *start < g.span.end));
        if let Some((_, next)) = inside.into_iter().find(|(_, next)| next.group == place.group) {
            return next.join == Join::Then;
        }
        let Some(around) = around else { return false };
        match around.kind {
            // the next turn
            GroupKind::For(_) | GroupKind::Loop if around.words.len() != 1 => return true,
            GroupKind::Function(_) | GroupKind::Substitution => return false,
            _ if around.place.condition || around.place.negated || around.place.background => return false,
            _ => (place, end) = (around.place, around.span.end),
        }
    }
}

/// Where the commands and groups of a script begin, in order.
fn in_order(script: &Script) -> Vec<(u32, Place)> {
    let commands = script.commands.iter().map(|c| (c.span.start, c.place));
    let mut order: Vec<(u32, Place)> = commands.chain(script.groups.iter().map(|g| (g.span.start, g.place))).collect();
    order.sort_by_key(|(start, _)| *start);
    order
}

/// A change of the shell that nothing after it uses.
#[derive(Clone, Copy, Debug)]
pub struct Lost<'a> {
    /// The command.
    pub command: &'a Command,
    /// What is lost.
    pub kind: LostKind,
}

/// Kinds of changes that end with their shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LostKind {
    /// `cd`, `pushd`.
    Directory,
    /// `export`, `declare -x`, and bare assignments.
    Variable,
    /// `source`, `.`, and functions such as `conda activate` and `nvm use`.
    Source,
    /// `set`, `alias`, `umask`, `ulimit`, `shopt`.
    Setting,
}

/// The changes with which a script ends: its last commands, as far as they change nothing but the shell that ends with them.
/// In order.
pub fn lost_effects(script: &Script) -> Vec<Lost<'_>> {
    let mut found = Vec::new();
    for command in script.commands.iter().rev() {
        let answer =
            command.place.join == Join::Or && matches!(command.name().as_deref(), Some("exit" | "return" | "true" | "false" | ":"));
        if command.place.substitution || answer {
            continue;
        }
        let inner = command.place.depth > 0 || command.place.pipe_len > 1 || !command.redirects.is_empty();
        let Some(kind) = lost_kind(command).filter(|_| !inner) else { break };
        found.push(Lost { command, kind });
    }
    found.reverse();
    found
}

fn lost_kind(command: &Command) -> Option<LostKind> {
    if command.words.is_empty() {
        return (!command.assigns.is_empty()).then_some(LostKind::Variable);
    }
    let verb = command.args().first().and_then(|w| w.literal()).unwrap_or_default();
    match command.name()?.as_ref() {
        "conda" | "mamba" | "micromamba" | "pyenv" if verb == "activate" => Some(LostKind::Source),
        "nvm" | "rvm" | "sdk" | "fnm" if verb == "use" => Some(LostKind::Source),
        "eval" if brings_settings(command) => Some(LostKind::Source),
        "workon" => Some(LostKind::Source),
        "cd" | "pushd" | "popd" => Some(LostKind::Directory),
        "export" | "declare" | "typeset" | "readonly" | "unset" => Some(LostKind::Variable),
        "source" | "." => Some(LostKind::Source),
        "set" | "alias" | "umask" | "ulimit" | "shopt" if !verb.is_empty() => Some(LostKind::Setting),
        _ => None,
    }
}

/// `eval "$(ssh-agent -s)"`: the text is there to be evaluated by the shell that goes on.
fn brings_settings(command: &Command) -> bool {
    const PROGRAMS: [&str; 6] = ["ssh-agent", " init", " hook", "shellenv", "opam env", "direnv"];
    let text = command.args().first().map(|w| w.lossy()).unwrap_or_default();
    text.starts_with("$(") && PROGRAMS.iter().any(|p| text.contains(p))
}
