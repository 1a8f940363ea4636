use crate::diagnostic::Applicability;
use crate::rule::{Cx, Rule, replace, rule};
use crate::rules::support::installs::run_of;
use crate::stack::ScriptUnit;

rule!(HighUserIdFillsLog, "privileges/high-user-id-fills-log");

impl Rule for HighUserIdFillsLog {
    fn script(&self, script: &ScriptUnit, cx: &mut Cx<'_>) {
        if run_of(cx.stack, script).is_none() {
            return;
        }
        for (_, command) in script.script.walk() {
            let effective = command.effective();
            if effective.name().as_deref() != Some("useradd") || effective.has_flag("-l", "--no-log-init") {
                continue;
            }
            let Some((id, span)) = effective.option("--uid", "-u") else { continue };
            if id.len() > 5 && id.bytes().all(|b| b.is_ascii_digit()) {
                let report =
                    cx.report(span, format!("user id {id} makes /var/log/lastlog and faillog as large as that many entries in a layer"));
                let report = report.help("add `-l`: useradd then leaves these logs alone");
                if let Some(word) = effective.words.first() {
                    report.fix("leave the login logs alone", Applicability::Safe, vec![replace(word.span.at_end(), " -l")]);
                }
            }
        }
    }
}
