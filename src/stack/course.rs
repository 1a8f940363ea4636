//! The way that a script takes with what is known when it starts: the words that its commands are executed with, and the commands
//! that it never comes to.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::few::Few;
use crate::quoting::{
    Arg, Environment, Executed, Flow, Machine, Outcome, Reader, ShellKind, Step, Value, pattern_matches, trace_file, trace_read,
};
use crate::source::Span;
use crate::syntax::shell::{self, Command, Dialect, Group, GroupKind, Join, Piece, PieceKind, Place, Programs, Quote, Script, Word};
use crate::text::Text;

use super::runtime::{Runtime, RuntimeEnv};

/// What is known of a script's way.
pub(super) struct Course<'a> {
    step: Option<Cow<'a, Step>>,
    never: Vec<bool>,
}

impl<'a> Course<'a> {
    /// Follows a script; `step` is what its shell makes of it, where that was worked out.
    pub(super) fn of(script: &Script, step: Option<Cow<'a, Step>>) -> Course<'a> {
        // the same text gives the same commands, unless what expands in it holds some
        let step = step.filter(|s| s.commands.len() == script.commands.len());
        let never = step.as_ref().map_or_else(Vec::new, |step| Way::new(script, step).never());
        Course { step, never }
    }

    /// Whether the script may come to a command.
    pub(super) fn reaches(&self, at: usize) -> bool {
        !self.never.get(at).copied().unwrap_or_default()
    }

    /// What the shell that a command starts makes of its script.
    pub(super) fn inner(&self, at: usize) -> Option<&Step> {
        let executed = self.step.as_ref()?.commands.get(at)?;
        executed.inner.iter().find(|s| matches!(s.reader, Reader::Shell { .. }))
    }

    /// The words that a command is executed with, where they differ from those written; `args` are the script's arguments, whose
    /// places are kept.
    pub(super) fn words(&self, at: usize, command: &Command, args: &[Text]) -> Option<Vec<Word>> {
        if command.words.iter().all(Word::is_literal) {
            return None;
        }
        let step = self.step()?;
        let executed = step.commands.get(at)?;
        let fields: Vec<&[Arg]> = executed.argv.chunk_by(|a, b| a.range == b.range).collect();
        // a word that becomes nothing leaves no trace
        if fields.len() != command.words.len() {
            return None;
        }
        let mut found = Vec::new();
        for (word, fields) in command.words.iter().zip(fields) {
            if word.is_literal() {
                found.push(word.clone());
                continue;
            }
            let known: Vec<Option<&str>> = fields.iter().map(|f| f.known().filter(|_| !is_left_open(step, &f.range))).collect();
            // `shift` takes arguments off the front, `set -- new "$@"` adds some there
            let kept = args.get(args.len().saturating_sub(known.len())..).unwrap_or_default();
            let lead = known.len() - kept.len();
            let whole = is_arguments(word);
            let alone = known.len() == 1;
            for (n, (field, value)) in fields.iter().zip(known).enumerate() {
                let argument = n.checked_sub(lead).and_then(|n| kept.get(n)).filter(|a| whole && value == Some(a.value.as_str()));
                found.push(match (argument, value) {
                    (Some(argument), _) => shell::argument(argument),
                    (None, Some(value)) => one_piece(word.span, PieceKind::Literal(value.to_owned())),
                    (None, None) if is_unset_argument(word) => word.clone(),
                    (None, None) if alone => one_piece(word.span, PieceKind::Other(word.lossy().into_owned())),
                    (None, None) => one_piece(word.span, PieceKind::Other(field.text.text().to_owned())),
                });
            }
        }
        Some(found)
    }

    pub(super) fn step(&self) -> Option<&Step> {
        self.step.as_deref()
    }
}

/// What a shell makes of a script in a container; `None` where nothing in it depends on variables or arguments.
pub(super) fn step(
    script: &Script,
    text: impl FnOnce() -> Option<Text>,
    shell: &str,
    added: &[RuntimeEnv],
    args: &[Text],
    environment: impl FnOnce() -> Environment,
) -> Option<Step> {
    let expands = |w: &Word| w.pieces.iter().any(|p| matches!(p.kind, PieceKind::Param(_)));
    let asks = script.groups.iter().any(|g| g.words.iter().any(expands));
    let exports = |c: &Command| c.may_start(EXPORT) && c.name().as_deref() == Some("export");
    let depends = asks || script.walk().any(|(_, c)| c.words.iter().any(expands) || !c.assigns.is_empty() || exports(c));
    if !depends {
        return None;
    }
    let kind = match (script.dialect, shell) {
        (Dialect::Bash, _) => ShellKind::Bash,
        (Dialect::Posix, name) => ShellKind::named(name, ShellKind::Sh).filter(|k| k.dialect() == Dialect::Posix).unwrap_or(ShellKind::Sh),
        (Dialect::Other, _) => ShellKind::Other,
        (Dialect::Windows, _) => return None,
    };
    let mut environment = environment();
    add(&mut environment, added.iter().rev());
    // without arguments the defaults count that the script itself has for them
    let args = args.iter().map(Flow::of_text).collect();
    let text = text()?;
    let (flow, machine) = (Flow::of_text(&text), Machine { sh: kind });
    if is_whole_file(&text) && kind.dialect() == script.dialect {
        return Some(trace_read(&flow, script, (shell, kind), environment, machine, args));
    }
    Some(trace_file(&flow, shell, kind, environment, machine, Some(args)))
}

const EXIT: Programs = Programs::of(&["exit"]);
const EXPORT: Programs = Programs::of(&["export"]);

/// The environment that a container starts with.
pub(super) fn environment(runtime: &Runtime) -> Environment {
    let mut environment = Environment::new(Rc::new(|_: &str| None));
    add(&mut environment, runtime.env.iter());
    environment
}

fn add<'a>(environment: &mut Environment, vars: impl Iterator<Item = &'a RuntimeEnv>) {
    for var in vars {
        let value = match &var.value {
            Some(value) => Value::Known(Flow::value(value, var.span, false)),
            None => Value::Unknown("set from outside".to_owned()),
        };
        environment.insert(&var.name, value, None);
    }
}

