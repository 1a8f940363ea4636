//! What commands print, where that stands in their words: for `$(…)`.

use std::rc::Rc;

use super::flow::Flow;
use super::generated;
use super::interpret::Run;
use super::programs::as_words;
use super::status::Status;
use super::step::{Arg, Executed, Reader, Runs, ShellKind, Step};
use super::words::Expander;
use crate::syntax::shell::{Dialect, GroupKind, Programs};

/// Substitutions in substitutions are followed this deep.
const MAX_SUBSTITUTIONS: usize = 3;

impl Expander<'_> {
    /// What the command at this place puts out, without the line breaks at its end, and how it ends.
    pub(super) fn substituted(&mut self, range: &std::ops::Range<usize>) -> Option<(String, Status)> {
        const PRINTERS: Programs = Programs::of(&["echo", "printf", "cat", "true"]);
        let raw = self.raw(range.clone());
        let whole = raw.starts_with("$(") && raw.ends_with(')') || raw.starts_with('`') && raw.ends_with('`');
        if !whole || self.substitutions >= MAX_SUBSTITUTIONS || !self.script.may_run(PRINTERS) || raw.contains(['\\', '<']) {
            return None;
        }
        let at = self.script.groups.iter().position(|g| g.kind == GroupKind::Substitution && contains(range, &g.span.range()))?;
        // they are in the order of their starts
        let commands = &self.script.commands;
        let first = commands.partition_point(|c| c.span.range().start < range.start);
        let here = commands.iter().skip(first).take_while(|c| c.span.range().start <= range.end);
        let of_group = here.filter(|c| contains(range, &c.span.range()));
        let prints = |c: &crate::syntax::shell::Command| c.words.is_empty() || c.may_start(PRINTERS);
        if !of_group.into_iter().all(prints) {
            return None;
        }
        let whole = Rc::clone(self.whole);
        let mut run = Run::of(whole, self.text, self.script, self.kind, self.state.clone(), self.machine, self.level);
        run.substitutions = self.substitutions + 1;
        run.within(at);
        // what stands around the commands is not looked at
        let (step, _) = run.done(Step::new(Reader::shell("$(…)", self.kind), Flow::default()));
        let text = printed(&step)?;
        Some((text.trim_end_matches('\n').to_owned(), step.status))
    }
}

fn contains(outer: &std::ops::Range<usize>, inner: &std::ops::Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// What a shell's commands print, all in all.
fn printed(step: &Step) -> Option<String> {
    let Reader::Shell { shell, .. } = step.reader else { return None };
    let mut out = String::new();
    let depth = step.commands.iter().map(|c| c.place.depth).min().unwrap_or_default();
    for command in step.commands.iter().filter(|c| c.runs != Runs::Never) {
        // what it substitutes itself is a part of its words by now
        if command.place.depth > depth {
            continue;
        }
        out.push_str(&of(command, shell)?);
    }
    Some(out)
}

fn of(command: &Executed, shell: ShellKind) -> Option<String> {
    let plain = command.runs == Runs::Always && command.place.pipe_len == 1 && !command.place.background;
    if !plain || command.redirects.iter().any(|r| r.body.is_none()) || command.argv.iter().any(|a| a.known().is_none()) {
        return None;
    }
    let words = as_words(&command.argv);
    let args = words.get(1..).unwrap_or_default();
    match command.argv.first().and_then(Arg::known) {
        None | Some(":" | "true") => Some(String::new()),
        Some("printf") => {
            let format = command.argv.get(1).and_then(Arg::known)?;
            exact(format).then(|| generated::printf(args, &mut Vec::new()))?.map(|t| t.value)
        }
        Some("echo") => {
            let flags: Vec<&str> = command.argv.iter().skip(1).filter_map(Arg::known).take_while(|w| w.starts_with('-')).collect();
            let backslash = command.argv.iter().any(|a| a.text.text().contains('\\'));
            let told = match shell {
                ShellKind::Dash => flags.is_empty() || flags == ["-n"],
                ShellKind::Bash => flags.iter().all(|f| matches!(*f, "-n" | "-e" | "-ne" | "-en")),
                _ => !backslash && flags.is_empty(),
            };
            let dialect = if shell == ShellKind::Dash { Dialect::Posix } else { Dialect::Bash };
            match args {
                [] => Some("\n".to_owned()),
                args => told.then(|| generated::echo(args, dialect, &mut Vec::new()))?.map(|t| t.value),
            }
        }
        Some("cat") if command.argv.len() == 1 => command.redirects.iter().rev().find_map(|r| r.body.as_ref())?.known().map(str::to_owned),
        _ => None,
    }
}

/// Whether a format pads and computes nothing.
fn exact(format: &str) -> bool {
    !format.starts_with('-') && format.replace("%%", "").split('%').skip(1).all(|rest| rest.starts_with(['s', 'b']))
}
