//! What kind of value the variables of a script hold at each command, whichever way the script takes: nothing, what stays one word, or
//! anything. Where [`super::Value`] asks for the text itself, this asks whether a shell would split it, so that two ways on which a
//! variable holds different plain words still agree.

use std::collections::BTreeMap;

use crate::source::Span;
use crate::syntax::shell::{Command, Group, GroupKind, Join, Piece, PieceKind, Place, Script, Word, is_name};

/// What kind of text a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Nothing.
    Empty,
    /// Characters that stay one word.
    Plain,
    /// Anything.
    Any,
}

/// The variables that the script has set.
pub type Shapes = BTreeMap<String, Shape>;

/// Variables that the shell keeps as numbers.
const NUMBERS: [&str; 17] = [
    "?",
    "#",
    "$",
    "!",
    "-",
    "BASHPID",
    "COLUMNS",
    "EPOCHSECONDS",
    "EUID",
    "LINENO",
    "LINES",
    "OPTIND",
    "PPID",
    "RANDOM",
    "SECONDS",
    "SHLVL",
    "UID",
];

/// Whether something outside of the script sets a variable to a plain value.
pub type Declared<'a> = &'a dyn Fn(&str) -> bool;

/// Calls `see` with each command of a script and what is known where it runs.
pub fn visit_shapes(script: &Script, declared: Declared<'_>, see: &mut dyn FnMut(&Command, &Shapes)) {
    let loops = script.groups.iter().any(|g| matches!(g.kind, GroupKind::Loop | GroupKind::For(_)));
    let mut ends = BTreeMap::new();
    // what a loop leaves counts in its first command, too
    for _ in 0..if loops { MAX_PASSES } else { 0 } {
        let found = pass(script, declared, ends.clone(), &mut |_, _| {});
        if found == ends {
            break;
        }
        ends = found;
    }
    pass(script, declared, ends, see);
}

/// Loops in loops need one pass more each.
const MAX_PASSES: usize = 4;

fn pass(
    script: &Script,
    declared: Declared<'_>,
    ends: BTreeMap<usize, Shapes>,
    see: &mut dyn FnMut(&Command, &Shapes),
) -> BTreeMap<usize, Shapes> {
    let (now, frames) = (Some(Shapes::new()), vec![Frame::default()]);
    let mut walk = Walk { declared, script, now, lost: Shapes::new(), frames, ends };
    let mut open: Vec<&Command> = Vec::new();
    for command in &script.commands {
        // what a command substitutes runs before it sets anything
        while let Some(done) = open.pop_if(|c| c.span.end <= command.span.start) {
            walk.enter(done.place.group);
            walk.apply(done);
        }
        walk.enter(command.place.group);
        walk.join(command.place);
        see(command, walk.now.as_ref().unwrap_or(&walk.lost));
        open.push(command);
    }
    while let Some(done) = open.pop() {
        walk.enter(done.place.group);
        walk.apply(done);
    }
    walk.enter(None);
    walk.ends
}

/// Whether an expansion gives one word at most, whatever it holds.
pub fn stays_one_word(piece: &Piece, values: &Shapes, declared: Declared<'_>) -> bool {
    matches!(of_piece(piece, values, declared), Shape::Plain | Shape::Empty)
}

fn of_piece(piece: &Piece, values: &Shapes, declared: Declared<'_>) -> Shape {
    match &piece.kind {
        PieceKind::Literal(text) if text.is_empty() => Shape::Empty,
        PieceKind::Literal(text) if !text.contains(|c: char| c.is_whitespace() || "*?[]".contains(c)) => Shape::Plain,
        PieceKind::Arithmetic(_) => Shape::Plain,
        PieceKind::Param(p) if p.modifier.starts_with('#') && p.braced && p.modifier == "#" => Shape::Plain,
        PieceKind::Param(p) if NUMBERS.contains(&p.name.as_str()) => Shape::Plain,
        PieceKind::Param(p) => match values.get(&p.name) {
            Some(value) => *value,
            None if declared(&p.name) => Shape::Plain,
            None => Shape::Any,
        },
        _ => Shape::Any,
    }
}

fn of_word(word: Option<&Word>, values: &Shapes, declared: Declared<'_>) -> Shape {
    let Some(word) = word else { return Shape::Any };
    word.pieces.iter().fold(Shape::Empty, |sum, piece| {
        let modified = matches!(&piece.kind, PieceKind::Param(p) if !p.modifier.is_empty() && p.modifier != "#");
        append(sum, if modified { Shape::Any } else { of_piece(piece, values, declared) })
    })
}

fn append(a: Shape, b: Shape) -> Shape {
    match (a, b) {
        (Shape::Any, _) | (_, Shape::Any) => Shape::Any,
        (Shape::Empty, other) | (other, Shape::Empty) => other,
        _ => Shape::Plain,
    }
}

