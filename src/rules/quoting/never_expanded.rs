use std::collections::BTreeSet;

use crate::quoting::names_in;
use crate::rule::{Cx, Rule, rule};
use crate::rules::support::compose_command::{given, run_as_is};
use crate::source::{At, Span};
use crate::stack::{DockerfileUnit, Lookup, Stack};
use crate::syntax::dockerfile::{Form, Op};
use crate::syntax::shell;
use crate::text::Text;

rule!(NeverExpanded, "quoting/never-expanded");

impl Rule for NeverExpanded {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for (item, instruction) in unit.ast.instructions() {
            let Some(stage) = unit.ast.stage_of(item) else { continue };
            let words = match &instruction.op {
                Op::Run(run) => match &run.form {
                    Form::Exec(words) => words,
                    Form::Shell(_) => continue,
                },
                Op::Cmd(Form::Exec(words)) => words,
                Op::Entrypoint(Form::Exec(words)) | Op::Healthcheck(Some(Form::Exec(words))) => words,
                _ => continue,
            };
            let set = |name: &str| unit.lookup(stage, item, name) != Lookup::Unset;
            let before = if matches!(instruction.op, Op::Cmd(_)) { entrypoint(unit, stage) } else { Some(Vec::new()) };
            let Some(mut all) = before else { continue };
            all.extend(words.iter().cloned());
            let here = |name: &At<String>| words.iter().any(|w| w.span.contains(name.span));
            for name in literal(&all, &set).into_iter().filter(here) {
                let what = instruction.keyword.name();
                cx.report(
                    name.span,
                    format!("no shell runs this {what}, so the program gets `${}` as it stands, not its value", name.value),
                )
                .help("let a shell expand it: `[\"sh\", \"-c\", \"exec …\"]`");
            }
        }
    }

    fn stack(&self, stack: &Stack, cx: &mut Cx<'_>) {
        let mut told: BTreeSet<Span> = BTreeSet::new();
        for (p, project) in stack.projects.iter().enumerate() {
            for (s, service) in project.services.iter().enumerate() {
                for given in given(service).into_iter().filter(|g| g.script.is_none() && run_as_is(stack, (p, s), g)) {
                    let runtime = stack.runtime_of((p, s));
                    let set = |name: &str| runtime.is_some_and(|r| r.env(name).is_some());
                    for name in literal(&given.line.argv, &set).into_iter().filter(|n| told.insert(n.span)) {
                        cx.report(
                            name.span,
                            format!("no shell runs this {}, so the program gets `${}` as it stands, not its value", given.key, name.value),
                        )
                        .help("let a shell expand it: `sh -c \"exec …\"`");
                    }
                }
            }
        }
    }
}

/// The words that come before those of CMD; `None` where a script or a shell gets them.
fn entrypoint(unit: &DockerfileUnit, stage: usize) -> Option<Vec<Text>> {
    let Some(item) = unit.launch(stage).0 else { return Some(Vec::new()) };
    let Op::Entrypoint(Form::Exec(words)) = &unit.ast.instruction(item)?.op else { return None };
    let program = words.first().map_or("", |w| w.value.as_str());
    (!program.contains(['/', '.'])).then(|| words.clone())
}

/// Programs that make something of a `$` themselves.
const OWN: [&str; 30] = [
    "awk",
    "gawk",
    "sed",
    "perl",
    "grep",
    "egrep",
    "jq",
    "yq",
    "envsubst",
    "nginx",
    "php",
    "node",
    "ruby",
    "python",
    "python3",
    "make",
    "dockerize",
    "gomplate",
    "confd",
    "java",
    "supervisord",
    "mongo",
    "mongosh",
    "psql",
    "find",
    "npm",
    "yarn",
    "pnpm",
    "expr",
    "cmd",
];

/// The `$NAME`s of words that no shell reads, as far as a variable of that name is set or it looks like one.
fn literal(words: &[Text], set: &dyn Fn(&str) -> bool) -> Vec<At<String>> {
    let script = shell::from_argv(words, shell::Dialect::Posix);
    let Some(command) = script.commands.first() else { return Vec::new() };
    let seen = command.effective();
    let program = seen.name().unwrap_or_default();
    let shell_named = command.nested.is_some() || shell::shell(&program).is_some() || program.ends_with("sh");
    let scripted =
        program.ends_with(".py") || program.contains("entrypoint") || program.to_lowercase().contains("powershell") || program == "pwsh";
    if shell_named || scripted || OWN.contains(&program.as_ref()) {
        return Vec::new();
    }
    let found = words.iter().flat_map(names_in);
    let capitals = |n: &str| n.len() > 1 && !n.bytes().any(|b| b.is_ascii_lowercase());
    found.filter(|n| set(&n.value) || capitals(&n.value)).collect()
}
