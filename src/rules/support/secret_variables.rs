//! The variables of a Dockerfile that hold secrets, or are named as if they did; each is one rule's finding, never two.

use std::rc::Rc;

use crate::rule::Cx;
use crate::rules::support::secrets::{Value, buildkit_name, hadolint_name, hints_at_secret, judge, secret_name, tried_first};
use crate::rules::support::tokens::{SHORTEST_TOKEN, token, url_login};
use crate::source::Span;
use crate::stack::{DockerfileUnit, Stack};
use crate::syntax::dockerfile::{Instruction, Op, Pair, unquote};
use crate::text::Text;

/// Which rule speaks of a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `secret-in-env`: an ENV with a real value.
    Env,
    /// `secret-in-build-arg`: an ARG that is meant to be given a secret, or has one as default.
    Arg,
    /// `secret-named-variable`: only its name says so.
    Named,
}

/// ENV or ARG whose name or value says "secret".
pub(crate) struct Variable {
    /// Which rule's it is.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// The place to report: the name, on the line that other tools report.
    pub span: Span,
    /// The name itself.
    pub key: Span,
    /// The value.
    pub value: Option<Text>,
    /// What the value is.
    pub judged: Value,
    /// The stage; `None` before the first FROM.
    pub stage: Option<usize>,
    /// The ids of the peers that report it.
    pub aliases: Vec<&'static str>,
}

/// All such variables of a file, in order.
pub(crate) fn of(unit: &DockerfileUnit, cx: &mut Cx<'_>) -> Rc<Vec<Variable>> {
    cx.once(|stack| all(stack, unit))
}

fn all(stack: &Stack, unit: &DockerfileUnit) -> Vec<Variable> {
    let mut found = Vec::new();
    for (item, instruction) in unit.ast.instructions() {
        let stage = unit.ast.stage_of(item);
        match &instruction.op {
            Op::Env(pairs) | Op::Arg(pairs) => {
                found.extend(pairs.iter().filter_map(|p| variable(stack, unit, instruction, stage, p)));
            }
            Op::Onbuild(inner) => {
                if let Op::Env(pairs) | Op::Arg(pairs) = &inner.op {
                    let named = pairs.iter().filter_map(|p| variable(stack, unit, inner, None, p));
                    found.extend(named.map(|v| Variable { kind: Kind::Named, aliases: hadolint(&v.name), ..v }));
                }
            }
            _ => {}
        }
    }
    found.retain(|v| v.kind != Kind::Named || !v.aliases.is_empty());
    found
}

fn hadolint(name: &str) -> Vec<&'static str> {
    if hadolint_name(name) { vec!["DL3064"] } else { Vec::new() }
}

fn variable(stack: &Stack, unit: &DockerfileUnit, instruction: &Instruction, stage: Option<usize>, pair: &Pair) -> Option<Variable> {
    if is_plain(pair) {
        return None;
    }
    let name = unquote(&pair.key, unit.ast.escape).value;
    if name.contains(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))) {
        return None;
    }
    let value = pair.value.as_ref().map(|v| unquote(v, unit.ast.escape));
    let judged = value.as_ref().map_or(Value::Nothing, |v| match judge(&name, v) {
        Value::Nothing => url_password(v),
        judged => judged,
    });
    let arg = matches!(instruction.op, Op::Arg(_));
    let shipped = stage.is_some_and(|s| is_shipped(stack, unit, s));
    let kind = match (arg, judged) {
        (true, Value::Token(_) | Value::Random) => Kind::Arg,
        (true, _) if stage.is_some() && secret_name(&name) => Kind::Arg,
        (false, Value::Token(_) | Value::Random) => Kind::Env,
        (false, Value::Word) if shipped => Kind::Env,
        _ => Kind::Named,
    };
    let mut aliases = hadolint(&name);
    if stage.is_some() && buildkit_name(&name) {
        aliases.insert(0, "SecretsUsedInArgOrEnv");
    }
    if kind == Kind::Named && aliases.is_empty() {
        return None;
    }
    if kind != Kind::Named {
        aliases.push("DS-0031");
    }
    // the builder's own check speaks of the instruction's first line
    let source = stack.sources.get(unit.file);
    let line = |span: Span| source.line_of(span.start as usize);
    let key = pair.key.span;
    let span = if line(key) == line(instruction.head) { key } else { instruction.word.span.to(key) };
    Some(Variable { kind, name, span, key, value, judged, stage, aliases })
}

/// Neither the name nor the value can be about a secret: seen before anything is copied, since nearly all variables are so.
fn is_plain(pair: &Pair) -> bool {
    let key = pair.key.value.as_str();
    let written_plainly = key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    let short = |value: &str| value.len() < SHORTEST_TOKEN;
    let unquoted = |value: &str| !value.bytes().any(|b| matches!(b, b'\'' | b'"' | b'\\' | b'`'));
    let harmless = |value: &str| !value.as_bytes().contains(&b'@') && (short(value) || unquoted(value) && token(value).is_none());
    written_plainly && !hints_at_secret(key) && pair.value.as_ref().is_none_or(|v| harmless(&v.value))
}

/// What the password is that stands in a URL; one that everyone knows is somebody's example.
fn url_password(value: &str) -> Value {
    match url_login(value) {
        Some(login) if !login.password.contains('$') && !tried_first(Some(&login.user), &login.password) => {
            judge("password", &login.password)
        }
        _ => Value::Nothing,
    }
}

/// Whether a stage is part of an image that some build ends with.
pub(crate) fn is_shipped(stack: &Stack, unit: &DockerfileUnit, stage: usize) -> bool {
    stack.builds_of(unit).filter_map(|b| b.stage).any(|n| unit.builds_on(n, stage))
}
