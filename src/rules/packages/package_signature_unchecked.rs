use crate::rule::{Cx, Rule, rule};
use crate::rules::support::installs::{run_of, system_calls};
use crate::rules::support::packages::Manager;
use crate::source::Span;
use crate::stack::ScriptUnit;

rule!(PackageSignatureUnchecked, "packages/package-signature-unchecked");

impl Rule for PackageSignatureUnchecked {
    fn script(&self, script: &ScriptUnit, cx: &mut Cx<'_>) {
        if run_of(cx.stack, script).is_none() {
            return;
        }
        let mut found: Vec<(Span, String, &'static str)> = Vec::new();
        for (call, command) in system_calls(script) {
            let flag = |long: &str| command.effective().flag("", long).map(|w| w.span);
            let remote = || call.packages.is_empty() || call.needs_lists();
            let unchecked = match call.manager {
                Manager::Apt => flag("--allow-unauthenticated")
                    .map(|s| (s, "CKV2_DOCKER_8"))
                    .or_else(|| flag("--force-yes").map(|s| (s, "CKV2_DOCKER_11"))),
                Manager::Apk if remote() => flag("--allow-untrusted").map(|s| (s, "CKV2_DOCKER_7")),
                Manager::Yum | Manager::Dnf => flag("--nogpgcheck").map(|s| (s, "CKV2_DOCKER_9")),
                _ => None,
            };
            found.extend(unchecked.map(|(span, alias)| (span, call.program.to_owned(), alias)));
        }
        for (_, command) in script.script.walk() {
            let effective = command.effective();
            if effective.name().as_deref() == Some("rpm") {
                let unchecked = ["--nosignature", "--nodigest", "--noverify"].iter().find_map(|f| effective.flag("", f));
                found.extend(unchecked.map(|w| (w.span, "rpm".to_owned(), "CKV2_DOCKER_10")));
            }
        }
        for (span, program, alias) in found {
            cx.report(
                span,
                format!("`{program}` installs whatever the mirror, or anyone on the way to it, sends: signatures are not checked"),
            )
            .help("import the key that the packages are signed with, and drop the option")
            .aliases(&[alias]);
        }
    }
}
