use crate::diagnostic::Applicability;
use crate::quoting::{assigned, expanded_too_early, generated_files};
use crate::rule::{Cx, Rule, replace, rule};
use crate::rules::support::generated::{escaped, is_script, listed, lost};
use crate::stack::{DockerfileUnit, ScriptOrigin, ScriptUnit};
use crate::syntax::dockerfile::Op;
use crate::syntax::shell::{self, Dialect, Script};

rule!(ExpandedTooEarly, "quoting/expanded-too-early");

impl Rule for ExpandedTooEarly {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        let stack = cx.stack;
        let shell_text = !matches!(unit.origin, ScriptOrigin::Instruction { exec: true, .. } | ScriptOrigin::Compose { .. });
        for early in expanded_too_early(&unit.script) {
            let name = &early.param.value;
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
        let ScriptOrigin::Instruction { dockerfile, item, .. } = unit.origin else { return };
        if let Some((dockerfile, instruction)) = stack.instruction(dockerfile, item)
            && matches!(instruction.op, Op::Run(_))
        {
            written(dockerfile, item, &unit.script, cx);
        }
    }
}

/// `RUN cat <<EOF > script`, `RUN echo "…" > script`.
fn written(unit: &DockerfileUnit, item: usize, script: &Script, cx: &mut Cx<'_>) {
    let stack = cx.stack;
    let own: Vec<String> = assigned(script).into_iter().map(|n| n.value).collect();
    for file in generated_files(script) {
        if file.expanded.is_empty() || !is_script(&file.path, &file.text) {
            continue;
        }
        let inner: Vec<String> = assigned(&shell::parse_text(&file.text, Dialect::Bash)).into_iter().map(|n| n.value).collect();
        let lost = lost(unit, item, &file.expanded, &inner, &own);
        let Some(first) = lost.first() else { continue };
        let edits = escaped(&|span| stack.sources.slice(span).to_owned(), &lost);
        let one = lost.iter().all(|n| n.value == first.value);
        let message = format!(
            "{} {} empty in `{}`: the shell of the build fills {} in while it writes the script",
            listed(&lost),
            if one { "is" } else { "are" },
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
