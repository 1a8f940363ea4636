//! Changes of the shell at the end of a RUN, which end with it.

use crate::quoting::{Lost, LostKind, lost_effects};
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::{Instruction, Op};
use crate::syntax::shell::Script;

/// The RUN instructions of a file with what is lost at the end of each.
pub(crate) fn lost_in_runs(unit: &DockerfileUnit) -> Vec<(usize, &Instruction, &Script, Vec<Lost<'_>>)> {
    let runs = unit.ast.instructions().filter(|(_, i)| matches!(i.op, Op::Run(_)) && i.error.is_none());
    let found = runs.filter_map(|(item, i)| {
        let script = unit.script(item)?;
        let lost = lost_effects(script);
        (!lost.is_empty()).then_some((item, i, script, lost))
    });
    found.collect()
}

/// The `cd`s after which nothing comes, going back aside.
pub(crate) fn lost_folders<'a>(script: &Script, lost: &[Lost<'a>]) -> Vec<Lost<'a>> {
    let is_cd = |c: &crate::syntax::shell::Command| matches!(c.name().as_deref(), Some("cd" | "pushd"));
    let of = |l: &&Lost<'a>| {
        let target = l.command.args().first().map(|w| w.lossy()).unwrap_or_default();
        let back = matches!(target.as_ref(), "" | "-" | ".." | "/" | "~" | "$HOME" | "../..") || target.starts_with("$OLD");
        let before = script.commands.iter().take_while(|c| c.span.start < l.command.span.start);
        let gone_before = before.into_iter().any(|c| is_cd(c) && !lost.iter().any(|o| o.command.span == c.span));
        l.kind == LostKind::Directory && is_cd(l.command) && !back && !gone_before
    };
    lost.iter().filter(of).copied().collect()
}
