use crate::rule::{Cx, Rule, rule};
use crate::source::Span;
use crate::stack::Stack;
use crate::stack::nginx_templates::{launch_in_the_way, misnamed, renders, renders_itself, templates};

rule!(NginxTemplatesNotRendered, "quoting/nginx-templates-not-rendered");

impl Rule for NginxTemplatesNotRendered {
    fn stack(&self, stack: &Stack, cx: &mut Cx<'_>) {
        let mut told: Vec<Span> = Vec::new();
        for runtime in stack.runtimes.iter().filter(|r| renders(r) && !renders_itself(r)) {
            for template in templates(stack, runtime) {
                let found = match (launch_in_the_way(runtime), misnamed(runtime, &template.names)) {
                    (Some(launch), _) => Some((
                        "the image renders them only where the command is `nginx` itself, without a shell".to_owned(),
                        Some(launch),
                        "this is started instead",
                        "start nginx in the JSON form: `[\"nginx\", \"-g\", \"daemon off;\"]`".to_owned(),
                    )),
                    (None, Some(suffix)) => Some((
                        format!("the image renders only files whose name ends in `{suffix}`"),
                        None,
                        "",
                        format!("call it `….conf{suffix}`"),
                    )),
                    (None, None) => None,
                };
                let Some((why, launch, label, help)) = found.filter(|_| !told.contains(&template.span)) else { continue };
                told.push(template.span);
                let report = cx.report(template.span, format!("nginx starts without these templates: {why}")).help(help);
                if let Some(launch) = launch {
                    report.label(launch, label);
                }
            }
        }
    }
}
