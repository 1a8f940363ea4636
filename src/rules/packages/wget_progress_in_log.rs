use crate::rule::{Cx, Rule, rule};
use crate::rules::support::installs::run_of;
use crate::stack::ScriptUnit;

rule!(WgetProgressInLog, "packages/wget-progress-in-log");

impl Rule for WgetProgressInLog {
    fn script(&self, script: &ScriptUnit, cx: &mut Cx<'_>) {
        if run_of(cx.stack, script).is_none() {
            return;
        }
        for (_, command) in script.script.walk() {
            let effective = command.effective();
            let Some(word) = effective.words.first() else { continue };
            if effective.program().as_deref() != Some("wget") || is_quiet(&effective) {
                continue;
            }
            cx.report(word.span, "wget draws its progress into the build's log, line after line")
                .help("add `-q`, `-nv` or `--progress=dot:giga`");
        }
    }
}

fn is_quiet(wget: &crate::syntax::shell::Effective<'_>) -> bool {
    const LONG: [&str; 6] = ["--quiet", "--no-verbose", "--output-file", "--append-output", "--progress", "--version"];
    wget.args().iter().map(|w| w.lossy()).any(|arg| {
        let long = LONG.iter().any(|l| arg == *l || arg.strip_prefix(l).is_some_and(|rest| rest.starts_with('=')));
        let short = arg.strip_prefix('-').filter(|rest| !rest.starts_with('-'));
        // letters of a cluster, up to one that takes the rest as its value
        let letters = short.and_then(|s| s.split(['O', 'P', 'U', 't', 'T', 'e', 'w', 'Q']).next()).unwrap_or_default();
        long || letters.contains(['q', 'V']) || letters.starts_with("nv") || letters.starts_with(['o', 'a'])
    })
}
