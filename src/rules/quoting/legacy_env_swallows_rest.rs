use crate::rule::{Cx, Rule, rule};
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::{Op, Pair};
use crate::syntax::shell::is_name;

rule!(LegacyEnvSwallowsRest, "quoting/legacy-env-swallows-rest");

impl Rule for LegacyEnvSwallowsRest {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for (_, instruction) in unit.ast.instructions() {
            let inner = if let Op::Onbuild(inner) = &instruction.op { inner } else { instruction };
            let Op::Env(pairs) = &inner.op else { continue };
            for pair in pairs.iter().filter(|p| p.legacy) {
                let Some(value) = &pair.value else { continue };
                let name = &pair.key.value;
                if let Some(what) = taken_in(value) {
                    let message = format!("`{name}` takes the whole rest of the line: {what} is a part of its value");
                    cx.report(value.span, message).help(format!("write `{name}=…` without blanks, and comments on a line of their own"));
                    continue;
                }
                let Some(swallowed) = swallowed(pair, cx) else { continue };
                cx.report(value.span, format!("`{name}` takes the whole rest of the line, so that `{swallowed}` is never set"))
                    .help(format!("write `{name}=…`: without `=` after the first name an ENV holds one variable"));
            }
        }
    }
}

/// An `=` or a comment that became a part of the value.
fn taken_in(value: &str) -> Option<&'static str> {
    let rest = value.trim_start();
    if rest.strip_prefix('=').is_some_and(|r| !r.starts_with(['=', '~']) && !r.trim().is_empty()) {
        return Some("the `=`");
    }
    let comment = rest.split_once(" # ").is_some_and(|(before, _)| !before.contains(['"', '\'']));
    comment.then_some("the comment")
}

/// A variable that was meant to be set, by its looks.
fn swallowed(pair: &Pair, cx: &Cx<'_>) -> Option<String> {
    let value = pair.value.as_ref()?;
    if let Some(quote) = value.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        // `"my app" VERSION=1`: what follows a value in quotes is no part of it by its looks
        let rest = value.get(1..)?.split_once(quote)?.1;
        let pairs: Vec<&str> = rest.split_whitespace().map(|w| w.split_once('=').map_or("", |p| p.0)).collect();
        let named = rest.starts_with([' ', '\t']) && pairs.iter().all(|n| is_name(n));
        return pairs.first().filter(|_| named).map(|n| (*n).to_owned());
    }
    let lines: Vec<&str> = cx.text(value.span).lines().collect();
    // `ENV A 1 \` and `B 2` on the next line
    for line in lines.iter().skip(1) {
        let mut words = line.split_whitespace();
        let (name, next) = (words.next().unwrap_or_default(), words.next());
        if is_variable(name) && next.is_some_and(|n| n != "\\") {
            return Some(name.to_owned());
        }
    }
    let words: Vec<&str> = value.split_whitespace().collect();
    if words.iter().any(|w| w.starts_with('-')) || words.len() > 12 {
        return None;
    }
    let name_of = |w: &&str| w.split_once('=').map(|(n, _)| n.to_owned());
    let upper = words.iter().filter_map(name_of).find(|n| is_variable(n));
    let names: Vec<String> = words.iter().filter_map(name_of).filter(|n| is_name(n)).collect();
    let mixed = !names.is_empty() && names.len() < words.len() && words.len() == 2;
    // `ENV A 1 B=2 C=3`: every word but the first is a pair
    let head = words.first().is_some_and(|w| !w.contains('='));
    let capital = names.first().is_some_and(|n| !n.bytes().any(|b| b.is_ascii_lowercase()));
    let mixed = mixed || head && capital && names.len() + 1 == words.len();
    upper.filter(|_| words.len() > 1 || names.is_empty()).or_else(|| mixed.then(|| names.first().cloned()).flatten())
}

fn is_variable(text: &str) -> bool {
    is_name(text) && text.len() > 1 && !text.bytes().any(|b| b.is_ascii_lowercase())
}