/// Whether a text is all of a file, as it stands there: what was read of it has the text's own offsets.
fn is_whole_file(text: &Text) -> bool {
    text.span.start == 0 && text.is_verbatim()
}

/// Whether a word expands something that nothing here sets, but that whoever starts the container may set.
pub(super) fn is_left_open(step: &Step, range: &std::ops::Range<usize>) -> bool {
    // marks are in the order of their starts
    let first = step.marks.partition_point(|m| m.range.start < range.start);
    let inside = step.marks.iter().skip(first).take_while(|m| m.range.start <= range.end).filter(|m| m.range.end <= range.end);
    inside.into_iter().any(|m| match &m.outcome {
        Outcome::Empty => true,
        Outcome::Known { value, .. } => value.is_empty(),
        _ => false,
    })
}

/// `"$@"`, `$*`: the whole word is the script's arguments.
fn is_arguments(word: &Word) -> bool {
    word.pieces.len() == 1 && word.params().any(|(p, _)| matches!(p.name.as_str(), "@" | "*") && p.modifier.is_empty())
}

/// `${1:-word}` and the like, of arguments that are not known.
fn is_unset_argument(word: &Word) -> bool {
    word.params().all(|(p, _)| p.name.starts_with(|c: char| c.is_ascii_digit() || c == '@' || c == '*'))
}

fn one_piece(span: Span, kind: PieceKind) -> Word {
    Word { span, pieces: Few::one(Piece { span, kind, quote: Quote::Double }) }
}

/// A script on its way: what lies behind, of each list that is open.
struct Way<'a> {
    script: &'a Script,
    step: &'a Step,
    /// By the group that holds the list; the script's own is the first.
    lists: Vec<List>,
    /// What is known of the conditions of each group, by branch.
    conditions: BTreeMap<(usize, usize), Option<bool>>,
    /// The groups that never run, and those that run for certain.
    groups: Vec<Reach>,
    /// The script has ended for certain.
    ended: bool,
}

/// The number of the list in which something stands.
fn list_of(place: Place) -> usize {
    place.group.map_or(0, |group| group + 1)
}

#[derive(Clone, Copy, Default)]
struct List {
    /// Whether what stood last succeeded.
    truth: Option<bool>,
    reach: Option<Reach>,
}

/// Whether the script comes to a place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    Never,
    Perhaps,
    Certain,
}

