use crate::compose::{Project, Role, Service};
use crate::rule::{Cx, Rule, rule};

rule!(MissingLimits, "compose/missing-limits");

impl Rule for MissingLimits {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        if project.role == Role::Fragment {
            return;
        }
        for service in &project.services {
            let missing = missing(service);
            if missing.is_empty() {
                continue;
            }
            let what: Vec<&str> = missing.iter().map(|m| m.0).collect();
            let aliases: Vec<&'static str> = missing.iter().map(|m| m.1).collect();
            cx.report(
                service.name.span,
                format!(
                    "`{}` can take all the {} of the host away from its neighbours: nothing limits it",
                    service.name.value,
                    list(&what)
                ),
            )
            .help("set `mem_limit`, `cpus` and `pids_limit`, or `deploy.resources.limits`")
            .aliases(&aliases);
        }
    }
}

fn missing(service: &Service) -> Vec<(&'static str, &'static str)> {
    let limits = &service.limits;
    let endless = |text: &str| matches!(text, "-1" | "0" | "");
    let unlimited_pids = limits.pids.as_ref().is_none_or(|p| endless(&p.value));
    let all = [
        ("memory", "kics:memory_not_limited", limits.memory.as_ref().is_none_or(|m| endless(&m.value))),
        ("processor time", "kics:cpus_not_limited", limits.cpus.as_ref().is_none_or(|c| endless(&c.value))),
        ("process ids", "kics:pids_limit_not_set", unlimited_pids),
    ];
    all.into_iter().filter(|m| m.2).map(|m| (m.0, m.1)).collect()
}

fn list(words: &[&str]) -> String {
    match words {
        [rest @ .., last] if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => words.concat(),
    }
}
