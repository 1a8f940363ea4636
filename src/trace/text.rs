//! A trace for people: the layers from top to bottom, each `$` underlined with what becomes of it.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::{Executes, Kind, Layer, Trace, View};
use crate::quoting::{Arg, Flow, Mark, Outcome, Runs, Setter};
use crate::report::Style;
use crate::source::{FileId, Sources, Span};
use crate::syntax::shell::Join;

/// Where texts start.
const INDENT: usize = 17;
/// Characters that are shown around a `$` of a long line.
const BEFORE: usize = 18;
const AFTER: usize = 14;
/// Values are shown up to this length.
const VALUE: usize = 44;
/// Words of a command are shown up to this length.
const WORD: usize = 66;
/// Lines of a layer that nothing is replaced in.
const PLAIN_LINES: usize = 3;

/// A blank at which no line breaks.
const GLUE: &str = "\u{a0}";

/// Prints a trace.
pub fn text(trace: &Trace, sources: &Sources, style: &Style) -> String {
    let mut out = String::new();
    let page = Page { sources, file: trace.span.file, width: style.width.clamp(60, 120), color: style.color };
    if !trace.subject.is_empty() {
        let head = page.head(trace);
        let _ = writeln!(out, "{}", page.paint("1", &head));
    }
    for view in &trace.views {
        out.push('\n');
        if !view.services.is_empty() {
            let word = if view.services.len() == 1 { "service" } else { "services" };
            let _ = writeln!(out, "{word} {}", view.services.join(", "));
        }
        page.view(&mut out, view);
    }
    for note in &trace.notes {
        if !out.is_empty() {
            out.push('\n');
        }
        let indent = if out.is_empty() { "" } else { "note   " };
        page.wrapped(&mut out, indent, 7.min(indent.len()), note);
    }
    out.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

struct Page<'a> {
    sources: &'a Sources,
    file: FileId,
    width: usize,
    color: bool,
}

/// A character of a layer's text, with its offset there.
#[derive(Clone, Copy)]
struct Cell {
    shown: char,
    at: Option<usize>,
}

