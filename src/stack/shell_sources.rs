//! The texts that shells read while an image is built or runs, for tools that read shell text themselves.

use super::{ScriptOrigin, ScriptUnit, Stack, images};
use crate::source::FileId;
use crate::syntax::dockerfile::{Form, Op};
use crate::syntax::shell::{self, Dialect, Nested};
use crate::text::Text;

/// The text of one script, as its shell is given it.
pub struct ShellSource {
    /// The text; its parts know where they stand.
    pub text: Text,
    /// What reads it.
    pub dialect: Dialect,
    /// Variables that its environment sets: ENV, ARG, and what the builder sets by itself.
    pub environment: Vec<String>,
}

/// What the builder passes on to every RUN.
const PROXIES: [&str; 5] = ["http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy"];

impl Stack {
    /// Every script of the stack that a known shell reads, with those that scripts hand to other shells in full. Scripts in
    /// PowerShell, cmd or other languages are not among them.
    pub fn shell_sources(&self) -> Vec<ShellSource> {
        let mut found = Vec::new();
        for unit in self.all_scripts() {
            let environment = self.environment_of(unit);
            let own = self.own_text(unit).map(|text| (text, unit.script.dialect));
            let nested = unit.script.walk().filter_map(|(_, c)| Some((c, c.nested.as_deref()?)));
            let handed = nested.filter_map(|(c, n)| Some((handed_on(c, n)?, n.script.dialect)));
            for (text, dialect) in own.into_iter().chain(handed) {
                let sh = matches!(dialect, Dialect::Posix | Dialect::Bash);
                if sh && !text.trim().is_empty() && text.len() <= shell::MAX_SCRIPT_BYTES {
                    found.push(ShellSource { text, dialect, environment: environment.clone() });
                }
            }
        }
        found
    }

    fn own_text(&self, unit: &ScriptUnit) -> Option<Text> {
        match unit.origin {
            ScriptOrigin::Instruction { exec: true, .. } | ScriptOrigin::Compose { .. } => None,
            ScriptOrigin::File(file) => Some(self.whole(file)),
            ScriptOrigin::Instruction { dockerfile, item, .. } => {
                let (_, instruction) = self.instruction(dockerfile, item)?;
                let inner = if let Op::Onbuild(inner) = &instruction.op { inner } else { instruction };
                let Form::Shell(text) = images::form(inner)? else { return None };
                let body = matches!(&inner.op, Op::Run(run) if run.heredoc_script);
                Some(shell::as_read(&Text::verbatim(text.text.clone(), text.span), !body))
            }
        }
    }

    fn whole(&self, file: FileId) -> Text {
        let source = self.sources.get(file);
        shell::as_read(&Text::verbatim(source.text.clone(), source.span()), false)
    }

    fn environment_of(&self, unit: &ScriptUnit) -> Vec<String> {
        let ScriptOrigin::Instruction { dockerfile, item, .. } = unit.origin else { return Vec::new() };
        let Some((file, _)) = self.instruction(dockerfile, item) else { return Vec::new() };
        let mut names: Vec<String> = PROXIES.iter().flat_map(|n| [(*n).to_owned(), n.to_uppercase()]).collect();
        if let Some(stage) = file.ast.stage_of(item) {
            for n in file.chain(stage) {
                let sets = file.stages.get(n).map(|s| s.env.as_slice()).unwrap_or_default();
                names.extend(sets.iter().filter(|s| n != stage || s.item < item).map(|s| s.name.clone()));
            }
        }
        let plain = |n: &String| !n.starts_with(|c: char| c.is_ascii_digit()) && n.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        names.retain(|n| !n.is_empty() && plain(n));
        names.sort();
        names.dedup();
        names
    }
}

/// The text that a command hands to another shell, where it is the whole of a word or of a heredoc and nothing changes it on the way.
fn handed_on(command: &shell::Command, nested: &Nested) -> Option<Text> {
    if !nested.expanded_outside.is_empty() || nested.by == "eval" {
        return None;
    }
    if let Some(word) = command.words.iter().find(|w| w.span == nested.span) {
        return Some(word.text());
    }
    let bodies = command.redirects.iter().filter_map(|r| Some((r.operator, r.heredoc.as_ref()?)));
    let (_, body) = bodies.into_iter().find(|(operator, b)| *operator == "<<" && b.span == nested.span)?;
    (!body.expand || !body.text.contains(['$', '`', '\\'])).then(|| Text::verbatim(body.text.clone(), body.span))
}
