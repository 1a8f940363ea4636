//! Findings for people: the message, the rule and its place, the lines concerned with what is wrong about them, what to
//! do. Only this file names miette, which draws the underlines and labels; which lines are drawn, and their text, is
//! decided by `excerpt`, so that no byte of a linted file reaches the terminal unseen.

use std::collections::HashMap;
use std::fmt;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, Severity as Level, SourceCode, SourceSpan,
    SpanContents, ThemeStyles,
};

use super::excerpt::{self, Block};
use super::{Finding, Style, View, clean, files};
use crate::diagnostic::{Applicability, Severity};

/// Findings of one rule in one file that are shown in full.
const SHOWN_OF_A_KIND: usize = 3;
/// Line numbers in the line that stands for the others.
const LISTED_LINES: usize = 12;
/// A blank at which no line is broken.
const UNBROKEN: char = '\u{a0}';
/// Columns left of a line's text, line numbers of up to four digits.
const GUTTER: usize = 8;

pub(super) fn render(view: &View, style: &Style) -> String {
    let mut out = String::new();
    let mut kinds: HashMap<(&str, u32), Kind> = HashMap::new();
    for f in &view.findings {
        kinds.entry(kind_of(f)).or_default().total += 1;
    }
    for f in &view.findings {
        let Some(kind) = kinds.get_mut(&kind_of(f)) else { continue };
        kind.met += 1;
        if kind.met <= SHOWN_OF_A_KIND {
            finding(&mut out, view, f, style);
        } else {
            kind.lines.push(view.start(f.diagnostic.primary).line);
        }
        if kind.met == kind.total && !kind.lines.is_empty() {
            others(&mut out, f, kind, view);
        }
    }
    out.push_str(&summary(view, style));
    out
}

#[derive(Default)]
struct Kind {
    total: usize,
    met: usize,
    lines: Vec<usize>,
}

fn kind_of<'a>(f: &Finding<'a>) -> (&'a str, u32) {
    (f.diagnostic.rule, f.diagnostic.primary.file.0)
}

fn others(out: &mut String, f: &Finding, kind: &Kind, view: &View) {
    let lines: Vec<String> = kind.lines.iter().take(LISTED_LINES).map(usize::to_string).collect();
    let more = if kind.lines.len() > LISTED_LINES { ", …" } else { "" };
    let word = if kind.lines.len() == 1 { "line" } else { "lines" };
    let path = clean::line(view.path(f.diagnostic.primary)).into_owned();
    out.push_str(&format!("  … and {} more of {} in {path}, {word} {}{more}\n\n", kind.lines.len(), f.diagnostic.rule, lines.join(", ")));
}

fn finding(out: &mut String, view: &View, f: &Finding, style: &Style) {
    let d = f.diagnostic;
    let (message, path) = (view.text(&d.message), clean::line(view.path(d.primary)));
    let message = format!("{}\n{} · {path}:{}", clean::line(&message), d.rule, view.start(d.primary).line);
    let plain = handler(style, Vec::new());
    push_lines(out, &draw(&plain, &Drawing { message, level: level(d.severity), ..Drawing::default() }), 0);
    excerpts(out, view, f, style);
    if let Some(help) = help(view, f) {
        // Without a message there is one line before the help.
        let drawn = draw(&plain, &Drawing { help: Some(help), ..Drawing::default() });
        push_lines(out, &drawn.replace(UNBROKEN, " "), 1);
    }
    out.push('\n');
}

fn help(view: &View, f: &Finding) -> Option<String> {
    let help = clean::lines(&view.help(f.diagnostic)?);
    Some(match f.diagnostic.fix.as_ref().map(|x| x.applicability) {
        Some(a @ (Applicability::Safe | Applicability::Unsafe)) => format!("{help}   [fix:{UNBROKEN}{}]", a.name()),
        Some(Applicability::Manual) | None => help,
    })
}

/// The blocks of lines, drawn one by one and joined to one frame.
fn excerpts(out: &mut String, view: &View, f: &Finding, style: &Style) {
    let (blocks, left_out) = excerpt::blocks(view, f.diagnostic, style.width.saturating_sub(GUTTER).max(20));
    let digits = blocks.iter().map(|b| b.last_line).max().unwrap_or(1).to_string().len();
    let margin = " ".repeat(digits + 2);
    let mut file = None;
    for b in &blocks {
        let pad = " ".repeat(digits - b.last_line.to_string().len());
        let drawn = draw_block(view, f, b, style);
        let mut lines = drawn.lines().skip(1);
        let head = lines.next().unwrap_or_default();
        match file {
            None => push_line(out, &format!("{pad}{head}")),
            Some(same) if same == b.file => push_line(out, &format!("{margin}⋮")),
            Some(_) => push_line(out, &format!("{pad}{}", head.replacen('╭', "├", 1))),
        }
        file = Some(b.file);
        let body: Vec<&str> = lines.collect();
        for line in body.iter().take(body.len().saturating_sub(1)) {
            push_line(out, &format!("{pad}{line}"));
        }
    }
    if left_out > 0 {
        push_line(out, &format!("{margin}⋮ … and {left_out} more places"));
    }
    push_line(out, &format!("{margin}╰────"));
}

