//! The lines of source that a finding shows: few of them, each on one terminal line, secrets masked, control characters
//! visible, tabs as blanks. Knows no renderer: it gives texts and the places of the labels in them.

use std::collections::BTreeMap;
use std::ops::Range;

use super::mask::{self, Masks};
use super::{View, clean};
use crate::diagnostic::Diagnostic;
use crate::source::{FileId, SourceFile, Span};

/// A span over more lines is shown by its first one.
const MAX_SPAN_LINES: usize = 5;
/// Further places of one finding that are shown.
const MAX_RELATED: usize = 6;
const TAB: usize = 4;
/// Columns that the bars beside a span over several lines take.
pub(super) const BARS: usize = 4;
/// How much of a line is looked at before and after the place in question, in bytes; more never fits a terminal.
const REACH: usize = 1500;

/// Neighbouring lines of one file.
pub(super) struct Block {
    pub(super) file: FileId,
    pub(super) first_line: usize,
    pub(super) last_line: usize,
    /// The lines as they are shown, each with its line break.
    pub(super) text: String,
    pub(super) labels: Vec<Label>,
    /// Whether a label covers more than one line.
    pub(super) several_lines: bool,
    /// The source place that the block is about.
    pub(super) head: Span,
}

/// A place in [`Block::text`].
pub(super) struct Label {
    pub(super) range: Range<usize>,
    pub(super) text: String,
    pub(super) primary: bool,
    one_line: bool,
}

struct Place {
    span: Span,
    lines: Range<usize>,
    text: String,
    primary: bool,
}

/// The blocks of a finding: the primary place's file first, then the other files as they are named. Also how many
/// further places are left out.
pub(super) fn blocks(view: &View, d: &Diagnostic, width: usize) -> (Vec<Block>, usize) {
    let places = places(view, d);
    let mut files: Vec<FileId> = Vec::new();
    for p in &places {
        if !files.contains(&p.span.file) {
            files.push(p.span.file);
        }
    }
    let mut blocks = Vec::new();
    for id in files {
        let of_file: Vec<&Place> = places.iter().filter(|p| p.span.file == id).collect();
        let file = view.report.sources.get(id);
        for lines in runs(file, &of_file) {
            blocks.push(block(file, &view.masks, lines, &of_file, width));
        }
    }
    (blocks, d.related.len().saturating_sub(MAX_RELATED))
}

fn places(view: &View, d: &Diagnostic) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    let primary = std::iter::once((d.primary, d.label.as_str(), true));
    let related = d.related.iter().take(MAX_RELATED).map(|l| (l.span, l.message.as_str(), false));
    for (span, text, primary) in primary.chain(related) {
        let text = clean::line(&view.text(text)).into_owned();
        let (span, lines) = shown_part(view.report.sources.get(span.file), span);
        match places.iter_mut().find(|p| p.span == span) {
            Some(same) if same.text.is_empty() => same.text = text,
            Some(same) if !text.is_empty() && same.text != text => same.text = format!("{}; {text}", same.text),
            Some(_) => {}
            None => places.push(Place { span, lines, text, primary }),
        }
    }
    places
}

/// Cuts line breaks and blanks from a span's end, and a span of many lines to its first line.
fn shown_part(file: &SourceFile, span: Span) -> (Span, Range<usize>) {
    let len = file.text.len();
    let (start, end) = ((span.start as usize).min(len), (span.end as usize).min(len));
    let whole = file.text.get(start..end).unwrap_or_default();
    let trimmed = whole.trim_end();
    let end = if trimmed.is_empty() { end } else { start + trimmed.len() };
    let first = file.line_of(start);
    let first_end = file.line_range(first).end.max(start);
    let last = file.line_of(end);
    if trimmed.is_empty() || last - first >= MAX_SPAN_LINES {
        let span = Span::new(span.file, start, end.min(first_end));
        return (span, first..first + 1);
    }
    (Span::new(span.file, start, end), first..last + 1)
}

