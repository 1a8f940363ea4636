use crate::compose::EnvVar;
use crate::diagnostic::Applicability;
use crate::rule::{Cx, Rule, replace, rule};
use crate::source::Span;
use crate::stack::Stack;

rule!(QuotesKeptInValue, "quoting/quotes-kept-in-value");

impl Rule for QuotesKeptInValue {
    fn stack(&self, stack: &Stack, cx: &mut Cx<'_>) {
        let mut told: Vec<Span> = Vec::new();
        for (p, project) in stack.projects.iter().enumerate() {
            for (s, service) in project.services.iter().enumerate() {
                let args = service.build.iter().flat_map(|b| &b.args);
                for variable in service.environment.iter().chain(args).filter(|v| may_have_quotes(v)) {
                    if !told.contains(&variable.span) && !takes_quotes_off(stack, (p, s), variable) && check(variable, cx) {
                        told.push(variable.span);
                    }
                }
            }
        }
    }
}

/// A look that compares nothing else, since nearly no value has a quote.
fn may_have_quotes(variable: &EnvVar) -> bool {
    let quote = |text: &str| text.bytes().any(|b| matches!(b, b'"' | b'\'') || !b.is_ascii());
    variable.raw.as_deref().is_some_and(quote) || variable.value.as_ref().is_some_and(|value| quote(value))
}

/// Pairs that word processors make of plain quotes.
const TYPESET: [(char, &[char]); 4] = [
    ('\u{201c}', &['\u{201d}', '\u{201c}']),
    ('\u{201e}', &['\u{201c}', '\u{201d}']),
    ('\u{201d}', &['\u{201d}']),
    ('\u{2018}', &['\u{2019}']),
];

fn check(variable: &EnvVar, cx: &mut Cx<'_>) -> bool {
    typeset(variable, cx) || kept(variable, cx) || !variable.from_file && in_default(variable, cx)
}

/// Quotes that no program takes for some.
fn typeset(variable: &EnvVar, cx: &mut Cx<'_>) -> bool {
    let Some(value) = &variable.value else { return false };
    let text = value.value.as_str();
    let closed = |(open, close): &(char, &[char])| text.strip_prefix(*open).and_then(|rest| rest.strip_suffix(*close));
    let Some(inner) = TYPESET.iter().find_map(closed).filter(|inner| !inner.is_empty()) else { return false };
    let name = variable.name.value.as_str();
    let message =
        format!("the quotes around the value of `{name}` are those of typesetters: no program takes them off, they become a part of it");
    let report = cx.report(value.span, message).help("write plain quotes, or none");
    // what needs no quotes in any of the formats
    if inner.starts_with(|c: char| c.is_ascii_alphabetic()) && inner.chars().all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c)) {
        report.fix("take the quotes off", Applicability::Unsafe, vec![replace(value.span, inner)]);
    }
    true
}

/// `- NAME="value"`: YAML takes no quotes off in the middle of a text, and nobody does in an env file that is read as it stands.
fn kept(variable: &EnvVar, cx: &mut Cx<'_>) -> bool {
    let name = variable.name.value.as_str();
    let Some((value, around)) = value_with_quotes(variable, cx) else { return false };
    let value = value.as_str();
    let quote = |q: char| value.strip_prefix(q).and_then(|v| v.strip_suffix(q)).filter(|v| !v.is_empty() && !v.contains(q));
    let help = if variable.from_file {
        format!("write `{name}=…` without quotes, or leave out `format: raw`")
    } else {
        format!("write `{name}: …` with quotes around the value, or `{name}=…` without any")
    };
    let Some(inner) = quote('"').or_else(|| quote('\'')) else {
        let open = ['"', '\''].into_iter().find(|q| value.len() > 1 && value.starts_with(*q) && value.matches(*q).count() == 1);
        if open.is_some() && !variable.from_file {
            let message = format!("the value of `{name}` begins with a quote that is never closed: it becomes a part of the value");
            cx.report(variable.span, message).help(help);
            return true;
        }
        return false;
    };
    let report = cx.report(variable.span, format!("the quotes are a part of the value: `{name}` begins and ends with one")).help(help);
    if inner.chars().all(|c| c.is_ascii_alphanumeric() || "_-./@+$,".contains(c)) && !variable.from_file {
        report.fix("take the quotes off", Applicability::Unsafe, vec![replace(variable.span, format!("{around}{name}={inner}{around}"))]);
    }
    true
}

