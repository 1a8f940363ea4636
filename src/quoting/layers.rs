//! Nested shells: which of them expands a `$`.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::source::{At, Span};
use crate::syntax::nginx::variables_in;
use crate::syntax::shell::{Command, Dialect, GroupKind, MAX_NESTING, Nested, PieceKind, Programs, Script, Word, elsewhere};
use crate::text::Text;

/// Expansions stand in each other at most this deep.
const MAX_DEPTH: usize = 16;

/// A command with the shells around it.
#[derive(Clone, Debug)]
pub struct Layer<'a> {
    /// The command.
    pub command: &'a Command,
    /// Its script.
    pub script: &'a Script,
    /// Its place in the script's commands.
    pub index: usize,
    /// How many shells lie between it and the outermost script.
    pub level: usize,
    /// What the shells outside expand in its text: the level of the shell, and the parameter; in source order.
    pub outside: Arc<[(usize, At<String>)]>,
}

impl Layer<'_> {
    /// The level of the outer shell that expands the parameter at this place.
    pub fn expanded_outside(&self, name: &str, span: Span) -> Option<usize> {
        let first = self.outside.partition_point(|(_, param)| param.span.start < span.start);
        let around = self.outside.get(first.saturating_sub(MAX_DEPTH)..)?.iter().take_while(|(_, param)| param.span.start <= span.end);
        let mut same = around.filter(|(_, param)| param.value == name);
        same.find(|(_, param)| span.contains(param.span) || param.span.contains(span)).map(|found| found.0)
    }
}

/// All commands of a script and of the scripts nested in it, in order.
pub fn layers(script: &Script) -> Vec<Layer<'_>> {
    let mut found = Vec::new();
    collect(script, 0, &Arc::from([]), &mut found);
    found
}

fn collect<'a>(script: &'a Script, level: usize, outside: &Arc<[(usize, At<String>)]>, found: &mut Vec<Layer<'a>>) {
    found.reserve(script.commands.len());
    for (index, command) in script.commands.iter().enumerate() {
        found.push(Layer { command, script, index, level, outside: Arc::clone(outside) });
        if let (Some(nested), true) = (&command.nested, level < MAX_NESTING) {
            let mut inner = outside.to_vec();
            let new = nested.expanded_outside.iter().filter(|p| !outside.iter().any(|(_, o)| o.span.contains(p.span)));
            inner.extend(new.map(|p| (level, p.clone())));
            inner.sort_by_key(|(_, param)| param.span);
            collect(&nested.script, level + 1, &Arc::from(inner), found);
        }
    }
}

/// A `$name` in a script and who expands it.
#[derive(Clone, Debug)]
pub struct Dollar<'a> {
    /// The name.
    pub name: At<String>,
    /// The level of the shell that expands it, 0 for the outermost; `None` where no shell does and the program gets the `$`.
    pub by: Option<usize>,
    /// The command in whose words it stands, at the innermost level that reads it.
    pub command: &'a Command,
    /// How many shells lie between that command and the outermost script.
    pub level: usize,
    /// The word that holds it.
    pub word: &'a Word,
}

/// Every `$name` of a script's words, nested scripts included, once each.
pub fn dollars(script: &Script) -> Vec<Dollar<'_>> {
    dollars_where(script, |_| true)
}

/// The same for the words of certain commands.
pub(super) fn dollars_where(script: &Script, wanted: impl Fn(&Command) -> bool) -> Vec<Dollar<'_>> {
    let mut found = Vec::new();
    for layer in layers(script).iter().filter(|layer| wanted(layer.command)) {
        let handed_on = layer.command.nested.as_ref().map(|n| n.span);
        let values = layer.command.assigns.iter().filter_map(|a| a.value.as_ref());
        let targets = layer.command.redirects.iter().filter_map(|r| r.target.as_ref());
        for word in layer.command.words.iter().chain(values).chain(targets) {
            if handed_on.is_some_and(|span| span.contains(word.span)) {
                continue;
            }
            in_word(layer, word, &mut found);
        }
    }
    found
}

