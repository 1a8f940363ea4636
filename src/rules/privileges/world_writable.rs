use crate::rule::{Cx, Rule, rule};
use crate::rules::support::installs::run_of;
use crate::stack::{DockerfileUnit, ScriptUnit};
use crate::syntax::dockerfile::Op;

rule!(WorldWritable, "privileges/world-writable");

const HELP: &str = "make the one user the owner that has to write: `COPY --chown=app`, or `chown app` in the RUN that makes the file";

impl Rule for WorldWritable {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for (_, instruction) in unit.ast.instructions() {
            let (Op::Copy(_) | Op::Add(_)) = &instruction.op else { continue };
            let Some((flag, value)) = instruction.flag("chmod").and_then(|f| Some((f, f.value.as_ref()?))) else { continue };
            if opens(value) {
                cx.report(flag.span, "every user in the container may change these files").help(HELP).aliases(&["avoid_chmod_777"]);
            }
        }
    }

    fn script(&self, script: &ScriptUnit, cx: &mut Cx<'_>) {
        if run_of(cx.stack, script).is_none() {
            return;
        }
        for (_, command) in script.script.walk() {
            let effective = command.effective();
            if effective.name().as_deref() != Some("chmod") {
                continue;
            }
            let words = effective.operands(&["--reference"]);
            let Some((mode, targets)) = words.split_first() else { continue };
            let shared = |path: &str| {
                ["/tmp", "/var/tmp", "/run", "/dev"].iter().any(|d| path == *d || path.strip_prefix(d).is_some_and(|r| r.starts_with('/')))
            };
            if !opens(&mode.lossy()) || targets.is_empty() || targets.iter().all(|t| shared(&t.lossy())) {
                continue;
            }
            let names: Vec<String> = targets.iter().take(2).map(|t| format!("`{}`", t.lossy())).collect();
            cx.report(mode.span, format!("every user in the container may change {}", names.join(", "))).help(HELP).aliases(&[]);
        }
    }
}

/// Whether a mode lets everyone write; with the sticky bit it is meant.
fn opens(mode: &str) -> bool {
    if !mode.is_empty() && mode.bytes().all(|b| matches!(b, b'0'..=b'7')) {
        let bits = u32::from_str_radix(mode, 8).unwrap_or(0);
        return bits & 0o2 != 0 && bits & 0o1000 == 0;
    }
    mode.split(',').any(|clause| {
        let Some(at) = clause.find(['+', '=']) else { return false };
        let (who, what) = clause.split_at(at);
        (who.contains('a') || who.contains('o')) && what.contains('w') && !mode.contains('t')
    })
}
