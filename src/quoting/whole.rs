//! What is worked out once for a script, however many of its parts are run by themselves.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::layers::assigned;
use super::step::ShellKind;
use super::variables::Environment;
use crate::source::Span;
use crate::syntax::shell::{Command, GroupKind, PieceKind, Programs, Quote, Script};

/// What is known of a script as a whole.
pub(super) struct Whole<'a> {
    script: &'a Script,
    functions: BTreeSet<&'a str>,
    /// The same, for a cheap look first.
    called: Programs,
    assigned: OnceCell<Assigned>,
    misread: OnceCell<bool>,
    /// What was left when all that the script sets was forgotten, by why: what was known before, and after.
    forgotten: RefCell<BTreeMap<&'static str, (Environment, Environment)>>,
}

/// The names that a script sets, and where it does.
type Assigned = BTreeMap<Rc<str>, Vec<Span>>;

impl<'a> Whole<'a> {
    pub(super) fn new(script: &'a Script) -> Whole<'a> {
        let functions: BTreeSet<&str> =
            script.groups.iter().filter_map(|g| if let GroupKind::Function(name) = &g.kind { Some(name.as_str()) } else { None }).collect();
        let called = functions.iter().fold(Programs::default(), |all, name| all.and(Programs::of(&[name])));
        Whole { script, functions, called, assigned: OnceCell::new(), misread: OnceCell::new(), forgotten: RefCell::default() }
    }

    /// Whether a function of the script has this name.
    pub(super) fn is_function(&self, name: &str) -> bool {
        self.called.may_hold(name) && self.functions.contains(name)
    }

    pub(super) fn assigned(&self) -> &Assigned {
        self.assigned.get_or_init(|| {
            let mut names = Assigned::new();
            for name in assigned(self.script) {
                names.entry(Rc::from(name.value)).or_default().push(name.span);
            }
            names
        })
    }

    /// Forgets all that the script sets. Scripts define function after function, which all see the same.
    pub(super) fn forget(&self, vars: &mut Environment, why: &'static str) {
        let mut forgotten = self.forgotten.borrow_mut();
        if let Some((_, after)) = forgotten.get(why).filter(|(before, _)| vars.is_still(before)) {
            return vars.take_over(after);
        }
        let before = vars.clone();
        vars.forget_each(self.assigned().keys(), why);
        forgotten.insert(why, (before, vars.clone()));
    }

    /// Whether the shell may read the script, which stands in `text`, otherwise than the parser.
    pub(super) fn is_misread(&self, text: &str, kind: ShellKind) -> bool {
        *self.misread.get_or_init(|| keeps_inner_quotes(text, kind) || is_left_open(self.script, kind))
    }
}

/// Whether the shell reads a text otherwise than the parser: in `"$${name-"word"}"` and `"$$("word")"` bash takes the inner quotes for
/// characters. dash takes them for the end and the start of quotes.
fn keeps_inner_quotes(text: &str, kind: ShellKind) -> bool {
    if matches!(kind, ShellKind::Dash | ShellKind::Ash) {
        return false;
    }
    let bytes = text.as_bytes();
    let quoted = |dollar: usize| {
        let Some(open) = bytes.get(dollar + 2).filter(|b| bytes.get(dollar + 1) == Some(&b'$') && matches!(b, b'{' | b'(')) else {
            return false;
        };
        let rest = bytes.get(dollar + 3..bytes.len().min(dollar + MAX_LOOK)).unwrap_or_default();
        let inside = if *open == b'{' { rest.split(|b| *b == b'}').next().unwrap_or_default() } else { rest };
        inside.contains(&b'"')
    };
    memchr::memchr_iter(b'$', bytes).any(quoted)
}

/// Whether a shell misses the end of an expansion that the parser has seen: in `${name-\}` the brace is a plain character. And in
/// `"${name:-it's}"` the single quote is one, of which bash wants a second all the same.
fn is_left_open(script: &Script, kind: ShellKind) -> bool {
    let unpaired = |word: &str| {
        let (mut bytes, mut double, mut open) = (word.bytes(), false, false);
        while let Some(byte) = bytes.next() {
            match byte {
                b'\\' if !open => drop(bytes.next()),
                b'"' if !open => double = !double,
                b'\'' if !double => open = !open,
                _ => {}
            }
        }
        open
    };
    let knows = matches!(kind, ShellKind::Dash | ShellKind::Ash);
    let words = |c: &Command| {
        let values = c.assigns.iter().filter_map(|a| a.value.as_ref());
        let mut pieces = c.words.iter().chain(values).flat_map(|w| &w.pieces);
        pieces.any(|piece| match &piece.kind {
            PieceKind::Param(p) if p.modifier.is_empty() => false,
            PieceKind::Param(p) => {
                let quoted = !knows && piece.quote == Quote::Double && p.modifier.contains('\'');
                p.modifier.bytes().rev().take_while(|b| *b == b'\\').count() % 2 == 1 || quoted && unpaired(&p.modifier)
            }
            _ => false,
        })
    };
    script.commands.iter().any(words)
}

/// Expansions are looked through this far for quotes, so that many open ones cost no more than their number.
const MAX_LOOK: usize = 512;
