//! Loops over words that are known: each turn on its own, with what its variable holds in it.

use super::flow::Flow;
use super::groups::Frame;
use super::interpret::Run;
use super::status::Stopped;
use super::step::{Reader, Step, Turns};
use super::variables::Value;
use super::words::State;
use crate::syntax::shell::{GroupKind, PieceKind, Word};

/// Loops of more turns are not followed turn by turn.
const MAX_TURNS: usize = 8;
/// Loops in loops are followed turn by turn at most this deep.
const MAX_LOOPS: usize = 2;

impl Run<'_> {
    /// What the variable of a loop holds, and its values where the turns can be followed one by one.
    pub(super) fn loop_values(&mut self, at: usize, words: &[Word]) -> (Value, Vec<Flow>) {
        let mut fields = Vec::new();
        for word in words {
            self.expander().fields(word, &mut fields);
        }
        let known = fields.iter().all(|a| a.known().is_some());
        let value = match fields.as_slice() {
            [one] if known => Value::Known(one.text.clone()),
            [] => Value::Unknown("each of the arguments in turn".to_owned()),
            many => {
                let listed: Vec<&str> = many.iter().take(3).map(|a| a.text.text()).collect();
                let rest = if many.len() > 3 { " …" } else { "" };
                Value::Unknown(format!("in turn {}{rest}", listed.join(", ")))
            }
        };
        let followed = known && (fields.len() == 1 || fields.len() <= MAX_TURNS && self.loops < MAX_LOOPS && !self.leaves_turns(at, words));
        (value, if followed { fields.into_iter().map(|a| a.text).collect() } else { Vec::new() })
    }

    /// Whether something in a loop ends a turn, or the loop, before its end.
    fn leaves_turns(&self, at: usize, words: &[Word]) -> bool {
        let runs = |w: &Word| w.pieces.iter().any(|p| matches!(p.kind, PieceKind::Command { .. }));
        let leaves = |name: &str| matches!(name, "break" | "continue" | "return");
        let commands = self.script.commands.iter().filter(|c| self.script.is_within(c.place.group, at));
        words.iter().any(runs) || commands.into_iter().any(|c| c.name().is_some_and(|n| leaves(&n)))
    }

    /// Runs a loop turn by turn; gives the state that it leaves.
    pub(super) fn turns(&mut self, at: usize, frame: &Frame) -> Option<State> {
        let group = self.script.groups.get(at)?;
        let GroupKind::For(name) = &group.kind else { return None };
        let mut state = frame.before.clone();
        let mut steps = Vec::new();
        for value in &frame.turns {
            state.assign(name, Value::Known(value.clone()), None, false);
            let mut turn = self.nested(at, state);
            turn.loops = self.loops + 1;
            turn.within(at);
            let (step, end) = turn.done(Step::new(Reader::shell("a turn of the loop", self.kind), self.text.clone()));
            steps.push(step);
            state = end;
            if state.stopped == Stopped::Yes {
                break;
            }
        }
        self.turns.push(Turns { range: group.span.range(), steps });
        Some(state)
    }
}
