//! `envsubst`: what it replaces, once the shells around it have had their turn.

use std::sync::{Arc, LazyLock};

use super::layers::{Layer, layers, names_in};
use crate::few::Few;
use crate::source::{At, Span};
use crate::syntax::shell::{Command, Effective, Piece, PieceKind, Programs, Script, Word};
use crate::text::Text;

/// A call of envsubst.
#[derive(Clone, Debug)]
pub struct Envsubst<'a> {
    /// The command.
    pub command: &'a Command,
    /// The SHELL-FORMAT, where one is given. Without one every variable of the input is replaced, unset ones by nothing.
    pub format: Option<&'a Word>,
    /// The names that envsubst finds in the SHELL-FORMAT when it runs; `None` without one or where that cannot be known.
    /// An empty list means that nothing is replaced.
    pub names: Option<Vec<String>>,
    /// The `$name`s that stand in the SHELL-FORMAT.
    pub written: Vec<At<String>>,
    /// Those of `written` that a shell replaces by their values before envsubst sees them.
    pub expanded: Vec<At<String>>,
    /// The file that it reads.
    pub input: Option<&'a Word>,
    /// The file that it writes.
    pub output: Option<&'a Word>,
}

/// All calls of envsubst in a script and in those nested in it. `lookup` gives the values of the environment.
pub fn envsubst_calls<'a>(script: &'a Script, lookup: &dyn Fn(&str) -> Option<String>) -> Vec<Envsubst<'a>> {
    const ENVSUBST: Programs = Programs::of(&["envsubst"]);
    if !script.may_run(ENVSUBST) {
        return Vec::new();
    }
    let found = layers(script);
    let calls = found.iter().filter_map(|layer| {
        let mut call = read(layer, lookup)?;
        let place = layer.command.place;
        if call.input.is_none() && place.pipe_index > 0 {
            call.input = piped(layer);
        }
        if call.output.is_none() && place.pipe_index + 1 < place.pipe_len {
            let next = layer.script.commands.get(layer.index + 1).filter(|c| c.place.pipe_index == place.pipe_index + 1);
            let named = |c: &&Command| matches!(c.effective().name().as_deref(), Some("tee" | "sponge"));
            call.output = next.filter(named).and_then(|c| c.operands(&[]).into_iter().next_back());
        }
        Some(call)
    });
    calls.collect()
}

/// The file that `cat file | envsubst` reads.
fn piped<'a>(layer: &Layer<'a>) -> Option<&'a Word> {
    let before = layer.script.commands.get(..layer.index)?.iter().rev();
    let before = before.filter(|c| !c.place.substitution || layer.command.place.substitution);
    let first = before.take_while(|c| c.place.pipe_len == layer.command.place.pipe_len).find(|c| c.place.pipe_index == 0)?;
    let seen = first.effective();
    if seen.name().as_deref() != Some("cat") {
        return None;
    }
    input(first).or_else(|| seen.words.get(1).filter(|w| !w.lossy().starts_with('-')))
}

/// A single command that no outer shell touches; see [`envsubst_calls`].
pub fn envsubst_format<'a>(command: &'a Command, lookup: &dyn Fn(&str) -> Option<String>) -> Option<Envsubst<'a>> {
    static NONE: LazyLock<Script> = LazyLock::new(Script::default);
    read(&Layer { command, script: &NONE, index: 0, level: 0, outside: Arc::from([]) }, lookup)
}

