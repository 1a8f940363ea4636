//! From parser events to the tree.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use granit_parser::{Event, ScalarStyle, StructureStyle, Tag};

use super::tree::{self, Node, Scalar, Style, Value, Yaml};
use super::{scalar, span_at};
use crate::source::{At, SourceFile, Span};
use crate::syntax::{SyntaxError, SyntaxErrorKind};
use crate::text::Text;

pub(super) struct Builder<'a> {
    file: &'a SourceFile,
    bom: usize,
    open: Vec<Open>,
    /// The last finished scalar waits here for its anchor.
    last: Option<Node>,
    documents: Vec<Node>,
    comments: Vec<Span>,
    /// Brackets and all scalars but plain ones of one line: line breaks in there start no line of YAML.
    pub(super) inner: Vec<Span>,
    errors: Vec<SyntaxError>,
    /// The text was mended for the parser: what stands in the file counts, not what it read.
    mended: bool,
}

/// A collection whose end has not come yet.
struct Open {
    node: Node,
    key: Option<Node>,
    flow: bool,
}

impl<'a> Builder<'a> {
    pub(super) fn new(file: &'a SourceFile, bom: usize, mended: bool) -> Self {
        Builder {
            file,
            bom,
            open: Vec::new(),
            last: None,
            documents: Vec::new(),
            comments: Vec::new(),
            inner: Vec::new(),
            errors: Vec::new(),
            mended,
        }
    }

    pub(super) fn event(&mut self, event: Event<'_>, span: granit_parser::Span) {
        if let Event::Anchor(_, name) = &event {
            let at = self.place(&span);
            let anchor = Some(Box::new(At::new(name.to_string(), at)));
            match &mut self.last {
                Some(node) => node.anchor = anchor,
                None => {
                    if let Some(open) = self.open.last_mut() {
                        open.node.anchor = anchor;
                    }
                }
            }
            return;
        }
        self.settle();
        match event {
            Event::Comment(..) => self.comments.push(self.place(&span)),
            Event::Scalar(value, style, _, tag) => {
                let node = self.scalar(&value, style, tag.as_deref(), &span);
                self.last = Some(node);
            }
            Event::Alias(_) => {
                let at = self.place(&span);
                let name = self.file.slice(at).get(1..).unwrap_or_default().trim_end().to_owned();
                self.last = Some(Node { span: at, tag: None, anchor: None, value: Value::Alias(name) });
            }
            Event::UnresolvedAlias(name) => {
                let at = self.place(&span);
                let value = match self.documents.iter().any(|d| d.anchored(&name).is_some()) {
                    // Compose's library keeps anchors from one document to the next
                    true => Node { value: Value::Alias(name.to_string()), ..plain("", at) },
                    false => {
                        self.unknown_alias(&name, at);
                        plain(self.file.slice(at), at)
                    }
                };
                self.last = Some(value);
            }
            Event::SequenceStart(style, _, tag) => self.start(Value::Seq(Vec::new()), style, tag.as_deref(), &span),
            Event::MappingStart(style, _, tag) => self.start(Value::Map(Vec::new()), style, tag.as_deref(), &span),
            Event::SequenceEnd | Event::MappingEnd => self.end(&span),
            _ => {}
        }
    }

    pub(super) fn finish(mut self) -> (Yaml, Vec<SyntaxError>) {
        self.settle();
        while let Some(open) = self.open.pop() {
            self.close(open);
        }
        let yaml = Yaml { file: self.file.id, documents: self.documents, comments: self.comments, errors: Vec::new() };
        (yaml, self.errors)
    }

    /// A block whose parts were read.
    pub(super) fn block(&mut self, value: Value, at: Span) -> Node {
        let mut node = Node { span: at, tag: None, anchor: None, value };
        node.span = block_span(self.file, &node);
        self.duplicates(&node);
        node
    }

    /// A document that was read.
    pub(super) fn put(&mut self, document: Node) {
        self.documents.push(document);
    }

    pub(super) fn comment(&mut self, at: Span) {
        self.comments.push(at);
    }

    fn place(&self, span: &granit_parser::Span) -> Span {
        let start = span.start.byte_offset().unwrap_or_default();
        let end = span.end.byte_offset().unwrap_or(start);
        span_at(self.file, self.bom, start, end)
    }

    fn tag(&self, tag: Option<&Tag>, span: &granit_parser::Span) -> Option<Box<At<String>>> {
        let tag = tag?;
        let at = match span.tag_span() {
            Some(at) => self.place(&at),
            None => self.place(span).at_start(),
        };
        let written = self.file.slice(at);
        Some(Box::new(At::new(if written.is_empty() { tag.original() } else { written.to_owned() }, at)))
    }

