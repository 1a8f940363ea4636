//! `$name` and `${name…}`: the value, and what the operators make of it.

use std::ops::Range;

use super::bash_params;
use super::flow::Flow;
use super::patterns::Pattern;
use super::status::Stopped;
use super::step::{Outcome, ShellKind};
use super::variables::{Setter, Value};
use super::words::{Cx, Expander, Frag, Place, joined, local};
use crate::syntax::shell::operand;

/// A parameter expansion as it is written.
struct Spec {
    name: String,
    /// `${#name}`.
    length: bool,
    operator: &'static str,
    /// The word after the operator.
    word: Range<usize>,
}

/// What only bash has, to be looked for after the others.
const BASH_OPERATORS: [&str; 3] = ["//", "/", ":"];

const OPERATORS: [&str; 12] = [":-", ":=", ":?", ":+", "##", "%%", "-", "=", "?", "+", "#", "%"];

/// Whether quotes in a quoted expansion's word hold a backslash that other double quotes would keep: bash takes it away, in
/// some places with what follows it.
fn loses_backslashes(word: &str) -> bool {
    let Some((_, inside)) = word.split_once('"') else { return false };
    let mut bytes = inside.bytes();
    std::iter::from_fn(|| bytes.find(|b| *b == b'\\').and_then(|_| bytes.next())).any(|b| !matches!(b, b'$' | b'`' | b'"' | b'\\'))
}