impl<'a> Way<'a> {
    fn new(script: &'a Script, step: &'a Step) -> Way<'a> {
        Way {
            script,
            step,
            lists: vec![List::default(); script.groups.len() + 1],
            conditions: BTreeMap::new(),
            groups: vec![Reach::Perhaps; script.groups.len()],
            ended: false,
        }
    }

    fn never(mut self) -> Vec<bool> {
        let mut found = Vec::with_capacity(self.script.commands.len());
        let (script, step) = (self.script, self.step);
        let mut groups = script.groups.iter().enumerate().peekable();
        for (command, executed) in script.commands.iter().zip(&step.commands) {
            while let Some((at, group)) = groups.next_if(|(_, g)| g.span.start <= command.span.start) {
                let reach = self.reach(group.place, group.span);
                if let Some(slot) = self.groups.get_mut(at) {
                    *slot = reach;
                }
                self.done(group.place, group.span, None);
            }
            let reach = self.reach(command.place, command.span);
            let plain = command.place.pipe_len <= 1 && !command.place.background;
            self.done(command.place, command.span, if plain { truth(executed, step) } else { None });
            let ends = command.effective().exec || command.may_start(EXIT) && command.name().as_deref() == Some("exit");
            self.ended |= ends && plain && reach == Reach::Certain && !command.place.subshell && !command.place.substitution;
            found.push(reach == Reach::Never);
        }
        self.uncalled(&mut found);
        found
    }

    /// What a script comes to only through functions that it does not call.
    fn uncalled(&self, never: &mut [bool]) {
        for (at, group) in self.script.groups.iter().enumerate() {
            let GroupKind::Function(name) = &group.kind else { continue };
            let named = Programs::of(&[name.as_str()]);
            let calls =
                self.script.commands.iter().enumerate().filter(|(_, c)| c.may_start(named) && c.name().as_deref() == Some(name.as_str()));
            let is_never = |n: usize| never.get(n).copied().unwrap_or_default();
            let mut calls = calls.map(|(n, command)| is_never(n) || self.script.is_within(command.place.group, at)).peekable();
            if calls.peek().is_some() && calls.all(|never| never) {
                for (n, command) in self.script.commands.iter().enumerate().filter(|(_, c)| self.script.is_within(c.place.group, at)) {
                    if let Some(slot) = never.get_mut(n).filter(|_| group.span.contains(command.span)) {
                        *slot = true;
                    }
                }
            }
        }
    }

    /// Whether the script comes to what stands at a place, given all that stands before it.
    fn reach(&mut self, place: Place, span: Span) -> Reach {
        let around = match place.group.and_then(|at| Some((at, self.script.groups.get(at)?))) {
            Some((at, group)) => self.inside(at, group, place, span),
            None => Reach::Certain,
        };
        // a function is defined before the end, and called before it
        let around = if self.ended && !place.function { Reach::Never } else { around };
        let Some(list) = self.lists.get_mut(list_of(place)) else { return Reach::Perhaps };
        let before = list.reach.unwrap_or(around);
        let here = match place.join {
            Join::First | Join::Then | Join::Background => around,
            Join::And => after(around, before, list.truth, true),
            Join::Or => after(around, before, list.truth, false),
            Join::Pipe => before,
        };
        list.reach = Some(here);
        here
    }

    fn inside(&self, at: usize, group: &Group, place: Place, span: Span) -> Reach {
        let outer = self.groups.get(at).copied().unwrap_or(Reach::Perhaps);
        if outer == Reach::Never {
            return Reach::Never;
        }
        let branch = match group.kind {
            GroupKind::If if place.condition => {
                let at_branch = group.branches.iter().position(|b| b.condition.is_some_and(|c| c.contains(span)));
                at_branch.map_or(Reach::Perhaps, |n| self.comes_to(at, group, n))
            }
            GroupKind::If | GroupKind::Case => {
                let at_branch = group.branches.iter().position(|b| b.body.contains(span));
                at_branch.map_or(Reach::Perhaps, |n| self.takes(at, group, n))
            }
            GroupKind::Brace | GroupKind::Subshell | GroupKind::Substitution => Reach::Certain,
            _ => Reach::Perhaps,
        };
        match (outer, branch) {
            (_, Reach::Never) => Reach::Never,
            (Reach::Certain, Reach::Certain) => Reach::Certain,
            _ => Reach::Perhaps,
        }
    }

    /// Whether an `if` asks the condition of a branch.
    fn comes_to(&self, at: usize, group: &Group, branch: usize) -> Reach {
        let mut reach = Reach::Certain;
        for n in 0..branch {
            match self.condition(at, group, n) {
                Some(true) => return Reach::Never,
                Some(false) => {}
                None => reach = Reach::Perhaps,
            }
        }
        reach
    }

    fn takes(&self, at: usize, group: &Group, branch: usize) -> Reach {
        match (self.comes_to(at, group, branch), self.condition(at, group, branch)) {
            (Reach::Never, _) | (_, Some(false)) => Reach::Never,
            (Reach::Certain, Some(true)) => Reach::Certain,
            _ => Reach::Perhaps,
        }
    }

    fn condition(&self, at: usize, group: &Group, branch: usize) -> Option<bool> {
        let found = group.branches.get(branch)?;
        if group.kind == GroupKind::Case {
            let (_, subject) = self.step.subjects.iter().find(|(g, _)| *g == at)?;
            return matches_one(&found.patterns, subject);
        }
        match found.condition {
            None => Some(true),
            Some(_) => self.conditions.get(&(at, branch)).copied().flatten(),
        }
    }

    /// Notes how a command or a group ended, as far as that is known.
    fn done(&mut self, place: Place, span: Span, truth: Option<bool>) {
        let Some(list) = self.lists.get_mut(list_of(place)) else { return };
        let truth = truth.map(|t| t != place.negated);
        list.truth = match (list.reach, place.join) {
            // what was passed over leaves the status as it was
            (Some(Reach::Never), Join::And | Join::Or) => list.truth,
            (Some(Reach::Certain), _) | (_, Join::First | Join::Then | Join::Background) => truth,
            _ => None,
        };
        let status = list.truth;
        if let Some(at) = place.group.filter(|_| place.condition)
            && let Some(branch) =
                self.script.groups.get(at).and_then(|g| g.branches.iter().position(|b| b.condition.is_some_and(|c| c.contains(span))))
        {
            self.conditions.insert((at, branch), status);
        }
    }
}