fn in_word<'a>(layer: &Layer<'a>, word: &'a Word, found: &mut Vec<Dollar<'a>>) {
    let mut push = |name: At<String>, by: Option<usize>| {
        found.push(Dollar { name, by, command: layer.command, level: layer.level, word });
    };
    for piece in &word.pieces {
        if let PieceKind::Param(param) = &piece.kind {
            let by = layer.expanded_outside(&param.name, piece.span).unwrap_or(layer.level);
            push(At::new(param.name.clone(), piece.span), Some(by));
            for name in piece.inner_names() {
                let by = layer.expanded_outside(&name.value, name.span).unwrap_or(layer.level);
                push(name, Some(by));
            }
        }
    }
    if !word.pieces.iter().any(|p| p.literal().is_some_and(|value| value.contains('$'))) {
        return;
    }
    let mut text = Text::builder(word.span);
    for piece in &word.pieces {
        match &piece.kind {
            PieceKind::Literal(value) => text.push(value, piece.span),
            _ => text.push("\0", piece.span),
        }
    }
    for name in names_in(&text) {
        let by = layer.expanded_outside(&name.value, name.span);
        push(name, by);
    }
}

/// The `$name` and `${name}` of a text that no shell reads, such as an argument of an exec form.
pub fn names_in(text: &Text) -> Vec<At<String>> {
    let mut found = Vec::new();
    variables_in(text, &mut found);
    found.into_iter().map(|v| At::new(v.name, v.span)).collect()
}

/// A parameter that an outer shell expands although the inner script sets it.
#[derive(Clone, Debug)]
pub struct TooEarly {
    /// The parameter.
    pub param: At<String>,
    /// Where the inner script sets it.
    pub set: Span,
    /// The inner shell.
    pub by: String,
}

/// `bash -c "x=1; echo $x"`, `x=1 bash -c "echo $x"`: parameters that are expanded before the script that sets them, or that they are
/// given to, runs.
pub fn expanded_too_early(script: &Script) -> Vec<TooEarly> {
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    if !script.walk().any(|(_, c)| c.nested.is_some() || c.may_start(REMOTE)) {
        return found;
    }
    for layer in layers(script) {
        let far = layer.command.nested.is_none().then(|| on_another_machine(layer.command)).flatten();
        let Some(nested) = layer.command.nested.as_ref().or(far.as_ref()) else { continue };
        let mut set: HashMap<String, Span> = given(layer.command);
        for name in assigned(&nested.script) {
            set.entry(name.value).or_insert(name.span);
        }
        let known: HashSet<String> = assigned(layer.script).into_iter().map(|n| n.value).collect();
        for param in &nested.expanded_outside {
            let Some(&place) = set.get(&param.value).filter(|place| !place.contains(param.span)) else { continue };
            if !known.contains(&param.value) && place.start < param.span.start && seen.insert(param.span) {
                found.push(TooEarly { param: param.clone(), set: place, by: nested.by.clone() });
            }
        }
    }
    found
}

/// Runs a text on another machine.
const REMOTE: Programs = Programs::of(&["ssh"]);

fn on_another_machine(command: &Command) -> Option<Box<Nested>> {
    (command.name().as_deref() == Some("ssh")).then(|| elsewhere(command)).flatten()
}

/// The names that are set for one command only: `A=1 sh -c …`, `env A=1 sh -c …`.
fn given(command: &Command) -> HashMap<String, Span> {
    let words = command.effective().environment().into_iter();
    let named = words.filter_map(|w| Some((w.lossy().split_once('=')?.0.to_owned(), w.span)));
    command.assigns.iter().map(|a| (a.name.clone(), a.span)).chain(named).collect()
}

/// The names that a script sets: assignments, `export`, `read`, loops. Assignments before a command hold for that command alone.
pub fn assigned(script: &Script) -> Vec<At<String>> {
    let mut found = Vec::new();
    for command in &script.commands {
        if command.words.is_empty() {
            found.extend(command.assigns.iter().map(|a| At::new(a.name.clone(), a.span)));
        }
        let operands = command.args().iter().map(|w| (w.lossy(), w.span)).filter(|(v, _)| !v.starts_with('-'));
        match command.name().as_deref() {
            Some("export" | "local" | "declare" | "typeset" | "readonly") => {
                found.extend(operands.filter_map(|(v, span)| Some(At::new(v.split_once('=')?.0.to_owned(), span))));
            }
            Some("read" | "mapfile" | "readarray") if script.dialect != Dialect::Windows => {
                found.extend(operands.map(|(v, span)| At::new(v.into_owned(), span)));
            }
            _ => {}
        }
    }
    for group in &script.groups {
        if let GroupKind::For(name) = &group.kind {
            found.push(At::new(name.clone(), group.span.at_start()));
        }
    }
    found
}