    fn scalar(&mut self, value: &str, style: ScalarStyle, tag: Option<&Tag>, span: &granit_parser::Span) -> Node {
        let at = self.place(span);
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted => Style::Single,
            ScalarStyle::DoubleQuoted => Style::Double,
            ScalarStyle::Literal => Style::Literal,
            ScalarStyle::Folded => Style::Folded,
        };
        // An absent value comes as `~` with an empty span.
        let value = if style == Style::Plain && at.is_empty() { "" } else { value };
        let text = scalar::decode(self.file, value, style, at, self.mended);
        if style == Style::Double {
            self.escapes(at);
        }
        if style != Style::Plain || self.file.slice(text.span).contains('\n') {
            self.inner.push(at);
        }
        Node { span: text.span, tag: self.tag(tag, span), anchor: None, value: Value::Scalar(Scalar { text, style }) }
    }

    /// `\/` is an escape of YAML 1.2, which Compose's library does not know.
    fn escapes(&mut self, at: Span) {
        let source = self.file.slice(at);
        let mut chars = source.char_indices();
        while let Some((i, c)) = chars.next() {
            if c == '\\' && chars.next().is_some_and(|(_, next)| next == '/') {
                let message = "`\\/` is no escape that Compose knows".to_owned();
                let help = Some("write `/` alone".to_owned());
                self.errors.push(SyntaxError { span: at.part(i, i + 2), kind: SyntaxErrorKind::Syntax, message, help });
            }
        }
    }

    fn start(&mut self, value: Value, style: StructureStyle, tag: Option<&Tag>, span: &granit_parser::Span) {
        let node = Node { span: self.place(span), tag: self.tag(tag, span), anchor: None, value };
        self.open.push(Open { node, key: None, flow: style == StructureStyle::Flow });
    }

    fn end(&mut self, span: &granit_parser::Span) {
        let end = self.place(span);
        if let Some(mut open) = self.open.pop() {
            if open.flow {
                open.node.span = open.node.span.to(end);
                self.inner.push(open.node.span);
            }
            self.close(open);
        }
    }

    fn close(&mut self, open: Open) {
        let Open { mut node, key, flow } = open;
        if let (Some(key), Value::Map(entries)) = (key, &mut node.value) {
            let value = plain("", key.span.at_end());
            entries.push(tree::Entry { key, value });
        }
        if !flow {
            node.span = block_span(self.file, &node);
        }
        // trees stay until the end of a run, and growing leaves a third of them empty
        match &mut node.value {
            Value::Map(entries) => entries.shrink_to_fit(),
            Value::Seq(items) => items.shrink_to_fit(),
            _ => {}
        }
        self.duplicates(&node);
        self.push(node);
    }

    fn settle(&mut self) {
        if let Some(node) = self.last.take() {
            self.push(node);
        }
    }

    fn push(&mut self, node: Node) {
        let Some(parent) = self.open.last_mut() else {
            self.documents.push(node);
            return;
        };
        match &mut parent.node.value {
            Value::Seq(items) => items.push(node),
            Value::Map(entries) => match parent.key.take() {
                None => parent.key = Some(node),
                Some(key) => entries.push(tree::Entry { key, value: node }),
            },
            _ => {}
        }
    }

    fn unknown_alias(&mut self, name: &str, at: Span) {
        let masked = !name.is_empty() && name.chars().all(|c| c == '*');
        let message = if masked {
            "YAML reads a value that starts with `*` as a reference, so this masked value is no text".to_owned()
        } else {
            format!("`*{name}` refers to an anchor `&{name}` that is not defined above")
        };
        let help = if masked || !name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-')) {
            format!("put it in quotes: \"*{name}\"")
        } else {
            format!("define `&{name}` before this line, or put the value in quotes")
        };
        self.errors.push(SyntaxError { span: at, kind: SyntaxErrorKind::Syntax, message, help: Some(help) });
    }

    /// Says which keys of a mapping stand in it twice.
    pub(super) fn duplicates(&mut self, node: &Node) {
        let Value::Map(entries) = &node.value else { return };
        // of few, to look through them costs less than to hash them
        if entries.len() <= 16 {
            for (n, entry) in entries.iter().enumerate() {
                let Some(key) = entry.key.as_str() else { continue };
                if let Some(first) = entries.iter().take(n).find(|e| e.key.as_str() == Some(key)) {
                    self.duplicate(key, first.key.span, entry.key.span);
                }
            }
            return;
        }
        let mut seen: HashMap<&str, Span> = HashMap::with_capacity(entries.len());
        for entry in entries {
            let Some(key) = entry.key.as_str() else { continue };
            match seen.entry(key) {
                Entry::Occupied(first) => self.duplicate(key, *first.get(), entry.key.span),
                Entry::Vacant(place) => {
                    place.insert(entry.key.span);
                }
            }
        }
    }

    fn duplicate(&mut self, key: &str, first: Span, span: Span) {
        let line = self.file.line_of(first.start as usize);
        let message = match key {
            "<<" => format!("`<<` stands twice in this mapping, first on line {line}"),
            _ => format!("`{key}` stands twice in this mapping, first on line {line}"),
        };
        let help = if key == "<<" { "merge several with a list: `<<: [*a, *b]`" } else { "keep one of the two" };
        self.errors.push(SyntaxError { span, kind: SyntaxErrorKind::DuplicateKey, message, help: Some(help.to_owned()) });
    }
}

fn plain(text: &str, at: Span) -> Node {
    let text = Text::verbatim(text, at);
    Node { span: at, tag: None, anchor: None, value: Value::Scalar(Scalar { text, style: Style::Plain }) }
}

/// Start events of block collections are empty: the span comes from what is in them.
fn block_span(file: &SourceFile, node: &Node) -> Span {
    let (first, last) = match &node.value {
        Value::Seq(items) => (Some(dash_before(file, node.span)), items.last().map(|n| n.span)),
        Value::Map(entries) => (entries.first().map(|e| e.key.span), entries.last().map(|e| e.key.span.to(e.value.span))),
        _ => (None, None),
    };
    match (first.unwrap_or(node.span), last) {
        (first, Some(last)) => first.to(last),
        (first, None) => first,
    }
}

/// A block sequence starts at its first dash.
fn dash_before(file: &SourceFile, at: Span) -> Span {
    let before = file.text.get(..at.start as usize).unwrap_or_default().trim_end_matches([' ', '\t']);
    if before.ends_with('-') { Span::new(at.file, before.len() - 1, before.len()) } else { at }
}