/// The runs of lines to show: those of every place, one line around the primary one, and single lines between runs.
fn runs(file: &SourceFile, places: &[&Place]) -> Vec<Range<usize>> {
    let mut wanted: BTreeMap<usize, ()> = BTreeMap::new();
    let speaks = |line: usize| line >= 1 && line <= file.line_count() && !is_blank(file, line);
    for p in places {
        wanted.extend(p.lines.clone().map(|l| (l, ())));
        if p.primary {
            let around = [p.lines.start.saturating_sub(1), p.lines.end];
            wanted.extend(around.into_iter().filter(|&l| speaks(l)).map(|l| (l, ())));
        }
    }
    let mut runs: Vec<Range<usize>> = Vec::new();
    for line in wanted.into_keys() {
        match runs.last_mut() {
            Some(run) if line <= run.end + 1 => run.end = line + 1,
            _ => runs.push(line..line + 1),
        }
    }
    runs
}

fn is_blank(file: &SourceFile, line: usize) -> bool {
    let range = file.line_range(line);
    let head = range.start..floor(&file.text, range.end.min(range.start + REACH));
    file.text.get(head).is_none_or(|t| t.trim().is_empty())
}

fn block(file: &SourceFile, masks: &Masks, lines: Range<usize>, places: &[&Place], width: usize) -> Block {
    let inside: Vec<&&Place> = places.iter().filter(|p| lines.contains(&p.lines.start)).collect();
    let several_lines = inside.iter().any(|p| p.lines.len() > 1);
    let width = if several_lines { width.saturating_sub(BARS) } else { width };
    let mut text = String::new();
    let mut shown: Vec<ShownLine> = Vec::new();
    for line in lines.clone() {
        let focus = inside.iter().filter(|p| p.lines.contains(&line)).min_by_key(|p| !p.primary);
        let shown_line = show_line(file, masks, line, focus.map(|p| p.span), width, text.len());
        text.push_str(&shown_line.text);
        text.push('\n');
        shown.push(shown_line);
    }
    let at = |offset: usize| {
        let line = file.line_of(offset) - lines.start;
        shown.get(line).map_or(0, |l| l.place(offset))
    };
    let label = |p: &&&Place| {
        let (start, end) = (at(p.span.start as usize), at(p.span.end as usize));
        Label { range: start..end.max(start), text: p.text.clone(), primary: p.primary, one_line: p.lines.len() == 1 }
    };
    let head = inside.iter().min_by_key(|p| (!p.primary, p.span.start)).map_or(file.span(), |p| p.span);
    Block {
        file: file.id,
        first_line: lines.start,
        last_line: lines.end.saturating_sub(1).max(lines.start),
        labels: apart(inside.iter().map(label).collect()),
        several_lines,
        text,
        head,
    }
}

/// Labels by place. Two underlines cannot share a column: of two that would, the outer one gives way to the inner one, and
/// a further place to the primary one.
fn apart(mut labels: Vec<Label>) -> Vec<Label> {
    labels.sort_by_key(|l| (l.range.start, l.range.end));
    let mut last: Option<usize> = None;
    for i in 0..labels.len() {
        let (before, rest) = labels.split_at_mut(i);
        let Some(b) = rest.first_mut().filter(|l| l.one_line) else { continue };
        if let Some(a) = last.and_then(|l| before.get_mut(l))
            && b.range.start < a.range.end
        {
            if a.range.start == b.range.start || (a.primary && a.range.end < b.range.end) {
                b.range.start = a.range.end.min(b.range.end);
            } else {
                a.range.end = b.range.start;
            }
        }
        last = Some(i);
    }
    labels
}

/// One line as it is shown, and where its characters went.
struct ShownLine {
    text: String,
    /// Source offset and place in the block's text of every character shown, in order, and of the end.
    map: Vec<(usize, usize)>,
}

