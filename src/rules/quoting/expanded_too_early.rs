use crate::diagnostic::Applicability;
use crate::quoting::{Layer, assigned, expanded_too_early, generated_files, layers};
use crate::rule::{Cx, Rule, replace, rule};
use crate::rules::support::generated::{escaped, from_base, is_never_empty, is_script, listed, lost};
use crate::source::At;
use crate::stack::{DockerfileUnit, Lookup, ScriptOrigin, ScriptUnit, Stack};
use crate::syntax::dockerfile::Op;
use crate::syntax::shell::{self, Command, Dialect, Script, Word};

rule!(ExpandedTooEarly, "quoting/expanded-too-early");

impl Rule for ExpandedTooEarly {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        let stack = cx.stack;
        let shell_text = !matches!(unit.origin, ScriptOrigin::Instruction { exec: true, .. } | ScriptOrigin::Compose { .. });
        for early in expanded_too_early(&unit.script) {
            let name = &early.param.value;
            if has_value(unit, name, stack) {
                continue;
            }
            let top = unit.script.commands.iter().any(|c| c.nested.as_ref().is_some_and(|n| n.span.contains(early.param.span)));
            let dollar = cx.text(early.param.span).starts_with('$');
            let report = cx
                .report(
                    early.param.span,
                    format!("`${name}` is empty here: the shell outside fills it in before {} starts and sets it", early.by),
                )
                .label(early.set, "set only here")
                .help("put a backslash before the `$`, or the whole script in single quotes");
            if shell_text && top && dollar {
                report.fix("keep the `$` from the outer shell", Applicability::Unsafe, vec![replace(early.param.span.at_start(), "\\")]);
            }
        }
        if shell_text && !matches!(unit.origin, ScriptOrigin::File(_)) {
            arguments(unit, cx);
        }
        for layer in layers(&unit.script) {
            changed(&layer, cx);
        }
        let ScriptOrigin::Instruction { dockerfile, item, .. } = unit.origin else { return };
        if let Some((dockerfile, instruction)) = stack.instruction(dockerfile, item)
            && matches!(instruction.op, Op::Run(_))
        {
            written(dockerfile, item, &unit.script, cx);
        }
    }
}

/// Whether a name has a value outside: from the Dockerfile, or in every shell.
fn has_value(unit: &ScriptUnit, name: &str, stack: &Stack) -> bool {
    let ScriptOrigin::Instruction { dockerfile, item, .. } = unit.origin else { return from_base(name) };
    let found = stack.instruction(dockerfile, item).and_then(|(d, _)| Some(d.lookup(d.ast.stage_of(item)?, item, name)));
    from_base(name) || found.is_some_and(|f| f != Lookup::Unset)
}

/// `xargs sh -c "… $1"`, `awk "{ print $1 }"`: the text of an instruction has no arguments, so that the outer shell puts nothing there.
fn arguments(unit: &ScriptUnit, cx: &mut Cx<'_>) {
    let sets = |c: &&Command| c.name().as_deref() == Some("set") && c.args().iter().any(|w| w.lossy() == "--");
    if unit.script.commands.iter().any(|c| sets(&c)) {
        return;
    }
    for command in unit.script.commands.iter().filter(|c| !c.place.function) {
        let mut lost: Vec<(At<String>, String)> = Vec::new();
        if let Some(nested) = command.nested.as_ref().filter(|n| n.by != "eval") {
            let wanted = nested.expanded_outside.iter().filter(|p| is_argument(&p.value));
            lost.extend(wanted.map(|p| (p.clone(), nested.by.clone())));
        }
        let seen = command.effective();
        if let Some(name) = seen.name().filter(|n| matches!(n.as_ref(), "awk" | "gawk" | "mawk" | "nawk")) {
            let programs = seen.args().iter().filter(|w| w.lossy().contains('{'));
            let fields = programs.flat_map(Word::params).filter(|(p, _)| is_argument(&p.name) || matches!(p.name.as_str(), "NF" | "NR"));
            let unset = fields.filter(|(p, _)| !has_value(unit, &p.name, cx.stack));
            lost.extend(unset.map(|(p, piece)| (At::new(p.name.clone(), piece.span), name.to_string())));
        }
        for (param, by) in lost {
            let state = if is_never_empty(&param.value) { "already expanded" } else { "empty" };
            let message = format!("`${}` is {state} here: the shell outside fills it in before {by} starts", param.value);
            let dollar = cx.text(param.span).starts_with('$');
            let report = cx.report(param.span, message).help("put a backslash before the `$`, or the whole text in single quotes");
            if dollar {
                report.fix("keep the `$` from the outer shell", Applicability::Unsafe, vec![replace(param.span.at_start(), "\\")]);
            }
        }
    }
}

