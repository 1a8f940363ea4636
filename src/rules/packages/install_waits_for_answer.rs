use crate::diagnostic::Applicability;
use crate::rule::{Cx, Rule, replace, rule};
use crate::rules::support::installs::{run_of, system_calls};
use crate::rules::support::packages::{Manager, SYSTEM, System, Verb, verb_word};
use crate::stack::ScriptUnit;
use crate::syntax::shell::command::has_flag;

rule!(InstallWaitsForAnswer, "packages/install-waits-for-answer");

impl Rule for InstallWaitsForAnswer {
    fn script(&self, script: &ScriptUnit, cx: &mut Cx<'_>) {
        if !script.script.may_run(SYSTEM) {
            return;
        }
        let Some((unit, item)) = run_of(cx.stack, script) else { return };
        let text = unit.ast.instruction(item).map(|i| i.rest.value.as_str()).unwrap_or_default();
        let answered = || ["Assume-Yes", "assumeyes=1", "assumeyes=True"].iter().any(|m| text.contains(m));
        let last = unit.ast.stage_of(item).is_none_or(|stage| stage + 1 == unit.ast.stages.len());
        for (call, command) in system_calls(script) {
            // `yes |` answers
            let only_files = call.program == "apt" && !call.packages.is_empty() && !call.needs_lists();
            if command.place.pipe_index > 0 || only_files || !asks(&call) || answered() {
                continue;
            }
            let installs =
                !matches!(verb_word(&call).as_str(), "group" | "groups" | "module") || second(&call).as_deref() == Some("install");
            let aliases: &[&'static str] = match (call.manager, call.program) {
                (Manager::Apt, "apt-get") => &["DL3014", "DS-0021", "kics:apt_get_missing_flags_to_avoid_manual_input"],
                (Manager::Yum | Manager::Dnf, _) if !installs => &[],
                (Manager::Yum, _) => &["DL3030", "kics:yum_install_allows_manual_input"],
                (Manager::Zypper, _) if last => &["DL3034", "kics:missing_zypper_non_interactive_switch"],
                (Manager::Zypper, _) => &["DL3034"],
                (Manager::Dnf, _) => &["DL3038", "kics:missing_flag_from_dnf_install"],
                _ => &[],
            };
            let verb = verb_word(&call);
            cx.report(
                call.head,
                format!(
                    "`{} {verb}` asks before it installs what else is needed, and a build has nobody to answer: it stops",
                    call.program
                ),
            )
            .help("add `-y`")
            .fix("answer with -y", Applicability::Safe, vec![replace(call.head.at_end(), " -y")])
            .aliases(aliases);
        }
    }
}

/// The word after the verb: what `group` and `module` are to do.
fn second(call: &System<'_>) -> Option<String> {
    call.packages.first().and_then(|w| w.literal()).map(|text| text.to_string())
}

fn asks(call: &System<'_>) -> bool {
    let has = |short: &str, long: &str| has_flag(call.args, short, long);
    let verb = verb_word(call);
    match call.manager {
        Manager::Apt => {
            let quiet = || call.args.iter().filter(|w| matches!(w.lossy().as_ref(), "-q" | "--quiet")).count() >= 2;
            let very_quiet =
                || call.args.iter().any(|w| matches!(w.lossy().as_ref(), "-qq" | "-q=2" | "-qqy") || w.lossy().starts_with("-qq"));
            let silent = || {
                has("-s", "--simulate") || ["--just-print", "--dry-run", "--recon", "--no-act", "--print-uris"].iter().any(|o| has("", o))
            };
            verb == "install"
                && !(has("-y", "--yes") || quiet() || very_quiet() || silent() || has("", "--assume-yes") || has("", "--force-yes"))
        }
        Manager::Yum | Manager::Dnf => {
            let parted = matches!(verb.as_str(), "group" | "groups" | "module")
                && second(call).is_some_and(|s| matches!(s.as_str(), "install" | "upgrade" | "enable" | "switch-to"));
            (parted || matches!(verb.as_str(), "install" | "groupinstall" | "localinstall")) && !has("-y", "--assumeyes")
        }
        Manager::Zypper => {
            let changes =
                matches!(call.verb, Verb::Install | Verb::Remove | Verb::Upgrade) || matches!(verb.as_str(), "source-install" | "si");
            changes && !(has("-n", "--non-interactive") || has("-y", "--no-confirm"))
        }
        Manager::Apk | Manager::Pacman => false,
    }
}
