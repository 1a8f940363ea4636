use crate::rule::{Cx, Rule, rule};
use crate::rules::support::shell_scripts::readings;
use crate::stack::ScriptUnit;
use crate::syntax::shell::{PieceKind, Quote, Word};

rule!(GlobAsOption, "shell/glob-as-option");

impl Rule for GlobAsOption {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        for reading in readings(unit, cx.stack) {
            for command in &reading.script.commands {
                let name = command.name().unwrap_or_default();
                if matches!(name.as_ref(), "echo" | "printf" | "[" | "test" | "[[" | "((") {
                    continue;
                }
                for word in command.args().iter().take_while(|w| !matches!(w.lossy().as_ref(), "--" | ":::" | "::::")) {
                    if starts_with_glob(word) {
                        reading
                            .report(cx, word.span, "a file whose name begins with `-` is read as an option")
                            .help(format!("write `./{}`", word.lossy()));
                    }
                }
            }
        }
    }
}

fn starts_with_glob(word: &Word) -> bool {
    word.pieces.first().is_some_and(|p| p.quote == Quote::None && matches!(&p.kind, PieceKind::Glob(g) if g == "*" || g == "?"))
}
