use crate::rule::{Cx, Rule, rule};
use crate::rules::support::shell_scripts::{Reading, readings_running};
use crate::stack::ScriptUnit;
use crate::syntax::shell::{PieceKind, Programs, Word};

rule!(RmOfEmptyVariable, "shell/rm-of-empty-variable");

impl Rule for RmOfEmptyVariable {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        for reading in readings_running(unit, cx.stack, const { Programs::of(&["rm"]) }) {
            for command in reading.script.commands.iter().filter(|c| c.name().as_deref() == Some("rm")) {
                if !(command.has_flag("-r", "--recursive") || command.has_flag("-R", "")) {
                    continue;
                }
                for word in command.args().iter().filter(|w| !w.lossy().starts_with('-')) {
                    let Some((name, path)) = when_empty(word, &reading) else { continue };
                    if is_of_the_system(&path) {
                        reading
                            .report(cx, word.span, format!("this removes `{path}` where `{name}` is empty"))
                            .help(format!("write `${{{name}:?}}`, which ends the script instead"));
                    }
                }
            }
        }
    }
}

/// The path that is left where every variable of a word is empty, with the first of them.
fn when_empty(word: &Word, reading: &Reading<'_>) -> Option<(String, String)> {
    let (mut path, mut first) = (String::new(), None);
    for piece in &word.pieces {
        match &piece.kind {
            PieceKind::Literal(text) | PieceKind::Glob(text) => path.push_str(text),
            PieceKind::Param(p) => {
                let guarded = [":?", ":-", ":="].iter().any(|m| p.modifier.contains(m));
                if guarded || reading.known_value(&p.name).is_some_and(|v| !v.is_empty()) {
                    return None;
                }
                first.get_or_insert_with(|| p.name.clone());
            }
            PieceKind::Command { .. } | PieceKind::Arithmetic(_) => {}
            PieceKind::Other(_) => return None,
        }
    }
    Some((first?, path))
}

fn is_of_the_system(path: &str) -> bool {
    const FOLDERS: [&str; 15] = [
        "",
        "/bin",
        "/etc",
        "/home",
        "/mnt",
        "/usr",
        "/usr/share",
        "/usr/local",
        "/var",
        "/lib",
        "/dev",
        "/media",
        "/boot",
        "/lib64",
        "/usr/bin",
    ];
    let mut plain = String::new();
    for c in path.chars() {
        if !(matches!(c, '/' | '*') && plain.ends_with(c)) {
            plain.push(c);
        }
    }
    if plain == "/" {
        return true;
    }
    let plain = plain.trim_end_matches('/');
    FOLDERS.iter().any(|f| {
        let rest = plain.strip_prefix(f);
        rest == Some("/*") || rest == Some("/*/*") || rest == Some("") && !f.is_empty()
    })
}
