use crate::rule::{Cx, Rule, rule};
use crate::rules::support::instructions::{blocks, is_absolute, on_first_line};
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::{Op, unquote};

rule!(CopyToUnsetWorkdir, "style/copy-to-unset-workdir");

impl Rule for CopyToUnsetWorkdir {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for block in blocks(unit) {
            let parents = block.stage.map(|s| unit.chain(s)).unwrap_or_default();
            if parents.into_iter().skip(1).any(|n| unit.stages.get(n).is_some_and(|s| !s.workdirs.is_empty())) {
                continue;
            }
            for (_, instruction) in &block.instructions {
                match &instruction.op {
                    Op::Workdir(_) => break,
                    Op::Copy(copy) => {
                        let dest = unquote(&copy.dest, unit.ast.escape).value;
                        if is_absolute(&dest)
                            || copy.dest.trim_matches('"').starts_with(['$', '\\'])
                            || dest.is_empty()
                            || is_drive(&copy.dest)
                        {
                            continue;
                        }
                        let place = on_first_line(cx, instruction, copy.dest.span);
                        cx.report(place, format!("no WORKDIR stands above, so `{dest}` lands wherever the base image's own points today"))
                            .help("set WORKDIR first, or write the whole path");
                    }
                    _ => {}
                }
            }
        }
    }
}

fn is_drive(path: &str) -> bool {
    is_absolute(path.trim_matches('"'))
}
