//! Changes of the shell at the end of a RUN, which end with it.

use crate::quoting::{Lost, LostKind, lost_effects};
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::{Instruction, Op};
use crate::syntax::shell::Script;

/// What is lost at the end of a script of a RUN.
pub(crate) struct LostIn<'a> {
    /// The place of the RUN in the items.
    pub item: usize,
    /// The RUN.
    pub instruction: &'a Instruction,
    /// The script: of the RUN itself, or of a shell that it starts.
    pub script: &'a Script,
    /// The script is the whole RUN and a single command, so that another instruction can take its place.
    pub alone: bool,
    /// What is lost, in order.
    pub lost: Vec<Lost<'a>>,
}

/// The scripts of the RUN instructions of a file with what is lost at the end of each. A shell that a RUN starts ends before the RUN does.
pub(crate) fn lost_in_runs(unit: &DockerfileUnit) -> Vec<LostIn<'_>> {
    let mut found = Vec::new();
    let is_run = |i: &Instruction| match &i.op {
        Op::Onbuild(later) => matches!(later.op, Op::Run(_)),
        op => matches!(op, Op::Run(_)),
    };
    for (item, instruction) in unit.ast.instructions().filter(|(_, i)| is_run(i) && i.error.is_none()) {
        let Some(script) = unit.script(item) else { continue };
        let shells = script.walk().filter_map(|(_, c)| c.nested.as_deref()).filter(|n| n.by != "eval").map(|n| &n.script);
        for (n, script) in std::iter::once(script).chain(shells).enumerate() {
            let lost = lost_effects(script);
            if !lost.is_empty() {
                let plain = matches!(instruction.op, Op::Run(_));
                let alone =
                    plain && n == 0 && script.commands.len() == 1 && instruction.flags.is_empty() && instruction.heredocs.is_empty();
                found.push(LostIn { item, instruction, script, alone, lost });
            }
        }
    }
    found
}

/// The `cd`s after which nothing comes, going back aside.
pub(crate) fn lost_folders<'a>(script: &Script, lost: &[Lost<'a>]) -> Vec<Lost<'a>> {
    let is_cd = |c: &crate::syntax::shell::Command| matches!(c.name().as_deref(), Some("cd" | "pushd"));
    let of = |l: &&Lost<'a>| {
        let target = l.command.args().first().map(|w| w.lossy()).unwrap_or_default();
        let back = matches!(target.as_ref(), "" | "-" | ".." | "/" | "~" | "$HOME" | "../..") || target.starts_with("$OLD");
        let before = script.commands.iter().take_while(|c| c.span.start < l.command.span.start);
        let gone_before = before.into_iter().any(|c| is_cd(c) && !lost.iter().any(|o| o.command.span == c.span));
        let deeper = !target.starts_with(['/', '.', '$', '~']);
        l.kind == LostKind::Directory && is_cd(l.command) && !back && (deeper || !gone_before)
    };
    lost.iter().filter(of).copied().collect()
}
