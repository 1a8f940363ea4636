//! The whole file.

use super::ast::{Dockerfile, Item, ItemKind, Keyword, Op, Stage};
use super::heredoc::LastLines;
use super::instruction::Reader;
use super::lines::{Logical, Physical, Physicals, logical};
use super::{directives, validate};
use crate::source::{At, SourceFile, Span, TextProblem};
use crate::syntax::{SyntaxError, SyntaxErrorKind};

/// Reads a Dockerfile. It never fails: what cannot be read is an error in the tree, and the rest is read.
pub fn parse(file: &SourceFile) -> Dockerfile {
    let head = directives::read(file);
    let mut parser = Parser {
        file,
        reader: Reader { file, escape: head.escape },
        out: Dockerfile {
            file: file.id,
            escape: head.escape,
            directives: head.directives,
            items: Vec::with_capacity(memchr::memchr_iter(b'\n', file.text.as_bytes()).count().min(MAX_RESERVED) / 2 + 1),
            stages: Vec::new(),
            errors: Vec::new(),
        },
        early: head.errors,
        too_long: false,
        last_lines: LastLines::default(),
    };
    parser.items();
    parser.stages();
    parser.errors();
    parser.out
}

/// Room for what usually stands on this many lines is made before any is read.
const MAX_RESERVED: usize = 4096;

struct Parser<'a> {
    file: &'a SourceFile,
    reader: Reader<'a>,
    out: Dockerfile,
    /// Errors that the builder finds while it reads lines, before it looks at any instruction.
    early: Vec<SyntaxError>,
    too_long: bool,
    last_lines: LastLines<'a>,
}

impl<'a> Parser<'a> {
    fn items(&mut self) {
        let file = self.file;
        let bom = file.bom_len();
        if bom > 0 {
            self.push(0, bom, ItemKind::Blank);
        }
        let mut lines = Physicals::new(&file.text, bom);
        while let Some(line) = lines.next() {
            let content = lines.content(line).trim_start();
            if content.is_empty() || content.starts_with('#') {
                if line.too_long() {
                    self.line_too_long(line);
                }
                self.trivia(line, content.is_empty());
                continue;
            }
            let logical = logical(file, &mut lines, line, self.reader.escape);
            self.instruction(line, &logical, &mut lines);
        }
    }

    fn push(&mut self, start: usize, end: usize, kind: ItemKind) {
        self.out.items.push(Item { span: Span::new(self.file.id, start, end), kind });
    }

    fn trivia(&mut self, line: Physical, blank: bool) {
        if !blank {
            let whole = Span::new(self.file.id, line.start, line.end);
            let directive = self.out.directives.iter().position(|d| d.span == whole);
            let kind = directive.map_or_else(|| ItemKind::Comment(self.reader.comment(line.start..line.end)), ItemKind::Directive);
            self.push(line.start, line.next, kind);
            return;
        }
        match self.out.items.last_mut() {
            Some(Item { span, kind: ItemKind::Blank }) => *span = Span::new(span.file, span.start as usize, line.next),
            _ => self.push(line.start, line.next, ItemKind::Blank),
        }
    }

    fn instruction(&mut self, first: Physical, line: &Logical<'_>, lines: &mut Physicals<'a>) {
        let read = self.reader.line(line, lines, &mut self.last_lines);
        let mut instruction = read.instruction;
        if let Some(error) = read.error {
            instruction.error = Some(Box::new(error.clone()));
            self.early.push(error);
        }
        if let Some(long) = line.too_long {
            self.line_too_long(long);
        }
        self.push(first.start, lines.pos, ItemKind::Instruction(Box::new(instruction)));
    }

    /// The builder stops reading at such a line, and names the line before it.
    fn line_too_long(&mut self, line: Physical) {
        if std::mem::replace(&mut self.too_long, true) {
            return;
        }
        let number = self.file.line_of(line.start);
        let before = self.file.line_range(number.saturating_sub(1).max(1));
        self.early.push(SyntaxError {
            span: Span::new(self.file.id, before.start, before.end),
            kind: SyntaxErrorKind::Syntax,
            message: format!("Line {number} has {} bytes, more than the 65535 that the builder reads", line.end - line.start),
            help: Some("break the line with the escape character".to_owned()),
        });
    }

    fn stages(&mut self) {
        let mut stages: Vec<Stage> = Vec::new();
        for (n, instruction) in self.out.instructions() {
            if instruction.keyword == Keyword::From {
                let name = match &instruction.op {
                    Op::From(from) => from.name.as_ref().map(|n| At::new(n.to_lowercase(), n.span)),
                    _ => None,
                };
                stages.push(Stage { from: n, instructions: Vec::new(), name, span: instruction.span });
            } else if let Some(stage) = stages.last_mut() {
                stage.instructions.push(n);
                stage.span = stage.span.to(instruction.span);
            }
        }
        self.out.stages = stages;
    }

    fn errors(&mut self) {
        let file = self.file;
        let mut errors = std::mem::take(&mut self.early);
        let any_from = !self.out.stages.is_empty();
        let mut in_stage = false;
        let mut told = false;
        let mut instructions = 0;
        for item in &mut self.out.items {
            let ItemKind::Instruction(i) = &mut item.kind else { continue };
            instructions += 1;
            in_stage |= i.keyword == Keyword::From;
            if i.error.is_some() {
                continue;
            }
            i.error = validate::instruction(file, i).map(Box::new);
            if i.error.is_none() && !in_stage && !told && i.keyword != Keyword::Arg {
                told = true;
                i.error = Some(Box::new(validate::outside(file, i, any_from)));
            }
            errors.extend(i.error.as_deref().cloned());
        }
        if instructions == 0 {
            errors.push(self.empty());
        } else if !any_from && errors.is_empty() {
            errors.push(self.no_stage());
        }
        self.out.errors = errors;
    }

    fn empty(&self) -> SyntaxError {
        let last = if self.file.text.is_empty() { 0..0 } else { self.file.line_range(self.file.line_count()) };
        let (message, help) = match &self.file.problem {
            Some(TextProblem::WideEncoding(name)) => (format!("The file is {name} text, and builders read UTF-8 only"), "save it as UTF-8"),
            Some(TextProblem::TooLarge { .. }) => ("The file is too large to be read".to_owned(), "name a Dockerfile"),
            _ => ("The file holds no instruction".to_owned(), "begin with `FROM image`"),
        };
        let span = Span::new(self.file.id, last.start, last.end);
        SyntaxError { span, kind: SyntaxErrorKind::Syntax, message, help: Some(help.to_owned()) }
    }

    fn no_stage(&self) -> SyntaxError {
        SyntaxError {
            span: self.out.instructions().last().map_or(self.file.span().at_start(), |(_, i)| i.word.span),
            kind: SyntaxErrorKind::Syntax,
            message: "The file has no FROM, so there is nothing to build".to_owned(),
            help: Some("add `FROM image`".to_owned()),
        }
    }
}
