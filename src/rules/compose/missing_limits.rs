use crate::compose::{Project, Role, Service};
use crate::rule::{Cx, Rule, rule};
use crate::text::Text;

rule!(MissingLimits, "compose/missing-limits");

impl Rule for MissingLimits {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        if project.role == Role::Fragment {
            return;
        }
        for service in &project.services {
            let missing = missing(service, cx);
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

fn missing(service: &Service, cx: &Cx<'_>) -> Vec<(&'static str, &'static str)> {
    // a variable without a value here has one where the project runs
    let none = |limit: &Option<Text>| {
        limit.as_ref().is_none_or(|text| matches!(text.value.as_str(), "-1" | "0" | "") && !cx.text(text.span).contains('$'))
    };
    let limits = &service.limits;
    let all = [
        ("memory", "kics:memory_not_limited", none(&limits.memory)),
        ("processor time", "kics:cpus_not_limited", none(&limits.cpus)),
        ("process ids", "kics:pids_limit_not_set", none(&limits.pids)),
    ];
    all.into_iter().filter(|m| m.2).map(|m| (m.0, m.1)).collect()
}

fn list(words: &[&str]) -> String {
    match words {
        [rest @ .., last] if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => words.concat(),
    }
}
