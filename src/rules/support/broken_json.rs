//! Instructions whose JSON form cannot be read, so that the builder takes it for a shell's text.

use crate::syntax::dockerfile::{Form, Instruction, Op};

/// Whether an instruction was meant as JSON and is none.
pub(crate) fn falls_back(instruction: &Instruction) -> bool {
    if matches!(instruction.op, Op::Volume(_) | Op::Copy(_) | Op::Add(_)) {
        return !instruction.json && begins_list(instruction.rest.trim());
    }
    let (form, test_allowed) = match &instruction.op {
        Op::Cmd(form) | Op::Entrypoint(form) => (form, false),
        Op::Run(run) => (&run.form, true),
        Op::Healthcheck(Some(form)) => (form, true),
        _ => return false,
    };
    let Form::Shell(text) = form else { return false };
    if !text.text.trim_start_matches(|c: char| c.is_whitespace() || c == '\\').starts_with('[') {
        return false;
    }
    let joined = text.text.replace("\\\n", " ");
    let text = joined.trim();
    let Some(inner) = text.strip_prefix('[').filter(|i| !i.starts_with('[')) else { return false };
    // the test of a shell has a blank behind its bracket
    let tight = !inner.starts_with(char::is_whitespace);
    let inner = inner.trim_start();
    let Some(quote) = inner.chars().next().filter(|c| matches!(c, '"' | '\'' | '“' | '”' | '‘' | '’' | '`')) else {
        return !test_allowed && text.ends_with(']') && text.contains(',') && !text.contains(" = ");
    };
    if tight {
        return true;
    }
    let closing = |c: char| c == quote || (!quote.is_ascii() && matches!(c, '”' | '’' | '“' | '‘'));
    let after = inner.get(quote.len_utf8()..).and_then(|rest| rest.find(closing).and_then(|end| rest.get(end..)));
    let Some(after) = after.map(|rest| rest.trim_start_matches(closing).trim_start()) else { return !test_allowed };
    // `[ "$a" ]` is a test, `["a", …` is a list
    after.starts_with([',', '"', '\'', '“', '‘']) || !test_allowed && after.trim_end() == "]"
}

/// `['/data'`, `["a`: a bracket with a quote, which begins no pattern that a path would need.
pub(crate) fn begins_list(text: &str) -> bool {
    let inner = text.strip_prefix('[').map(str::trim_start);
    inner.is_some_and(|i| i.starts_with(['"', '\'', '“', '”', '‘', '’']) && (text.ends_with(']') || i.contains(',')))
}
