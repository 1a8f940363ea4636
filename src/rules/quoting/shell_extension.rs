use crate::rule::{Cx, Rule, rule};
use crate::rules::support::bashisms::{Sh, bashisms, seen_by_hadolint, sh_of};
use crate::rules::support::bashisms_rare::is_certain;
use crate::stack::ScriptUnit;

rule!(ShellExtension, "quoting/shell-extension");

impl Rule for ShellExtension {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        let shell = sh_of(cx.stack, unit);
        if shell == Sh::Other || !seen_by_hadolint(cx.stack, unit) {
            return;
        }
        for found in bashisms(cx.stack, &unit.script) {
            if !found.fault(shell).is_empty() || found.codes.is_empty() || !is_certain(cx.stack, unit, &found) {
                continue;
            }
            cx.report(found.span, format!("{} is not known to every sh: the RUN may fail on another base image", found.what))
                .help("name the shell that is meant with SHELL, or write it as POSIX has it")
                .aliases(found.codes);
        }
    }
}
