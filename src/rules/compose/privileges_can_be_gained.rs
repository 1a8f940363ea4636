use crate::compose::{Project, Role};
use crate::rule::{Cx, Rule, rule};

rule!(PrivilegesCanBeGained, "compose/privileges-can-be-gained");

impl Rule for PrivilegesCanBeGained {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        if project.role == Role::Fragment {
            return;
        }
        for service in &project.services {
            if service.security_opt.iter().any(|o| forbids(&o.value) || cx.text(o.span).contains('$')) {
                continue;
            }
            let key = service.keys.iter().find(|k| k.value == "security_opt");
            let alias = if key.is_some() { "kics:no_new_privileges_not_set" } else { "kics:security_opt_not_set" };
            cx.report(
                key.map_or(service.name.span, |k| k.span),
                format!("a setuid program in `{}` makes whoever gets in root again, whatever user it runs as", service.name.value),
            )
            .help("add `security_opt: [\"no-new-privileges:true\"]`, unless its own start needs `sudo` or `su`")
            .aliases(&[alias]);
        }
    }
}

fn forbids(option: &str) -> bool {
    let Some(rest) = option.trim().strip_prefix("no-new-privileges") else { return false };
    matches!(rest.trim_start_matches([':', '=']).trim(), "" | "true")
}
