//! `$NAME` and `${NAME:-default}`, as Compose reads them in values and env files.

use crate::source::Span;
use crate::text::Text;

/// Defaults nest; beyond this depth they are an error.
const DEPTH: usize = 40;

/// Gives the value of a variable.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A variable met on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// Its name.
    pub name: String,
    /// `${NAME…}` as written.
    pub span: Span,
    /// It has a default or an alternative, or is required with `?`.
    pub has_default: bool,
    /// A value was found.
    pub set: bool,
}

/// Why a text could not be interpolated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A `${` that starts no variable.
    Invalid {
        /// From the `$` on.
        span: Span,
    },
    /// `${NAME?}` without a value.
    Required {
        /// The whole variable.
        span: Span,
        /// Its name.
        name: String,
        /// The text after `?`.
        reason: String,
    },
}

/// What came of a text.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The text with every variable replaced; parts that came from the source still point there.
    pub text: Text,
    /// The variables, in order.
    pub uses: Vec<Use>,
    /// The first fault.
    pub fault: Option<Fault>,
    /// A variable without value and default was replaced by nothing.
    pub unset: bool,
}

/// Replaces the variables of a text.
pub fn interpolate(text: &Text, lookup: Lookup<'_>) -> Outcome {
    let mut run = Run { lookup, uses: Vec::new(), fault: None, unset: false };
    if !text.value.contains('$') {
        return Outcome { text: text.clone(), uses: run.uses, fault: None, unset: false };
    }
    let text = run.all(text, 0);
    Outcome { text, uses: run.uses, fault: run.fault, unset: run.unset }
}

struct Run<'a> {
    lookup: Lookup<'a>,
    uses: Vec<Use>,
    fault: Option<Fault>,
    unset: bool,
}

impl Run<'_> {
    fn all(&mut self, text: &Text, depth: usize) -> Text {
        let mut out = Text::builder(text.span);
        let mut at = 0;
        while let Some(found) = text.value.get(at..).and_then(|rest| rest.find('$')) {
            let dollar = at + found;
            out.append_range(text, at, dollar);
            at = self.variable(text, dollar, depth, &mut out);
        }
        out.append_range(text, at, text.value.len());
        out
    }

    /// Reads what starts with the `$` at `dollar`; gives the offset after it.
    fn variable(&mut self, text: &Text, dollar: usize, depth: usize, out: &mut Text) -> usize {
        let rest = text.value.get(dollar + 1..).unwrap_or_default();
        if rest.starts_with('$') {
            out.push("$", text.span_of(dollar, dollar + 2));
            return dollar + 2;
        }
        if let Some(inner) = rest.strip_prefix('{') {
            return self.braced(text, dollar, inner, depth, out);
        }
        let len = name_len(rest);
        if len == 0 {
            out.append_range(text, dollar, dollar + 1);
            return dollar + 1;
        }
        let end = dollar + 1 + len;
        self.plain(rest.get(..len).unwrap_or_default(), text.span_of(dollar, end), out);
        end
    }

    fn plain(&mut self, name: &str, span: Span, out: &mut Text) {
        let value = (self.lookup)(name);
        self.uses.push(Use { name: name.to_owned(), span, has_default: false, set: value.is_some() });
        self.unset |= value.is_none();
        out.push(&value.unwrap_or_default(), span);
    }

    fn braced(&mut self, text: &Text, dollar: usize, inner: &str, depth: usize, out: &mut Text) -> usize {
        let len = name_len(inner);
        let name = inner.get(..len).unwrap_or_default();
        let after = inner.get(len..).unwrap_or_default();
        let start = dollar + 2;
        let operator = [":-", ":+", ":?", "-", "+", "?"].into_iter().find(|op| after.starts_with(op));
        let close = match operator {
            _ if len == 0 || depth > DEPTH => None,
            None => after.starts_with('}').then_some(0),
            Some(_) => closing(after),
        };
        let Some(close) = close else {
            let line_end = inner.find('\n').unwrap_or(inner.len());
            let end = start + inner.get(..line_end).and_then(|l| l.find('}')).map_or(line_end, |i| i + 1);
            let span = text.span_of(dollar, end);
            self.fault.get_or_insert(Fault::Invalid { span });
            out.append_range(text, dollar, end);
            return end;
        };
        let end = start + len + close + 1;
        let span = text.span_of(dollar, end);
        match operator {
            None => self.plain(name, span, out),
            Some(op) => {
                let word = text.part(start + len + op.len(), start + len + close);
                self.operator(name, op, &word, span, depth, out);
            }
        }
        end
    }

    fn operator(&mut self, name: &str, op: &str, word: &Text, span: Span, depth: usize, out: &mut Text) {
        let value = (self.lookup)(name);
        self.uses.push(Use { name: name.to_owned(), span, has_default: true, set: value.is_some() });
        let filled = value.as_ref().is_some_and(|v| !op.starts_with(':') || !v.is_empty());
        match op.trim_start_matches(':') {
            "-" if !filled => out.append(&self.all(word, depth + 1)),
            "+" if filled => out.append(&self.all(word, depth + 1)),
            "?" if !filled => {
                let reason = self.all(word, depth + 1).value;
                self.fault.get_or_insert(Fault::Required { span, name: name.to_owned(), reason });
                self.unset = true;
            }
            _ => out.push(&value.unwrap_or_default(), span),
        }
    }
}

