use crate::compose::Project;
use crate::rule::{Cx, Rule, rule};

rule!(ConfinementSwitchedOff, "compose/confinement-switched-off");

impl Rule for ConfinementSwitchedOff {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        for service in &project.services {
            for option in &service.security_opt {
                let text = option.value.replace('=', ":").replace(' ', "");
                let (what, aliases): (&str, &[&'static str]) = if text.ends_with("seccomp:unconfined") {
                    (
                        "may make every system call there is, also those that containers are denied",
                        &["kics:default_seccomp_profile_disabled"],
                    )
                } else if text == "apparmor:unconfined" || text == "label:disable" {
                    ("is outside the profile that keeps containers away from the host's files", &[])
                } else if text == "systempaths:unconfined" {
                    ("sees and can write the parts of /proc and /sys that are hidden from containers", &[])
                } else {
                    continue;
                };
                cx.report(option.span, format!("`{}` {what}", service.name.value))
                    .help("name a profile that allows the one thing it needs, or leave the option out")
                    .aliases(aliases);
            }
        }
    }
}