impl Expander<'_> {
    /// Expands the parameter at `range`.
    pub(super) fn param(&mut self, range: Range<usize>, at: Place, frags: &mut Vec<Frag>) {
        let quoted = at.quoted;
        let raw = self.raw(range.clone());
        // shells differ in what a single quote in `${…}` is in a heredoc
        let singles = raw.matches('\'').count();
        let differs = at.cx.heredoc && singles > 0 && (singles % 2 == 1 || raw.contains(['\\', '"']));
        let readable = || self.text.slice(range.clone()).is_known();
        let of_bash = self.kind == ShellKind::Bash;
        let Some(spec) = spec(raw, range.start, of_bash).filter(|_| !differs && readable()) else {
            let written = self.raw(range.clone()).to_owned();
            self.mark(range.clone(), &written, Outcome::Unknown("shells differ in what they make of it".to_owned()));
            frags.push(unknown(self.hole(range), quoted));
            return;
        };
        match spec.name.as_str() {
            "@" | "*" => self.all(range, &spec, at, frags),
            "#" => {
                let count = self.state.positional.as_ref().map(|all| all.len().to_string());
                let value = count.map_or(Value::Unknown("arguments that are given from outside".to_owned()), |n| {
                    Value::Known(Flow::value(&n, self.text.span_of(range.clone()), false))
                });
                self.replace(range, &spec, (value, None), at, frags);
            }
            name => {
                let found = self.state.look_up(name);
                self.replace(range, &spec, found, at, frags);
            }
        }
    }

    fn replace(&mut self, range: Range<usize>, spec: &Spec, found: (Value, Option<Setter>), at: Place, frags: &mut Vec<Frag>) {
        let quoted = at.quoted;
        let (value, set_by) = found;
        if let Value::Unknown(why) = &value {
            // the word inside may set variables, or not
            if !spec.word.is_empty() {
                self.perhaps_inside(spec, at);
            }
            if spec.operator.ends_with('=') {
                self.state.vars.forget(&spec.name, why);
            }
            let why = why.clone();
            self.mark(range.clone(), &spec.name, Outcome::Unknown(why));
            let number = spec.length || spec.operator.is_empty() && matches!(spec.name.as_str(), "$" | "?" | "#");
            frags.push(unknown(if number { self.number(range) } else { self.hole(range) }, quoted));
            return;
        }
        let known = match value {
            Value::Known(flow) => Some(flow),
            _ => None,
        };
        let stops = self.state.nounset
            && known.is_none()
            && (spec.length || matches!(spec.operator, "" | "#" | "##" | "%" | "%%" | "/" | "//" | ":"));
        if stops {
            self.state.stopped = Stopped::Yes;
            self.mark(range.clone(), &spec.name, Outcome::Unknown("it is unset, and `set -u` stops the shell here".to_owned()));
            frags.push(unknown(self.hole(range), quoted));
            return;
        }
        if spec.length {
            let text = known.clone().unwrap_or_default();
            let plain =
                text.known().filter(|t| t.is_ascii()).map(|t| Flow::value(&t.len().to_string(), self.text.span_of(range.clone()), false));
            self.settle(range, &spec.name, plain, set_by, quoted, frags);
            return;
        }
        match spec.operator {
            "" => self.plain(range, &spec.name, known, set_by, quoted, frags),
            "#" | "##" | "%" | "%%" => {
                let cut = match known {
                    Some(text) => self.cut(spec, &text, at),
                    None => Some(Flow::default()),
                };
                self.settle(range, &spec.name, cut, set_by, quoted, frags);
            }
            "/" | "//" | ":" => {
                let (word, span) = (self.raw(spec.word.clone()), self.text.span_of(range.clone()));
                let made = match known {
                    Some(text) if spec.operator == ":" => bash_params::part(&text, word),
                    Some(text) => bash_params::replaced(&text, word, spec.operator == "//", span),
                    None => None,
                };
                self.settle(range, &spec.name, made, set_by, quoted, frags);
            }
            operator => self.choose(range, spec, operator, known, set_by, at, frags),
        }
    }

    #[allow(clippy::too_many_arguments, reason = "an operator has both operands, and its place")]
    fn choose(
        &mut self,
        range: Range<usize>,
        spec: &Spec,
        operator: &str,
        known: Option<Flow>,
        set_by: Option<Setter>,
        at: Place,
        frags: &mut Vec<Frag>,
    ) {
        let quoted = at.quoted;
        let empty_counts = operator.starts_with(':');
        let certain = known
            .as_ref()
            .is_none_or(|text| text.is_known() || !empty_counts || text.parts().any(|(_, p)| p.origin != super::flow::Origin::Unknown));
        if !certain {
            self.perhaps_inside(spec, at);
            self.mark(range.clone(), &spec.name, Outcome::Unknown("it depends on whether the value is empty".to_owned()));
            frags.push(unknown(self.hole(range), quoted));
            return;
        }
        let filled = known.as_ref().is_some_and(|text| !empty_counts || !text.is_empty());
        match (operator.trim_start_matches(':'), filled) {
            ("-" | "?", true) | ("=", true) => self.plain(range, &spec.name, known, set_by, quoted, frags),
            ("+", false) => {
                self.mark(range, &spec.name, Outcome::Empty);
                frags.push(nothing(quoted));
            }
            ("?", false) => {
                self.state.stopped = Stopped::Yes;
                self.mark(range.clone(), &spec.name, Outcome::Unknown("it is unset, and the shell stops here".to_owned()));
                frags.push(unknown(self.hole(range), quoted));
            }
            (kind, _) => {
                let inner = self.inside(spec, at);
                let value = joined(&inner);
                self.mark(range.clone(), &spec.name, Outcome::Known { value: value.clone(), set_by: None });
                if kind == "=" {
                    self.state.assign(&spec.name, Value::Known(value.clone()), None, false);
                    self.put(range, &value, quoted, frags);
                } else if inner.is_empty() {
                    frags.push(nothing(quoted));
                } else {
                    frags.extend(inner);
                }
            }
        }
    }

    /// The word inside the braces.
    fn inside(&mut self, spec: &Spec, at: Place) -> Vec<Frag> {
        let knows = matches!(self.kind, ShellKind::Dash | ShellKind::Ash);
        if at.enclosed && !knows && loses_backslashes(self.raw(spec.word.clone())) {
            return vec![Frag::plain(self.hole(spec.word.clone()), true)];
        }
        let pieces = operand(self.raw(spec.word.clone()), local(spec.word.clone()), at.enclosed);
        self.frags(&pieces, Cx { whole: at.quoted, operand: true, heredoc: false, single: at.cx.single, depth: at.cx.depth + 1 })
    }

    /// The word inside the braces, where it is not known whether the shell looks at it.
    fn perhaps_inside(&mut self, spec: &Spec, at: Place) {
        let before = self.state.stopped;
        self.inside(spec, at);
        if self.state.stopped > before {
            self.state.stopped = Stopped::Perhaps;
        }
    }

    /// `${name#pattern}` and its like; `None` where that cannot be known.
    fn cut(&mut self, spec: &Spec, text: &Flow, at: Place) -> Option<Flow> {
        let pieces = operand(self.raw(spec.word.clone()), local(spec.word.clone()), false);
        let frags = self.frags(&pieces, Cx { depth: at.cx.depth + 1, ..Cx::WORD });
        let known = text.known()?;
        let suffix = spec.operator.starts_with('%');
        let found = Pattern::read(&frags)?.cut(known, suffix, spec.operator.len() == 2)?;
        Some(match found {
            Some(end) if suffix => text.slice(0..end),
            Some(start) => text.slice(start..text.len()),
            None => text.clone(),
        })
    }

    fn plain(&mut self, range: Range<usize>, name: &str, known: Option<Flow>, set_by: Option<Setter>, quoted: bool, frags: &mut Vec<Frag>) {
        match known {
            Some(value) => {
                self.put(range.clone(), &value, quoted, frags);
                self.mark(range, name, Outcome::Known { value, set_by });
            }
            None => {
                self.mark(range, name, Outcome::Empty);
                frags.push(nothing(quoted));
            }
        }
    }

    /// A computed value; `None` where it cannot be computed.
    fn settle(
        &mut self,
        range: Range<usize>,
        name: &str,
        value: Option<Flow>,
        set_by: Option<Setter>,
        quoted: bool,
        frags: &mut Vec<Frag>,
    ) {
        match value {
            Some(value) => self.plain(range, name, Some(value), set_by, quoted, frags),
            None => {
                self.mark(range.clone(), name, Outcome::Unknown("the shell computes it".to_owned()));
                frags.push(unknown(self.hole(range), quoted));
            }
        }
    }

    fn put(&mut self, range: Range<usize>, value: &Flow, quoted: bool, frags: &mut Vec<Frag>) {
        let mut flow = Flow::default();
        flow.append_value(value, self.text.span_of(range));
        let pattern = !quoted && value.text().contains(['*', '?', '[']);
        frags.push(Frag::Text { flow, quoted, split: !quoted, pattern });
    }

    /// `$@` and `$*`.
    fn all(&mut self, range: Range<usize>, spec: &Spec, at: Place, frags: &mut Vec<Frag>) {
        let quoted = at.quoted;
        let separate = spec.name == "@" && !at.cx.single;
        let plain = spec.operator.is_empty() && !spec.length;
        // with an IFS of its own shells differ in how they join them, and in the empty ones
        let own_ifs = self.state.ifs.as_deref() != Some(" \t\n");
        let joins = at.cx.single && spec.name == "@" && self.kind != super::step::ShellKind::Bash;
        let empty = |all: &[Flow]| !quoted && all.iter().any(Flow::is_empty);
        // what an empty one without quotes makes of the word around it is for dash to say
        let known = |all: &[Flow]| self.kind == ShellKind::Bash || !empty(all);
        let told = |all: &[Flow]| known(all) && (!own_ifs || !joins && !at.cx.operand && !empty(all));
        let Some(all) = self.state.positional.clone().filter(|all| plain && told(all)) else {
            if !spec.word.is_empty() {
                self.perhaps_inside(spec, at);
            }
            self.mark(range.clone(), &spec.name, Outcome::Unknown("arguments that are given from outside".to_owned()));
            frags.push(Frag::Text { flow: self.hole(range), quoted: false, split: true, pattern: false });
            return;
        };
        let mut value = Flow::default();
        let joint = match (quoted && spec.name == "*", self.state.ifs.as_deref()) {
            (false, _) => " ".to_owned(),
            (true, Some(ifs)) => ifs.chars().next().map(String::from).unwrap_or_default(),
            (true, None) => return frags.push(unknown(self.hole(range), quoted)),
        };
        let span = self.text.span_of(range.clone());
        if quoted && separate && !all.is_empty() && self.kind != super::step::ShellKind::Bash {
            frags.push(Frag::All);
        }
        for (n, one) in all.iter().enumerate() {
            if n > 0 {
                if quoted && !separate {
                    frags.push(Frag::plain(Flow::value(&joint, span, false), true));
                } else {
                    frags.push(Frag::Break);
                }
                value.push(&joint, span, super::flow::Origin::Decoded);
            }
            value.append_value(one, span);
            self.put(range.clone(), one, quoted, frags);
        }
        if all.is_empty() && quoted {
            // inside another expansion it may be an empty word
            frags.push(match (separate, at.cx.operand) {
                (true, true) => unknown(self.hole(range.clone()), quoted),
                (true, false) => Frag::None,
                (false, _) => nothing(true),
            });
            if !separate && at.cx.operand {
                frags.push(nothing(false));
            }
        }
        let outcome = if all.is_empty() { Outcome::Empty } else { Outcome::Known { value, set_by: None } };
        self.mark(range, &spec.name, outcome);
    }
}

