use crate::diagnostic::Applicability;
use crate::quoting::{Options, shell_options, unchecked};
use crate::rule::{Cx, Rule, replace, rule};
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::{Form, Heredoc, Op};
use crate::syntax::shell::{Command, Dialect, GroupKind, Script};

rule!(HeredocWithoutErrexit, "quoting/heredoc-without-errexit");

impl Rule for HeredocWithoutErrexit {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for (item, instruction) in unit.ast.instructions() {
            let op = match &instruction.op {
                Op::Onbuild(later) => &later.op,
                op => op,
            };
            let Op::Run(run) = op else { continue };
            let (Form::Shell(_), Some(heredoc)) = (&run.form, instruction.heredocs.first()) else { continue };
            let (Some(stage), Some(script)) = (unit.ast.stage_of(item), unit.script(item)) else { continue };
            if !run.heredoc_script {
                for (script, start) in handed_on(script, heredoc) {
                    report(script, start, heredoc, false, cx);
                }
                continue;
            }
            let shebang = heredoc.content.lines().next().and_then(|l| l.strip_prefix("#!"));
            let words: Vec<String> = match shebang {
                Some(line) => line.split_whitespace().map(str::to_owned).collect(),
                None => unit.shell_at(stage, item).argv.clone(),
            };
            if matches!(crate::quoting::dialect_of(&words), Dialect::Posix | Dialect::Bash) && script.dialect != Dialect::Windows {
                let start = shell_options(Options::default(), words.iter().skip(1).map(String::as_str));
                report(script, start, heredoc, shebang.is_none(), cx);
            }
        }
    }
}

/// The script of `RUN bash <<EOF`, with the options that it starts with.
fn handed_on<'a>(script: &'a Script, heredoc: &Heredoc) -> Vec<(&'a Script, Options)> {
    let reads = |c: &&Command| c.nested.as_ref().is_some_and(|n| heredoc.body.contains(n.span));
    let found = script.commands.iter().filter(reads).filter_map(|c| {
        let words: Vec<_> = c.effective().args().iter().map(|w| w.lossy()).collect();
        let start = shell_options(Options::default(), words.iter().map(|w| w.as_ref()));
        Some((&c.nested.as_ref()?.script, start))
    });
    found.collect()
}

fn report(script: &Script, start: Options, heredoc: &Heredoc, fixable: bool, cx: &mut Cx<'_>) {
    if ends_by_trap(script) {
        return;
    }
    let Some(first) = unchecked(script, start).into_iter().find(|c| matters(c) && !exits(script, c)) else { return };
    let name = first.effective().name().map_or_else(|| "command".to_owned(), |n| format!("`{n}`"));
    let report = cx
        .report(first.span, format!("the heredoc goes on past a failing {name}: only its last command decides"))
        .label(heredoc.operator, "no shell option ends this script early")
        .help("begin the heredoc with `set -e`");
    if fixable {
        report.fix("end the script at the first failure", Applicability::Unsafe, vec![replace(heredoc.body.at_start(), "set -e\n")]);
    }
}

/// `trap '… exit …' ERR` ends the script as `set -e` does.
fn ends_by_trap(script: &Script) -> bool {
    script.commands.iter().filter(|c| c.name().as_deref() == Some("trap")).any(|c| {
        let words: Vec<_> = c.args().iter().map(|w| w.lossy()).collect();
        words.iter().skip(1).any(|w| w == "ERR") && words.first().is_some_and(|w| w.contains("exit"))
    })
}

/// A function that ends the script, such as `die`.
fn exits(script: &Script, command: &Command) -> bool {
    let Some(name) = command.name() else { return false };
    let at = script.groups.iter().position(|g| matches!(&g.kind, GroupKind::Function(own) if *own == name));
    let Some(function) = at.and_then(|at| script.groups.get(at)) else { return false };
    script.commands.iter().any(|c| function.span.contains(c.span) && c.name().as_deref() == Some("exit"))
}

/// Commands whose failure says something.
fn matters(command: &Command) -> bool {
    let harmless = [
        "echo", "printf", "true", "false", ":", "set", "shopt", "export", "unset", "local", "declare", "readonly", "umask", "alias",
        "exit", "return", "shift", "trap", "wait", "sleep", "date", "ls", "env", "test", "[", "[[", "which", "id", "whoami",
    ];
    command.effective().name().is_none_or(|n| !harmless.contains(&n.as_ref())) && !command.place.function
}
