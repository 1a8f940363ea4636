//! From a logical line to an instruction: its parts, the values of the builder's parse node, and its typed arguments.

use std::ops::Range;

use super::ast::{CopyOp, Flag, Form, FromOp, Heredoc, Instruction, Keyword, Op, Pair, RunOp, ShellText, Values};
use super::lines::{Logical, Physicals};
use super::{grammar, heredoc, json, keywords, mount, shell_text};
use crate::source::{At, SourceFile, Span};
use crate::syntax::{SyntaxError, SyntaxErrorKind};
use crate::text::Text;

/// An instruction, and whether its error is one that the builder finds before it looks at any instruction.
pub(super) struct Read {
    pub(super) instruction: Instruction,
    pub(super) error: Option<SyntaxError>,
}

/// What an instruction's parts are read with.
pub(super) struct Reader<'a> {
    pub(super) file: &'a SourceFile,
    pub(super) escape: char,
}

/// The arguments behind the flags.
struct Arguments {
    values: Values,
    json: bool,
    op: Op,
    error: Option<SyntaxError>,
}

impl Values {
    const NONE: Values = Values::List(Vec::new());

    fn of(words: &[Text]) -> Self {
        Values::List(words.iter().map(|word| word.value.clone()).collect())
    }
}

impl Arguments {
    fn new(values: Values, op: Op) -> Self {
        Arguments { values, json: false, op, error: None }
    }
}

