use crate::diagnostic::Applicability;
use crate::rule::{Cx, Rule, replace, rule};
use crate::rules::support::installs::{run_of, system_calls};
use crate::rules::support::packages::{Manager, verb_word};
use crate::stack::ScriptUnit;

rule!(RecommendedPackagesInstalled, "packages/recommended-packages-installed");

impl Rule for RecommendedPackagesInstalled {
    fn script(&self, script: &ScriptUnit, cx: &mut Cx<'_>) {
        if run_of(cx.stack, script).is_none() {
            return;
        }
        for (call, _) in system_calls(script) {
            let told = call
                .args
                .iter()
                .map(|w| w.lossy().to_lowercase())
                .any(|w| w.contains("no-install-recommends") || w.contains("install-recommends="));
            if call.manager != Manager::Apt || verb_word(&call) != "install" || told {
                continue;
            }
            let aliases: &[&'static str] = match call.program {
                "apt-get" => &["DL3015", "DS-0029", "kics:apt_get_not_avoiding_additional_packages"],
                _ => &[],
            };
            cx.report(call.head, "packages that are only recommended come along: the image grows by what nobody asked for")
                .help("add `--no-install-recommends`, and name what is missed then")
                .fix("leave recommended packages out", Applicability::Unsafe, vec![replace(call.head.at_end(), " --no-install-recommends")])
                .aliases(aliases);
        }
    }
}
