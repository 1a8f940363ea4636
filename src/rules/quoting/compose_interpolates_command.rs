use std::collections::BTreeSet;

use crate::compose::{EnvVar, Service, VariableUse};
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
                    for variable in project.variables.iter().filter(|v| given.line.span.contains(v.span)) {
                        let found = match filled_in(cx.text(variable.span), variable) {
                            Filled::Nothing => meant_for_container(service, runtime, &given, variable),
                            Filled::With(text) => another_value(service, runtime, &variable.name, &text),
                            Filled::Unknown => None,
                        };
                        let Some((place, what)) = found else { continue };
                        if told.insert(variable.span) {
                            report(service, &given, variable, place, what, cx);
                        }
                    }
                }
            }
        }
    }
}

/// What Compose puts in a variable's place, as far as the project's files say.
enum Filled {
    Nothing,
    With(String),
    Unknown,
}

fn filled_in(written: &str, variable: &VariableUse) -> Filled {
    if let Some(value) = &variable.value {
        return Filled::With(value.clone());
    }
    if !variable.has_default {
        return Filled::Nothing;
    }
    let inner = written.strip_prefix("${").and_then(|w| w.strip_suffix('}')).and_then(|w| w.strip_prefix(variable.name.as_str()));
    if inner.is_some_and(|w| w.starts_with(":+") || w.starts_with('+')) {
        return Filled::Nothing;
    }
    let default = inner.and_then(|w| w.strip_prefix(":-").or_else(|| w.strip_prefix('-')));
    default.filter(|d| !d.contains('$')).map_or(Filled::Unknown, |d| Filled::With(d.to_owned()))
}

/// Names that every shell of the container sets itself.
const OF_THE_SHELL: [&str; 6] = ["PATH", "HOME", "HOSTNAME", "RANDOM", "SECONDS", "OPTARG"];

/// Where the container has a value of its own under this name.
fn meant_for_container(
    service: &Service,
    runtime: Option<&Runtime>,
    given: &Given<'_>,
    variable: &VariableUse,
) -> Option<(Option<Span>, &'static str)> {
    let name = &variable.name;
    if let Some(script) = given.script()
        && let Some(set) = assigned(script).into_iter().find(|n| n.value == *name)
    {
        return Some((Some(set.span), "the command sets it here"));
    }
    if let Some(var) = service.env(name) {
        let other = var.value.is_some() && !handed_on(var);
        return other.then_some((Some(var.span), "the container has this value"));
    }
    if let Some(image) = runtime.and_then(|r| r.env.iter().find(|v| v.from_image && v.name == *name)) {
        return Some((Some(image.span), "the container has this value"));
    }
    (given.script().is_some() && OF_THE_SHELL.contains(&name.as_str())).then_some((None, ""))
}

/// `NAME: ${NAME}`: the container has what Compose has. With a default that the command does not repeat it may have more.
fn handed_on(var: &EnvVar) -> bool {
    let Some(raw) = var.raw.as_deref().filter(|_| var.interpolated()) else { return false };
    let mut uses = raw.match_indices(var.name.value.as_str()).filter(|(at, _)| {
        let before = raw.get(..*at).unwrap_or_default();
        before.ends_with('$') || before.ends_with("${")
    });
    uses.any(|(at, name)| {
        let rest = raw.get(at + name.len()..).unwrap_or_default();
        let default = rest.strip_prefix(":-").or_else(|| rest.strip_prefix('-'));
        let more = rest.starts_with(|c: char| c == '_' || c.is_ascii_alphanumeric());
        !more && default.is_none_or(|d| d.starts_with('}'))
    })
}

/// Where the container has another value under this name than the one that Compose fills in.
fn another_value(service: &Service, runtime: Option<&Runtime>, name: &str, filled: &str) -> Option<(Option<Span>, &'static str)> {
    const WHAT: &str = "the container has another value";
    if let Some(var) = service.env(name) {
        let own = var.value.as_ref().filter(|_| !var.interpolated())?;
        return (own.value != filled).then_some((Some(var.span), WHAT));
    }
    let image = runtime?.env.iter().find(|v| v.from_image && v.name == name)?;
    (image.value.as_ref()? != filled).then_some((Some(image.span), WHAT))
}

/// `NAME: ${NAME:-value}`: what the container's own value is written as.
fn with_the_default(service: &Service, variable: &VariableUse) -> Option<String> {
    let raw = service.env(&variable.name)?.raw.as_deref()?;
    let inner = raw.strip_prefix("${")?.strip_suffix('}')?.strip_prefix(variable.name.as_str())?;
    let default = inner.strip_prefix(":-").or_else(|| inner.strip_prefix('-'))?;
    (!variable.has_default && !default.contains(['$', '}'])).then(|| raw.to_owned())
}

fn report(service: &Service, given: &Given<'_>, variable: &VariableUse, place: Option<Span>, what: &str, cx: &mut Cx<'_>) {
    let name = &variable.name;
    let written = cx.text(variable.span);
    let default = with_the_default(service, variable);
    let lost = match default {
        Some(_) => format!("where that has no `{name}`, nothing stands here, while the container has a default"),
        None => format!("`{name}` of the container never gets here"),
    };
    let message = format!("Compose fills in `{written}` from the environment of whoever runs it, before the container starts: {lost}");
    let mut report = cx.report(variable.span, message);
    if let Some(place) = place {
        report = report.label(place, what);
    }
    if let (None, Some(same)) = (given.script(), default) {
        report.help(format!("no shell reads this {}: write `{same}` here as well, as the container's value has it", given.key)).fix(
            "repeat the default",
            Applicability::Unsafe,
            vec![replace(variable.span, same)],
        );
        return;
    }
    if given.script().is_none() {
        report.help(format!("no shell reads this {}: write the value itself, or run it with `sh -c` and `$${name}`", given.key));
        return;
    }
    let report = report.help(format!("write `${written}`, which leaves it to the shell in the container"));
    if written.starts_with('$') {
        report.fix("leave it to the container", Applicability::Unsafe, vec![replace(variable.span.at_start(), "$")]);
    }
}