impl Reader<'_> {
    /// Reads a whole line, and the heredoc bodies below it.
    pub(super) fn line<'a>(&self, line: &Logical<'_>, lines: &mut Physicals<'a>, last_lines: &mut heredoc::LastLines<'a>) -> Read {
        let mut read = self.part(line, 0..line.text.len(), 0);
        let i = &mut read.instruction;
        let holder = match &i.op {
            Op::Onbuild(inner) => inner,
            _ => &*i,
        };
        let may_hold = matches!(holder.keyword, Keyword::Run | Keyword::Copy | Keyword::Add) && !holder.json;
        if read.error.is_some() || !may_hold || !line.text.contains("<<") {
            return read;
        }
        let bodies = heredoc::bodies(self.file, lines, last_lines, line, &holder.word.value);
        if bodies.heredocs.is_empty() {
            return read;
        }
        let end = bodies.end.unwrap_or(i.span.end as usize);
        i.span = Span::new(self.file.id, i.span.start as usize, end);
        let too_long = bodies.too_long.is_some();
        let missing = bodies.heredocs.iter().find(|h| !h.terminated || too_long);
        read.error = missing.map(|h| self.unterminated(line, h, too_long));
        attach(self, line, i, &bodies.heredocs, end);
        read
    }

    fn unterminated(&self, line: &Logical<'_>, heredoc: &Heredoc, too_long: bool) -> SyntaxError {
        let name = &heredoc.name;
        let (message, help) = if too_long {
            (
                "A line of the heredoc is longer than the 65535 bytes that the builder reads".to_owned(),
                "break the line, or copy a file instead".to_owned(),
            )
        } else {
            let message = format!("The heredoc `{name}` is never closed: no line below is exactly `{name}`");
            (
                message,
                format!(
                    "end it with a line that holds `{name}` alone; if no heredoc is meant, quote the word or write `<<` without blanks around it"
                ),
            )
        };
        SyntaxError { span: self.anchored(line, heredoc.operator), kind: SyntaxErrorKind::Syntax, message, help: Some(help) }
    }

    /// A place for an error: the builder names the line on which the instruction begins.
    pub(super) fn anchored(&self, line: &Logical<'_>, wanted: Span) -> Span {
        anchored(self.file, line.whole(), wanted)
    }

    /// Reads a range of the line: all of it, or what ONBUILD holds back.
    fn part(&self, line: &Logical<'_>, range: Range<usize>, depth: usize) -> Read {
        let (word, after) = grammar::keyword(line, range.clone());
        let written = line.slice(word.clone()).to_owned();
        let keyword = keywords::keyword(&written).unwrap_or(Keyword::Unknown);
        let (flags, rest) = grammar::flags(line, after..range.end, self.escape);
        let arguments = self.arguments(line, keyword, &flags, rest.clone(), depth);
        let whole = line.whole();
        let start = if depth == 0 { whole } else { line.span(word.clone()) };
        let span = Span::new(line.file(), start.start as usize, whole.end as usize);
        let comment = |r: &Range<usize>| self.comment(r.clone());
        let instruction = Instruction {
            span,
            head: span,
            word: At::new(written, line.span(word)),
            keyword,
            flags,
            rest: line.text(rest),
            values: arguments.values,
            json: arguments.json,
            heredocs: Vec::new(),
            comments: line.comments.iter().map(comment).collect(),
            blank_line: line.blank_line.clone().map(|r| Span::new(line.file(), r.start, r.end)),
            op: arguments.op,
            error: None,
        };
        Read { instruction, error: arguments.error }
    }

    /// The text of a comment line.
    pub(super) fn comment(&self, line: Range<usize>) -> At<String> {
        let text = self.file.text.get(line.clone()).unwrap_or_default();
        let body = text.trim_start().strip_prefix('#').unwrap_or_default().trim_start();
        let start = line.end - body.len();
        let body = body.trim_end();
        At::new(body.to_owned(), Span::new(self.file.id, start, start + body.len()))
    }

    fn arguments(&self, line: &Logical<'_>, keyword: Keyword, flags: &[Flag], rest: Range<usize>, depth: usize) -> Arguments {
        match keyword {
            Keyword::Unknown => Arguments::new(Values::List(vec![String::new()]), Op::None),
            Keyword::From => self.from(line, flags, rest),
            Keyword::Arg => self.arg(line, rest),
            Keyword::Env => self.pairs(line, keyword, rest),
            Keyword::Label => self.pairs(line, keyword, rest),
            Keyword::Run | Keyword::Cmd | Keyword::Entrypoint | Keyword::Shell => self.command(line, keyword, flags, rest),
            Keyword::Copy | Keyword::Add | Keyword::Volume => self.list(line, keyword, flags, rest),
            Keyword::Expose => Arguments::new(Values::Words, Op::Expose(texts(line, rest))),
            Keyword::Healthcheck => self.healthcheck(line, rest),
            Keyword::Onbuild => self.onbuild(line, rest, depth),
            Keyword::Workdir | Keyword::User | Keyword::Stopsignal | Keyword::Maintainer if rest.is_empty() => {
                Arguments::new(Values::NONE, Op::None)
            }
            Keyword::Workdir | Keyword::User | Keyword::Stopsignal | Keyword::Maintainer => {
                let text = line.text(rest);
                Arguments::new(
                    Values::Rest,
                    match keyword {
                        Keyword::Workdir => Op::Workdir(text),
                        Keyword::User => Op::User(text),
                        Keyword::Stopsignal => Op::Stopsignal(text),
                        _ => Op::Maintainer(text),
                    },
                )
            }
        }
    }

    fn from(&self, line: &Logical<'_>, flags: &[Flag], rest: Range<usize>) -> Arguments {
        let words = grammar::words(line, rest);
        let at = |n: usize| words.get(n).map(|r| At::new(line.slice(r.clone()).to_owned(), line.span(r.clone())));
        let platform = flags.iter().rev().find(|f| f.name.value == "platform").and_then(|f| f.value.clone());
        let Some(image) = words.first() else { return Arguments::new(Values::Words, Op::None) };
        let named = at(1).filter(|word| word.eq_ignore_ascii_case("as"));
        let name = if named.is_some() { at(2) } else { None };
        Arguments::new(Values::Words, Op::From(Box::new(FromOp { image: line.text(image.clone()), platform, as_word: named, name })))
    }

    fn arg(&self, line: &Logical<'_>, rest: Range<usize>) -> Arguments {
        let words = grammar::quoted_words(line, rest, self.escape);
        let values = words.iter().map(|w| line.slice(w.clone()).to_owned()).collect();
        let pair = |word: Range<usize>| {
            let (key, value) = grammar::key_value(line, word.clone());
            Pair { span: line.span(word), key: line.text(key), value: value.map(|v| line.text(v)), legacy: false }
        };
        Arguments::new(Values::List(values), Op::Arg(words.into_iter().map(pair).collect()))
    }

    fn pairs(&self, line: &Logical<'_>, keyword: Keyword, rest: Range<usize>) -> Arguments {
        let op = |pairs| if keyword == Keyword::Env { Op::Env(pairs) } else { Op::Label(pairs) };
        let words = grammar::quoted_words(line, rest.clone(), self.escape);
        let Some(first) = words.first() else { return Arguments::new(Values::NONE, op(Vec::new())) };
        if grammar::key_value(line, first.clone()).1.is_none() {
            return self.legacy(line, keyword, rest, op);
        }
        let mut pairs = Vec::with_capacity(words.len());
        let mut error = None;
        for word in words {
            match grammar::key_value(line, word.clone()) {
                (key, Some(value)) => {
                    pairs.push(Pair { span: line.span(word), key: line.text(key), value: Some(line.text(value)), legacy: false });
                }
                (word, None) => {
                    error.get_or_insert_with(|| self.no_equals(line, keyword, word, pairs.last()));
                }
            }
        }
        Arguments { error, ..Arguments::new(Values::Pairs, op(pairs)) }
    }

    /// The word itself is not shown: it may be the rest of a password with a blank in it.
    fn no_equals(&self, line: &Logical<'_>, keyword: Keyword, word: Range<usize>, before: Option<&Pair>) -> SyntaxError {
        let name = keyword.name();
        let after = before.map_or_else(String::new, |p| format!(" after `{}=…`", shown(&p.key)));
        let (what, help) = if line.slice(word.clone()).starts_with('#') {
            ("comment", format!("put the comment on a line of its own; {name} takes its words for pairs"))
        } else {
            ("word", "write `key=value`; a value with blanks stands in quotes".to_owned())
        };
        SyntaxError {
            span: self.anchored(line, line.span(word)),
            kind: SyntaxErrorKind::Syntax,
            message: format!("The {what}{after} has no `=`, and every word of {name} has to be `key=value`"),
            help: Some(help),
        }
    }

    fn legacy(&self, line: &Logical<'_>, keyword: Keyword, rest: Range<usize>, op: impl Fn(Vec<Pair>) -> Op) -> Arguments {
        let (key, value) = grammar::legacy_pair(line, rest.clone());
        let Some(value) = value else {
            let name = keyword.name();
            let key = line.slice(key);
            let error = SyntaxError {
                span: self.anchored(line, line.span(rest)),
                kind: SyntaxErrorKind::Syntax,
                message: format!("{name} `{}` has no value", shown(key)),
                help: Some(format!("write `{name} {}=value`", shown(key))),
            };
            return Arguments { error: Some(error), ..Arguments::new(Values::NONE, op(Vec::new())) };
        };
        let pair = Pair { span: line.span(rest), key: line.text(key), value: Some(line.text(value)), legacy: true };
        Arguments::new(Values::Pairs, op(vec![pair]))
    }

    fn not_strings(&self, line: &Logical<'_>, rest: Range<usize>) -> SyntaxError {
        SyntaxError {
            span: self.anchored(line, line.span(rest)),
            kind: SyntaxErrorKind::Syntax,
            message: "The JSON form holds something that is no string".to_owned(),
            help: Some("put every element in double quotes, numbers too".to_owned()),
        }
    }

    fn command(&self, line: &Logical<'_>, keyword: Keyword, flags: &[Flag], rest: Range<usize>) -> Arguments {
        let (form, values, json, error) = self.form(line, rest);
        let op = match (keyword, form) {
            (Keyword::Shell, Form::Exec(words)) => Op::Shell(words),
            (Keyword::Shell, Form::Shell(_)) => Op::None,
            (Keyword::Cmd, form) => Op::Cmd(form),
            (Keyword::Entrypoint, form) => Op::Entrypoint(form),
            (_, form) => {
                let mounts = flags.iter().filter(|f| f.name.value == "mount").filter_map(mount::mount).collect();
                Op::Run(RunOp { form, mounts, heredoc_script: false })
            }
        };
        Arguments { values, json, op, error }
    }

    /// A command in JSON or shell form.
    fn form(&self, line: &Logical<'_>, rest: Range<usize>) -> (Form, Values, bool, Option<SyntaxError>) {
        let shell = |values, error| (Form::Shell(shell_text::masked(self.file, line, rest.clone())), values, false, error);
        match json::array(line, rest.clone()) {
            _ if rest.is_empty() => shell(Values::NONE, None),
            json::Json::Strings(words) => {
                let values = Values::of(&words);
                (Form::Exec(words), values, true, None)
            }
            json::Json::OtherArray => shell(Values::Rest, Some(self.not_strings(line, rest.clone()))),
            json::Json::No => shell(Values::Rest, None),
        }
    }

    fn list(&self, line: &Logical<'_>, keyword: Keyword, flags: &[Flag], rest: Range<usize>) -> Arguments {
        let from = flags.iter().rev().find(|f| f.name.value == "from").and_then(|f| f.value.clone());
        let mut error = None;
        let (texts, values, json) = match json::array(line, rest.clone()) {
            json::Json::Strings(words) => {
                let values = Values::of(&words);
                (words, values, true)
            }
            other => {
                if matches!(other, json::Json::OtherArray) {
                    error = Some(self.not_strings(line, rest.clone()));
                }
                (texts(line, rest.clone()), Values::Words, false)
            }
        };
        let copy = |mut texts: Vec<Text>| {
            let dest = texts.pop()?;
            texts.retain(|t| json || heredoc::opener(t).is_none());
            Some(Box::new(CopyOp { sources: texts, dest, from: from.clone() }))
        };
        let op = match keyword {
            Keyword::Volume => Op::Volume(texts),
            Keyword::Copy => copy(texts).map_or(Op::None, Op::Copy),
            _ => copy(texts).map_or(Op::None, Op::Add),
        };
        Arguments { values, json, op, error }
    }

    fn healthcheck(&self, line: &Logical<'_>, rest: Range<usize>) -> Arguments {
        let (kind, after) = grammar::keyword(line, rest.clone());
        if kind.is_empty() {
            return Arguments::new(Values::NONE, Op::None);
        }
        let (form, values, json, error) = self.form(line, after..rest.end);
        let word = line.slice(kind).to_owned();
        let op = match word.to_uppercase().as_str() {
            "NONE" => Op::Healthcheck(None),
            "CMD" => Op::Healthcheck(Some(form)),
            _ => Op::None,
        };
        let mut all = vec![word];
        match values {
            Values::List(values) => all.extend(values),
            _ => all.push(line.slice(after..rest.end).to_owned()),
        }
        Arguments { error, json, ..Arguments::new(Values::List(all), op) }
    }

    fn onbuild(&self, line: &Logical<'_>, rest: Range<usize>, depth: usize) -> Arguments {
        // `ONBUILD ONBUILD` is refused, so that nothing below a second one is looked at.
        if rest.is_empty() || depth > 1 {
            return Arguments::new(Values::NONE, Op::None);
        }
        let read = self.part(line, rest, depth + 1);
        let inner = read.instruction;
        let values = std::iter::once(inner.word.value.as_str()).chain(inner.args()).map(str::to_owned).collect();
        // That the form is JSON stands on the inner instruction only, as in the builder.
        Arguments { error: read.error, ..Arguments::new(Values::List(values), Op::Onbuild(Box::new(inner))) }
    }
}

