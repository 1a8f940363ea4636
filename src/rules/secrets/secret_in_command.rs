use crate::rule::{Cx, Rule, rule};
use crate::rules::support::installs::run_of;
use crate::rules::support::secret_arguments;
use crate::rules::support::secrets::Value;
use crate::stack::ScriptUnit;

rule!(SecretInCommand, "secrets/secret-in-command");

impl Rule for SecretInCommand {
    fn script(&self, script: &ScriptUnit, cx: &mut Cx<'_>) {
        let in_run = run_of(cx.stack, script).is_some();
        for argument in secret_arguments::of(&script.script) {
            // outside of builds a word is as likely somebody's example
            if !in_run && (argument.value == Value::Word || argument.well_known || argument.sets_password) {
                continue;
            }
            let what = &argument.what;
            let (message, help) = match (in_run, argument.sets_password) {
                (true, true) => (
                    format!("{what} is set to what stands here, the same in every container of this image"),
                    "let nobody log in with a password (`passwd -l`), or set one when the container starts",
                ),
                (true, false) => (
                    format!("{what} is recorded in the image's history, for whoever pulls it"),
                    "replace it where it counts, and give the new one as a build secret: `RUN --mount=type=secret,…`",
                ),
                (false, _) => (
                    format!("{what} stands in the file, and in the list of processes while it runs"),
                    "replace it where it counts, and read the new one from a file or a variable that is set outside",
                ),
            };
            let hidden = if argument.well_known { argument.span.at_end() } else { argument.span };
            let aliases: &[&'static str] = if argument.sets_password { &["CKV2_DOCKER_17"] } else { &[] };
            cx.report(argument.span, message).help(help).aliases(aliases).mask(hidden);
        }
    }
}
