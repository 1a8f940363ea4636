use crate::diagnostic::Severity;
use crate::rule::{Cx, Rule, rule};
use crate::rules::support::shell_scripts::readings;
use crate::stack::ScriptUnit;
use crate::syntax::shell::{Command, Join, Word};

rule!(StatusTestedLater, "shell/status-tested-later");

impl Rule for StatusTestedLater {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        for reading in readings(unit, cx.stack) {
            for command in reading.script.commands.iter().filter(|c| c.place.condition && asks_for_status(c)) {
                // what it asks about is the command above the `if`
                let Some(group) = command.place.group.and_then(|at| reading.script.groups.get(at)) else { continue };
                if !matches!(group.place.join, Join::Then) {
                    continue;
                }
                let message = if reading.has_errexit() {
                    "`$?` is always 0 here: `set -e` ends the script where the command above fails"
                } else {
                    "`$?` is that of whatever stands above at the time: a line in between changes what is asked"
                };
                let report = reading.report(cx, command.span, message).help("ask the command itself: `if command; then …`");
                if !reading.has_errexit() {
                    report.severity(Severity::Style);
                }
            }
        }
    }
}

/// `[ $? -ne 0 ]` and the like.
fn asks_for_status(command: &Command) -> bool {
    if !matches!(command.name().as_deref(), Some("[" | "[[" | "test")) {
        return false;
    }
    let words: Vec<_> = command.args().iter().map(Word::lossy).filter(|w| w != "]" && w != "]]").collect();
    let words: Vec<&str> = words.iter().map(|w| w.as_ref()).collect();
    matches!(
        words.as_slice(),
        ["$?" | "${?}", "-eq" | "-ne" | "-gt" | "=" | "==" | "!=", "0"] | ["0", "-eq" | "-ne" | "=" | "==" | "!=", "$?" | "${?}"]
    )
}
