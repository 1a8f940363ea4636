use crate::diagnostic::Applicability;
use crate::quoting::{Options, shell_options, unchecked};
use crate::rule::{Cx, Rule, replace, rule};
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::{Form, Op};
use crate::syntax::shell::{Command, Dialect};

rule!(HeredocWithoutErrexit, "quoting/heredoc-without-errexit");

impl Rule for HeredocWithoutErrexit {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for (item, instruction) in unit.ast.instructions() {
            let Op::Run(run) = &instruction.op else { continue };
            let (true, Form::Shell(_), Some(heredoc)) = (run.heredoc_script, &run.form, instruction.heredocs.first()) else { continue };
            let (Some(stage), Some(script)) = (unit.ast.stage_of(item), unit.script(item)) else { continue };
            let shell = unit.shell_at(stage, item);
            let shebang = heredoc.content.lines().next().and_then(|l| l.strip_prefix("#!"));
            let words: Vec<String> = match shebang {
                Some(line) => line.split_whitespace().map(str::to_owned).collect(),
                None => shell.argv.clone(),
            };
            let named = crate::quoting::dialect_of(&words);
            if !matches!(named, Dialect::Posix | Dialect::Bash) || script.dialect == Dialect::Windows {
                continue;
            }
            let start = shell_options(Options::default(), words.iter().skip(1).map(String::as_str));
            let Some(first) = unchecked(script, start).into_iter().find(|c| matters(c)) else { continue };
            let name = first.effective().name().map_or_else(|| "this command".to_owned(), |n| format!("`{n}`"));
            let report = cx
                .report(first.span, format!("the build goes on when {name} fails: only the last command of a heredoc decides"))
                .label(heredoc.operator, "no shell option ends this script early")
                .help("begin the heredoc with `set -e`");
            if shebang.is_none() {
                report.fix(
                    "end the script at the first failure",
                    Applicability::Unsafe,
                    vec![replace(heredoc.body.at_start(), "set -e\n")],
                );
            }
        }
    }
}

/// Commands whose failure says something.
fn matters(command: &Command) -> bool {
    let harmless = [
        "echo", "printf", "true", "false", ":", "set", "shopt", "export", "unset", "local", "declare", "readonly", "umask", "alias",
        "exit", "return", "shift", "trap", "wait", "sleep", "date", "ls", "env", "test", "[", "[[", "which", "id", "whoami",
    ];
    command.effective().name().is_none_or(|n| !harmless.contains(&n.as_str())) && !command.place.function
}
