use crate::rule::{Cx, Rule, rule};
use crate::rules::support::bashisms::{Bashism, Sh, bashisms, seen_by_hadolint, sh_of};
use crate::rules::support::bashisms_rare::is_certain;
use crate::stack::{ScriptOrigin, ScriptUnit, Stack};
use crate::syntax::shell::{Dialect, Script};

rule!(BashismInSh, "quoting/bashism-in-sh");

impl Rule for BashismInSh {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        if unit.script.dialect != Dialect::Posix {
            return;
        }
        let found: Vec<Bashism> = read_by_sh(cx.stack, unit).into_iter().flat_map(|script| bashisms(cx.stack, script)).collect();
        if found.is_empty() {
            return;
        }
        let shell = sh_of(cx.stack, unit);
        let name = match shell {
            Sh::Dash { .. } => "dash",
            Sh::Ash => "ash",
            Sh::Some | Sh::Other => return,
        };
        let aliases = seen_by_hadolint(cx.stack, unit);
        for found in found {
            let fault = found.fault(shell);
            if fault.is_empty() || !is_certain(cx.stack, unit, &found) {
                continue;
            }
            let report = cx.report(found.span, format!("{} needs bash: {name}, the image's /bin/sh, {fault}", found.what));
            report.help(help(&found)).aliases(if aliases { found.codes } else { &[] });
        }
    }
}

/// The scripts of a unit that a shell reads: of an exec form and a Compose command those that it hands to `sh`.
fn read_by_sh<'a>(stack: &Stack, unit: &'a ScriptUnit) -> Vec<&'a Script> {
    let words = match unit.origin {
        ScriptOrigin::Instruction { exec, .. } => exec,
        ScriptOrigin::File(_) => false,
        ScriptOrigin::Compose { project, service } => {
            let test = stack.service((project, service)).and_then(|(_, s)| s.healthcheck.as_ref()?.test.as_ref());
            !test.is_some_and(|t| t.span == unit.span && t.argv.first().is_some_and(|w| w.value == "CMD-SHELL"))
        }
    };
    if !words {
        return vec![&unit.script];
    }
    let handed_on = unit.script.commands.iter().filter_map(|c| c.nested.as_deref());
    handed_on.filter(|n| n.by == "sh").map(|n| &n.script).collect()
}

fn help(found: &Bashism) -> &'static str {
    match found.codes.first() {
        Some(&"SC3048") => "write the signal without `SIG`",
        None if found.what.starts_with("`kill ") => "write the signal without `SIG`",
        Some(&"SC3010") => "write `[ … ]`, or run the script with bash",
        Some(&"SC3014") => "write `=`",
        Some(&"SC3037") => "use `printf`",
        Some(&"SC3046") => "write `.`",
        Some(&"SC3020") => "write `> file 2>&1`",
        Some(&"SC3009") => "write the words out, or run the script with bash",
        Some(&"SC3040") => "run the script with bash: `SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]`",
        _ => "run the script with bash: `SHELL [\"/bin/bash\", \"-c\"]`, or `#!/bin/bash`",
    }
}
