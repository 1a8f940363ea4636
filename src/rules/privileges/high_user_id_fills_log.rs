use crate::diagnostic::Applicability;
use crate::rule::{Cx, Rule, replace, rule};
use crate::rules::support::installs::run_of;
use crate::stack::ScriptUnit;
use crate::syntax::shell::Word;

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
            // `-mu 100000` as well
            let bundled = effective.args().iter().map(Word::lossy).find(|w| w.len() > 2 && w.ends_with('u') && !w.starts_with("--"));
            let bundled = bundled.filter(|w| w.strip_prefix('-').is_some_and(|l| l.bytes().all(|b| b"DMNUflmoru".contains(&b))));
            let Some((id, span)) = effective.option("--uid", bundled.as_deref().unwrap_or("-u")) else { continue };
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
