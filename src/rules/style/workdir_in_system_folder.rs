use crate::rule::{Cx, Rule, rule};
use crate::rules::support::instructions::{blocks, value_at};
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::Op;

rule!(WorkdirInSystemFolder, "style/workdir-in-system-folder");

/// What the kernel fills when the container starts, whatever the image has there.
const MOUNTED: [&str; 3] = ["/proc", "/sys", "/dev"];
/// What the base image's own programs live in.
const OWNED: [&str; 8] = ["/bin", "/boot", "/etc", "/lib", "/lib64", "/sbin", "/usr/bin", "/usr/sbin"];

impl Rule for WorkdirInSystemFolder {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for block in blocks(unit) {
            for (item, instruction) in &block.instructions {
                let Op::Workdir(text) = &instruction.op else { continue };
                let Some(value) = value_at(unit, block.stage, *item, text).filter(|v| v.starts_with('/')) else { continue };
                let path = crate::files::normalize(&value);
                let mounted = MOUNTED.iter().any(|d| path.strip_prefix(d).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')));
                let message = if mounted {
                    format!("`{path}` is filled by the kernel when a container starts: what the image puts there is not seen")
                } else if OWNED.contains(&path.as_str()) {
                    format!("relative paths lead into `{path}`, where a file may replace one of the system's")
                } else {
                    continue;
                };
                cx.report(text.span, message).help("work in a folder of your own, `/app` for example");
            }
        }
    }
}
