//! Groups, loops, conditions and functions.

use shuck_ast as ast;

use super::lower::{Context, Lower, MAX_DEPTH};
use super::model::{Branch, Group, GroupKind, Piece, PieceKind, Place, Quote, Word};
use super::words::range;
use crate::few::Few;

impl Lower<'_> {
    /// Adds a group and gives the context of what it holds.
    pub(super) fn group(&mut self, kind: GroupKind, span: ast::Span, statement: &ast::Stmt, place: Place, context: Context) -> Context {
        let (start, end) = range(span);
        let trimmed = self.raw(start, end).trim_end().len();
        let redirects = self.redirects(statement);
        self.script.groups.push(Group {
            span: self.map.span(start, start + trimmed),
            kind,
            words: Vec::new(),
            redirects,
            branches: Vec::new(),
            exhaustive: false,
            place: context.settle(place),
        });
        self.inside_redirects(&statement.redirects, context);
        Context { depth: context.depth + 1, group: Some(self.script.groups.len() - 1), ..context }
    }

    pub(super) fn compound(&mut self, compound: &ast::CompoundCommand, statement: &ast::Stmt, place: Place, context: Context) {
        use ast::CompoundCommand as C;
        let tail = place.tail;
        match compound {
            C::If(c) => {
                let inner = self.group(GroupKind::If, c.span, statement, place, context);
                let (condition, branch) = split(inner);
                self.sequence(&c.condition, condition, false);
                self.branch(inner, Vec::new(), Some(&c.condition), &c.then_branch);
                self.sequence(&c.then_branch, branch, tail);
                for (test, then) in &c.elif_branches {
                    self.sequence(test, condition, false);
                    self.branch(inner, Vec::new(), Some(test), then);
                    self.sequence(then, branch, tail);
                }
                if let Some(otherwise) = &c.else_branch {
                    self.exhaustive(inner);
                    self.branch(inner, Vec::new(), None, otherwise);
                    self.sequence(otherwise, branch, tail);
                }
            }
            C::While(c) => self.repeated(&c.condition, &c.body, c.span, statement, place, context),
            C::Until(c) => self.repeated(&c.condition, &c.body, c.span, statement, place, context),
            C::For(c) => {
                let name = c.targets.first().and_then(|t| t.name.as_ref()).map(|n| n.to_string()).unwrap_or_default();
                self.each(name, c.words.as_deref().unwrap_or_default(), &c.body, c.span, statement, place, context);
            }
            C::Foreach(c) => self.each(c.variable.to_string(), &c.words, &c.body, c.span, statement, place, context),
            C::Select(c) => self.each(c.variable.to_string(), &c.words, &c.body, c.span, statement, place, context),
            C::ArithmeticFor(c) => self.each(String::new(), &[], &c.body, c.span, statement, place, context),
            C::Repeat(c) => self.each(String::new(), std::slice::from_ref(&c.count), &c.body, c.span, statement, place, context),
            C::Case(c) => self.case(c, statement, place, context),
            C::Subshell(list) => {
                let inner = self.group(GroupKind::Subshell, list.span, statement, place, context);
                self.sequence(list, Context { subshell: true, ..inner }, tail);
            }
            C::BraceGroup(list) => {
                let inner = self.group(GroupKind::Brace, list.span, statement, place, context);
                self.sequence(list, inner, tail);
            }
            C::Always(c) => {
                let inner = self.group(GroupKind::Other, c.span, statement, place, context);
                self.sequence(&c.body, inner, false);
                self.sequence(&c.always_body, inner, tail);
            }
            C::Coproc(c) => {
                let inner = self.group(GroupKind::Other, c.span, statement, place, context);
                self.body(&c.body, inner, false);
            }
            C::Time(c) => self.time(c, statement, place, context),
            C::Conditional(c) => self.conditional(c, statement, place, context),
            C::Arithmetic(c) => {
                let mut words = vec![self.plain(c.left_paren_span)];
                words.extend(c.expr_span.map(|span| self.other(span)));
                words.push(self.plain(c.right_paren_span));
                self.command(&[], words, statement, place, context);
            }
        }
    }

    fn repeated(
        &mut self,
        condition: &ast::StmtSeq,
        body: &ast::StmtSeq,
        span: ast::Span,
        statement: &ast::Stmt,
        place: Place,
        context: Context,
    ) {
        let inner = self.group(GroupKind::Loop, span, statement, place, context);
        let (test, branch) = split(inner);
        self.sequence(condition, test, false);
        self.sequence(body, branch, false);
    }

    #[allow(clippy::too_many_arguments, reason = "the four kinds of loop have no common node")]
    fn each(
        &mut self,
        name: String,
        words: &[ast::Word],
        body: &ast::StmtSeq,
        span: ast::Span,
        statement: &ast::Stmt,
        place: Place,
        context: Context,
    ) {
        let inner = self.group(GroupKind::For(name), span, statement, place, context);
        self.group_words(words, inner);
        self.sequence(body, Context { conditional: true, condition: false, ..inner }, false);
    }

    fn group_words(&mut self, words: &[ast::Word], inner: Context) {
        let lowered = words.iter().filter_map(|w| self.word(w)).collect();
        if let Some(group) = inner.group.and_then(|at| self.script.groups.get_mut(at)) {
            group.words = lowered;
        }
        for word in words {
            self.inside_word(word, inner, 0);
        }
    }

    fn case(&mut self, case: &ast::CaseCommand, statement: &ast::Stmt, place: Place, context: Context) {
        let inner = self.group(GroupKind::Case, case.span, statement, place, context);
        self.group_words(std::slice::from_ref(&case.word), inner);
        for item in &case.cases {
            let tail = place.tail && item.terminator == ast::CaseTerminator::Break;
            if item.patterns.iter().any(|p| self.raw(range(p.span).0, range(p.span).1).trim() == "*") {
                self.exhaustive(inner);
            }
            let patterns = item.patterns.iter().map(|p| self.raw(range(p.span).0, range(p.span).1).trim().to_owned()).collect();
            self.branch(inner, patterns, None, &item.body);
            self.sequence(&item.body, Context { conditional: true, condition: false, ..inner }, tail);
        }
    }

    fn branch(&mut self, inner: Context, patterns: Vec<String>, condition: Option<&ast::StmtSeq>, body: &ast::StmtSeq) {
        let span = |list: &ast::StmtSeq| self.map.span(range(list.span).0, range(list.span).1);
        let branch = Branch { patterns, condition: condition.map(span), body: span(body) };
        if let Some(group) = inner.group.and_then(|at| self.script.groups.get_mut(at)) {
            group.branches.push(branch);
        }
    }

    fn exhaustive(&mut self, inner: Context) {
        if let Some(group) = inner.group.and_then(|at| self.script.groups.get_mut(at)) {
            group.exhaustive = true;
        }
    }

    /// `time a b` is a command named `time`; before a group it is a group of its own.
    fn time(&mut self, time: &ast::TimeCommand, statement: &ast::Stmt, place: Place, context: Context) {
        let Some(timed) = &time.command else {
            let (start, _) = range(time.span);
            let word = self.keyword(start, "time");
            self.command(&[], vec![word], statement, place, context);
            return;
        };
        if let ast::Command::Simple(_) = timed.command {
            let (start, _) = range(time.span);
            let before = self.script.commands.len();
            self.statement(timed, place, context);
            let (word, option) = (self.keyword(start, "time"), time.posix_format.then(|| self.option_after(start + 4)).flatten());
            if let Some(command) = self.script.commands.get_mut(before) {
                command.span = word.span.to(command.span);
                command.words.splice(0..0, std::iter::once(word).chain(option));
            }
            return;
        }
        let inner = self.group(GroupKind::Other, time.span, statement, place, context);
        self.body(timed, inner, place.tail);
    }

    pub(super) fn keyword(&self, start: usize, name: &str) -> Word {
        let span = self.map.span(start, start + name.len());
        Word { span, pieces: Few::one(Piece { span, kind: PieceKind::Literal(name.to_owned()), quote: Quote::None }) }
    }

    fn option_after(&self, from: usize) -> Option<Word> {
        let at = from + self.raw(from, self.text.len()).find("-p")?;
        Some(self.keyword(at, "-p"))
    }

    /// `[[ … ]]` is a command named `[[`.
    fn conditional(&mut self, test: &ast::ConditionalCommand, statement: &ast::Stmt, place: Place, context: Context) {
        let mut words = vec![self.plain(test.left_bracket_span)];
        let mut found = Vec::new();
        operands(&test.expression, 0, &mut found);
        for operand in &found {
            match operand {
                Operand::Word(word) => words.extend(self.word(word)),
                Operand::Plain(span) => words.push(self.plain(*span)),
            }
        }
        words.push(self.plain(test.right_bracket_span));
        self.command(&[], words, statement, place, context);
        for operand in &found {
            if let Operand::Word(word) = operand {
                self.inside_word(word, context, 0);
            }
        }
    }

    /// Lowers the commands of a substitution.
    pub(super) fn substitution(&mut self, list: &ast::StmtSeq, span: ast::Span, context: Context) {
        if context.depth > MAX_DEPTH {
            return;
        }
        let (start, end) = range(span);
        let place = context.place();
        let span = self.map.span(start, end);
        self.script.groups.push(Group {
            span,
            kind: GroupKind::Substitution,
            words: Vec::new(),
            redirects: Vec::new(),
            branches: Vec::new(),
            exhaustive: false,
            place,
        });
        let group = Some(self.script.groups.len() - 1);
        let inner = Context { depth: context.depth + 1, substitution: true, conditional: false, condition: false, group, ..context };
        self.sequence(list, inner, false);
    }
}

