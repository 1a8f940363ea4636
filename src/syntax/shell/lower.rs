//! From the parser's tree to [`Script`]: compound commands are flattened into the places of their commands.

use shuck_ast as ast;
use shuck_parser::parser::ParseResult;

use super::map::{Cuts, Map, cut};
use super::model::{
    Assign, Command, Dialect, GroupKind, Join, MAX_NESTING, Piece, PieceKind, Place, Programs, Quote, Redirect, Script, Word,
};
use super::words::range;
use super::wrappers::Start;
use crate::few::Few;
use crate::source::Span;
use crate::syntax::{SyntaxError, SyntaxErrorKind};
use crate::text::Text;

/// Scripts above this size are not read (4 MiB).
pub const MAX_SCRIPT_BYTES: usize = 4 << 20;
/// Groups nest at most this deep; what lies deeper is not read.
pub(super) const MAX_DEPTH: u32 = 60;

/// Reads a script that stands in the source as it is: `text[i]` stands at `base.start + i`.
pub fn parse(text: &str, base: Span, dialect: Dialect) -> Script {
    parse_source(text, base, dialect, false)
}

/// Reads the shell text of a Dockerfile instruction. The builder joins its continued lines before any shell sees them, inside
/// single quotes and comments too; everything after the first line that is not continued belongs to heredocs and stays.
pub fn parse_run(text: &str, base: Span, dialect: Dialect) -> Script {
    parse_source(text, base, dialect, true)
}

/// Reads a script from a decoded string.
pub fn parse_text(text: &Text, dialect: Dialect) -> Script {
    parse_nested(text, dialect, 0)
}

/// The script of an exec form: one command whose words are literal. Nothing expands in it, but a shell among its words gets
/// its script read.
pub fn from_argv(argv: &[Text], dialect: Dialect) -> Script {
    let (Some(first), Some(last)) = (argv.first(), argv.last()) else {
        return Script { dialect, ..Script::default() };
    };
    let words: Vec<Word> = argv.iter().map(argument).collect();
    let place = Place { last: true, tail: true, ..start_place() };
    let span = first.span.to(last.span);
    let start = Start::of(&words);
    let mut command =
        Command { span, assigns: Vec::new(), words, redirects: Vec::new(), place, nested: None, start, programs: Programs::default() };
    command.nested = super::nested::of(&command, dialect, 0);
    let mut script = Script { dialect, commands: vec![command], ..Script::default() };
    script.note();
    script
}

/// The same command with other words, such as those that its variables and arguments make of it. The script that it hands to
/// another shell stays as it was written.
pub fn with_words(command: &Command, words: Vec<Word>, dialect: Dialect) -> Command {
    let start = Start::of(&words);
    let Command { span, place, .. } = *command;
    let (assigns, redirects, nested) = (command.assigns.clone(), command.redirects.clone(), command.nested.clone());
    let mut command = Command { span, assigns, words, redirects, place, nested, start, programs: Programs::default() };
    command.programs = super::model::started(&command);
    if command.nested.is_none() {
        command.nested = super::nested::of(&command, dialect, 0);
    }
    command
}

/// A text as a word that nothing expands in.
pub fn argument(text: &Text) -> Word {
    let mut pieces = Few::new();
    let mut at = 0;
    while at < text.len() {
        let end = text.run_end(at).max(at + 1).min(text.len());
        let value = text.get(at..end).unwrap_or_default().to_owned();
        pieces.push(Piece { span: text.span_of(at, end), kind: PieceKind::Literal(value), quote: Quote::Single });
        at = end;
    }
    Word { span: text.span, pieces }
}

/// A script as a shell is given it: without carriage returns before line breaks and, with `join`, without the continuations
/// that the builder joins.
pub fn as_read(text: &Text, join: bool) -> Text {
    uncut(text, join).unwrap_or_else(|| text.clone())
}

/// The text with its cuts; `None` where there are none.
fn uncut(text: &Text, join: bool) -> Option<Text> {
    let (joined, cuts) = cut(text, join)?;
    let mut decoded = Text::builder(text.span);
    let mut starts = vec![(0, 0)];
    starts.extend(cuts);
    for (i, &(from, source)) in starts.iter().enumerate() {
        let to = starts.get(i + 1).map_or(joined.len(), |next| next.0);
        decoded.append_range(text, source, source + (to - from));
    }
    Some(decoded)
}