/// What holds where two ways meet; `None` is a way that nothing comes from.
fn merge(a: Option<Shapes>, b: Option<Shapes>, declared: Declared<'_>) -> Option<Shapes> {
    let (mut a, b) = match (a, b) {
        (Some(a), Some(b)) => (a, b),
        (a, b) => return a.or(b),
    };
    let outside = |name: &str| if declared(name) { Shape::Plain } else { Shape::Any };
    for (name, value) in &b {
        let other = a.get(name).copied().unwrap_or_else(|| outside(name));
        a.insert(name.clone(), append(other, *value));
    }
    for (name, value) in &mut a {
        if !b.contains_key(name) {
            *value = append(*value, outside(name));
        }
    }
    Some(a)
}

/// A group that is open, or the script.
#[derive(Default)]
struct Frame {
    group: Option<usize>,
    before: Shapes,
    branches: Vec<Option<Shapes>>,
    in_branch: bool,
    /// Ways that leave the list early: past `&&` and `||`.
    aside: Option<Shapes>,
    /// Ways that leave a turn of the loop early.
    leaves: Option<Shapes>,
}

struct Walk<'r> {
    declared: Declared<'r>,
    script: &'r Script,
    /// `None` where nothing comes from above.
    now: Option<Shapes>,
    lost: Shapes,
    frames: Vec<Frame>,
    /// What the turns of each loop end with.
    ends: BTreeMap<usize, Shapes>,
}

impl Walk<'_> {
    /// Leaves the groups that do not hold what comes, and enters those that do.
    fn enter(&mut self, group: Option<usize>) {
        let mut chain: Vec<usize> = self.script.around(group).map(|(at, _)| at).collect();
        chain.reverse();
        let open = |frames: &[Frame]| frames.iter().skip(1).map(|f| f.group).eq(chain.iter().take(frames.len() - 1).map(|g| Some(*g)));
        while self.frames.len() > 1 && (self.frames.len() - 1 > chain.len() || !open(&self.frames)) {
            self.leave();
        }
        for at in chain.into_iter().skip(self.frames.len() - 1) {
            let Some(group) = self.script.groups.get(at) else { break };
            // a substitution stands inside a word, not in a list
            if group.kind != GroupKind::Substitution {
                self.join(group.place);
            }
            let before = self.now.clone().unwrap_or_default();
            if let Some(end) = self.ends.get(&at) {
                // another turn begins with what the one before has left
                self.now = merge(self.now.take(), Some(end.clone()), self.declared);
            }
            self.open(group, &before);
            self.frames.push(Frame { group: Some(at), before, ..Frame::default() });
        }
    }

    fn open(&mut self, group: &Group, before: &Shapes) {
        match &group.kind {
            GroupKind::For(name) => {
                let value = group.words.iter().map(|w| of_word(Some(w), before, self.declared)).reduce(append).unwrap_or(Shape::Any);
                self.set(name, value);
            }
            GroupKind::Function(_) => self.now = Some(everywhere(self.script, self.declared)),
            _ => {}
        }
    }

    fn leave(&mut self) {
        let Some(mut frame) = self.frames.pop() else { return };
        let end = merge(self.now.take(), frame.aside.take(), self.declared);
        let Some(group) = frame.group.and_then(|at| self.script.groups.get(at)) else { return };
        self.now = match group.kind {
            GroupKind::If | GroupKind::Case => {
                let mut ways = frame.branches;
                if frame.in_branch {
                    ways.push(end);
                }
                if !group.exhaustive || ways.is_empty() {
                    ways.push(Some(frame.before));
                }
                ways.into_iter().fold(None, |sum, way| merge(sum, way, self.declared))
            }
            GroupKind::Loop | GroupKind::For(_) => {
                let end = merge(end, frame.leaves, self.declared);
                if let (Some(at), Some(end)) = (frame.group, &end) {
                    self.ends.insert(at, end.clone());
                }
                merge(end, Some(frame.before), self.declared)
            }
            GroupKind::Brace | GroupKind::Other if group.place.pipe_len == 1 => end,
            _ => Some(frame.before),
        };
    }

    /// A command or group begins.
    fn join(&mut self, place: Place) {
        let kind = place.group.and_then(|at| self.script.groups.get(at)).map(|g| &g.kind);
        let Some(frame) = self.frames.last_mut() else { return };
        match place.join {
            Join::First if matches!(kind, Some(GroupKind::If | GroupKind::Case)) => {
                let end = merge(self.now.take(), frame.aside.take(), self.declared);
                if frame.in_branch {
                    frame.branches.push(end);
                }
                frame.in_branch = !place.condition;
                self.now = Some(frame.before.clone());
            }
            Join::First | Join::Then | Join::Background => self.now = merge(self.now.take(), frame.aside.take(), self.declared),
            Join::And => {
                self.now = self.now.take().or_else(|| frame.aside.clone());
                frame.aside = merge(frame.aside.take(), self.now.clone(), self.declared);
            }
            Join::Or => {
                let done = self.now.take();
                self.now = merge(done.clone(), frame.aside.take(), self.declared);
                frame.aside = done;
            }
            Join::Pipe => {}
        }
    }

    fn set(&mut self, name: &str, value: Shape) {
        if let Some(now) = &mut self.now {
            now.insert(name.to_owned(), value);
        }
    }

    fn apply(&mut self, command: &Command) {
        if command.place.pipe_len > 1 {
            return;
        }
        if matches!(command.name().as_deref(), Some("exit" | "return" | "exec" | "break" | "continue"))
            && (command.words.len() > 1 || command.name().as_deref() != Some("exec"))
        {
            let left = self.now.take();
            if matches!(command.name().as_deref(), Some("break" | "continue")) {
                let script = self.script;
                let turns = |f: &&mut Frame| {
                    let group = f.group.and_then(|at| script.groups.get(at));
                    group.is_some_and(|g| matches!(g.kind, GroupKind::Loop | GroupKind::For(_)))
                };
                if let Some(frame) = self.frames.iter_mut().rev().find(turns) {
                    frame.leaves = merge(frame.leaves.take(), left.clone(), self.declared);
                }
            }
            self.lost = left.unwrap_or_default();
            return;
        }
        let called = |g: &Group| matches!(&g.kind, GroupKind::Function(name) if command.name().as_deref() == Some(name));
        if self.script.groups.iter().any(called) {
            let set = in_functions(self.script, self.declared);
            let both = merge(
                self.now.clone(),
                self.now.as_ref().map(|now| now.iter().map(|(n, v)| (n.clone(), *v)).chain(set).collect()),
                self.declared,
            );
            self.now = both;
            return;
        }
        let found = self.now.as_ref().map(|values| sets(command, values, self.declared)).unwrap_or_default();
        for (name, value) in found {
            self.set(&name, value);
        }
    }
}