/// The contexts of a condition and of what it guards.
fn split(inner: Context) -> (Context, Context) {
    (Context { condition: true, ..inner }, Context { conditional: true, condition: false, ..inner })
}

enum Operand<'t> {
    Word(&'t ast::Word),
    Plain(ast::Span),
}

fn operands<'t>(expression: &'t ast::ConditionalExpr, depth: u32, found: &mut Vec<Operand<'t>>) {
    if depth > MAX_DEPTH {
        return;
    }
    match expression {
        ast::ConditionalExpr::Binary(e) => {
            operands(&e.left, depth + 1, found);
            found.push(Operand::Plain(e.op_span));
            operands(&e.right, depth + 1, found);
        }
        ast::ConditionalExpr::Unary(e) => {
            found.push(Operand::Plain(e.op_span));
            operands(&e.expr, depth + 1, found);
        }
        ast::ConditionalExpr::Parenthesized(e) => operands(&e.expr, depth + 1, found),
        ast::ConditionalExpr::Word(word) | ast::ConditionalExpr::Regex(word) => found.push(Operand::Word(word)),
        ast::ConditionalExpr::Pattern(pattern) => found.push(Operand::Plain(pattern.span)),
        ast::ConditionalExpr::VarRef(name) => found.push(Operand::Plain(name.span)),
    }
}
