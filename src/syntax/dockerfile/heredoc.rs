//! Heredocs of RUN, COPY and ADD: which words of the line open one, and where their bodies end.

use std::collections::HashMap;
use std::ops::Range;

use super::ast::Heredoc;
use super::expand::raw_words;
use super::lexer::Options;
use super::lines::{Logical, Physical, Physicals};
use crate::source::{SourceFile, Span};

/// A word that opens a heredoc.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Opener {
    pub(super) name: String,
    pub(super) fd: u32,
    pub(super) expand: bool,
    pub(super) chomp: bool,
}

/// Reads a word such as `3<<-"EOF"`; `None` where it opens no heredoc.
pub(super) fn opener(word: &str) -> Option<Opener> {
    let (fd, rest) = word.split_once("<<")?;
    if !fd.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let chomp = rest.starts_with('-');
    let rest = rest.strip_prefix('-').unwrap_or(rest).trim_start_matches(['\t', '\n', '\x0c', '\r', ' ']);
    if rest.is_empty() || rest.contains('<') {
        return None;
    }
    let plain = Options { keep_unset: true, ..Options::default() };
    let unquoted = raw_words(rest, plain).ok()?;
    let quoted = raw_words(rest, Options { raw_quotes: true, ..plain }).ok()?;
    let ([(name, _)], [(raw, _)]) = (unquoted.as_slice(), quoted.as_slice()) else { return None };
    let quotes = |s: &str| s.matches(['\'', '"']).count();
    let fd = if fd.is_empty() { 0 } else { fd.parse().unwrap_or(u32::MAX) };
    Some(Opener { name: name.clone(), fd, expand: quotes(name) == quotes(raw), chomp })
}

/// The heredocs that a line opens, with the place of each opener in the line. The escape is always a backslash here.
pub(super) fn openers(line: &Logical<'_>) -> Vec<(Opener, Range<usize>)> {
    let options = Options { raw_quotes: true, raw_escapes: true, keep_unset: true, ..Options::default() };
    let words = raw_words(&line.text, options).unwrap_or_default();
    words.into_iter().filter_map(|(word, at)| Some((opener(&word)?, at))).collect()
}

/// The bodies below a line.
pub(super) struct Bodies {
    pub(super) heredocs: Vec<Heredoc>,
    /// End of the last line that belongs to a body, its terminator mostly, without its line break.
    pub(super) end: Option<usize>,
    /// A body line that is too long for the builder.
    pub(super) too_long: Option<Physical>,
}

/// Where each line of the file stands last. Made at the first heredoc that is not closed, so that many of them do not
/// each look through the rest of the file.
#[derive(Default)]
pub(super) struct LastLines<'a> {
    made: bool,
    exact: HashMap<&'a str, usize>,
    without_tabs: HashMap<&'a str, usize>,
}

impl<'a> LastLines<'a> {
    /// Whether a terminator may stand at `from` or below; true as long as nothing is known.
    fn may_follow(&self, opener: &Opener, from: usize) -> bool {
        let last = if opener.chomp { &self.without_tabs } else { &self.exact };
        !self.made || last.get(opener.name.as_str()).is_some_and(|&at| at >= from)
    }

    fn make(&mut self, lines: Physicals<'a>) {
        if std::mem::replace(&mut self.made, true) {
            return;
        }
        for line in lines {
            let content = lines.content(line);
            self.exact.insert(content, line.start);
            self.without_tabs.insert(content.trim_start_matches('\t'), line.start);
        }
    }
}

/// Reads the bodies of the heredocs that `line` opens.
pub(super) fn bodies<'a>(
    file: &SourceFile,
    lines: &mut Physicals<'a>,
    last_lines: &mut LastLines<'a>,
    line: &Logical<'_>,
    word: &str,
) -> Bodies {
    let mut out = Bodies { heredocs: Vec::new(), end: None, too_long: None };
    for (opener, at) in openers(line) {
        let start = lines.pos;
        let mut look = *lines;
        let mut terminator = None;
        let closed = last_lines.may_follow(&opener, start);
        for physical in look.by_ref().take_while(|_| closed) {
            if physical.too_long() {
                out.too_long.get_or_insert(physical);
            }
            let content = lines.content(physical);
            let content = if opener.chomp { content.trim_start_matches('\t') } else { content };
            if content == opener.name {
                terminator = Some(physical);
                break;
            }
        }
        let body = match terminator {
            Some(t) => {
                *lines = look;
                out.end = Some(t.end);
                start..t.start
            }
            None => {
                last_lines.make(*lines);
                let before = out.end.unwrap_or(line.end);
                match recover(lines, word) {
                    Some(last) => {
                        out.end = Some(last.end);
                        start..last.end
                    }
                    None => before..before,
                }
            }
        };
        let body = Span::new(file.id, body.start, body.end);
        out.heredocs.push(Heredoc {
            operator: line.span(at),
            content: file.slice(body).to_owned(),
            name: opener.name,
            fd: opener.fd,
            expand: opener.expand,
            chomp: opener.chomp,
            body,
            terminated: terminator.is_some(),
        });
    }
    out
}

/// Where the terminator is missing: takes lines up to the next one that begins an instruction, blank lines and comments
/// before it left out. Gives the last line taken.
fn recover(lines: &mut Physicals<'_>, word: &str) -> Option<Physical> {
    let lower = word.chars().all(|c| !c.is_ascii_uppercase());
    let mut look = *lines;
    let mut last = None;
    while let Some(physical) = look.next() {
        let content = look.content(physical);
        let first = content.split([' ', '\t']).next().unwrap_or_default();
        let begins = super::keywords::keyword(first).is_some() && (lower || !first.bytes().any(|b| b.is_ascii_lowercase()));
        if begins && content.len() > first.len() {
            break;
        }
        if !content.trim_start().is_empty() && !content.trim_start().starts_with('#') {
            last = Some(physical);
            lines.pos = physical.next;
        }
    }
    last
}

/// A body without the tabs at the start of its lines.
pub(super) fn chomped(body: &str) -> String {
    body.split_inclusive('\n').map(|line| line.trim_start_matches('\t')).collect()
}
