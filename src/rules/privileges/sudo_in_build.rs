use crate::diagnostic::Applicability;
use crate::rule::{Cx, Rule, replace, rule};
use crate::rules::support::installs::run_of;
use crate::stack::ScriptUnit;
use crate::syntax::shell::Word;

rule!(SudoInBuild, "privileges/sudo-in-build");

impl Rule for SudoInBuild {
    fn script(&self, script: &ScriptUnit, cx: &mut Cx<'_>) {
        let Some((unit, item)) = run_of(cx.stack, script) else { return };
        let stage = unit.ast.stage_of(item);
        let official = stage.and_then(|s| unit.root_image(s)).is_some_and(|image| image.official().is_some());
        let is_root = match stage.and_then(|stage| unit.user_at(stage, item)) {
            Some(user) => matches!(user.value.as_str(), "root" | "0" | "root:root" | "0:0"),
            None => official,
        };
        for (_, command) in script.script.walk() {
            let Some(at) = command.words.iter().position(is_sudo) else { continue };
            let effective = command.effective();
            if at > 0 && !effective.through().iter().any(|t| t == "sudo") {
                continue;
            }
            let Some(word) = command.words.get(at) else { continue };
            let message = if is_root {
                "`sudo` does nothing here: the build is root already"
            } else {
                "`sudo` makes root out of a user that was given up before"
            };
            let help =
                if is_root { "leave it out, and out of the image" } else { "put `USER root` before the step and the user back after it" };
            let report = cx.report(word.span, message).help(help);
            let next = command.words.get(at + 1).filter(|w| !w.lossy().starts_with('-') && !w.lossy().contains('='));
            if let (true, Some(next)) = (is_root, next) {
                report.fix("leave sudo out", Applicability::Unsafe, vec![replace(word.span.to(next.span.at_start()), "")]);
            }
        }
    }
}

fn is_sudo(word: &Word) -> bool {
    word.literal().is_some_and(|text| text == "sudo" || text == "/usr/bin/sudo")
}
