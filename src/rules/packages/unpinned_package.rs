use crate::rule::{Cx, Rule, rule};
use crate::rules::support::installs::{run_of, system_calls, unpinned_system};
use crate::rules::support::packages::Manager;
use crate::rules::support::word_values::Surroundings;
use crate::stack::ScriptUnit;

rule!(UnpinnedPackage, "packages/unpinned-package");

impl Rule for UnpinnedPackage {
    fn script(&self, script: &ScriptUnit, cx: &mut Cx<'_>) {
        let Some((unit, item)) = run_of(cx.stack, script) else { return };
        for (call, _) in system_calls(script) {
            let unpinned = unpinned_system(&call, Surroundings { script: &script.script, place: (unit, item) });
            let Some(first) = unpinned.first() else { continue };
            let aliases: &[&'static str] = match (call.manager, call.program) {
                (Manager::Apt, "apt-get") => &["DL3008", "kics:apt_get_install_pin_version_not_defined"],
                (Manager::Apk, _) => &["DL3018", "kics:unpinned_package_version_in_apk_add"],
                (Manager::Yum, _) => &["DL3033", "kics:yum_install_without_version"],
                (Manager::Zypper, _) => &["DL3037", "kics:zypper_install_without_version"],
                (Manager::Dnf, _) => &["DL3041", "kics:missing_version_specification_in_dnf_install"],
                _ => &[],
            };
            let count = unpinned.iter().map(|u| u.count).sum::<usize>();
            let others = match count {
                1 => String::new(),
                n => format!(" and {} more come", n - 1),
            };
            let come = if count == 1 { " comes" } else { "" };
            cx.report(first.span, format!("`{}`{others}{come} in whatever version the mirror has on the day of the build", first.name))
                .help("give versions where a change would break something, or pin the mirror to a snapshot")
                .aliases(aliases);
        }
    }
}
