//! Scripts as the rules on shell faults read them: those whose text is certain, each with what is known around it.

pub(crate) use crate::quoting::{assigned_name, is_declaration};
use crate::rule::{Cx, Report};
use crate::source::Span;
use crate::stack::{DockerfileUnit, ScriptOrigin, ScriptUnit, Stack, knowledge};
use crate::syntax::dockerfile::Op;
use crate::syntax::shell::{Command, Dialect, Piece, PieceKind, Programs, Quote, Script, Word};

/// A script whose words reach a shell as they are written.
pub(crate) struct Reading<'a> {
    /// The script.
    pub(crate) script: &'a Script,
    /// The instruction that it is, or lies in: Dockerfile, stage and place in the items.
    place: Option<(&'a DockerfileUnit, Option<usize>, usize)>,
    /// Other tools read it too: a RUN in shell form, or a script file.
    peers: bool,
    /// Its shell is started with `-e`; `None` for the shell of the instruction, which few ask about.
    errexit: Option<bool>,
    /// It is handed to another shell by a command of its own.
    nested: bool,
    /// Its source.
    pub(crate) span: Span,
}

/// The scripts of a unit: itself where a shell reads it, and what it hands to other shells in quotes that keep every character.
pub(crate) fn readings<'a>(unit: &'a ScriptUnit, stack: &'a Stack) -> Vec<Reading<'a>> {
    let mut found = Vec::new();
    let (mut place, mut own, mut peers, mut errexit) = (None, true, false, Some(false));
    match unit.origin {
        ScriptOrigin::Instruction { dockerfile, item, exec } => {
            own = !exec;
            if let Some((file, instruction)) = stack.instruction(dockerfile, item) {
                let stage = file.ast.stage_of(item);
                place = Some((file, stage, item));
                let inner = if let Op::Onbuild(inner) = &instruction.op { inner } else { instruction };
                peers = matches!(inner.op, Op::Run(_)) && !exec;
                errexit = None;
            }
        }
        ScriptOrigin::File(file) => {
            peers = true;
            let text = &stack.sources.get(file).text;
            let first = text.lines().next().filter(|l| l.starts_with("#!")).unwrap_or_default();
            errexit = Some(starts_with_errexit(first.split_whitespace().skip(1)));
        }
        ScriptOrigin::Compose { .. } => own = false,
    }
    if own && unit.script.dialect != Dialect::Windows {
        found.push(Reading { script: &unit.script, place, peers, errexit, nested: false, span: unit.span });
    }
    for (_, command) in unit.script.walk() {
        let Some(nested) = command.nested.as_ref().filter(|n| n.expanded_outside.is_empty() && n.by != "eval") else { continue };
        if !command.words.iter().any(|w| w.span == nested.span && is_kept(w)) {
            continue;
        }
        let flags: Vec<_> = command.words.iter().take_while(|w| w.span != nested.span).map(Word::lossy).collect();
        let errexit = Some(starts_with_errexit(flags.iter().skip(1)));
        found.push(Reading { script: &nested.script, place, peers: false, errexit, nested: true, span: nested.span });
    }
    found
}

/// The same for rules on certain programs: none where no command has one of these names.
pub(crate) fn readings_running<'a>(unit: &'a ScriptUnit, stack: &'a Stack, programs: Programs) -> Vec<Reading<'a>> {
    if unit.script.may_run(programs) { readings(unit, stack) } else { Vec::new() }
}

/// The same for rules on expansions: none where nothing is expanded.
pub(crate) fn readings_expanding<'a>(unit: &'a ScriptUnit, stack: &'a Stack) -> Vec<Reading<'a>> {
    if unit.script.expands() { readings(unit, stack) } else { Vec::new() }
}

fn starts_with_errexit<S: AsRef<str>>(mut words: impl Iterator<Item = S>) -> bool {
    words.any(|w| {
        let w = w.as_ref();
        w == "errexit" || w.starts_with('-') && !w.starts_with("--") && w.contains('e')
    })
}

/// Whether the next shell gets a word's text character by character.
fn is_kept(word: &Word) -> bool {
    word.pieces.iter().all(|p| p.quote == Quote::Single && !p.span.is_empty())
}

impl<'a> Reading<'a> {
    /// Whether ARG or ENV of the Dockerfile set a variable here, or the builder does.
    pub(crate) fn is_declared(&self, name: &str) -> bool {
        const PROXIES: [&str; 5] = ["http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy"];
        let Some((unit, stage, item)) = self.place.filter(|_| !self.nested) else { return false };
        if PROXIES.contains(&name.to_ascii_lowercase().as_str()) {
            return true;
        }
        let Some(stage) = stage else { return false };
        let sets = |n: usize| unit.stages.get(n).map(|s| s.env.as_slice()).unwrap_or_default();
        unit.chain(stage).into_iter().any(|n| sets(n).iter().any(|s| s.name == name && (n != stage || s.item < item)))
    }

