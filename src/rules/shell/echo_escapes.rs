use crate::rule::{Cx, Rule, rule};
use crate::rules::support::shell_scripts::readings_running;
use crate::stack::ScriptUnit;
use crate::syntax::shell::{PieceKind, Programs, Word};

rule!(EchoEscapes, "shell/echo-escapes");

impl Rule for EchoEscapes {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        for reading in readings_running(unit, cx.stack, const { Programs::of(&["echo"]) }) {
            for command in &reading.script.commands {
                if command.words.first().and_then(Word::literal).as_deref() != Some("echo") || command.has_flag("-e", "") {
                    continue;
                }
                for word in command.args().iter().filter(|w| has_escape(w)) {
                    let message = match reading.plain_sh().flatten() {
                        Some("dash") => "dash's echo turns the escapes in this text into characters, other shells' print them as they are",
                        Some("bash" | "ash") => "this echo prints the backslash and the letter",
                        _ => "some shells' echo turns the escapes in this text into characters, others' print them as they are",
                    };
                    reading.report(cx, word.span, message).help("`printf '%b\\n' …` does the same everywhere");
                }
            }
        }
    }
}

fn has_escape(word: &Word) -> bool {
    let mut text = String::new();
    for piece in &word.pieces {
        match &piece.kind {
            PieceKind::Literal(value) => text.push_str(value),
            _ => text.push(' '),
        }
    }
    // a prompt is read by the shell that shows it
    let prompt = text.contains("\\[") || text.contains("PS1");
    let follows = |letters: &str| {
        text.match_indices('\\').any(|(at, _)| text.get(at + 1..).is_some_and(|rest| rest.starts_with(|c| letters.contains(c))))
    };
    follows("nrtabfv") || !prompt && follows("e01234567")
}
