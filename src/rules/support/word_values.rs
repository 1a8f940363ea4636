//! What a word of a RUN may stand for: values that its script, ENV and ARG give to the variables in it.

use crate::stack::{DockerfileUnit, Lookup};
use crate::syntax::shell::{PieceKind, Quote, Script, Word};

use super::shell_scripts::{assigned_name, is_declaration};

/// A word is taken to have at most this many values.
const MOST: usize = 16;
/// Variables that are set from variables are followed this far.
const DEEPEST: usize = 4;
/// What is assigned before these stays, in a plain sh.
const KEEP: [&str; 7] = [":", "set", "export", "readonly", "unset", "eval", "."];

/// Where words are looked at.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings<'a> {
    /// The script that they stand in.
    pub(crate) script: &'a Script,
    /// The Dockerfile, and the place of the instruction in its items.
    pub(crate) place: (&'a DockerfileUnit, usize),
}

impl Surroundings<'_> {
    /// The operands that a word can become, one list for each value that it may have; none at all where one of them is unknown.
    pub(crate) fn operands(self, word: &Word) -> Vec<Vec<String>> {
        let split = word.pieces.iter().any(|p| p.quote == Quote::None && matches!(p.kind, PieceKind::Param(_)));
        let operands = |value: String| {
            if split { value.split_whitespace().map(str::to_owned).collect() } else { vec![value] }
        };
        self.values(word, 0).into_iter().flatten().map(operands).collect()
    }

    fn values(self, word: &Word, depth: usize) -> Option<Vec<String>> {
        let mut sum = vec![String::new()];
        for piece in &word.pieces {
            let more = match &piece.kind {
                PieceKind::Literal(text) | PieceKind::Glob(text) => vec![text.clone()],
                PieceKind::Param(p) if p.modifier.is_empty() && depth < DEEPEST => self.variable(&p.name, depth + 1)?,
                _ => return None,
            };
            sum = sum.iter().flat_map(|head| more.iter().map(move |tail| format!("{head}{tail}"))).collect();
            if sum.len() > MOST {
                return None;
            }
        }
        Some(sum)
    }

    fn variable(self, name: &str, depth: usize) -> Option<Vec<String>> {
        let mut found = Vec::new();
        for command in &self.script.commands {
            let program = command.name().unwrap_or_default();
            if command.words.is_empty() || KEEP.contains(&program.as_ref()) {
                for assign in command.assigns.iter().filter(|a| a.name == name) {
                    found.extend(self.values(assign.value.as_ref()?, depth)?);
                }
            }
            let named = |w: &&Word| assigned_name(w).is_some_and(|n| n == name);
            for word in command.args().iter().filter(named) {
                if is_declaration(&program) {
                    let value = self.values(word, depth)?;
                    found.extend(value.into_iter().filter_map(|v| Some(v.split_once('=')?.1.to_owned())));
                }
            }
            if matches!(program.as_ref(), "read" | "mapfile" | "readarray") && command.args().iter().any(|w| w.lossy() == name) {
                return None;
            }
        }
        if !found.is_empty() {
            return Some(found);
        }
        let (unit, item) = self.place;
        match unit.lookup(unit.ast.stage_of(item)?, item, name) {
            Lookup::Known(value) => Some(vec![value]),
            _ => None,
        }
    }
}
