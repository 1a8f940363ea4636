use crate::diagnostic::Applicability;
use crate::quoting::{Lost, LostKind};
use crate::rule::{Cx, Rule, replace, rule};
use crate::rules::support::lost::{LostIn, lost_in_runs};
use crate::rules::support::set_words::swallowed;
use crate::source::Span;
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::{Instruction, Op};
use crate::syntax::shell::{Command, GroupKind, PieceKind};

rule!(ExportDoesNotPersist, "quoting/export-does-not-persist");

impl Rule for ExportDoesNotPersist {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        functions(unit, cx);
        for LostIn { instruction, script, alone, lost, .. } in lost_in_runs(unit) {
            // options of the shell may be there for what stands beside them
            let idle = lost.len() == script.commands.len() && lost.iter().all(|l| l.kind == LostKind::Setting);
            let of = |l: &&Lost<'_>| {
                let set = l.kind == LostKind::Setting && l.command.name().as_deref() == Some("set");
                !set || idle && swallowed(script, l.command).is_none()
            };
            let Some((first, message)) = lost.iter().filter(of).find_map(|l| Some((l, message(l)?))) else { continue };
            let help = match first.kind {
                LostKind::Variable => "set it with ENV",
                LostKind::Source => {
                    "set what it brings with ENV (for a virtual environment its `bin` folder in PATH), or source it in the RUN that needs it"
                }
                _ => "set it in the RUN that needs it",
            };
            // of a script that cannot be read nobody knows whether there is more
            let fix = env(instruction, first).filter(|_| alone && script.errors.is_empty());
            let report = cx.report(first.command.span, message).help(help);
            if let Some((span, text)) = fix {
                report.fix("set it with ENV", Applicability::Unsafe, vec![replace(span, text)]);
            }
        }
    }
}

/// A RUN that only defines functions.
fn functions(unit: &DockerfileUnit, cx: &mut Cx<'_>) {
    for (item, instruction) in unit.ast.instructions().filter(|(_, i)| matches!(i.op, Op::Run(_))) {
        let Some(script) = unit.script(item).filter(|_| instruction.error.is_none()) else { continue };
        let Some(last) = script.groups.iter().rfind(|g| matches!(g.kind, GroupKind::Function(_))) else { continue };
        let GroupKind::Function(name) = &last.kind else { continue };
        let inside = |c: &Command| c.place.function || matches!(c.name().as_deref(), Some("set" | "shopt"));
        if script.commands.iter().all(inside) {
            cx.report(last.span, format!("the function `{name}` ends with its RUN: later instructions start with a new shell"))
                .help("define it in the RUN that needs it, or write it into a script file");
        }
    }
}

fn message(lost: &Lost<'_>) -> Option<String> {
    let name = lost.command.name().unwrap_or_default();
    let first = lost.command.args().first().map(|w| w.lossy()).unwrap_or_default();
    match lost.kind {
        LostKind::Variable => {
            let variable = match name.as_ref() {
                "" => lost.command.assigns.first()?.name.clone(),
                "export" | "declare" | "typeset" => {
                    lost.command.args().iter().map(|w| w.lossy()).find(|a| !a.starts_with('-'))?.split('=').next()?.to_owned()
                }
                _ => return None,
            };
            Some(format!("`{variable}` ends with its RUN: neither later instructions nor the container see it"))
        }
        LostKind::Source if !matches!(name.as_ref(), "source" | ".") => {
            Some(format!("what `{}` sets ends with its RUN: neither later instructions nor the container see it", shown(lost)))
        }
        LostKind::Source => {
            let brings =
                ["activate", "bashrc", "profile", "env", "nvm.sh", "env.sh", "setenv.sh", "environment", "setup.bash", "setvars.sh"];
            let file = crate::files::file_name(&first);
            let known = brings.iter().any(|b| file == *b || file.trim_start_matches('.') == *b || file.ends_with(&format!("-{b}")));
            known.then(|| format!("what `{first}` sets ends with its RUN: neither later instructions nor the container see it"))
        }
        LostKind::Setting if matches!(name.as_ref(), "umask" | "ulimit" | "alias" | "set" | "shopt") => {
            Some(format!("`{name}` ends with its RUN: later instructions start with a new shell"))
        }
        _ => None,
    }
}

/// A command by its first two words.
fn shown(lost: &Lost<'_>) -> String {
    lost.command.words.iter().take(2).map(|w| w.lossy()).collect::<Vec<_>>().join(" ")
}

/// `RUN export A=b` as `ENV A=b`.
fn env(instruction: &Instruction, lost: &Lost<'_>) -> Option<(Span, &'static str)> {
    let command = lost.command;
    let plain = |w: &crate::syntax::shell::Word| {
        let named = w.lossy().split_once('=').is_some_and(|(n, v)| !n.is_empty() && !v.starts_with('~'));
        let simple = w.pieces.iter().all(|p| match &p.kind {
            PieceKind::Literal(_) => true,
            PieceKind::Param(param) => param.modifier.is_empty() || param.modifier.starts_with(":-"),
            _ => false,
        });
        named && simple
    };
    let word = command.words.first().filter(|_| command.name().as_deref() == Some("export"))?;
    (!command.args().is_empty() && command.args().iter().all(plain)).then(|| (instruction.word.span.to(word.span), "ENV"))
}