impl Page<'_> {
    fn paint(&self, code: &str, text: &str) -> String {
        if self.color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// What stands on the line, on one line.
    fn head(&self, trace: &Trace) -> String {
        let place = format!("{}:{}", self.sources.path(trace.span.file), self.sources.line(trace.span));
        let flat = visible(&trace.written).replace('↵', " ").split_whitespace().collect::<Vec<_>>().join(" ");
        shortened(&format!("{place}  {} {flat}", trace.subject), self.width)
    }

    fn view(&self, out: &mut String, view: &View) {
        for (n, layer) in view.layers.iter().enumerate() {
            self.layer(out, n + 1, layer);
        }
        if !view.runs.is_empty() || !view.results.is_empty() {
            out.push('\n');
        }
        for (n, run) in view.runs.iter().enumerate() {
            let gutter = match run.join {
                _ if run.runs == Runs::Never => "never",
                _ if run.substitution => " $(…)",
                _ if n == 0 && run.runs == Runs::Perhaps => "may run",
                _ if n == 0 => "runs",
                Join::Pipe => "   |",
                Join::And => "  &&",
                Join::Or => "  ||",
                Join::Background => "   &",
                Join::First | Join::Then if run.runs == Runs::Perhaps => "may run",
                Join::First | Join::Then => "then",
            };
            self.wrapped(out, &format!("{gutter:<8}"), 10, &self.command(run));
        }
        for (name, value) in &view.results {
            let shown = shortened(&visible(value), 400);
            let shown = if shown.is_empty() { "\"\"".to_owned() } else { shown };
            let text = match name.as_str() {
                "" => shown,
                name => format!("{name} = {shown}"),
            };
            let unknown = if value.is_known() { "" } else { "   (not known whole)" };
            self.wrapped(out, "gives   ", 8, &format!("{text}{unknown}"));
        }
        for note in &view.notes {
            self.wrapped(out, "note    ", 8, note);
        }
    }

    fn command(&self, run: &Executes) -> String {
        let mut words: Vec<String> = run.argv.iter().map(word).collect();
        for (operator, target) in &run.redirects {
            words.push(format!("{operator}{GLUE}{}", word(target)));
        }
        words.iter().map(|w| w.replace(' ', GLUE)).collect::<Vec<_>>().join("  ")
    }

    fn layer(&self, out: &mut String, number: usize, layer: &Layer) {
        let by: String = layer.by.chars().take(INDENT + 20).collect();
        let label = format!("{number} {by}");
        let mut first = if label.chars().count() < INDENT { format!("{label:<INDENT$}") } else { format!("{label}\n{:INDENT$}", "") };
        let painted = |text: String| if self.color { text.replacen(&by, &self.paint("36", &by), 1) } else { text };
        let note_first = layer.text.is_empty();
        if let Some(note) = layer.note.as_ref().filter(|_| note_first) {
            self.wrapped(out, &painted(first), INDENT, note);
            self.names(out, layer);
            return;
        }
        let mut told: BTreeSet<String> = BTreeSet::new();
        for row in self.rows(layer) {
            let shown: String = row.iter().map(|c| c.shown).collect();
            let _ = writeln!(out, "{}{shown}", painted(first));
            first = " ".repeat(INDENT);
            self.explain(out, layer, &row, &mut told);
        }
        if let Some(note) = &layer.note {
            self.wrapped(out, &first, INDENT, note);
        }
        self.names(out, layer);
        if layer.uncertain {
            self.wrapped(
                out,
                &" ".repeat(INDENT),
                INDENT,
                "a part of this text is not known here: it is read as if it held no quotes and no commands",
            );
        }
    }

    /// The lines of a text that matter, each short enough.
    fn rows(&self, layer: &Layer) -> Vec<Vec<Cell>> {
        let room = self.width.saturating_sub(INDENT).max(30);
        let cells = cells(&layer.text);
        let lines: Vec<&[Cell]> = cells.split(|c| c.shown == '\n').filter(|l| l.iter().any(|c| !c.shown.is_whitespace())).collect();
        let marked = |line: &[Cell]| layer.marks.iter().any(|m| line.iter().any(|c| c.at.is_some_and(|at| m.range.contains(&at))));
        let any = lines.iter().any(|l| marked(l));
        let mut chosen: Vec<&[Cell]> = lines.iter().copied().filter(|l| !any || lines.len() == 1 || marked(l)).collect();
        let more = !any && chosen.len() > PLAIN_LINES;
        if more {
            chosen.truncate(PLAIN_LINES);
        }
        let mut rows = Vec::new();
        for line in chosen {
            rows.extend(fitted(line, &layer.marks, room));
        }
        if more {
            rows.push(vec![Cell { shown: '…', at: None }]);
        }
        rows
    }

    /// Underlines what is replaced in a row, and says by what; the same thing once in a layer.
    fn explain(&self, out: &mut String, layer: &Layer, row: &[Cell], told: &mut BTreeSet<String>) {
        let mut groups: Vec<(String, Vec<&Mark>)> = Vec::new();
        let on_row = |m: &&Mark| row.iter().any(|c| c.at.is_some_and(|at| m.range.contains(&at)));
        for mark in layer.marks.iter().filter(on_row) {
            let message = self.message(layer, mark);
            match groups.iter_mut().find(|g| g.0 == message) {
                Some(group) => group.1.push(mark),
                None => groups.push((message, vec![mark])),
            }
        }
        for (message, marks) in groups {
            let names: Vec<&str> = marks.iter().map(|m| m.name.as_str()).collect();
            if !told.insert(format!("{message}\0{}", names.join("\0"))) {
                continue;
            }
            let under = |c: &Cell| c.at.is_some_and(|at| marks.iter().any(|m| m.range.contains(&at)));
            let line: String = row.iter().map(|c| if under(c) { '~' } else { ' ' }).collect();
            let line = line.trim_end();
            let used = INDENT + line.chars().count() + 1;
            let start = INDENT + line.chars().take_while(|c| *c == ' ').count();
            let line = self.paint("33", line);
            if self.width.saturating_sub(used) >= message.chars().count() {
                let _ = writeln!(out, "{:INDENT$}{line} {message}", "");
            } else if self.width.saturating_sub(used) >= 28 {
                self.wrapped(out, &format!("{:INDENT$}{line} ", ""), start.min(self.width.saturating_sub(40)), &message);
            } else {
                let _ = writeln!(out, "{:INDENT$}{line}", "");
                let from = start.min(self.width.saturating_sub(48)).max(INDENT);
                self.wrapped(out, &" ".repeat(from), from, &message);
            }
        }
    }

    fn message(&self, layer: &Layer, mark: &Mark) -> String {
        let text = layer.text.text();
        let written = text.get(mark.range.clone()).unwrap_or_default();
        let quoted = text.get(..mark.range.start).is_some_and(|t| t.ends_with('\''))
            && text.get(mark.range.end..).is_some_and(|t| t.starts_with('\''));
        let here = if layer.kind == Kind::Shell && quoted && !matches!(mark.outcome, Outcome::Stays(_)) {
            "expands all the same, since single quotes inside double quotes are plain characters: "
        } else {
            ""
        };
        format!("{here}{}", self.outcome(&mark.outcome, written))
    }

    fn outcome(&self, outcome: &Outcome, written: &str) -> String {
        match outcome {
            Outcome::Known { value, set_by: None } if written == "$$" => format!("becomes {}", visible(value)),
            Outcome::Known { value, set_by } => {
                let by = set_by.as_ref().map(|s| self.setter(s)).unwrap_or_default();
                let default = set_by.is_none() && written.starts_with("${") && written.contains('-');
                match (value.is_empty(), default) {
                    (true, true) => "unset, and its default is empty".to_owned(),
                    (true, false) => format!("set, but empty{by}"),
                    (false, true) => format!("unset: its default {}", shortened(&visible(value), VALUE)),
                    (false, false) => format!("becomes {}{by}", shortened(&visible(value), VALUE)),
                }
            }
            Outcome::Empty if written.contains('+') => "unset: becomes empty, `+` replaces set ones only".to_owned(),
            Outcome::Empty => "unset: becomes empty".to_owned(),
            Outcome::Unknown(why) => format!("not known here: {why}"),
            Outcome::Stays(why) => format!("stays: {why}"),
        }
    }

    fn setter(&self, setter: &Setter) -> String {
        match setter.span {
            Some(span) if setter.what == ".env" => format!(" ({}:{})", self.sources.path(span.file), self.sources.line(span)),
            Some(span) => format!(" ({}, {})", setter.what, self.place(span)),
            None => format!(" ({})", setter.what),
        }
    }

    fn place(&self, span: Span) -> String {
        let line = self.sources.line(span);
        if span.file == self.file { format!("line {line}") } else { format!("{}:{line}", self.sources.path(span.file)) }
    }

    /// What envsubst does to its input.
    fn names(&self, out: &mut String, layer: &Layer) {
        let of = |wanted: &dyn Fn(&Outcome) -> bool| -> Vec<String> {
            layer.input.iter().filter(|(_, o)| wanted(o)).map(|(n, _)| format!("${n}")).collect()
        };
        let indent = " ".repeat(INDENT);
        let mut told: Vec<(String, Vec<String>)> = Vec::new();
        for (name, outcome) in &layer.input {
            if let Outcome::Known { .. } | Outcome::Unknown(_) = outcome {
                let message = self.outcome(outcome, name);
                match told.iter_mut().find(|t| t.0 == message) {
                    Some(same) => same.1.push(format!("${name}")),
                    None => told.push((message, vec![format!("${name}")])),
                }
            }
        }
        for (message, names) in told {
            self.wrapped(out, &indent, INDENT + 2, &format!("{} {message}", names.join(", ")));
        }
        let empty = of(&|o| matches!(o, Outcome::Empty));
        if !empty.is_empty() {
            let text =
                format!("replaced by nothing, since nothing sets {}: {}", if empty.len() == 1 { "it" } else { "them" }, empty.join(", "));
            self.wrapped(out, &indent, INDENT + 2, &text);
        }
        let left = of(&|o| matches!(o, Outcome::Stays(_)));
        if !left.is_empty() {
            self.wrapped(out, &indent, INDENT + 2, &format!("left alone: {}", left.join(", ")));
        }
    }

    /// A text over as many lines as it needs, the first one after `head`.
    fn wrapped(&self, out: &mut String, head: &str, indent: usize, text: &str) {
        let mut line = head.to_owned();
        let mut used = plain_len(head.rsplit('\n').next().unwrap_or_default());
        let mut fresh = true;
        for word in text.split(' ') {
            let len = word.chars().count();
            if !fresh && used + 1 + len > self.width {
                let _ = writeln!(out, "{line}");
                line = " ".repeat(indent);
                used = indent;
                fresh = true;
                if word.is_empty() {
                    continue;
                }
            }
            if !fresh {
                line.push(' ');
                used += 1;
            }
            line.push_str(&word.replace(GLUE, " "));
            used += len;
            fresh = false;
        }
        let _ = writeln!(out, "{line}");
    }
}