/// What a command sets.
fn sets(command: &Command, values: &Shapes, declared: Declared<'_>) -> Vec<(String, Shape)> {
    if command.words.is_empty() {
        let of = |a: &crate::syntax::shell::Assign| {
            let new = of_word(a.value.as_ref(), values, declared);
            let head = a.value.as_ref().map_or(0, |v| v.span.start.saturating_sub(a.span.start) as usize);
            let appends = head == a.name.len() + 2;
            if appends { append(new, values.get(&a.name).copied().unwrap_or(Shape::Any)) } else { new }
        };
        return command.assigns.iter().map(|a| (a.name.clone(), of(a))).collect();
    }
    let name = command.name().unwrap_or_default();
    match name.as_ref() {
        _ if is_declaration(&name) => {
            let named = command.args().iter().filter_map(|w| Some((assigned_name(w)?, w)));
            named.map(|(n, w)| (n.clone(), after_equals(w, n.len() + 1, values, declared))).collect()
        }
        "read" | "mapfile" | "readarray" | "getopts" => {
            command.args().iter().map(Word::lossy).filter(|w| !w.starts_with('-')).map(|w| (w.into_owned(), Shape::Any)).collect()
        }
        _ => Vec::new(),
    }
}

/// The value in an operand `NAME=value`.
fn after_equals(word: &Word, head: usize, values: &Shapes, declared: Declared<'_>) -> Shape {
    let mut rest = word.clone();
    if let Some(Piece { kind: PieceKind::Literal(text), .. }) = rest.pieces.first_mut() {
        *text = text.get(head..).unwrap_or_default().to_owned();
    }
    of_word(Some(&rest), values, declared)
}

/// What the functions of a script set.
fn in_functions(script: &Script, declared: Declared<'_>) -> Shapes {
    let functions: Vec<_> = script.groups.iter().filter(|g| matches!(g.kind, GroupKind::Function(_))).map(|g| g.span).collect();
    every(script, declared, &|span| functions.iter().any(|f| f.contains(span)))
}

/// In a function: what every place of the script that sets a variable agrees on.
fn everywhere(script: &Script, declared: Declared<'_>) -> Shapes {
    every(script, declared, &|_| true)
}

/// What every place that sets a variable agrees on, of those that are asked for.
fn every(script: &Script, declared: Declared<'_>, asked: &dyn Fn(Span) -> bool) -> Shapes {
    let none = Shapes::new();
    let commands = script.commands.iter().filter(|c| asked(c.span)).flat_map(|c| sets(c, &none, declared));
    let loops = script.groups.iter().filter(|g| asked(g.span)).filter_map(|g| match &g.kind {
        GroupKind::For(name) => {
            let shape = g.words.iter().map(|w| of_word(Some(w), &none, declared)).reduce(append);
            Some((name.clone(), shape.unwrap_or(Shape::Any)))
        }
        _ => None,
    });
    let mut found = Shapes::new();
    for (name, shape) in commands.chain(loops) {
        let shape = found.get(&name).map_or(shape, |old| append(*old, shape));
        found.insert(name, shape);
    }
    found
}

/// The programs that set variables from their operands.
pub fn is_declaration(name: &str) -> bool {
    matches!(name, "export" | "local" | "readonly" | "declare" | "typeset")
}

/// The name in an operand of the form `NAME=…`.
pub fn assigned_name(word: &Word) -> Option<String> {
    let value = word.lossy();
    let (name, _) = value.split_once('=')?;
    let name = name.trim_end_matches('+');
    is_name(name).then(|| name.to_owned())
}
