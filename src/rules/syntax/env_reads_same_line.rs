use crate::rule::{Cx, Rule, rule};
use crate::rules::support::instructions::{blocks, on_first_line};
use crate::rules::support::variables::{Inherited, inherited, is_brought};
use crate::source::Span;
use crate::stack::{DockerfileUnit, Lookup};
use crate::syntax::dockerfile::{Op, expand, unquote};

rule!(EnvReadsSameLine, "syntax/env-reads-same-line");

impl Rule for EnvReadsSameLine {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for block in blocks(unit) {
            for (item, instruction) in &block.instructions {
                let Op::Env(pairs) = &instruction.op else { continue };
                if !pairs.iter().filter_map(|p| p.value.as_ref()).any(|v| v.contains('$')) {
                    continue;
                }
                let keys: Vec<(String, Span)> = pairs.iter().map(|p| (unquote(&p.key, unit.ast.escape).value, p.key.span)).collect();
                for (n, pair) in pairs.iter().enumerate() {
                    let own = keys.get(n).map(|(key, _)| key.as_str()).unwrap_or_default();
                    for used in pair.value.iter().flat_map(|v| expand::references(v, unit.ast.escape)) {
                        let Some((_, set)) = keys.iter().enumerate().find(|(m, (key, _))| *m != n && *key == used.name).map(|(_, k)| k)
                        else {
                            continue;
                        };
                        let again = own == used.name && set.start < pair.span.start;
                        let before = block.stage.map_or(Lookup::Unset, |stage| unit.lookup(stage, *item, &used.name));
                        let base = block.stage.map(|stage| inherited(unit, stage));
                        let path = used.name == "PATH";
                        let known = before != Lookup::Unset || path || base.as_ref().is_some_and(|b| is_brought(b, &used.name));
                        // nobody sets PATH to something else: what reads it beside means the one with the additions
                        if known && !again && (!path || is_set_above(unit, block.stage, *item, "PATH")) {
                            continue;
                        }
                        let sure = matches!(base, Some(Inherited::These(_)));
                        let place = on_first_line(cx, instruction, used.span);
                        let message = if known {
                            if again {
                                format!("`${}` is still the value from above the line, so what the same ENV set before is lost", used.name)
                            } else {
                                format!("`${}` is still the value from above the line, without what the same ENV adds", used.name)
                            }
                        } else if sure {
                            format!("`${}` is empty here: an ENV sees the values from above it, not its own", used.name)
                        } else {
                            format!(
                                "`${}` is what the base image sets, if anything: an ENV sees the values from above it, not its own",
                                used.name
                            )
                        };
                        let report =
                            cx.report(place, message).label(*set, "set by the same ENV").help("split it into two ENV instructions");
                        if known || !sure {
                            report.without_aliases(&["UndefinedVar"]);
                        }
                    }
                }
            }
        }
    }
}

/// Whether the file itself sets a variable in a stage, or one that it is FROM, before an item.
fn is_set_above(unit: &DockerfileUnit, stage: Option<usize>, item: usize, name: &str) -> bool {
    let Some(stage) = stage else { return false };
    let sets = |n: usize| unit.stages.get(n).map(|s| s.env.as_slice()).unwrap_or_default();
    unit.chain(stage).into_iter().any(|n| sets(n).iter().any(|s| s.name == name && (n != stage || s.item < item)))
}
