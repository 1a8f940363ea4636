//! Runs the rules over a stack: same stack and selection in, same findings out, in the same order.

mod parts;

use std::cell::Cell;
use std::collections::HashSet;
use std::rc::Rc;

use crate::diagnostic::Diagnostic;
use crate::rule::{Cx, Info, Rule, SHELLCHECK, Selection, Suppressions, unused_suppressions};
use crate::rules::support::early::{stopped, without_late_checks};
use crate::source::{Sources, Span};
use crate::stack::{ScriptUnit, Stack};

pub use parts::{Checked, in_parts};

/// What a run found.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Findings, by file, then start, then rule.
    pub diagnostics: Vec<Diagnostic>,
    /// How many were silenced by comments.
    pub suppressed: usize,
    /// Secrets in findings that are silenced or were not asked for: other findings may show the same lines.
    pub masks: Vec<Span>,
}

/// The category whose rules run in any case, for the sake of what they mask.
const SECRETS: &str = "secrets";

/// Runs the selected rules.
pub fn run(stack: &Stack, selection: &Selection) -> Outcome {
    run_with(stack, selection, Vec::new())
}

/// Runs the selected rules, and treats what another tool has found as their equal: what was not asked for is left out, and
/// comments silence it.
pub fn run_with(stack: &Stack, selection: &Selection, outside: Vec<Diagnostic>) -> Outcome {
    let registry = selection.registry();
    let runs = |(n, info): &(usize, &'static Info)| selection.runs(*n) || info.category == SECRETS;
    let rules: Vec<&'static Info> = registry.rules().iter().enumerate().filter(runs).map(|(_, info)| info).collect();
    let wanted = |d: &Diagnostic| registry.index(d.rule).is_some_and(|n| selection.runs(n) && selection.wants(n, d));
    let mut outcome = Outcome::default();
    let mut all = run_rules(stack, &rules);
    all.retain_mut(|d| {
        let wanted = wanted(d);
        if !wanted {
            outcome.masks.append(&mut d.masks);
        }
        wanted
    });
    let mut suppressions = Suppressions::new(stack);
    let mut seen: HashSet<(&'static str, Span)> = HashSet::new();
    all.extend(outside.into_iter().filter(wanted));
    all.sort_by(|a, b| order(&stack.sources, a).cmp(&order(&stack.sources, b)));
    without_said_twice(selection, &mut all);
    let stopped = stopped(stack, &all);
    outcome.diagnostics.reserve_exact(all.len());
    for mut diagnostic in all {
        // a file that belongs to several projects is judged in each; the same fault is said once
        let name = if diagnostic.rule == SHELLCHECK { diagnostic.aliases.first().copied() } else { None };
        if !seen.insert((name.unwrap_or(diagnostic.rule), diagnostic.primary)) {
            continue;
        }
        // who asks for one tool's check is not hindered by a comment meant for another tool
        let asked_as = selection.asked_as(&diagnostic);
        if suppressions.cover(&diagnostic, asked_as.as_deref().unwrap_or(&diagnostic.aliases)) {
            outcome.suppressed += 1;
            outcome.masks.extend(diagnostic.masks);
        } else {
            if stopped.contains(&diagnostic.primary.file) {
                without_late_checks(&mut diagnostic);
            }
            outcome.diagnostics.push(diagnostic);
        }
    }
    add_unused(stack, selection, &mut suppressions, &mut outcome);
    outcome
}

/// Leaves out findings of rules whose page names another, `said-by:`, that has said the same places; not where the rule was asked for.
fn without_said_twice(selection: &Selection, all: &mut Vec<Diagnostic>) {
    let registry = selection.registry();
    let better = |d: &Diagnostic| {
        let index = registry.index(d.rule).filter(|n| !selection.names(*n))?;
        registry.rules().get(index).map(|info| info.said_by.as_slice()).filter(|rules| !rules.is_empty())
    };
    let twice = |d: &Diagnostic| {
        let Some(rules) = better(d) else { return false };
        let places = |d: &Diagnostic| -> Vec<Span> { std::iter::once(d.primary).chain(d.related.iter().map(|l| l.span)).collect() };
        let said: Vec<Span> = all.iter().filter(|o| rules.contains(&o.rule)).flat_map(places).collect();
        let own = if d.related.is_empty() { vec![d.primary] } else { d.related.iter().map(|l| l.span).collect() };
        own.iter().all(|span| said.iter().any(|place| place.contains(*span)))
    };
    let found: Vec<bool> = all.iter().map(twice).collect();
    let mut found = found.into_iter();
    all.retain(|_| !found.next().unwrap_or_default());
}

/// Adds the comments that turned out to silence nothing; only the end of a run knows.
fn add_unused(stack: &Stack, selection: &Selection, suppressions: &mut Suppressions, outcome: &mut Outcome) {
    let found = unused_suppressions(stack, selection, suppressions);
    if found.is_empty() {
        return;
    }
    for diagnostic in found {
        match suppressions.cover(&diagnostic, &diagnostic.aliases) {
            true => outcome.suppressed += 1,
            false => outcome.diagnostics.push(diagnostic),
        }
    }
    outcome.diagnostics.sort_by(|a, b| order(&stack.sources, a).cmp(&order(&stack.sources, b)));
}

fn order<'a>(sources: &'a Sources, d: &'a Diagnostic) -> (&'a str, u32, &'static str, u32, &'a str) {
    (sources.path(d.primary.file), d.primary.start, d.rule, d.primary.end, &d.message)
}

/// What rules find: file by file, script by script, project by project, a few of them seen by all rules while they are at hand; then
/// what they see in the whole.
fn run_rules(stack: &Stack, rules: &[&'static Info]) -> Vec<Diagnostic> {
    let native: Vec<(&'static Info, &dyn Rule)> = rules.iter().filter_map(|info| Some((*info, info.entry.native?))).collect();
    let scripts: Vec<&ScriptUnit> = stack.all_scripts().collect();
    let mut found = each(stack, &native, &stack.dockerfiles, |rule, seen| rule.dockerfiles(seen));
    found.extend(each(stack, &native, &scripts, |rule, seen| rule.scripts(seen)));
    found.extend(each(stack, &native, &stack.projects, |rule, seen| rule.projects(seen)));
    let in_the_whole = crate::par::map(rules, stack.sources.bytes(), |info| {
        let mut cx = Cx::new(stack, info);
        match info.entry.native {
            Some(rule) => rule.stack(stack, &mut cx),
            None => info.page().meta.matcher.iter().for_each(|matcher| crate::rule::run_matcher(matcher, stack, &mut cx)),
        }
        cx.into_found()
    });
    found.extend(in_the_whole.into_iter().flatten());
    found
}

fn each<T: Sync>(
    stack: &Stack,
    rules: &[(&'static Info, &dyn Rule)],
    items: &[T],
    look: impl Fn(&dyn Rule, &mut [(&T, Cx<'_>)]) + Sync + Send,
) -> Vec<Diagnostic> {
    let (Some((first, _)), false) = (rules.first(), items.is_empty()) else { return Vec::new() };
    // as many files as the core keeps at hand beside a rule's code, and enough batches for all cores
    let bytes = stack.sources.bytes();
    let many = if crate::par::is_worth_threads(bytes) { (items.len() / 16).clamp(1, 16) } else { 16 };
    let batches: Vec<&[T]> = items.chunks(many).collect();
    let found = crate::par::map(&batches, bytes, |batch| {
        let turn = Rc::new(Cell::new(*first));
        let mut seen: Vec<(&T, Cx<'_>)> = batch.iter().map(|item| (item, Cx::sharing(stack, &turn))).collect();
        for (info, rule) in rules {
            turn.set(info);
            look(*rule, &mut seen);
        }
        seen.into_iter().flat_map(|(_, cx)| cx.into_found()).collect::<Vec<Diagnostic>>()
    });
    found.into_iter().flatten().collect()
}
