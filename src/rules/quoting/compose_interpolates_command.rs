use std::collections::BTreeSet;

use crate::compose::{Service, VariableUse};
use crate::diagnostic::Applicability;
use crate::quoting::assigned;
use crate::rule::{Cx, Rule, replace, rule};
use crate::rules::support::compose_command::{Given, given};
use crate::source::Span;
use crate::stack::{Runtime, Stack};

rule!(ComposeInterpolatesCommand, "quoting/compose-interpolates-command");

impl Rule for ComposeInterpolatesCommand {
    fn stack(&self, stack: &Stack, cx: &mut Cx<'_>) {
        let mut told: BTreeSet<Span> = BTreeSet::new();
        for (p, project) in stack.projects.iter().enumerate() {
            for (s, service) in project.services.iter().enumerate() {
                let runtime = stack.runtime_of((p, s));
                for given in given(service) {
                    let inside = |v: &&VariableUse| given.line.span.contains(v.span) && !v.set && !v.has_default;
                    for variable in project.variables.iter().filter(inside) {
                        let Some((place, what)) = meant_for_container(service, runtime, &given, variable) else { continue };
                        if told.insert(variable.span) {
                            report(&given, variable, place, what, cx);
                        }
                    }
                }
            }
        }
    }
}

/// Where the container has a value of its own under this name.
fn meant_for_container(
    service: &Service,
    runtime: Option<&Runtime>,
    given: &Given<'_>,
    variable: &VariableUse,
) -> Option<(Span, &'static str)> {
    let name = &variable.name;
    if let Some(script) = &given.script
        && let Some(set) = assigned(script).into_iter().find(|n| n.value == *name)
    {
        return Some((set.span, "the command sets it here"));
    }
    if let Some(var) = service.env(name) {
        return (var.value.is_some() && !var.interpolated()).then_some((var.span, "the container has this value"));
    }
    let image = runtime?.env.iter().find(|v| v.from_image && v.name == *name)?;
    Some((image.span, "the container has this value"))
}

fn report(given: &Given<'_>, variable: &VariableUse, place: Span, what: &str, cx: &mut Cx<'_>) {
    let name = &variable.name;
    let written = cx.text(variable.span);
    let message = format!(
        "Compose fills in `{written}` from the environment of whoever runs it, before the container starts: `{name}` of the container never gets here"
    );
    let report = cx.report(variable.span, message).label(place, what);
    if given.script.is_none() {
        report.help(format!("no shell reads this {}: write the value itself, or run it with `sh -c` and `$${name}`", given.key));
        return;
    }
    let report = report.help(format!("write `${written}`, which leaves it to the shell in the container"));
    if written.starts_with('$') {
        report.fix("leave it to the container", Applicability::Unsafe, vec![replace(variable.span.at_start(), "$")]);
    }
}
