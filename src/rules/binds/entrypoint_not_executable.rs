use std::cell::OnceCell;
use std::collections::BTreeSet;

use crate::files;
use crate::rule::{Cx, Rule, rule};
use crate::stack::context::Entry;
use crate::stack::{BuildUse, Runtime, Stack, Started};
use crate::syntax::dockerfile::Op;

rule!(EntrypointNotExecutable, "binds/entrypoint-not-executable");

impl Rule for EntrypointNotExecutable {
    fn stack(&self, stack: &Stack, cx: &mut Cx<'_>) {
        let mut said = Vec::new();
        let kept = OnceCell::new();
        let are_kept = |runtime: &Runtime| {
            let kept: &BTreeSet<usize> = kept.get_or_init(|| areas_with_modes(stack));
            areas(stack, runtime).any(|area| kept.contains(&area))
        };
        for runtime in &stack.runtimes {
            let without =
                |s: &&Started| s.executable == Some(false) && (s.file.is_empty() || are_kept(runtime)) || takes_bit_off(stack, runtime, s);
            for started in runtime.started.iter().filter(without) {
                if said.contains(&started.span) || (started.copied && made_executable(stack, runtime, started)) {
                    continue;
                }
                said.push(started.span);
                if started.file.is_empty() {
                    cx.report(
                        started.span,
                        format!("the container does not start: `{}` has no execute bit, permission is denied", started.path),
                    )
                    .label(started.by, "written without an execute bit")
                    .help(format!("`chmod +x {}` behind it, or write it with `COPY --chmod=755`", started.path));
                    continue;
                }
                let report = cx
                    .report(
                        started.span,
                        format!("the container does not start: `{}` has no execute bit, permission is denied", started.file),
                    )
                    .label(started.by, if started.copied { "copied with the mode that it has on disk" } else { "mounted with its mode" });
                if started.copied {
                    report.help(format!("`chmod +x {0}` and commit it, or copy it with `COPY --chmod=755`", started.file));
                } else {
                    report.help(format!("`chmod +x {}` and commit it: a mount hides what the image did", started.file));
                }
            }
        }
    }
}

/// The areas of which some file has an execute bit: they were not unpacked without their modes.
fn areas_with_modes(stack: &Stack) -> BTreeSet<usize> {
    let executable = |e: &Entry| e.kind == files::Kind::File && e.mode & 0o111 != 0;
    let contexts: Vec<bool> = stack.contexts.iter().map(|c| c.listing.entries.iter().any(executable)).collect();
    let holds = |b: &&BuildUse| b.context.and_then(|context| contexts.get(context)).is_some_and(|holds| *holds);
    let starts = |r: &&Runtime| r.started.iter().any(|s| s.executable == Some(true) || s.among_executables);
    let built = stack.builds.iter().filter(holds).flat_map(|b| stack.areas_of(b.service, Some(b.dockerfile)));
    built.chain(stack.runtimes.iter().filter(starts).flat_map(|r| areas(stack, r))).collect()
}

fn areas(stack: &Stack, runtime: &Runtime) -> impl Iterator<Item = usize> {
    stack.areas_of(runtime.service, runtime.stage.map(|(unit, _)| unit))
}

/// Whether a mode has an execute bit: `755`, `u=rwx`, `+x`; one that is not known may have.
fn sets_execute_bit(mode: &str) -> bool {
    match u32::from_str_radix(mode, 8) {
        Ok(bits) => bits & 0o111 != 0,
        Err(_) => mode.contains(['x', 'X', '$']),
    }
}

/// `COPY --chmod=644` of a script.
fn takes_bit_off(stack: &Stack, runtime: &Runtime, started: &Started) -> bool {
    let unit = runtime.stage.and_then(|(u, _)| stack.dockerfiles.get(u)).filter(|_| started.copied);
    let by = unit.and_then(|u| u.ast.instructions().map(|(_, i)| i).find(|i| i.head == started.by));
    let mode = by.and_then(|i| i.flags.iter().find(|f| f.name.value == "chmod")).and_then(|f| f.value.as_ref());
    mode.is_some_and(|mode| !sets_execute_bit(&mode.value))
}

/// A step of the build sets modes: by the file's name, by a pattern, or over a folder.
fn made_executable(stack: &Stack, runtime: &Runtime, started: &Started) -> bool {
    let Some(unit) = runtime.stage.and_then(|(u, _)| stack.dockerfiles.get(u)) else { return true };
    let name = files::file_name(&started.path);
    let original = files::file_name(&started.file);
    unit.ast.instructions().any(|(item, instruction)| match &instruction.op {
        Op::Copy(copy) | Op::Add(copy) => {
            let here = instruction.head == started.by || copy.from.is_some();
            here && instruction.flags.iter().any(|f| f.name.value == "chmod" && f.value.as_ref().is_none_or(|v| sets_execute_bit(&v.value)))
        }
        // what comes before the file does nothing to it
        Op::Run(_) if instruction.head.start < started.by.start => false,
        Op::Run(_) => unit.script(item).is_some_and(|script| {
            script.walk().any(|(_, command)| {
                let words: Vec<_> = command.words.iter().map(|w| w.lossy()).collect();
                let sets = words.iter().any(|w| matches!(files::file_name(w), "chmod" | "install" | "setfacl"));
                let broad = |w: &str| w.contains(['*', '$', '{']) || matches!(w, "-R" | "--recursive" | "-exec" | "xargs");
                let recursive = |w: &str| w.starts_with('-') && !w.starts_with("--") && w.contains('R');
                sets && words.iter().any(|w| {
                    let last = files::file_name(w);
                    last == name || last == original || broad(w) || recursive(w)
                })
            })
        }),
        _ => false,
    })
}