fn draw_block(view: &View, f: &Finding, block: &Block, style: &Style) -> String {
    let at = view.start(block.head);
    let excerpt = Excerpt {
        name: clean::line(view.path(block.head)).into_owned(),
        text: &block.text,
        first_line: block.first_line,
        place: (at.line, at.column),
    };
    let label = |l: &excerpt::Label| {
        let text = (!l.text.is_empty()).then(|| wrap_label(block, l, style.width));
        let (start, len) = (l.range.start, l.range.len());
        if l.primary { LabeledSpan::new_primary_with_span(text, (start, len)) } else { LabeledSpan::new(text, start, len) }
    };
    let drawing = Drawing { labels: block.labels.iter().map(label).collect(), source: Some(excerpt), ..Drawing::default() };
    draw(&handler(style, block.labels.iter().map(|l| l.primary.then_some(f.diagnostic.severity)).collect()), &drawing)
}

/// Breaks a label that would run over the terminal's edge.
fn wrap_label(block: &Block, label: &excerpt::Label, width: usize) -> String {
    let before = block.text.get(..label.range.start).unwrap_or_default();
    let column = before.chars().rev().take_while(|&c| c != '\n').count() + label.range.len() / 2;
    let bars = if block.several_lines { excerpt::BARS } else { 0 };
    let room = width.saturating_sub(column + bars + block.last_line.to_string().len() + "  │ ╰── ".chars().count()).max(24);
    let mut out = String::new();
    let mut used = 0;
    for word in label.text.split(' ') {
        let len = word.chars().count();
        if used > 0 && used + 1 + len > room {
            out.push('\n');
            used = 0;
        } else if !out.is_empty() {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        used += len;
    }
    out
}

fn summary(view: &View, style: &Style) -> String {
    let count = files(view.report.files);
    if view.findings.is_empty() {
        return if style.terminal { format!("{count}, nothing to report\n") } else { String::new() };
    }
    let plural = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    let (errors, warnings) = (view.count(Severity::Error), view.count(Severity::Warning));
    let (infos, styles) = (view.count(Severity::Info), view.count(Severity::Style));
    let parts = [
        (errors, plural(errors, "error")),
        (warnings, plural(warnings, "warning")),
        (infos, format!("{infos} info")),
        (styles, format!("{styles} style")),
    ];
    let found: Vec<String> = parts.into_iter().filter(|(n, _)| *n > 0).map(|(_, text)| text).collect();
    let fixes = match (view.fixable(Applicability::Safe), view.fixable(Applicability::Unsafe)) {
        (0, 0) => String::new(),
        (0, n) => format!(" · {n} can be fixed with --unsafe-fixes"),
        (n, 0) => format!(" · {n} can be fixed with --fix"),
        (n, m) => format!(" · {n} can be fixed with --fix ({m} more with --unsafe-fixes)"),
    };
    format!("{count} · {}{fixes}\n", found.join(", "))
}

fn push_line(out: &mut String, line: &str) {
    out.push_str(line.trim_end());
    out.push('\n');
}

fn push_lines(out: &mut String, text: &str, skip: usize) {
    text.lines().skip(skip).for_each(|l| push_line(out, l));
}

fn level(severity: Severity) -> Level {
    match severity {
        Severity::Error => Level::Error,
        Severity::Warning => Level::Warning,
        Severity::Info | Severity::Style => Level::Advice,
    }
}

/// miette set up for one drawing; `labels` tells for each label, by place, whether it is the primary one.
fn handler(style: &Style, labels: Vec<Option<Severity>>) -> GraphicalReportHandler {
    let mut theme = if style.color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let styles = if style.color { ThemeStyles::ansi() } else { ThemeStyles::none() };
    let highlight = |l: &Option<Severity>| match l {
        Some(Severity::Error) => styles.error,
        Some(Severity::Warning) => styles.warning,
        Some(Severity::Info | Severity::Style) => styles.advice,
        None => styles.help,
    };
    theme.styles.highlights = labels.iter().map(highlight).collect();
    if theme.styles.highlights.is_empty() {
        theme.styles.highlights.push(styles.help);
    }
    GraphicalReportHandler::new_themed(theme)
        .with_links(false)
        .with_width(style.width.max(20))
        .with_context_lines(1)
        .without_syntax_highlighting()
}

fn draw(handler: &GraphicalReportHandler, drawing: &Drawing) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail, and an excerpt can always be read.
    let _ = handler.render_report(&mut out, drawing);
    out
}

/// What miette is asked to draw: a message, lines, or a help text.
#[derive(Debug, Default)]
struct Drawing<'a> {
    message: String,
    help: Option<String>,
    level: Level,
    labels: Vec<LabeledSpan>,
    source: Option<Excerpt<'a>>,
}

impl fmt::Display for Drawing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Drawing<'_> {}

impl miette::Diagnostic for Drawing<'_> {
    fn severity(&self) -> Option<Level> {
        Some(self.level)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|h| Box::new(h) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|s| s as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.source.is_some().then(|| Box::new(self.labels.iter().cloned()) as Box<dyn Iterator<Item = LabeledSpan>>)
    }
}

/// The few lines of a block as miette's source: it knows its line numbers, so nothing is counted from the file's start.
#[derive(Debug)]
struct Excerpt<'a> {
    name: String,
    text: &'a str,
    first_line: usize,
    place: (usize, usize),
}

impl SourceCode for Excerpt<'_> {
    fn read_span<'a>(&'a self, _: &SourceSpan, before: usize, after: usize) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        // Without lines around it, the span is read for the place in the frame's head.
        let (line, column) = if before + after == 0 { self.place } else { (self.first_line, 1) };
        let whole = SourceSpan::from(0..self.text.len());
        let lines = self.text.matches('\n').count();
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            self.text.as_bytes(),
            whole,
            line.saturating_sub(1),
            column.saturating_sub(1),
            lines,
        )))
    }
}
