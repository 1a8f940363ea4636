//! Which variables of a script hold a value that neither splits nor matches files, command by command.

use std::collections::BTreeMap;

use super::shell_scripts::{Reading, assigned_name, is_declaration};
use crate::syntax::shell::{Command, Group, GroupKind, Join, Piece, PieceKind, Place, Script, Word};

/// What is known of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// Nothing.
    Empty,
    /// Characters that stay one word.
    Plain,
    /// Anything.
    Any,
}

/// The variables that the script has set.
pub(crate) type Values = BTreeMap<String, Value>;

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

/// Calls `see` with each command and what is known where it runs.
pub(crate) fn visit(reading: &Reading<'_>, see: &mut dyn FnMut(&Command, &Values)) {
    let mut walk = Walk { reading, script: reading.script, now: Some(Values::new()), lost: Values::new(), frames: vec![Frame::default()] };
    let mut open: Vec<&Command> = Vec::new();
    for command in &reading.script.commands {
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
}

/// Whether an expansion gives one word at most, whatever it holds.
pub(crate) fn is_plain(piece: &Piece, values: &Values, reading: &Reading<'_>) -> bool {
    matches!(of_piece(piece, values, reading), Value::Plain | Value::Empty)
}

fn of_piece(piece: &Piece, values: &Values, reading: &Reading<'_>) -> Value {
    match &piece.kind {
        PieceKind::Literal(text) if text.is_empty() => Value::Empty,
        PieceKind::Literal(text) if !text.contains(|c: char| c.is_whitespace() || "*?[]".contains(c)) => Value::Plain,
        PieceKind::Arithmetic(_) => Value::Plain,
        PieceKind::Param(p) if p.modifier.starts_with('#') && p.braced && p.modifier == "#" => Value::Plain,
        PieceKind::Param(p) if NUMBERS.contains(&p.name.as_str()) => Value::Plain,
        PieceKind::Param(p) => match values.get(&p.name) {
            Some(value) => *value,
            None if reading.is_declared(&p.name) => Value::Plain,
            None => Value::Any,
        },
        _ => Value::Any,
    }
}

fn of_word(word: Option<&Word>, values: &Values, reading: &Reading<'_>) -> Value {
    let Some(word) = word else { return Value::Any };
    word.pieces.iter().fold(Value::Empty, |sum, piece| {
        let modified = matches!(&piece.kind, PieceKind::Param(p) if !p.modifier.is_empty() && p.modifier != "#");
        append(sum, if modified { Value::Any } else { of_piece(piece, values, reading) })
    })
}

fn append(a: Value, b: Value) -> Value {
    match (a, b) {
        (Value::Any, _) | (_, Value::Any) => Value::Any,
        (Value::Empty, other) | (other, Value::Empty) => other,
        _ => Value::Plain,
    }
}

/// What holds where two ways meet; `None` is a way that nothing comes from.
fn merge(a: Option<Values>, b: Option<Values>, reading: &Reading<'_>) -> Option<Values> {
    let (mut a, b) = match (a, b) {
        (Some(a), Some(b)) => (a, b),
        (a, b) => return a.or(b),
    };
    let outside = |name: &str| if reading.is_declared(name) { Value::Plain } else { Value::Any };
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
    before: Values,
    branches: Vec<Option<Values>>,
    in_branch: bool,
    /// Ways that leave the list early: past `&&` and `||`.
    aside: Option<Values>,
}

struct Walk<'r> {
    reading: &'r Reading<'r>,
    script: &'r Script,
    /// `None` where nothing comes from above.
    now: Option<Values>,
    lost: Values,
    frames: Vec<Frame>,
}

