use crate::compose::Project;
use crate::rule::{Cx, Rule, rule};
use crate::source::Span;

rule!(RetryCountOffBenchmark, "compose/retry-count-off-benchmark");

impl Rule for RetryCountOffBenchmark {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        for service in &project.services {
            let by_restart = service.restart.as_ref().and_then(|r| Some((r.value.strip_prefix("on-failure:")?, r.span)));
            let by_deploy = service.restart_attempts.as_ref().map(|a| (a.value.as_str(), a.span));
            for (count, span) in [by_restart, by_deploy].into_iter().flatten() {
                judge(&service.name.value, count, span, cx);
            }
        }
    }
}

fn judge(service: &str, count: &str, span: Span, cx: &mut Cx<'_>) {
    if count.parse::<u64>().is_ok_and(|n| n != 5) {
        cx.report(span, format!("an audit by the CIS Docker Benchmark marks `{service}` down: it is retried {count} times, not 5"))
            .help("`5`, or leave the rule out where nobody audits by that benchmark");
    }
}