/// What the inner shell has another value for than the outer one: the status of its own commands, the user's home under `su`.
fn changed(layer: &Layer<'_>, cx: &mut Cx<'_>) {
    let Some(nested) = layer.command.nested.as_ref().filter(|n| n.by != "eval") else { return };
    let seen = layer.command.effective();
    let user = matches!(nested.by.as_str(), "su" | "runuser") || seen.through.iter().any(|w| matches!(w.as_str(), "gosu" | "su-exec"));
    let own: Vec<String> = assigned(layer.script).into_iter().map(|n| n.value).collect();
    for param in &nested.expanded_outside {
        let mut before = nested.script.commands.iter().filter(|c| c.span.end <= param.span.start && !c.place.substitution);
        let what = match param.value.as_str() {
            "?" if before.any(|c| !c.words.is_empty()) => "the status of what ran outside",
            "!" if before.any(|c| nested.script.commands.iter().any(|n| n.place.background || n.span == c.span && c.place.background)) => {
                "not the process that was started here"
            }
            "HOME" | "USER" | "LOGNAME" if user && !own.contains(&param.value) => "that of the user outside",
            _ => continue,
        };
        let message = format!("`${}` is {what}: the shell outside fills it in before {} starts", param.value, nested.by);
        cx.report(param.span, message).help("put a backslash before the `$`, or the whole script in single quotes");
    }
}

/// What a script or a program counts its arguments and fields with.
fn is_argument(name: &str) -> bool {
    matches!(name, "@" | "*" | "#") || !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit())
}

/// `RUN cat <<EOF > script`, `RUN echo "…" > script`.
fn written(unit: &DockerfileUnit, item: usize, script: &Script, cx: &mut Cx<'_>) {
    let stack = cx.stack;
    for file in generated_files(script) {
        if file.expanded.is_empty() || !is_script(&file.path, &file.text) {
            continue;
        }
        let own: Vec<String> = assigned(script).into_iter().map(|n| n.value).collect();
        let inner: Vec<String> = assigned(&shell::parse_text(&file.text, Dialect::Bash)).into_iter().map(|n| n.value).collect();
        let lost = lost(unit, item, &file.expanded, &inner, &own, from_base);
        let Some(first) = lost.first() else { continue };
        let edits = escaped(&|span| stack.sources.slice(span).to_owned(), &lost);
        let one = lost.iter().all(|n| n.value == first.value);
        let message = format!(
            "{} {} {} in `{}`: the shell of the build fills {} in while it writes the script",
            listed(&lost),
            if one { "is" } else { "are" },
            if lost.iter().any(|n| is_never_empty(&n.value)) { "already expanded" } else { "empty" },
            file.path,
            if one { "it" } else { "them" },
        );
        let mut report = cx.report(first.span, message).help("quote the text (`<<'EOF'`, `'…'`), or put a backslash before the `$`");
        for other in lost.iter().skip(1).take(5) {
            report = report.label(other.span, "this too");
        }
        if let Some(edits) = edits {
            report.fix("keep the `$` from the shell of the build", Applicability::Unsafe, edits);
        }
    }
}