/// A span on the line on which `whole` begins: `wanted` if it is there, else the beginning itself.
pub(super) fn anchored(file: &SourceFile, whole: Span, wanted: Span) -> Span {
    let line = file.line_of(whole.start as usize);
    if whole.contains(wanted) && file.line_of(wanted.start as usize) == line {
        return wanted;
    }
    Span::new(whole.file, whole.start as usize, file.line_range(line).end.min(whole.end as usize))
}

/// A word for a message: long ones are cut.
pub(super) fn shown(word: &str) -> String {
    let mut short: String = word.chars().take(40).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if word.chars().nth(40).is_some() {
        short.push('…');
    }
    short
}

fn texts(line: &Logical<'_>, rest: Range<usize>) -> Vec<Text> {
    grammar::words(line, rest).into_iter().map(|word| line.text(word)).collect()
}

/// Gives an instruction its heredocs; the one that ONBUILD holds back gets them too.
fn attach(reader: &Reader<'_>, line: &Logical<'_>, i: &mut Instruction, heredocs: &[Heredoc], end: usize) {
    i.heredocs = heredocs.to_vec();
    let (file, rest) = (reader.file, i.rest.span);
    match &mut i.op {
        Op::Onbuild(inner) => {
            inner.span = Span::new(file.id, inner.span.start as usize, end);
            // An ONBUILD within an ONBUILD is an error and holds nothing.
            if !matches!(inner.op, Op::Onbuild(_)) {
                attach(reader, line, inner, heredocs, end);
            }
        }
        Op::Run(run) => {
            let script = heredocs.first().filter(|_| heredoc::opener(&i.rest).is_some());
            run.heredoc_script = script.is_some();
            run.form = Form::Shell(match script {
                Some(h) => ShellText { text: file.slice(h.body).to_owned(), span: h.body },
                None => {
                    let range = rest_range(line, rest);
                    shell_text::with_heredocs(file, line, range, heredocs, end)
                }
            });
            if let (Some(h), true) = (i.heredocs.first_mut(), run.heredoc_script)
                && h.chomp
            {
                h.content = heredoc::chomped(&h.content);
            }
        }
        Op::Copy(_) | Op::Add(_) => {
            for h in i.heredocs.iter_mut().filter(|h| h.chomp) {
                h.content = heredoc::chomped(&h.content);
            }
        }
        _ => {}
    }
}

/// The range of the joined line that a source span was made of.
fn rest_range(line: &Logical<'_>, span: Span) -> Range<usize> {
    let whole = line.text.len();
    let start = (0..whole).find(|&at| line.span(at..at + 1).start >= span.start).unwrap_or(whole);
    let trimmed = line.text.trim_end().len();
    start..trimmed.max(start)
}