fn nothing(quoted: bool) -> Frag {
    Frag::Text { flow: Flow::default(), quoted, split: !quoted, pattern: false }
}

fn unknown(flow: Flow, quoted: bool) -> Frag {
    Frag::Text { flow, quoted, split: !quoted, pattern: false }
}

/// Reads `$name` or `${…}` that stands at `start`; `None` for what only other shells have.
fn spec(raw: &str, start: usize, of_bash: bool) -> Option<Spec> {
    let plain = |name: &str| Spec { name: name.to_owned(), length: false, operator: "", word: 0..0 };
    let Some(body) = raw.strip_prefix("${") else { return Some(plain(raw.strip_prefix('$')?)) };
    let body = body.strip_suffix('}')?;
    // its last brace is a plain character
    if body.bytes().rev().take_while(|b| *b == b'\\').count() % 2 == 1 {
        return None;
    }
    let at = start + 2;
    if let Some(name) = body.strip_prefix('#').filter(|rest| !rest.is_empty()) {
        let whole = name_len(name) == name.len();
        return whole.then(|| Spec { name: name.to_owned(), length: true, operator: "", word: 0..0 });
    }
    let len = match name_len(body) {
        0 => body.chars().next().filter(|c| "@*#?$!-".contains(*c)).map(char::len_utf8)?,
        n => n,
    };
    let (name, rest) = body.split_at_checked(len)?;
    if rest.is_empty() {
        return Some(plain(name));
    }
    let known = OPERATORS.into_iter().find(|op| rest.starts_with(op));
    let operator = known.or_else(|| of_bash.then(|| BASH_OPERATORS.into_iter().find(|op| rest.starts_with(op)))?)?;
    let from = at + len + operator.len();
    Some(Spec { name: name.to_owned(), length: false, operator, word: from..at + body.len() })
}

fn name_len(text: &str) -> usize {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return text.bytes().take_while(u8::is_ascii_digit).count();
    }
    text.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count()
}