fn read<'a>(layer: &Layer<'a>, lookup: &dyn Fn(&str) -> Option<String>) -> Option<Envsubst<'a>> {
    let command = layer.command;
    let seen: Effective<'a> = command.effective();
    if seen.name().as_deref() != Some("envsubst") {
        return None;
    }
    let args = seen.args();
    if args.iter().any(|w| matches!(w.lossy().as_ref(), "-v" | "--variables" | "-V" | "--version" | "-h" | "--help")) {
        return None;
    }
    let format = args.iter().find(|w| !w.lossy().starts_with('-') || w.literal().is_none());
    let mut call = Envsubst {
        command,
        format,
        names: None,
        written: Vec::new(),
        expanded: Vec::new(),
        input: input(command),
        output: command
            .redirects
            .iter()
            .rev()
            .find(|r| matches!(r.operator, ">" | ">>" | ">|") && r.fd.is_none_or(|fd| fd == 1))
            .and_then(|r| r.target.as_ref()),
    };
    if let Some(word) = format {
        let text = seen_by_program(layer, word, lookup, &mut call.expanded);
        call.written = names_in(&word.text());
        call.names = text.map(|text| {
            let text = Text::verbatim(text, word.span);
            names_in(&text).into_iter().map(|n| n.value).collect()
        });
    }
    Some(call)
}

fn input(command: &Command) -> Option<&Word> {
    command.redirects.iter().rev().find(|r| r.operator == "<" && r.fd.is_none_or(|fd| fd == 0)).and_then(|r| r.target.as_ref())
}

/// The text of a word as the program gets it; `None` where a value is not known.
fn seen_by_program(
    layer: &Layer<'_>,
    word: &Word,
    lookup: &dyn Fn(&str) -> Option<String>,
    expanded: &mut Vec<At<String>>,
) -> Option<String> {
    let mut value = Some(String::new());
    let mut add = |part: Option<String>| match (&mut value, part) {
        (Some(value), Some(part)) => value.push_str(&part),
        _ => value = None,
    };
    for piece in &word.pieces {
        match &piece.kind {
            PieceKind::Literal(text) => add(literal(layer, piece, text, lookup, expanded)),
            PieceKind::Param(param) => {
                expanded.push(At::new(param.name.clone(), piece.span));
                let single = Word { span: piece.span, pieces: Few::one(piece.clone()) };
                add(single.evaluate(lookup));
            }
            PieceKind::Glob(text) => add(Some(text.clone())),
            PieceKind::Command { .. } | PieceKind::Arithmetic(_) | PieceKind::Other(_) => add(None),
        }
    }
    value
}

/// Literal text of an inner shell, in which an outer one may have replaced `$names`.
fn literal(
    layer: &Layer<'_>,
    piece: &Piece,
    text: &str,
    lookup: &dyn Fn(&str) -> Option<String>,
    expanded: &mut Vec<At<String>>,
) -> Option<String> {
    let own = Text::verbatim(text, piece.span);
    let mut value = String::new();
    let mut kept = 0;
    let mut variables = Vec::new();
    crate::syntax::nginx::variables_in(&own, &mut variables);
    let mut from = 0;
    for variable in variables {
        let written = if variable.braced { format!("${{{}}}", variable.name) } else { format!("${}", variable.name) };
        let at = from + text.get(from..)?.find(&written)?;
        from = at + written.len();
        if let Some(own) = process_number(layer, variable.span) {
            expanded.push(own);
            value.push_str(text.get(kept..at)?.trim_end_matches('$'));
            value.push_str(&format!("0{}", variable.name));
            kept = from;
            continue;
        }
        if layer.expanded_outside(&variable.name, variable.span).is_none() {
            continue;
        }
        expanded.push(At::new(variable.name.clone(), variable.span));
        value.push_str(text.get(kept..at)?);
        value.push_str(&lookup(&variable.name)?);
        kept = from;
    }
    value.push_str(text.get(kept..)?);
    Some(value)
}

/// The `$$` of which a shell outside makes its process number, so that the second `$` begins no name any more.
fn process_number(layer: &Layer<'_>, variable: Span) -> Option<At<String>> {
    let taken = |span: Span| span.file == variable.file && span.start < variable.start && variable.start < span.end;
    layer.outside.iter().map(|(_, param)| param).find(|p| p.value == "$" && taken(p.span)).cloned()
}
