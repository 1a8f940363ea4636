use crate::rule::{Cx, Rule, rule};
use crate::rules::support::installs::{run_of, system_calls};
use crate::rules::support::packages::{Manager, verb_word};
use crate::stack::ScriptUnit;

rule!(DistributionUpgraded, "packages/distribution-upgraded");

impl Rule for DistributionUpgraded {
    fn script(&self, script: &ScriptUnit, cx: &mut Cx<'_>) {
        if run_of(cx.stack, script).is_none() {
            return;
        }
        for (call, _) in system_calls(script) {
            let verb = verb_word(&call);
            let aliases: &[&'static str] = match (call.manager, verb.as_str()) {
                (Manager::Zypper, "dist-upgrade" | "dup") => &["DL3035"],
                (Manager::Apt, "dist-upgrade") => &["DS-0024"],
                (Manager::Apt, "full-upgrade") | (Manager::Dnf, "distro-sync" | "system-upgrade") => &[],
                _ => continue,
            };
            cx.report(call.head, "this may move the image to another release, and removes packages where it sees fit")
                .help("start from a base image on the release that you want")
                .aliases(aliases);
        }
    }
}
