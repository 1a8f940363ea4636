//! Build secrets of a RUN, and where its commands write them.

use std::borrow::Cow;

use crate::syntax::dockerfile::RunOp;
use crate::syntax::shell::command::operands;
use crate::syntax::shell::{Command, PieceKind, Word};

/// The build secrets of a RUN: where they are mounted, which variables hold them, and what is kept out of the layer.
pub(crate) struct Secrets {
    paths: Vec<String>,
    variables: Vec<String>,
    outside: Vec<String>,
}

impl Secrets {
    /// Reads the mounts of a RUN.
    pub(crate) fn of(run: &RunOp) -> Secrets {
        let mut secrets = Secrets { paths: Vec::new(), variables: Vec::new(), outside: vec!["/dev".to_owned(), "/proc".to_owned()] };
        for mount in &run.mounts {
            let target = mount.get("target").map(|t| t.value.clone());
            if mount.kind != "secret" {
                secrets.outside.extend(target);
                continue;
            }
            let id = mount.get("id").or_else(|| mount.get("source")).map(|t| t.value.clone());
            secrets.variables.extend(mount.get("env").map(|t| t.value.clone()));
            if mount.get("env").is_none() || target.is_some() {
                secrets.paths.extend(target.or_else(|| Some(format!("/run/secrets/{}", id?))));
            }
        }
        secrets.outside.extend(secrets.paths.iter().cloned());
        secrets
    }

    /// Whether the RUN is given none.
    pub(crate) fn is_empty(&self) -> bool {
        self.paths.is_empty() && self.variables.is_empty()
    }

    /// `TOKEN=$(cat /run/secrets/token)` makes TOKEN one.
    pub(crate) fn learn(&mut self, command: &Command) {
        for assign in &command.assigns {
            if assign.value.as_ref().is_some_and(|v| self.in_word(v)) {
                self.variables.push(assign.name.clone());
            }
        }
        if command.name().as_deref() == Some("export") {
            let holding: Vec<_> = command.args().iter().filter(|w| self.in_word(w)).map(Word::lossy).collect();
            self.variables.extend(holding.iter().filter_map(|w| Some(w.split_once('=')?.0.to_owned())));
        }
    }

    fn in_word(&self, word: &Word) -> bool {
        word.pieces.iter().any(|p| self.in_piece(&p.kind))
    }

    fn in_piece(&self, piece: &PieceKind) -> bool {
        let named = |text: &str| self.paths.iter().any(|p| text.contains(p.as_str()));
        match piece {
            PieceKind::Literal(text) | PieceKind::Glob(text) | PieceKind::Other(text) | PieceKind::Arithmetic(text) => named(text),
            PieceKind::Command { text, .. } => named(text) || self.variables.iter().any(|v| text.contains(&format!("${v}"))),
            PieceKind::Param(p) => self.variables.contains(&p.name),
        }
    }

    /// Whether a place is no part of the layer: another mount, a device, what a variable names.
    pub(crate) fn is_passing(&self, path: &str) -> bool {
        path.starts_with('$')
            || self.outside.iter().any(|o| path == o || path.strip_prefix(o.as_str()).is_some_and(|rest| rest.starts_with('/')))
    }
}

/// Where a command writes a secret to, if it does.
pub(crate) fn written<'a>(command: &'a Command, secrets: &Secrets) -> Option<(&'a Word, Cow<'a, str>)> {
    let effective = command.effective();
    let name = effective.name().unwrap_or_default();
    let reads = command.words.iter().any(|w| secrets.in_word(w));
    let fed = command.redirects.iter().any(|r| {
        let body = r.heredoc.as_ref().filter(|b| b.expand);
        body.is_some_and(|b| b.pieces.iter().any(|p| secrets.in_piece(&p.kind)))
            || r.operator == "<" && r.target.as_ref().is_some_and(|t| secrets.in_word(t))
    });
    let prints = matches!(name.as_ref(), "cat" | "echo" | "printf" | "sed" | "awk" | "base64" | "tr" | "head" | "envsubst" | "jq");
    if let Some(redirect) = command.redirects.iter().find(|r| matches!(r.operator, ">" | ">>" | ">|") && r.fd.is_none_or(|fd| fd == 1))
        && prints
        && (reads || fed)
    {
        let target = redirect.target.as_ref()?;
        return Some((target, target.lossy()));
    }
    if matches!(name.as_ref(), "cp" | "install" | "rsync" | "mv") && reads {
        let operands = operands(effective.args(), &["-m", "-o", "-g", "--mode", "--owner", "--group"]);
        let (dest, sources) = operands.split_last()?;
        return sources.iter().any(|s| secrets.in_word(s)).then(|| (*dest, dest.lossy()));
    }
    None
}

/// Whether a command removes a file.
pub(crate) fn removes(command: &Command, path: &str) -> bool {
    let effective = command.effective();
    let gone = matches!(effective.name().as_deref(), Some("rm" | "shred" | "unlink"));
    gone && effective.operands(&[]).iter().any(|w| {
        let text = w.lossy();
        text == path
            || path.strip_prefix(text.trim_end_matches(['*', '/'])).is_some_and(|rest| rest.starts_with('/') || text.ends_with('*'))
    })
}
