use std::borrow::Cow;

use crate::rule::{Cx, Rule, rule};
use crate::rules::support::instructions::{blocks, run_commands};
use crate::source::Span;
use crate::stack::DockerfileUnit;

rule!(WgetAndCurl, "packages/wget-and-curl");

impl Rule for WgetAndCurl {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for block in blocks(unit) {
            let mut first: Option<(Cow<'_, str>, Span)> = None;
            for (item, instruction) in &block.instructions {
                for command in run_commands(unit, *item, instruction) {
                    let Some(name) = command.effective().name().filter(|n| n == "wget" || n == "curl") else { continue };
                    match &first {
                        None => first = Some((name, command.span)),
                        Some((other, span)) if *other != name => {
                            cx.report(
                                command.span,
                                format!("this stage fetches with `{name}` here and with `{other}` before, so it needs both"),
                            )
                            .label(*span, format!("with `{other}`"))
                            .help("use one of them throughout");
                        }
                        Some(_) => {}
                    }
                }
            }
        }
    }
}
