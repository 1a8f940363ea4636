use crate::diagnostic::{Applicability, Severity};
use crate::rule::{CheckOptions, Cx, Rule, replace, rule};
use crate::rules::peers;
use crate::source::{At, Span};
use crate::stack::DockerfileUnit;
use crate::syntax::closest;
use crate::syntax::dockerfile::ItemKind;

rule!(MisreadDirective, "syntax/misread-directive");

const DIRECTIVES: [&str; 3] = ["syntax", "escape", "check"];

impl Rule for MisreadDirective {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        let mut head = true;
        let mut items = unit.ast.items.iter().peekable();
        while let Some(item) = items.next() {
            match &item.kind {
                ItemKind::Directive(n) => {
                    let check = unit.ast.directives.get(*n).filter(|d| d.name.value == "check");
                    check.into_iter().for_each(|d| check_directive(&d.value, true, cx));
                }
                ItemKind::Comment(text) => {
                    // were this one a directive, the next one would be, too: what that does is not known to be wanted
                    let wakes =
                        head && items.peek().is_some_and(|next| matches!(&next.kind, ItemKind::Comment(text) if is_directive(text)));
                    comment(text, head, wakes, cx);
                    head = false;
                }
                _ => head = false,
            }
        }
    }
}

/// What stands at a place of a text that has a span.
fn part(text: &At<String>, from: usize, to: usize) -> Span {
    text.span.part(from, to)
}

fn is_directive(text: &At<String>) -> bool {
    text.value.split_once('=').is_some_and(|(name, _)| DIRECTIVES.contains(&name.trim().to_ascii_lowercase().as_str()))
}

fn comment(text: &At<String>, head: bool, wakes: bool, cx: &mut Cx<'_>) {
    let Some((name, rest)) = text.value.split_once('=') else { return };
    let name = name.trim_end();
    let value = At::new(rest.to_owned(), part(text, text.value.len() - rest.len(), text.value.len()));
    if !name.chars().all(|c| c.is_ascii_alphabetic()) || name.is_empty() {
        return;
    }
    let lower = name.to_ascii_lowercase();
    if lower == "check" {
        // above an instruction a comment can skip, and nothing else
        return check_directive(&value, false, cx);
    }
    let meant = |known: &str| match known {
        "check" => ["skip=", "error=", "experimental="].iter().any(|k| rest.trim_start().starts_with(k)),
        "syntax" => rest.trim_start().starts_with("docker/") || rest.contains("dockerfile"),
        _ => matches!(rest.trim(), "\\" | "`"),
    };
    let Some(known) = closest(&lower, DIRECTIVES).filter(|known| *known != lower && meant(known)) else { return };
    // a comment above an instruction counts for BuildKit's checks; everything else stands at the very top
    if head || known == "check" {
        let place = part(text, 0, name.len());
        let report = cx
            .report(place, format!("the builder knows no directive `{name}`, so this line is a comment to it"))
            .help(format!("did you mean `{known}`?"));
        if !wakes {
            report.fix(format!("write `{known}`"), Applicability::Safe, vec![replace(place, known)]);
        }
    }
}

/// A `check=` that the builder refuses, or one that names what it does not know.
fn check_directive(value: &At<String>, of_file: bool, cx: &mut Cx<'_>) {
    let blanks = value.value.len() - value.value.trim_start().len();
    let written = value.value.split_whitespace().next().unwrap_or_default();
    if CheckOptions::parse(written).is_none() {
        let place = part(value, blanks, blanks + written.len());
        let report = if of_file {
            cx.report(place, "the builder cannot read this `check` directive and refuses the file").severity(Severity::Error)
        } else {
            cx.report(place, "the builder cannot read this `check` comment, so it changes nothing")
        };
        report
            .help("its parts are `skip=A,B`, `error=true` and `experimental=A`, joined by `;`, without blanks")
            .without_aliases(&["tally/syntax-directive-typo"]);
        return;
    }
    let mut at = blanks;
    for field in written.split_inclusive(';') {
        if let Some((key, list)) = field.trim_end_matches(';').split_once('=').filter(|(key, _)| *key != "error") {
            let mut from = at + key.len() + 1;
            for name in list.split(',') {
                unknown_check(name, part(value, from, from + name.len()), cx);
                from += name.len() + 1;
            }
        }
        at += field.len();
    }
    let after = value.value.get(blanks + written.len()..).unwrap_or_default();
    if written.ends_with(',') && !after.trim().is_empty() {
        let place = part(value, blanks + written.len(), value.value.trim_end().len());
        cx.report(place, "the builder reads a `check` directive up to the first blank, so what follows is not skipped")
            .help("write the names without blanks between them")
            .aliases(&[]);
    }
}

fn unknown_check(name: &str, place: Span, cx: &mut Cx<'_>) {
    if name.is_empty() || name == "all" || peers::is_buildkit(name) {
        return;
    }
    let checks: Vec<&str> = peers::all().into_iter().filter(|(tool, _)| *tool == "buildkit").map(|(_, id)| id).collect();
    let near = checks.iter().find(|c| c.eq_ignore_ascii_case(name)).copied().or_else(|| closest(name, checks.iter().copied()));
    let report = cx.report(place, format!("the builder has no check `{name}`")).aliases(&[]);
    if let Some(near) = near {
        report.help(format!("did you mean `{near}`?")).fix(format!("write `{near}`"), Applicability::Safe, vec![replace(place, near)]);
    }
}
