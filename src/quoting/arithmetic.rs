//! `$((…))`, where all of its operands are numbers that are known.

use super::variables::Value;

/// Expressions stand in each other at most this deep.
const MAX_DEPTH: usize = 32;

/// The value of an expression; `None` where it sets something, where an operand is not known, or where shells differ.
pub(super) fn evaluate(sum: &str, look_up: &dyn Fn(&str) -> Value) -> Option<i64> {
    let mut sum = Sum { rest: sum, look_up, depth: 0 };
    let value = sum.choice()?;
    sum.rest.trim_start().is_empty().then_some(value)
}

/// The operators of two operands, those that bind most loosely first; of two that start alike the longer first.
const LEVELS: [&[&str]; 10] =
    [&["||"], &["&&"], &["|"], &["^"], &["&"], &["==", "!="], &["<=", ">=", "<", ">"], &["<<", ">>"], &["+", "-"], &["*", "/", "%"]];

struct Sum<'a> {
    rest: &'a str,
    look_up: &'a dyn Fn(&str) -> Value,
    depth: usize,
}

impl Sum<'_> {
    fn choice(&mut self) -> Option<i64> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let condition = self.level(0)?;
        let value = if self.take("?") {
            let yes = self.choice()?;
            if !self.take(":") {
                return None;
            }
            let no = self.choice()?;
            if condition == 0 { no } else { yes }
        } else {
            condition
        };
        self.depth -= 1;
        Some(value)
    }

    fn level(&mut self, at: usize) -> Option<i64> {
        let Some(operators) = LEVELS.get(at) else { return self.one() };
        let mut value = self.level(at + 1)?;
        while let Some(operator) = self.operator(operators) {
            value = apply(operator, value, self.level(at + 1)?)?;
        }
        Some(value)
    }

    /// One of these operators, where it is no longer one that starts with it, and no assignment.
    fn operator<'o>(&mut self, operators: &[&'o str]) -> Option<&'o str> {
        let rest = self.rest.trim_start();
        let found = operators.iter().find(|op| rest.starts_with(**op))?;
        let after = rest.get(found.len()..)?;
        let longer = match *found {
            "|" | "&" | "<" | ">" | "*" | "+" | "-" => after.starts_with(*found) || after.starts_with('='),
            "^" | "/" | "%" | "<<" | ">>" => after.starts_with('='),
            _ => false,
        };
        if longer {
            return None;
        }
        self.rest = after;
        Some(found)
    }

    fn take(&mut self, text: &str) -> bool {
        let rest = self.rest.trim_start();
        match rest.strip_prefix(text) {
            Some(after) => {
                self.rest = after;
                true
            }
            None => false,
        }
    }

    fn one(&mut self) -> Option<i64> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let rest = self.rest.trim_start();
        let value = match rest.chars().next()? {
            '(' => {
                self.take("(");
                let value = self.choice()?;
                self.take(")").then_some(value)
            }
            '!' if !rest.starts_with("!=") => {
                self.take("!");
                Some(i64::from(self.one()? == 0))
            }
            '~' => {
                self.take("~");
                Some(!self.one()?)
            }
            '-' | '+' if rest.starts_with("--") || rest.starts_with("++") => None,
            '-' => {
                self.take("-");
                Some(self.one()?.wrapping_neg())
            }
            '+' => {
                self.take("+");
                self.one()
            }
            c if c.is_ascii_digit() => {
                let len = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
                let (digits, after) = rest.split_at_checked(len)?;
                self.rest = after;
                number(digits)
            }
            '$' | '_' | 'a'..='z' | 'A'..='Z' => self.variable(rest),
            _ => None,
        };
        self.depth -= 1;
        value
    }

    /// `name`, `$name` and `${name}`; what is set to something else than a number may be an expression.
    fn variable(&mut self, rest: &str) -> Option<i64> {
        let dollar = rest.strip_prefix('$');
        let braced = dollar.and_then(|d| d.strip_prefix('{'));
        let from = braced.or(dollar).unwrap_or(rest);
        let len = from.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
        let (name, mut after) = from.split_at_checked(len)?;
        if braced.is_some() {
            after = after.strip_prefix('}')?;
        }
        let sets = after.trim_start();
        let assigns = sets.starts_with('=') && !sets.starts_with("==") || sets.starts_with("++") || sets.starts_with("--");
        let value = match (self.look_up)(name) {
            Value::Known(flow) => flow.known()?.to_owned(),
            Value::Unset if dollar.is_none() => "0".to_owned(),
            _ => return None,
        };
        self.rest = self.rest.get(self.rest.len() - after.len()..)?;
        let digits = value.trim().strip_prefix('-').unwrap_or(value.trim());
        let negative = value.trim().starts_with('-');
        // next to `$name` shells read what it holds as a part of the text: `2$name`, `-$name`
        let sign = negative && dollar.is_some();
        match digits.is_empty() {
            _ if name.is_empty() || assigns || sign => None,
            true => (dollar.is_none() && !negative).then_some(0),
            false => number(digits).map(|n| if negative { n.wrapping_neg() } else { n }),
        }
    }
}

