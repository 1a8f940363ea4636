use crate::rule::{Cx, Rule, rule};
use crate::rules::support::installs::is_declared;
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::Op;

rule!(UserWithoutNumber, "privileges/user-without-number");

impl Rule for UserWithoutNumber {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for (item, instruction) in unit.ast.instructions() {
            let Op::User(user) = &instruction.op else { continue };
            // users of Windows have no numbers
            if unit.ast.stage_of(item).is_some_and(|stage| unit.on_windows(stage)) {
                continue;
            }
            let name = user.split(':').next().unwrap_or_default().trim();
            let variable = name.strip_prefix('$').map(|n| n.trim_start_matches('{').trim_end_matches('}'));
            let known = variable.is_some_and(|v| is_declared(unit, item, v.split(':').next().unwrap_or(v)));
            if name.is_empty() || known || name.bytes().all(|b| b.is_ascii_digit()) {
                continue;
            }
            cx.report(
                user.span,
                format!("`{name}` is a name, so Kubernetes can't tell whether it is root, and refuses it under `runAsNonRoot`"),
            )
            .help("give the user's number");
        }
    }
}