/// Reads a decoded script that lies `nesting` shells deep.
pub(super) fn parse_nested(text: &Text, dialect: Dialect, nesting: usize) -> Script {
    match uncut(text, false) {
        Some(decoded) => read(&decoded, Map::Text(&decoded), dialect, nesting),
        None if text.is_verbatim() => read(text, Map::Base(text.span_of(0, text.len())), dialect, nesting),
        None => read(text, Map::Text(text), dialect, nesting),
    }
}

fn parse_source(text: &str, base: Span, dialect: Dialect, join: bool) -> Script {
    match cut(text, join) {
        Some((joined, cuts)) => read(&joined, Map::Cut(base, Cuts::new(cuts)), dialect, 0),
        None => read(text, Map::Base(base), dialect, 0),
    }
}

fn read(text: &str, map: Map<'_>, dialect: Dialect, nesting: usize) -> Script {
    let script = Script { dialect, ..Script::default() };
    if dialect == Dialect::Windows || nesting > MAX_NESTING {
        return script;
    }
    if text.len() > MAX_SCRIPT_BYTES {
        let message = format!("the script is larger than {} MiB and is not read", MAX_SCRIPT_BYTES >> 20);
        let error = SyntaxError { span: map.span(0, 0), kind: SyntaxErrorKind::Syntax, message, help: None };
        return Script { errors: vec![error], ..script };
    }
    let mut lower = Lower { script, ..Lower::new(text, map, dialect, nesting) };
    if let Err(left) = super::quick::read(&mut lower) {
        lower.tree();
        // the parser behind the tree passes over it; zsh alone has patterns in brackets
        if let Some(at) = left.refused.filter(|_| lower.script.errors.is_empty() && dialect != Dialect::Other) {
            lower.error(lower.map.span(at, at + 1), "a bracket cannot follow a word");
        }
    }
    lower.finish()
}

fn start_place() -> Place {
    Place {
        join: Join::First,
        pipe_index: 0,
        pipe_len: 1,
        depth: 0,
        subshell: false,
        substitution: false,
        function: false,
        conditional: false,
        condition: false,
        negated: false,
        background: false,
        last: false,
        tail: false,
        group: None,
    }
}

/// What the groups around a command say of its place.
#[derive(Clone, Copy, Default)]
pub(super) struct Context {
    pub(super) depth: u32,
    pub(super) subshell: bool,
    pub(super) substitution: bool,
    pub(super) function: bool,
    pub(super) conditional: bool,
    pub(super) condition: bool,
    pub(super) group: Option<usize>,
}

impl Context {
    /// Tail position of a function or a substitution is none of the script.
    pub(super) fn settle(self, place: Place) -> Place {
        Place { last: place.tail && !self.function && !self.substitution, ..place }
    }

    pub(super) fn place(self) -> Place {
        Place {
            depth: self.depth,
            subshell: self.subshell,
            substitution: self.substitution,
            function: self.function,
            conditional: self.conditional,
            condition: self.condition,
            group: self.group,
            ..start_place()
        }
    }
}

pub(super) struct Lower<'a> {
    pub(super) text: &'a str,
    pub(super) map: Map<'a>,
    pub(super) script: Script,
    nesting: usize,
}

impl<'a> Lower<'a> {
    pub(super) fn new(text: &'a str, map: Map<'a>, dialect: Dialect, nesting: usize) -> Self {
        Lower { text, map, script: Script { dialect, ..Script::default() }, nesting }
    }
}

