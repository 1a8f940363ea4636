use crate::rule::{Cx, Rule, rule};
use crate::rules::support::build_args::BaseImages;
use crate::rules::support::eol::{self, Archived};
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::{Keyword, Op};
use crate::syntax::shell::{Command, Programs};

rule!(ArchivedDistribution, "images/archived-distribution");

impl Rule for ArchivedDistribution {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        if !unit.may_run(ASKS) {
            return;
        }
        let images = BaseImages::of(unit, cx);
        for stage in &unit.stages {
            let Some(ast_stage) = unit.ast.stages.get(stage.index) else { continue };
            let scripts = ast_stage.instructions.iter().filter_map(|&item| unit.script(item)).filter(|s| s.may_run(ASKS));
            let Some(command) = scripts.flat_map(|s| s.walk()).map(|(_, c)| c).find(|c| asks_a_mirror(c)) else { continue };
            let chain = unit.chain(stage.index);
            let Some(&root) = chain.last() else { continue };
            let found: Option<Vec<Archived>> = images.of_stage(root).iter().map(eol::archived).collect();
            let Some(archived) = found.and_then(|f| f.into_iter().next()) else { continue };
            if chain.iter().any(|&n| brings_other_sources(unit, n)) {
                continue;
            }
            let from = unit.stages.get(root).map_or(stage.from, |s| s.image.span);
            cx.report(
                command.span,
                format!("{} is gone from its mirrors, so this fails: the packages are kept at {} only", archived.what, archived.archive),
            )
            .label(from, format!("{} is here", archived.what))
            .help("move to a base image on a release that is still served");
        }
    }
}

const ASKS: Programs = Programs::of(&["apt-get", "apt", "aptitude", "yum", "dnf"]);

/// Whether it reads a package index from the distribution's mirrors.
fn asks_a_mirror(command: &Command) -> bool {
    if !command.may_start(ASKS) {
        return false;
    }
    let effective = command.effective();
    let Some(name) = effective.name() else { return false };
    let verb = effective.operands(&[]).first().and_then(|w| w.literal()).unwrap_or_default();
    match name.as_ref() {
        "apt-get" | "apt" | "aptitude" => verb == "update",
        "yum" | "dnf" => matches!(verb.as_ref(), "install" | "update" | "upgrade" | "makecache" | "groupinstall" | "localinstall"),
        _ => false,
    }
}

/// Whether a stage may change where packages come from.
fn brings_other_sources(unit: &DockerfileUnit, stage: usize) -> bool {
    const MARKS: [&str; 9] =
        ["archive.debian.org", "old-releases", "vault.", "snapshot.debian", "sources.list", "yum.repos.d", "mirror", "etc/apt", "yum.conf"];
    let Some(ast_stage) = unit.ast.stages.get(stage) else { return true };
    unit.ast.stage_instructions(ast_stage).any(|(_, instruction)| match (&instruction.op, instruction.keyword) {
        (Op::Run(_) | Op::Copy(_) | Op::Add(_), _) | (_, Keyword::Arg | Keyword::Env) => {
            MARKS.iter().any(|m| instruction.rest.contains(m))
                || instruction.heredocs.iter().any(|h| MARKS.iter().any(|m| h.content.contains(m)))
        }
        _ => false,
    })
}