/// The length of a text without colours.
fn plain_len(text: &str) -> usize {
    let mut len = 0;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            chars.by_ref().find(|c| *c == 'm');
        } else {
            len += 1;
        }
    }
    len
}

fn cells(flow: &Flow) -> Vec<Cell> {
    let mut cells = Vec::new();
    for (range, part) in flow.parts() {
        for (i, c) in flow.text().get(range.clone()).unwrap_or_default().char_indices() {
            let shown = match c {
                _ if part.secret && c != '\n' => '•',
                '\n' => '\n',
                '\t' => ' ',
                c if crate::report::acts_on_terminal(c) => '\u{fffd}',
                c => c,
            };
            cells.push(Cell { shown, at: Some(range.start + i) });
        }
    }
    collapsed(cells)
}

/// Long runs of blanks, which continued lines leave, as one.
fn collapsed(cells: Vec<Cell>) -> Vec<Cell> {
    let mut out: Vec<Cell> = Vec::with_capacity(cells.len());
    let mut blanks = 0;
    for cell in cells {
        blanks = if cell.shown == ' ' { blanks + 1 } else { 0 };
        if blanks == 4 {
            out.truncate(out.len() - 2);
        }
        if blanks < 4 {
            out.push(cell);
        }
    }
    out
}

/// A text as people may see it: secrets as dots, on one line.
fn visible(flow: &Flow) -> String {
    cells(flow).into_iter().map(|c| if c.shown == '\n' { '↵' } else { c.shown }).collect::<String>().trim_end_matches('↵').to_owned()
}

