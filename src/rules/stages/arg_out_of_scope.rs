use std::collections::BTreeSet;

use crate::diagnostic::Applicability;
use crate::rule::{Cx, Rule, replace, rule};
use crate::rules::support::instructions::on_first_line;
use crate::rules::support::variables::{GlobalArg, global_args, inherited, is_brought, unset};
use crate::source::Span;
use crate::stack::{DockerfileUnit, Lookup};
use crate::syntax::dockerfile::{Op, Stage};
use crate::syntax::shell::{Command, GroupKind, Script};

rule!(ArgOutOfScope, "stages/arg-out-of-scope");

impl Rule for ArgOutOfScope {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        let globals = global_args(unit);
        if globals.is_empty() {
            return;
        }
        for (index, stage) in unit.ast.stages.iter().enumerate() {
            let mut told: BTreeSet<String> = BTreeSet::new();
            for (item, instruction) in unit.ast.stage_instructions(stage) {
                for found in unset(unit, index, item, instruction) {
                    let Some(global) = globals.iter().rev().find(|g| g.name == found.used.name) else { continue };
                    let place = on_first_line(cx, instruction, found.used.span);
                    let first = told.insert(global.name.clone());
                    report(unit, stage, item, global, place, first, if found.guess { &[] } else { &["UndefinedVar"] }, cx);
                }
                let (Op::Run(_), Some(script)) = (&instruction.op, unit.script(item)) else { continue };
                for global in &globals {
                    let brought = is_brought(&inherited(unit, index), &global.name);
                    if told.contains(&global.name) || brought || unit.lookup(index, item, &global.name) != Lookup::Unset {
                        continue;
                    }
                    let Some(place) = first_read(script, &global.name) else { continue };
                    told.insert(global.name.clone());
                    report(unit, stage, item, global, place, true, &[], cx);
                }
            }
        }
    }
}

#[allow(clippy::too_many_arguments, reason = "one finding, whichever way its place was found")]
fn report(
    unit: &DockerfileUnit,
    stage: &Stage,
    item: usize,
    global: &GlobalArg,
    place: Span,
    first: bool,
    aliases: &[&'static str],
    cx: &mut Cx<'_>,
) {
    let name = &global.name;
    let later = unit
        .ast
        .stage_instructions(stage)
        .find(|(n, i)| *n > item && matches!(&i.op, Op::Arg(pairs) if pairs.iter().any(|p| p.key.value == *name)));
    let from = unit.ast.items.get(stage.from).map(|i| i.span.at_end());
    let lower = unit.ast.instruction(stage.from).is_some_and(|i| i.word.value == i.word.to_lowercase());
    let report = cx
        .report(place, format!("`{name}` is empty in this stage: an ARG above FROM is seen by the FROM lines only"))
        .aliases(aliases)
        .label(global.span, "this one");
    let keyword = if lower { "arg" } else { "ARG" };
    match (later, from) {
        (Some((_, later)), _) => {
            report.label(later.head, "declared for the stage too late").help(format!("move `{keyword} {name}` above this line"));
        }
        (None, Some(from)) if first => {
            report.help(format!("add `{keyword} {name}` below the FROM of this stage")).fix(
                format!("declare `{name}` in the stage"),
                Applicability::Unsafe,
                vec![replace(from, format!("{keyword} {name}\n"))],
            );
        }
        _ => {
            report.help(format!("add `{keyword} {name}` below the FROM of this stage"));
        }
    }
}

/// Where a script first reads a variable that it does not set itself.
fn first_read(script: &Script, name: &str) -> Option<Span> {
    let commands: Vec<&Command> = script.walk().into_iter().map(|(_, c)| c).collect();
    let sets = commands.iter().any(|c| {
        let reads_in =
            matches!(c.name().as_deref(), Some("read" | "export" | "local" | "declare" | "readonly" | "getopts" | "source" | "." | "eval"));
        let word = |w: String| w == name || w.strip_prefix(name).is_some_and(|rest| rest.starts_with('='));
        c.assigns.iter().any(|a| a.name == name) || (reads_in && c.args().iter().any(|w| word(w.lossy())))
    });
    let sourced = commands.iter().any(|c| matches!(c.name().as_deref(), Some("source" | "." | "eval")));
    let looped = script.groups.iter().any(|g| g.kind == GroupKind::For(name.to_owned()));
    if sets || sourced || looped {
        return None;
    }
    let words = commands.iter().flat_map(|c| c.assigns.iter().filter_map(|a| a.value.as_ref()).chain(&c.words));
    let mut reads = words.flat_map(|w| w.params()).filter(|(p, _)| p.name == name && !p.modifier.starts_with([':', '-', '+', '?']));
    reads.next().map(|(_, piece)| piece.span)
}