/// What comes after `&&` (`wanted`: true) or `||`.
fn after(around: Reach, before: Reach, truth: Option<bool>, wanted: bool) -> Reach {
    match truth {
        Some(t) if t == wanted => {
            if before == Reach::Never {
                around
            } else {
                before
            }
        }
        Some(_) => Reach::Never,
        None if around == Reach::Never => Reach::Never,
        None => Reach::Perhaps,
    }
}

/// Whether a command succeeds, where its words decide that.
fn truth(executed: &Executed, step: &Step) -> Option<bool> {
    let told = |arg: &Arg| !is_left_open(step, &arg.range);
    let (first, rest) = executed.argv.split_first()?;
    let name = first.known().filter(|name| matches!(*name, "true" | ":" | "false" | "test" | "[" | "[[") && told(first))?;
    let words: Vec<Option<&str>> = rest.iter().map(|a| a.known().filter(|_| told(a))).collect();
    let args = match name {
        "true" | ":" => return Some(true),
        "false" => return Some(false),
        "[" => words.strip_suffix(&[Some("]")])?,
        "[[" => words.strip_suffix(&[Some("]]")])?,
        _ => &words,
    };
    if name == "[[" { either(args) } else { negated(args, false) }
}

/// What stands within `[[ … ]]`: tests between `&&` and `||`.
fn either(args: &[Option<&str>]) -> Option<bool> {
    if args.iter().any(|w| matches!(w, Some("(" | ")"))) {
        return None;
    }
    let both = |part: &[Option<&str>]| decided(part.split(|w| *w == Some("&&")).map(|test| negated(test, true)), false);
    decided(args.split(|w| *w == Some("||")).map(both), true)
}

/// The answer that one part alone decides (`by`), or all of them together.
fn decided(parts: impl Iterator<Item = Option<bool>>, by: bool) -> Option<bool> {
    let mut all = Some(!by);
    for part in parts {
        match part {
            Some(answer) if answer == by => return Some(by),
            Some(_) => {}
            None => all = None,
        }
    }
    all
}

fn negated(args: &[Option<&str>], double: bool) -> Option<bool> {
    match args {
        [Some("!"), rest @ ..] => tested(rest, double).map(|t| !t),
        _ => tested(args, double),
    }
}

fn tested(args: &[Option<&str>], double: bool) -> Option<bool> {
    let number = |w: &str| w.trim().parse::<i64>().ok();
    let args: Vec<&str> = args.iter().copied().collect::<Option<_>>()?;
    match args.as_slice() {
        [] => Some(false),
        [word] if !word.starts_with(['-', '(', '!']) => Some(!word.is_empty()),
        ["-n", word] => Some(!word.is_empty()),
        ["-z", word] => Some(word.is_empty()),
        // the right side stands there as it is written, with its quotes
        [a, "=" | "==", b] if double => pattern_matches(b, a),
        [a, "!=", b] if double => pattern_matches(b, a).map(|t| !t),
        [a, "=" | "==", b] => Some(a == b),
        [a, "!=", b] => Some(a != b),
        [a, operator, b] => {
            let (a, b) = (number(a)?, number(b)?);
            match *operator {
                "-eq" => Some(a == b),
                "-ne" => Some(a != b),
                "-gt" => Some(a > b),
                "-ge" => Some(a >= b),
                "-lt" => Some(a < b),
                "-le" => Some(a <= b),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Whether one of the patterns of `case` matches, where all can be read.
fn matches_one(patterns: &[String], subject: &str) -> Option<bool> {
    let mut open = false;
    for pattern in patterns {
        match pattern_matches(pattern, subject) {
            Some(true) => return Some(true),
            Some(false) => {}
            None => open = true,
        }
    }
    (!open).then_some(false)
}
