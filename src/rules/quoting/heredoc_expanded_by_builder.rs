use crate::diagnostic::Applicability;
use crate::rule::{Cx, Rule, replace, rule};
use crate::rules::support::generated::{from_base_image, is_script, listed, lost, positional};
use crate::source::{At, Span};
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::{Heredoc, Op};
use crate::syntax::shell::{self, Dialect};
use crate::text::Text;

rule!(HeredocExpandedByBuilder, "quoting/heredoc-expanded-by-builder");

impl Rule for HeredocExpandedByBuilder {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for (item, instruction) in unit.ast.instructions() {
            let (Op::Copy(copy) | Op::Add(copy)) = &instruction.op else { continue };
            for heredoc in instruction.heredocs.iter().filter(|h| h.expand && h.terminated) {
                check(unit, item, &copy.dest, heredoc, cx);
            }
        }
    }
}

fn check(unit: &DockerfileUnit, item: usize, dest: &Text, heredoc: &Heredoc, cx: &mut Cx<'_>) {
    let stack = cx.stack;
    let body = stack.sources.slice(heredoc.body);
    let names = dollars(body, heredoc.body);
    let script = is_script(dest, body);
    let inner: Vec<String> = if script {
        let parsed = shell::parse(body, heredoc.body, Dialect::Bash);
        crate::quoting::assigned(&parsed).into_iter().map(|n| n.value).collect()
    } else {
        Vec::new()
    };
    // what stands for arguments the builder never has; between other signs a `$` may be part of anything
    let argument = |n: &str| n.bytes().all(|b| b.is_ascii_digit()) || matches!(n, "@" | "*" | "#");
    let wanted: Vec<At<String>> = names.iter().filter(|n| script || !positional(&n.value) || argument(&n.value)).cloned().collect();
    let lost = lost(unit, item, &wanted, &inner, &[], from_base_image);
    let Some(first) = lost.first() else { return };
    let name = if dest.ends_with('/') { heredoc.name.clone() } else { dest.value.clone() };
    let one = lost.iter().all(|n| n.value == first.value);
    let defaulted = lost.iter().any(|n| stack.sources.slice(n.span).len() > n.value.len() + 3);
    let message = format!(
        "{} {} {} in `{name}`: the builder fills {} in while it writes the file",
        listed(&lost),
        if one { "is" } else { "are" },
        if defaulted { "already replaced" } else { "empty" },
        if one { "it" } else { "them" },
    );
    let operator = stack.sources.slice(heredoc.operator);
    let quoted = operator.replacen(&heredoc.name, &format!("'{}'", heredoc.name), 1);
    let mut report = cx
        .report(first.span, message)
        .label(heredoc.operator, "without quotes, the builder expands the text")
        .help(format!("quote the delimiter (`{quoted}`), or put a backslash before the `$`"));
    for other in lost.iter().skip(1) {
        report = report.label(other.span, "this too");
    }
    if lost.len() == names.len() && quoted != operator && !body.contains("\\$") {
        report.fix("quote the delimiter", Applicability::Unsafe, vec![replace(heredoc.operator, quoted)]);
    } else {
        let edits = lost.iter().map(|n| replace(n.span.at_start(), "\\")).collect();
        report.fix("keep the `$` from the builder", Applicability::Unsafe, edits);
    }
}

/// The `$name`, `${name}` and `$1` of a text that no backslash keeps; a variable that has a default is left out.
fn dollars(body: &str, span: Span) -> Vec<At<String>> {
    let mut found = Vec::new();
    let mut from = 0;
    for (at, _) in body.match_indices('$') {
        if at < from {
            continue;
        }
        let before = body.get(..at).unwrap_or_default();
        if (before.len() - before.trim_end_matches('\\').len()) % 2 == 1 {
            continue;
        }
        let rest = body.get(at + 1..).unwrap_or_default();
        let braced = rest.starts_with('{');
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        let word = rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
        let special = rest.starts_with(['@', '*', '#', '?', '!', '$', '-']) || rest.starts_with(|c: char| c.is_ascii_digit());
        let len = if special { 1 } else { word };
        let Some(name) = rest.get(..len).filter(|n| !n.is_empty()) else { continue };
        let after = if braced { rest.get(len..).and_then(|after| after.find('}')) } else { None };
        // the builder has no arguments, so that it always writes the default
        let argument = name.bytes().all(|b| b.is_ascii_digit()) || matches!(name, "@" | "*");
        if braced && !after.is_some_and(|len| len == 0 || argument) {
            continue;
        }
        let end = at + 1 + len + after.map_or(0, |len| len + 2);
        found.push(At::new(name.to_owned(), span.part(at, end)));
        from = end;
    }
    found
}