impl Walk<'_> {
    /// Leaves the groups that do not hold what comes, and enters those that do.
    fn enter(&mut self, group: Option<usize>) {
        let mut chain = Vec::new();
        let mut next = group;
        while let Some(at) = next.filter(|at| !chain.contains(at)) {
            chain.push(at);
            next = self.script.groups.get(at).and_then(|g| g.place.group);
        }
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
            self.open(group, &before);
            self.frames.push(Frame { group: Some(at), before, ..Frame::default() });
        }
    }

    fn open(&mut self, group: &Group, before: &Values) {
        match &group.kind {
            GroupKind::For(name) => {
                let value = group.words.iter().map(|w| of_word(Some(w), before, self.reading)).reduce(append).unwrap_or(Value::Any);
                self.set(name, value);
            }
            GroupKind::Function(_) => self.now = Some(everywhere(self.reading)),
            _ => {}
        }
    }

    fn leave(&mut self) {
        let Some(mut frame) = self.frames.pop() else { return };
        let end = merge(self.now.take(), frame.aside.take(), self.reading);
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
                ways.into_iter().fold(None, |sum, way| merge(sum, way, self.reading))
            }
            GroupKind::Loop | GroupKind::For(_) => merge(end, Some(frame.before), self.reading),
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
                let end = merge(self.now.take(), frame.aside.take(), self.reading);
                if frame.in_branch {
                    frame.branches.push(end);
                }
                frame.in_branch = !place.condition;
                self.now = Some(frame.before.clone());
            }
            Join::First | Join::Then | Join::Background => self.now = merge(self.now.take(), frame.aside.take(), self.reading),
            Join::And => {
                self.now = self.now.take().or_else(|| frame.aside.clone());
                frame.aside = merge(frame.aside.take(), self.now.clone(), self.reading);
            }
            Join::Or => {
                let done = self.now.take();
                self.now = merge(done.clone(), frame.aside.take(), self.reading);
                frame.aside = done;
            }
            Join::Pipe => {}
        }
    }

    fn set(&mut self, name: &str, value: Value) {
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
            self.lost = self.now.take().unwrap_or_default();
            return;
        }
        let found = self.now.as_ref().map(|values| sets(command, values, self.reading)).unwrap_or_default();
        for (name, value) in found {
            self.set(&name, value);
        }
    }
}

/// What a command sets.
fn sets(command: &Command, values: &Values, reading: &Reading<'_>) -> Vec<(String, Value)> {
    if command.words.is_empty() {
        let of = |a: &crate::syntax::shell::Assign| {
            let new = of_word(a.value.as_ref(), values, reading);
            let head = a.value.as_ref().map_or(0, |v| v.span.start.saturating_sub(a.span.start) as usize);
            let appends = head == a.name.len() + 2;
            if appends { append(new, values.get(&a.name).copied().unwrap_or(Value::Any)) } else { new }
        };
        return command.assigns.iter().map(|a| (a.name.clone(), of(a))).collect();
    }
    let name = command.name().unwrap_or_default();
    match name.as_ref() {
        _ if is_declaration(&name) => {
            let named = command.args().iter().filter_map(|w| Some((assigned_name(w)?, w)));
            named.map(|(n, w)| (n.clone(), after_equals(w, n.len() + 1, values, reading))).collect()
        }
        "read" | "mapfile" | "readarray" | "getopts" => {
            command.args().iter().map(Word::lossy).filter(|w| !w.starts_with('-')).map(|w| (w.into_owned(), Value::Any)).collect()
        }
        _ => Vec::new(),
    }
}

/// The value in an operand `NAME=value`.
fn after_equals(word: &Word, head: usize, values: &Values, reading: &Reading<'_>) -> Value {
    let mut rest = word.clone();
    if let Some(Piece { kind: PieceKind::Literal(text), .. }) = rest.pieces.first_mut() {
        *text = text.get(head..).unwrap_or_default().to_owned();
    }
    of_word(Some(&rest), values, reading)
}

/// In a function: what every place of the script that sets a variable agrees on.
fn everywhere(reading: &Reading<'_>) -> Values {
    let mut found = Values::new();
    for command in &reading.script.commands {
        for (name, value) in sets(command, &Values::new(), reading) {
            let value = found.get(&name).map_or(value, |old| append(*old, value));
            found.insert(name, value);
        }
    }
    found
}