fn shortened(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// A word as it can be told from its neighbours.
fn word(arg: &Arg) -> String {
    let text = visible(&arg.text);
    let loose = text.is_empty() || text.contains(|c: char| c.is_whitespace() || "\"'`;&|<>\\".contains(c));
    let literal = arg.text.is_known() && text.contains(['$', '*', '?']);
    let bare = arg.pattern || arg.splits;
    if (loose || literal) && !bare { format!("\"{}\"", shortened(&text.replace('"', "\\\""), WORD)) } else { shortened(&text, WORD) }
}

/// A line in rows of at most `room` characters: what lies far from every mark is left out.
fn fitted(line: &[Cell], marks: &[Mark], room: usize) -> Vec<Vec<Cell>> {
    let start = line.iter().position(|c| !c.shown.is_whitespace()).unwrap_or(0);
    let line = line.get(start..).unwrap_or_default();
    let is_marked = |c: &Cell| c.at.is_some_and(|at| marks.iter().any(|m| m.range.contains(&at)));
    if line.len() <= room {
        return vec![line.to_vec()];
    }
    let marked: Vec<usize> = line.iter().enumerate().filter(|(_, c)| is_marked(c)).map(|(n, _)| n).collect();
    if marked.is_empty() {
        let mut row: Vec<Cell> = line.iter().take(room.saturating_sub(1)).copied().collect();
        row.push(Cell { shown: '…', at: None });
        return vec![row];
    }
    let mut keep = vec![false; line.len()];
    keep.iter_mut().take(BEFORE).for_each(|k| *k = true);
    for at in &marked {
        keep.iter_mut().take(at + AFTER + 1).skip(at.saturating_sub(BEFORE)).for_each(|k| *k = true);
    }
    let mut kept = Vec::new();
    for (cell, keep) in line.iter().zip(keep) {
        match (keep, kept.last()) {
            (true, _) => kept.push(*cell),
            (false, Some(Cell { at: None, .. })) => {}
            (false, _) => kept.push(Cell { shown: '…', at: None }),
        }
    }
    let mut rows = Vec::new();
    let mut rest = kept.as_slice();
    while rest.len() > room {
        let inside = |n: usize| rest.get(n).is_some_and(is_marked) && rest.get(n.wrapping_sub(1)).is_some_and(is_marked);
        let best = (room / 2..=room).rev().find(|n| !inside(*n) && rest.get(*n).is_some_and(|c| c.shown == ' ' || c.at.is_none()));
        let cut = best.or_else(|| (room / 3..=room).rev().find(|n| !inside(*n))).unwrap_or(room);
        let (row, after) = rest.split_at_checked(cut).unwrap_or((rest, &[]));
        rows.push(row.to_vec());
        let skip = after.iter().take_while(|c| c.shown == ' ').count();
        rest = after.get(skip..).unwrap_or_default();
    }
    rows.push(rest.to_vec());
    rows
}