impl Lower<'_> {
    /// Reads the text with the parser that knows all of the language.
    pub(super) fn tree(&mut self) {
        let result = super::recover::tree(self.text, self.script.dialect);
        self.errors(&result);
        self.sequence(&result.file.body, Context::default(), true);
    }

    fn finish(mut self) -> Script {
        if !self.script.commands.is_sorted_by_key(|c| c.span.start) {
            self.script.commands.sort_by_key(|c| c.span.start);
        }
        for command in &mut self.script.commands {
            command.nested = super::nested::of(command, self.script.dialect, self.nesting);
        }
        self.pipes();
        self.script.note();
        // scripts are kept for as long as the stack is
        self.script.commands.shrink_to_fit();
        self.script.groups.shrink_to_fit();
        self.script
    }

    /// Shells that read what stands before them in their pipeline.
    fn pipes(&mut self) {
        for at in 1..self.script.commands.len() {
            let Some([before, command]) = self.script.commands.get(at - 1..=at) else { continue };
            let follows = command.place.pipe_index == before.place.pipe_index + 1 && command.place.group == before.place.group;
            if follows && command.nested.is_none() {
                let nested = super::nested::piped(before, command, self.script.dialect, self.nesting);
                if let Some(command) = self.script.commands.get_mut(at).filter(|_| nested.is_some()) {
                    command.nested = nested;
                }
            }
        }
    }

    fn errors(&mut self, result: &ParseResult) {
        for found in &result.diagnostics {
            let (start, end) = range(found.span);
            let text = self.raw(start, end);
            let end = start + text.find('\n').unwrap_or(text.len());
            self.error(self.map.span(start, end), &found.message);
        }
        if let (Some(shuck_parser::Error::Parse { message, .. }), true) = (&result.terminal_error, result.diagnostics.is_empty()) {
            self.error(self.map.span(0, 0), message);
        }
    }

    fn error(&mut self, span: Span, message: &str) {
        let message = message.strip_prefix("syntax error: ").unwrap_or(message);
        let message = format!("the shell cannot read this: {message}");
        self.script.errors.push(SyntaxError { span, kind: SyntaxErrorKind::Syntax, message, help: None });
    }

    /// Lowers a list of statements; `tail` says that nothing of the script follows it.
    pub(super) fn sequence(&mut self, list: &ast::StmtSeq, context: Context, tail: bool) {
        let mut join = Join::First;
        for (i, statement) in list.stmts.iter().enumerate() {
            let last = tail && i + 1 == list.stmts.len();
            self.list(statement, Place { join, tail: last, ..context.place() }, context);
            let background = matches!(statement.terminator, Some(ast::StmtTerminator::Background(_)));
            join = if background { Join::Background } else { Join::Then };
        }
    }

    /// Lowers `a && b || c`.
    fn list(&mut self, statement: &ast::Stmt, place: Place, context: Context) {
        let background = place.background || matches!(statement.terminator, Some(ast::StmtTerminator::Background(_)));
        let (first, rest) = chain(statement, |op| match op {
            ast::BinaryOp::And => Some(Join::And),
            ast::BinaryOp::Or => Some(Join::Or),
            _ => None,
        });
        let place = Place { background, ..place };
        self.pipeline(first, Place { tail: place.tail && rest.is_empty(), ..place }, context);
        let count = rest.len();
        for (i, (join, next)) in rest.into_iter().enumerate() {
            self.pipeline(next, Place { join, tail: place.tail && i + 1 == count, ..place }, context);
        }
    }

    /// Lowers `a | b`.
    fn pipeline(&mut self, statement: &ast::Stmt, place: Place, context: Context) {
        let (first, rest) = chain(statement, |op| matches!(op, ast::BinaryOp::Pipe | ast::BinaryOp::PipeAll).then_some(Join::Pipe));
        let pipe_len = count(rest.len()).saturating_add(1);
        let negated = place.negated || statement.negated || first.negated;
        let place = Place { pipe_len, negated, ..place };
        self.statement(first, Place { tail: place.tail && pipe_len == 1, ..place }, context);
        for (i, (join, next)) in rest.into_iter().enumerate() {
            let number = count(i).saturating_add(1);
            let last = place.tail && number + 1 == pipe_len;
            self.statement(next, Place { join, pipe_index: number, tail: last, ..place }, context);
        }
    }

    pub(super) fn statement(&mut self, statement: &ast::Stmt, place: Place, context: Context) {
        if context.depth > MAX_DEPTH {
            return;
        }
        match &statement.command {
            ast::Command::Simple(simple) => {
                let words = std::iter::once(&simple.name).chain(&simple.args);
                self.simple(&simple.assignments, words, statement, place, context);
            }
            ast::Command::Builtin(builtin) => self.builtin(builtin, statement, place, context),
            ast::Command::Decl(declaration) => self.declaration(declaration, statement, place, context),
            ast::Command::Binary(_) => self.list(statement, place, Context { depth: context.depth + 1, ..context }),
            ast::Command::Compound(compound) => self.compound(compound, statement, place, context),
            ast::Command::Function(function) => {
                let name = function.static_names().next().map(|n| n.to_string()).unwrap_or_default();
                let inner = self.group(GroupKind::Function(name), function.span, statement, place, context);
                self.body(&function.body, Context { function: true, conditional: false, condition: false, ..inner }, true);
            }
            ast::Command::AnonymousFunction(function) => {
                let inner = self.group(GroupKind::Function(String::new()), function.span, statement, place, context);
                self.body(&function.body, Context { function: true, ..inner }, false);
            }
        }
    }

    pub(super) fn body(&mut self, statement: &ast::Stmt, context: Context, tail: bool) {
        self.list(statement, Place { tail, ..context.place() }, context);
    }

    fn simple<'w>(
        &mut self,
        assignments: &[ast::Assignment],
        words: impl Iterator<Item = &'w ast::Word> + Clone,
        statement: &ast::Stmt,
        place: Place,
        context: Context,
    ) {
        let lowered = words.clone().filter_map(|w| self.word(w)).collect();
        self.command(assignments, lowered, statement, place, context);
        for word in words {
            self.inside_word(word, context, 0);
        }
    }

    /// Adds a command; its substitutions follow it.
    pub(super) fn command(
        &mut self,
        assignments: &[ast::Assignment],
        words: Vec<Word>,
        statement: &ast::Stmt,
        place: Place,
        context: Context,
    ) {
        let assigns: Vec<Assign> = assignments.iter().map(|a| self.assign(a)).collect();
        let redirects: Vec<Redirect> = self.redirects(statement);
        let spans = || assigns.iter().map(|a| a.span).chain(words.iter().map(|w| w.span)).chain(redirects.iter().map(|r| r.span));
        let (from, to) = range(statement.span);
        let span = spans().reduce(Span::to).unwrap_or_else(|| self.map.span(from, to));
        let (place, start) = (context.settle(place), Start::of(&words));
        self.script.commands.push(Command { span, assigns, words, redirects, place, nested: None, start, programs: Programs::default() });
        for assignment in assignments {
            self.inside_assignment(assignment, context);
        }
        self.inside_redirects(&statement.redirects, context);
    }

    fn builtin(&mut self, builtin: &ast::BuiltinCommand, statement: &ast::Stmt, place: Place, context: Context) {
        let (name, assignments, value, extra, span) = match builtin {
            ast::BuiltinCommand::Break(c) => ("break", &c.assignments, &c.depth, &c.extra_args, c.span),
            ast::BuiltinCommand::Continue(c) => ("continue", &c.assignments, &c.depth, &c.extra_args, c.span),
            ast::BuiltinCommand::Return(c) => ("return", &c.assignments, &c.code, &c.extra_args, c.span),
            ast::BuiltinCommand::Exit(c) => ("exit", &c.assignments, &c.code, &c.extra_args, c.span),
        };
        let (start, end) = range(span);
        let from = assignments.last().map_or(start, |a| range(a.span).1);
        let start = from + self.raw(from, end).find(name).unwrap_or(0);
        let place_of_name = self.map.span(start, start + name.len());
        let piece = Piece { span: place_of_name, kind: PieceKind::Literal(name.to_owned()), quote: Quote::None };
        let mut words = vec![Word { span: place_of_name, pieces: Few::one(piece) }];
        let rest = || value.iter().chain(extra.iter());
        words.extend(rest().filter_map(|w| self.word(w)));
        self.command(assignments, words, statement, place, context);
        for word in rest() {
            self.inside_word(word, context, 0);
        }
    }

    fn declaration(&mut self, declaration: &ast::DeclClause, statement: &ast::Stmt, place: Place, context: Context) {
        let mut words = vec![self.plain(declaration.variant_span)];
        for operand in &declaration.operands {
            match operand {
                ast::DeclOperand::Flag(word) | ast::DeclOperand::Dynamic(word) => words.extend(self.word(word)),
                ast::DeclOperand::Name(name) => words.push(self.plain(name.span)),
                ast::DeclOperand::Assignment(assignment) => words.push(self.assignment_word(assignment)),
            }
        }
        self.command(&declaration.assignments, words, statement, place, context);
        for operand in &declaration.operands {
            match operand {
                ast::DeclOperand::Flag(word) | ast::DeclOperand::Dynamic(word) => self.inside_word(word, context, 0),
                ast::DeclOperand::Name(_) => {}
                ast::DeclOperand::Assignment(assignment) => self.inside_assignment(assignment, context),
            }
        }
    }

    /// `NAME=value` as an argument of `export`, `local` and the like.
    fn assignment_word(&self, assignment: &ast::Assignment) -> Word {
        let ast::AssignmentValue::Scalar(value) = &assignment.value else {
            return self.other(assignment.span);
        };
        let (start, end) = range(assignment.span);
        let head = ast::Span::from_positions(assignment.span.start, value.span.start);
        let mut word = self.plain(head);
        self.parts(value, &mut word.pieces);
        word.span = self.map.span(start, end);
        word
    }

    fn assign(&self, assignment: &ast::Assignment) -> Assign {
        let (start, end) = range(assignment.span);
        let span = self.map.span(start, end);
        let value = match &assignment.value {
            ast::AssignmentValue::Scalar(word) => {
                let (from, to) = range(word.span);
                let empty = || Word { span: self.map.span(from.max(end.min(to)), to.max(from)), pieces: Few::new() };
                Some(self.word(word).unwrap_or_else(empty))
            }
            ast::AssignmentValue::Compound(_) => None,
        };
        Assign { span, name: assignment.target.name.to_string(), value }
    }

    /// The redirections of a statement; of `&>>`, which the tree splits in two, only the first half.
    pub(super) fn redirects(&self, statement: &ast::Stmt) -> Vec<Redirect> {
        let split = |r: &&ast::Redirect| {
            let (start, end) = range(r.span);
            r.kind == ast::RedirectKind::DupOutput && self.raw(start, end).starts_with("&>>")
        };
        statement.redirects.iter().filter(|r| !split(r)).map(|r| self.redirect(r)).collect()
    }

    fn redirect(&self, redirect: &ast::Redirect) -> Redirect {
        let (start, end) = range(redirect.span);
        let operator = match redirect.kind {
            ast::RedirectKind::Output => ">",
            ast::RedirectKind::Clobber => ">|",
            ast::RedirectKind::Append => ">>",
            ast::RedirectKind::Input => "<",
            ast::RedirectKind::ReadWrite => "<>",
            ast::RedirectKind::HereDoc => "<<",
            ast::RedirectKind::HereDocStrip => "<<-",
            ast::RedirectKind::HereString => "<<<",
            ast::RedirectKind::DupOutput => ">&",
            ast::RedirectKind::DupInput => "<&",
            ast::RedirectKind::OutputBoth => "&>",
        };
        let raw = self.raw(start, end);
        let operator = if raw.starts_with("&>>") { "&>>" } else { operator };
        let (target, heredoc) = match &redirect.target {
            ast::RedirectTarget::Word(word) => (self.word(word).or_else(|| self.descriptor(start, end)), None),
            ast::RedirectTarget::Heredoc(heredoc) => (self.word(&heredoc.delimiter.raw), Some(Box::new(self.heredoc(heredoc)))),
        };
        Redirect {
            span: self.map.span(start, end),
            operator,
            fd: redirect.fd.filter(|_| raw.starts_with(|c: char| c.is_ascii_digit())).and_then(|fd| u32::try_from(fd).ok()),
            target,
            heredoc,
        }
    }

    /// The target of `2>&1`, which the tree holds without its place.
    fn descriptor(&self, start: usize, end: usize) -> Option<Word> {
        let raw = self.raw(start, end);
        let at = start + raw.find('&')? + 1;
        let target = self.raw(at, end).trim();
        (!target.is_empty()).then(|| self.keyword(at + self.raw(at, end).find(target).unwrap_or(0), target))
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// The first operand of a left-nested chain, and the others with what joins them.
fn chain(statement: &ast::Stmt, join: impl Fn(ast::BinaryOp) -> Option<Join>) -> (&ast::Stmt, Vec<(Join, &ast::Stmt)>) {
    let (mut first, mut rest) = (statement, Vec::new());
    while let ast::Command::Binary(binary) = &first.command
        && let Some(join) = join(binary.op)
    {
        rest.push((join, &*binary.right));
        first = &binary.left;
    }
    rest.reverse();
    (first, rest)
}
