//! What a script puts into the environment of the commands that it runs, as far as it has come.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::quoting::{Arg, Executed, Runs, Step};
use crate::source::Span;

use super::course::{Course, is_left_open};
use super::runtime::RuntimeEnv;

/// The environments of a script's commands, which are asked for in their order.
pub(super) struct Exports<'a> {
    course: &'a Course<'a>,
    /// What stands around the script has added.
    around: Arc<[RuntimeEnv]>,
    /// The first command that did nothing yet.
    next: usize,
    so_far: SoFar,
    /// What both come to, once it was asked for.
    all: Option<Arc<[RuntimeEnv]>>,
}

#[derive(Clone, Default)]
struct SoFar {
    exported: BTreeMap<String, RuntimeEnv>,
    /// Something was exported since this was asked for.
    changed: bool,
    /// The variables that the shell keeps for itself.
    held: BTreeMap<String, (Option<String>, Span)>,
    /// `set -a`: whatever is set is exported.
    all: bool,
}

impl<'a> Exports<'a> {
    pub(super) fn new(course: &'a Course<'a>, around: &Arc<[RuntimeEnv]>) -> Self {
        Exports { course, around: Arc::clone(around), next: 0, so_far: SoFar::default(), all: None }
    }

    /// What the container, which has `before`, does not have in the environment of a command, its own variables among it.
    pub(super) fn of(&mut self, at: usize, before: &[RuntimeEnv]) -> Arc<[RuntimeEnv]> {
        let Some(step) = self.course.step() else { return Arc::clone(&self.around) };
        for n in self.next..at {
            if let Some(executed) = step.commands.get(n).filter(|e| self.course.reaches(n) && !e.place.substitution && !e.place.subshell) {
                self.so_far.run(step, executed, false, before);
            }
        }
        self.next = self.next.max(at);
        if std::mem::take(&mut self.so_far.changed) {
            self.all = None;
        }
        let around = &self.around;
        let with = |exported: &BTreeMap<String, RuntimeEnv>| match exported.is_empty() {
            true => Arc::clone(around),
            false => exported.values().chain(around.iter()).cloned().collect(),
        };
        let own = step.commands.get(at).filter(|e| self.course.reaches(at) && !e.place.substitution);
        match own.filter(|e| !e.assigns.is_empty() || name(e) == "export") {
            Some(own) => {
                let mut here = self.so_far.clone();
                here.run(step, own, true, before);
                with(&here.exported)
            }
            None => Arc::clone(self.all.get_or_insert_with(|| with(&self.so_far.exported))),
        }
    }
}

impl SoFar {
    /// A command; `own` where its environment is asked for, in which the assignments before it hold.
    fn run(&mut self, step: &Step, executed: &Executed, own: bool, before: &[RuntimeEnv]) {
        let certain = matches!(executed.runs, Runs::Always | Runs::OnSuccess);
        let told = |arg: &Arg| certain && !is_left_open(step, &arg.range);
        let value = |arg: &Arg| arg.known().filter(|v| told(arg) && !v.is_empty()).map(str::to_owned);
        for (name, arg) in executed.assigns.iter().filter(|_| own || executed.argv.is_empty()) {
            let span = step.text.span_of(arg.range.clone());
            if own || self.all || before.iter().any(|v| v.name == *name) {
                self.export(name, value(arg), span);
            }
            self.held.insert(name.clone(), (value(arg), span));
        }
        let args = || executed.argv.iter().skip(1);
        match name(executed) {
            "set" => self.all |= args().any(|a| a.known().is_some_and(|v| v == "-a" || v == "allexport")),
            "export" => {
                for arg in args().filter(|a| !a.text.text().starts_with('-')) {
                    let span = step.text.span_of(arg.range.clone());
                    if let Some((name, value)) = arg.text.text().split_once('=') {
                        let known = told(arg) && arg.known().is_some() && !value.is_empty();
                        self.export(name, known.then(|| value.to_owned()), span);
                    } else if let Some((value, span)) = self.held.get(arg.text.text()) {
                        self.export(arg.text.text(), value.clone(), *span);
                    }
                }
            }
            _ => {}
        }
    }

    fn export(&mut self, name: &str, value: Option<String>, span: Span) {
        self.changed = true;
        self.exported.insert(name.to_owned(), RuntimeEnv { name: name.to_owned(), value, span, from_image: true });
    }
}

fn name(executed: &Executed) -> &str {
    executed.argv.first().and_then(|a| a.known()).unwrap_or_default()
}