fn number(digits: &str) -> Option<i64> {
    if let Some(hex) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        return i64::from_str_radix(hex, 16).ok();
    }
    match digits.strip_prefix('0').filter(|octal| !octal.is_empty()) {
        Some(octal) => i64::from_str_radix(octal, 8).ok(),
        None => digits.parse().ok(),
    }
}

fn apply(operator: &str, a: i64, b: i64) -> Option<i64> {
    Some(match operator {
        "||" => i64::from(a != 0 || b != 0),
        "&&" => i64::from(a != 0 && b != 0),
        "|" => a | b,
        "^" => a ^ b,
        "&" => a & b,
        "==" => i64::from(a == b),
        "!=" => i64::from(a != b),
        "<=" => i64::from(a <= b),
        ">=" => i64::from(a >= b),
        "<" => i64::from(a < b),
        ">" => i64::from(a > b),
        "<<" => a.wrapping_shl(u32::try_from(b).ok().filter(|b| *b < 64)?),
        ">>" => a.wrapping_shr(u32::try_from(b).ok().filter(|b| *b < 64)?),
        "+" => a.wrapping_add(b),
        "-" => a.wrapping_sub(b),
        "*" => a.wrapping_mul(b),
        "/" => a.checked_div(b)?,
        "%" => a.checked_rem(b)?,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quoting::Flow;
    use crate::source::{FileId, Span};

    #[test]
    fn sums_of_known_numbers() {
        let known = |text: &str| Value::Known(Flow::value(text, Span::new(FileId(0), 0, 0), false));
        let look_up = |name: &str| match name {
            "x" => known("7"),
            "blank" => known(" 5 "),
            "empty" => known(""),
            "word" => known("1+2"),
            _ => Value::Unset,
        };
        for (sum, value) in [
            ("1 + 1", Some(2)),
            ("2+3*4", Some(14)),
            ("(2+3)*4", Some(20)),
            ("-7/2", Some(-3)),
            ("-7 % 3", Some(-1)),
            ("1<<3|1", Some(9)),
            ("010 + 0x1F", Some(39)),
            ("x*2", Some(14)),
            ("$x + ${x}", Some(14)),
            ("blank+1", Some(6)),
            ("empty+unset", Some(0)),
            ("$unset", None),
            ("word*2", None),
            ("2>1?5:6", Some(5)),
            ("!0 + ~1", Some(-1)),
            ("1/0", None),
            ("x++", None),
            ("x=3", None),
            ("x == 7", Some(1)),
            ("2**3", None),
            ("1,2", None),
            ("", None),
        ] {
            assert_eq!(evaluate(sum, &look_up), value, "{sum}");
        }
    }
}