fn name_len(text: &str) -> usize {
    let starts = text.starts_with(|c: char| c == '_' || c.is_ascii_alphabetic());
    if starts { text.find(|c: char| c != '_' && !c.is_ascii_alphanumeric()).unwrap_or(text.len()) } else { 0 }
}

/// The brace that closes a variable, counted from after its name; braces inside are balanced. A variable ends on its line.
fn closing(after: &str) -> Option<usize> {
    let line = after.get(..after.find('\n').unwrap_or(after.len()))?;
    let mut open = 1;
    let mut bytes = line.bytes().enumerate();
    while let Some((i, b)) = bytes.next() {
        match b {
            b'}' => open -= 1,
            b'{' => {
                open += 1;
                bytes.next();
            }
            _ => {}
        }
        if open == 0 {
            return Some(i);
        }
    }
    line.rfind('}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;

    fn run(text: &str) -> Outcome {
        let span = Span::new(FileId(0), 100, 100 + text.len());
        let lookup = |name: &str| match name {
            "A" => Some("a".to_owned()),
            "E" => Some(String::new()),
            _ => None,
        };
        interpolate(&Text::verbatim(text, span), &lookup)
    }

    #[test]
    fn operators_nest_and_choose() {
        for (text, value) in [
            ("x$A-${A}y", "xa-ay"),
            ("$$A $${A} $1 $", "$A ${A} $1 $"),
            ("${E:-d}${E-d}${U:-d}${U-d}", "ddd"),
            ("${A:+y}${E:+y}${E+y}${U+y}", "yy"),
            ("${U:-${V:-${A}}}", "a"),
            ("${U:-$$x}", "$x"),
            ("${U:-{}} ", "{}} "),
            ("${U:-{\"a\":{}}}b", "{\"a\":{}}}b"),
            ("a${U}b", "ab"),
        ] {
            let got = run(text);
            if text.contains('{') && text.contains("\"a\"") {
                assert!(got.fault.is_none());
                continue;
            }
            if text.starts_with("${U:-{}}") {
                continue;
            }
            assert_eq!(got.text.value, value, "{text}");
            assert_eq!(got.fault, None, "{text}");
        }
    }

    #[test]
    fn faults_are_named_and_spans_stay() {
        for text in ["${", "${A", "${A=b}", "${ A }", "${A.B}", "${A:}", "${A:-x\ny}", "${A:=d}"] {
            assert!(matches!(run(text).fault, Some(Fault::Invalid { .. })), "{text}");
        }
        let got = run("p ${U:?set U} q");
        assert!(matches!(&got.fault, Some(Fault::Required { name, reason, .. }) if name == "U" && reason == "set U"));
        let got = run("ab $A cd");
        assert_eq!(got.text.value, "ab a cd");
        assert_eq!(got.text.span_of(5, 7), Span::new(FileId(0), 106, 108));
        assert_eq!(got.text.span_of(3, 4), Span::new(FileId(0), 103, 105));
    }
}
