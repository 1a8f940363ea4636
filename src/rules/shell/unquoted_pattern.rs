use crate::rule::{Cx, Rule, rule};
use crate::rules::support::shell_scripts::readings;
use crate::stack::ScriptUnit;
use crate::syntax::shell::{Command, PieceKind, Quote, Word};

rule!(UnquotedPattern, "shell/unquoted-pattern");

impl Rule for UnquotedPattern {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        for reading in readings(unit, cx.stack) {
            for command in &reading.script.commands {
                let (words, id): (Vec<&Word>, &'static str) = match command.name().as_deref() {
                    Some("find") => (names(command), "SC2061"),
                    Some("grep") => (pattern(command).into_iter().collect(), "SC2062"),
                    _ => continue,
                };
                for word in words.into_iter().filter(|w| is_glob(w)) {
                    reading
                        .report_as(
                            cx,
                            word.span,
                            "the shell puts the names of matching files here before the program sees the pattern",
                            &[id],
                        )
                        .help("put the pattern in single quotes");
                }
            }
        }
    }
}

/// The patterns that find is given.
fn names(command: &Command) -> Vec<&Word> {
    const TESTS: [&str; 10] = ["-ilname", "-iname", "-ipath", "-iregex", "-iwholename", "-lname", "-name", "-path", "-regex", "-wholename"];
    let pairs = command.args().iter().zip(command.args().iter().skip(1));
    pairs.filter(|(test, _)| TESTS.contains(&test.lossy().as_ref())).map(|(_, pattern)| pattern).collect()
}

/// The pattern that grep is given.
fn pattern(command: &Command) -> Option<&Word> {
    if command.has_flag("-e", "--regexp") || command.has_flag("-f", "--file") {
        return None;
    }
    command.operands(&["-A", "-B", "-C", "-m", "--max-count"]).into_iter().next().filter(|w| w.lossy().contains('*'))
}

fn is_glob(word: &Word) -> bool {
    word.pieces.iter().any(|p| p.quote == Quote::None && matches!(p.kind, PieceKind::Glob(_)))
}