/// The value of a list's element or of a line that nobody takes quotes off, as it is written, and YAML's quotes around the element.
fn value_with_quotes(variable: &EnvVar, cx: &Cx<'_>) -> Option<(String, &'static str)> {
    let written = cx.text(variable.span).trim_end();
    let name = variable.name.value.as_str();
    let value_of = |text: &str| text.strip_prefix(name).and_then(|w| w.strip_prefix('=')).map(str::to_owned);
    if variable.from_file {
        let as_it_stands = variable.value.as_ref().map(|v| v.value.as_str());
        return value_of(written).filter(|v| Some(v.as_str()) == as_it_stands).map(|v| (v, ""));
    }
    let within = |q: &'static str| Some((written.strip_prefix(q)?.strip_suffix(q)?, q));
    match within("'").or_else(|| within("\"")) {
        // who escapes a quote wants it
        Some((text, around)) => {
            let meant = |v: &str| v.contains(['\\', '\n']) || v.contains(around) || wants_quotes(name);
            value_of(text).filter(|v| !meant(v)).map(|v| (v, around))
        }
        None => value_of(written).map(|v| (v, "")),
    }
}

/// Quotes around a single option are taken off by programs that split their options themselves, and by the start scripts of servers
/// that read them once more as a shell does.
fn takes_quotes_off(stack: &Stack, at: (usize, usize), variable: &EnvVar) -> bool {
    const BY_VM: [&str; 4] = ["JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "GRADLE_OPTS"];
    const EVALED: [&str; 5] = ["JAVA_OPTS", "CATALINA_OPTS", "JENKINS_JAVA_OPTS", "JENKINS_OPTS", "JBOSS_JAVA_OPTS"];
    const SERVERS: [&str; 5] = ["tomcat", "jenkins", "wildfly", "jboss", "tomee"];
    let (name, value) = (variable.name.value.as_str(), variable.value.as_ref().map_or("", |v| v.value.as_str()));
    if value.contains(" -") {
        return false;
    }
    BY_VM.contains(&name)
        || name == "NODE_OPTIONS" && value.starts_with('"')
        || EVALED.contains(&name)
            && stack.runtime_of(at).and_then(|r| r.image.as_ref()).is_some_and(|i| SERVERS.iter().any(|s| i.name.contains(s)))
}

/// `${NAME:-"value"}`: a shell takes such quotes off, Compose does not.
fn in_default(variable: &EnvVar, cx: &mut Cx<'_>) -> bool {
    let (Some(raw), Some(value)) = (&variable.raw, &variable.value) else { return false };
    let Some(quoted) = default_of(raw).filter(|default| *default == value.value) else { return false };
    let name = variable.name.value.as_str();
    if !in_one_quotation(quoted) || wants_quotes(name) {
        return false;
    }
    let inner = quoted.get(1..quoted.len() - 1).unwrap_or_default();
    let message = format!("the quotes are a part of the value: Compose keeps those of a default, and `{name}` begins and ends with one");
    let written = cx.text(variable.span).to_owned();
    let mut found = written.match_indices(quoted);
    let at = found.next().map(|(at, _)| at).filter(|_| found.next().is_none());
    let report = cx.report(variable.span, message).help("write the default without quotes, or those of YAML around the whole value");
    if let Some(at) = at.filter(|_| inner.chars().all(|c| c.is_ascii_alphanumeric() || "_-./@+,".contains(c))) {
        let (before, after) = (written.get(..at).unwrap_or_default(), written.get(at + quoted.len()..).unwrap_or_default());
        report.fix("take the quotes off", Applicability::Unsafe, vec![replace(variable.span, format!("{before}{inner}{after}"))]);
    }
    true
}

/// The default of a value that is one `${NAME:-default}`.
fn default_of(raw: &str) -> Option<&str> {
    let inside = raw.trim().strip_prefix("${")?.strip_suffix('}')?;
    let end = inside.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
    let rest = inside.get(end..)?;
    rest.strip_prefix(":-").or_else(|| rest.strip_prefix('-')).filter(|default| !default.contains(['$', '{', '}']))
}

/// Whether a text begins with a quote and ends with its fellow.
fn in_one_quotation(text: &str) -> bool {
    ['"', '\''].iter().any(|q| text.strip_prefix(*q).and_then(|t| t.strip_suffix(*q)).is_some_and(|inner| !inner.contains(*q)))
}

/// Names of values in a language of which quotes are a part.
fn wants_quotes(name: &str) -> bool {
    ["ATTRIBUTE_PATH", "EXPRESSION", "EXPR", "QUERY", "SQL", "JSON", "FILTER"].iter().any(|end| name.to_uppercase().ends_with(end))
}
