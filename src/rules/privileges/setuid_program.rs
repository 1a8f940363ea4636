use crate::rule::{Cx, Rule, rule};
use crate::rules::support::installs::run_of;
use crate::stack::ScriptUnit;

rule!(SetuidProgram, "privileges/setuid-program");

impl Rule for SetuidProgram {
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
            if let (true, Some(target)) = (sets_user(&mode.lossy()), targets.first()) {
                cx.report(
                    mode.span,
                    format!("whoever starts `{}` becomes its owner: for root's files that is root for every user", target.lossy()),
                )
                .help("give the program the one capability that it needs with `setcap`, or start it as the user that it needs");
            }
        }
    }
}

/// Whether a mode sets the user on execution. The group's bit alone is for folders.
fn sets_user(mode: &str) -> bool {
    if mode.len() >= 4 && mode.bytes().all(|b| matches!(b, b'0'..=b'7')) {
        return u32::from_str_radix(mode, 8).unwrap_or(0) & 0o4000 != 0;
    }
    mode.split(',').any(|clause| {
        clause
            .find(['+', '='])
            .map(|at| clause.split_at(at))
            .is_some_and(|(who, what)| what.contains('s') && (who.is_empty() || who.contains(['u', 'a'])))
    })
}
