use crate::diagnostic::Applicability;
use crate::rule::{Cx, Rule, replace, rule};
use crate::rules::support::installs::{run_of, system_calls};
use crate::rules::support::packages::Verb;
use crate::stack::ScriptUnit;

rule!(AptInScript, "packages/apt-in-script");

impl Rule for AptInScript {
    fn script(&self, script: &ScriptUnit, cx: &mut Cx<'_>) {
        if run_of(cx.stack, script).is_none() {
            return;
        }
        for (call, command) in system_calls(script).into_iter().filter(|(call, _)| call.program == "apt") {
            let effective = command.effective();
            let Some(word) = effective.words.first() else { continue };
            let report = cx
                .report(
                    word.span,
                    "`apt` is for people at a terminal: its output and options may change, and it warns about that in every build",
                )
                .help("use `apt-get`, or `apt-cache` to search");
            if call.verb != Verb::Other && is_plain(word) {
                report.fix("use apt-get", Applicability::Safe, vec![replace(word.span, "apt-get")]);
            }
        }
    }
}

fn is_plain(word: &crate::syntax::shell::Word) -> bool {
    word.literal().as_deref() == Some("apt") && word.span.len() == 3
}
