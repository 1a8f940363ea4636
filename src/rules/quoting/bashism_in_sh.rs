use crate::rule::{Cx, Rule, rule};
use crate::rules::support::bashisms::{Sh, bashisms, seen_by_hadolint, sh_of};
use crate::rules::support::bashisms_rare::is_certain;
use crate::stack::ScriptUnit;

rule!(BashismInSh, "quoting/bashism-in-sh");

impl Rule for BashismInSh {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        let Sh::Known(shell) = sh_of(cx.stack, unit) else { return };
        let aliases = seen_by_hadolint(cx.stack, unit);
        for found in bashisms(&unit.script) {
            let fault = if shell == "dash" { found.dash } else { found.ash };
            if fault.is_empty() || !is_certain(cx.stack, unit, &found) {
                continue;
            }
            let report = cx.report(found.span, format!("{} needs bash: {shell}, the image's /bin/sh, {fault}", found.what));
            report.help(help(found.codes)).aliases(if aliases { found.codes } else { &[] });
        }
    }
}

fn help(codes: &[&str]) -> &'static str {
    match codes.first() {
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