    /// Whether a variable is an ARG above the first FROM that the stage misses: a fault of its own, told apart where the base image is well known.
    pub(crate) fn is_out_of_scope(&self, name: &str) -> bool {
        let Some((unit, Some(stage), _)) = self.place else { return false };
        let declares = |op: &Op| matches!(op, Op::Arg(pairs) if pairs.iter().any(|p| p.key.value == name));
        let known = unit.root_image(stage).is_none_or(|image| image.official().is_some());
        known && unit.ast.global().any(|(_, i)| declares(&i.op))
    }

    /// Whether the script is a whole instruction, whose variables are known.
    pub(crate) fn is_instruction(&self) -> bool {
        self.place.is_some() && !self.nested
    }

    /// Whether quotes can be put into it as they are: no quotes of another language hold it.
    pub(crate) fn takes_quotes(&self) -> bool {
        !self.nested
    }

    /// The value of an ENV or ARG that the file fixes.
    pub(crate) fn known_value(&self, name: &str) -> Option<String> {
        let (unit, stage, item) = self.place.filter(|_| !self.nested)?;
        match unit.lookup(stage?, item, name) {
            crate::stack::Lookup::Known(value) => Some(value),
            _ => None,
        }
    }

    /// The program behind the sh that reads the script, where the base image tells; `None` where another shell was asked for by name.
    pub(crate) fn plain_sh(&self) -> Option<Option<&'static str>> {
        if self.script.dialect != Dialect::Posix {
            return None;
        }
        let Some((unit, Some(stage), item)) = self.place else { return Some(None) };
        let argv = &unit.shell_at(stage, item).argv;
        match argv.first().map(|p| p.rsplit('/').next().unwrap_or_default()) {
            Some("ash") if !self.nested => Some(Some("ash")),
            Some("dash") if !self.nested => Some(Some("dash")),
            _ => Some(unit.root_image(stage).and_then(knowledge::system_shell).filter(|_| !knowledge::links_sh(unit, stage))),
        }
    }

    /// Whether a failing command ends the script at some point of it.
    pub(crate) fn has_errexit(&self) -> bool {
        let sets = |c: &Command| {
            c.name().as_deref() == Some("set")
                && c.args().iter().map(Word::lossy).any(|w| w == "errexit" || w.starts_with('-') && w.contains('e'))
        };
        let of_shell = || match self.place {
            Some((unit, Some(stage), item)) => starts_with_errexit(unit.shell_at(stage, item).argv.iter().skip(1)),
            _ => false,
        };
        self.errexit.unwrap_or_else(of_shell) || self.script.commands.iter().any(sets)
    }

    /// Reports what other tools know under these ids, where they read the script at all.
    pub(crate) fn report<'c>(&self, cx: &'c mut Cx<'_>, span: Span, message: impl Into<String>) -> Report<'c> {
        let report = cx.report(span, message);
        if self.peers { report } else { report.aliases(&[]) }
    }

    /// The same, for a finding that has fewer ids than the rule.
    pub(crate) fn report_as<'c>(&self, cx: &'c mut Cx<'_>, span: Span, message: impl Into<String>, ids: &[&'static str]) -> Report<'c> {
        let report = cx.report(span, message);
        if self.peers { report.aliases(ids) } else { report.aliases(&[]) }
    }
}

/// Whether a word is the whole of one expansion, quoted or not; the piece.
pub(crate) fn sole_piece(word: &Word) -> Option<&Piece> {
    match word.pieces.as_slice() {
        [piece] => Some(piece),
        _ => None,
    }
}

/// The words of a command in which the shell splits what it expands: its operands, the targets of its redirections, and its
/// name, unless that is nothing but one expansion.
pub(crate) fn split_words(command: &Command, dialect: Dialect) -> impl Iterator<Item = &Word> {
    let name = command.words.first().map(Word::lossy).unwrap_or_default();
    let test = matches!(name.as_ref(), "[[" | "((");
    let keeps_assignments = dialect != Dialect::Posix && is_declaration(&name);
    // a program that a variable names is split on purpose
    let one =
        |w: &Word| matches!(w.pieces.as_slice(), [p] if !matches!(&p.kind, PieceKind::Param(p) if matches!(p.name.as_str(), "@" | "*")));
    let program = usize::from(name == "exec" && command.args().first().is_some_and(one));
    let operands = command.args().iter().skip(program).filter(move |w| !test && (!keeps_assignments || !assigns(w)));
    let head = command.words.first().filter(|w| !test && w.pieces.len() > 1);
    head.into_iter().chain(operands).chain(command.redirects.iter().filter(|r| r.heredoc.is_none()).filter_map(|r| r.target.as_ref()))
}

/// Whether an operand has the form `NAME=…`.
pub(crate) fn assigns(word: &Word) -> bool {
    assigned_name(word).is_some()
}