impl ShownLine {
    fn place(&self, offset: usize) -> usize {
        let after = self.map.partition_point(|&(source, _)| source <= offset);
        let found = after.checked_sub(1).and_then(|i| self.map.get(i)).or(self.map.first());
        found.map_or(0, |&(_, shown)| shown)
    }
}

fn show_line(file: &SourceFile, masks: &Masks, line: usize, focus: Option<Span>, width: usize, base: usize) -> ShownLine {
    let range = file.line_range(line);
    let range = if line == 1 { range.start.max(file.bom_len()).min(range.end)..range.end } else { range };
    let focus = focus.map_or(range.start, |s| (s.start as usize).clamp(range.start, range.end));
    // Only the surroundings of the place are looked at: a line may have megabytes.
    let from = if focus - range.start > REACH { floor(&file.text, focus - REACH / 2) } else { range.start };
    let to = floor(&file.text, range.end.min(focus + REACH));
    let pieces = pieces(file, masks, from..to);

    let total: usize = pieces.iter().map(|p| p.width).sum();
    let whole = from == range.start && to == range.end;
    let (mut skip, mut cut) = (0, pieces.len());
    if !whole || total > width {
        (skip, cut) = window(&pieces, focus, width, from == range.start);
    }
    let mut text = String::new();
    let mut map = Vec::with_capacity(cut - skip + 2);
    if skip > 0 || from > range.start {
        map.push((range.start, base));
        text.push('…');
    }
    for p in pieces.iter().take(cut).skip(skip) {
        map.push((p.offset, base + text.len()));
        text.push_str(&p.text);
    }
    let end = pieces.get(cut).map_or(to, |p| p.offset);
    map.push((end, base + text.len()));
    if cut < pieces.len() || to < range.end {
        text.push('…');
        map.push((range.end, base + text.len()));
    }
    ShownLine { text, map }
}

struct Piece {
    offset: usize,
    text: String,
    width: usize,
}

fn pieces(file: &SourceFile, masks: &Masks, range: Range<usize>) -> Vec<Piece> {
    let mut column = 0;
    let text = file.text.get(range.clone()).unwrap_or_default();
    let piece = |(at, c): (usize, char)| {
        let offset = range.start + at;
        let (text, width) = match clean::escape(c) {
            _ if !masks.is_empty() && masks.covers(file.id, offset) => (mask::DOT.to_string(), 1),
            _ if c == '\t' => {
                let blanks = TAB - column % TAB;
                (" ".repeat(blanks), blanks)
            }
            Some(visible) => {
                let width = visible.len();
                (visible, width)
            }
            // Rather too wide than too narrow: what follows is cut a little early.
            None => (c.to_string(), if c < '\u{1100}' { 1 } else { 2 }),
        };
        column += width;
        Piece { offset, text, width }
    };
    text.char_indices().map(piece).collect()
}

/// Which pieces fit the width: from the line's start where the place is near it, else a little before the place.
fn window(pieces: &[Piece], focus: usize, width: usize, from_start: bool) -> (usize, usize) {
    let room = width.saturating_sub(2).max(8);
    let at = pieces.partition_point(|p| p.offset < focus);
    let before: usize = pieces.iter().take(at).map(|p| p.width).sum();
    let mut skip = 0;
    if !from_start || before > room * 2 / 3 {
        let mut kept = 0;
        skip = at;
        while let Some(p) = skip.checked_sub(1).and_then(|i| pieces.get(i)) {
            if kept + p.width > room / 3 {
                break;
            }
            kept += p.width;
            skip -= 1;
        }
    }
    let mut used = 0;
    let fits = |p: &&Piece| {
        used += p.width;
        used <= room
    };
    let cut = skip + pieces.iter().skip(skip).take_while(fits).count();
    (skip, cut)
}

fn floor(text: &str, mut offset: usize) -> usize {
    offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}
