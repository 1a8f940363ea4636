use crate::rule::{Cx, Rule, Suppressions, rule};
use crate::stack::Stack;

rule!(InlineSuppression, "style/inline-suppression");

impl Rule for InlineSuppression {
    fn stack(&self, stack: &Stack, cx: &mut Cx<'_>) {
        for comment in Suppressions::new(stack).comments() {
            let text = cx.text(comment).trim_start_matches(['#', ' ', '\t']);
            let next_line = text.strip_prefix("hadolint").is_some_and(|rest| rest.trim_start().starts_with("ignore"));
            let report =
                cx.report(comment, "this comment takes findings out of the report where nobody who reads the configuration sees it");
            let report = report.help("mend what it hides, or write the exception into the configuration");
            if !next_line {
                report.aliases(&[]);
            }
        }
    }
}
