use crate::rule::{Cx, Rule, rule};
use crate::source::Span;
use crate::stack::{DockerfileUnit, Runtime, Stack};
use crate::syntax::dockerfile::{Form, Op};
use crate::text::Text;

rule!(CommandIsOneWord, "quoting/command-is-one-word");

impl Rule for CommandIsOneWord {
    fn stack(&self, stack: &Stack, cx: &mut Cx<'_>) {
        let mut told: Vec<Span> = Vec::new();
        let checks = stack.projects.iter().flat_map(|p| &p.services).filter_map(|s| s.healthcheck.as_ref()?.test.as_ref());
        let probes = checks.filter_map(|line| match line.argv.as_slice() {
            [kind, word] if kind.value == "CMD" => Some(word),
            _ => None,
        });
        let hooks = stack.projects.iter().flat_map(|p| &p.services).flat_map(|s| &s.hooks).filter(|h| h.string.is_none());
        let hooks = hooks.filter_map(|h| h.argv.first());
        for word in stack.runtimes.iter().filter_map(first_word).chain(probes).chain(hooks) {
            if !is_command_line(word) || told.contains(&word.span) {
                continue;
            }
            told.push(word.span);
            let shown: String = word.chars().take(40).collect();
            cx.report(word.span, format!("the container looks for a program called `{shown}`, blanks and all, and ends"))
                .help("make each word an element of its own");
        }
    }

    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for (_, instruction) in unit.ast.instructions() {
            let words = match &instruction.op {
                Op::Shell(words) => words,
                Op::Run(run) => match &run.form {
                    Form::Exec(words) => words,
                    Form::Shell(_) => continue,
                },
                _ => continue,
            };
            let Some(word) = words.first().filter(|w| is_command_line(w)) else { continue };
            let shown: String = word.chars().take(40).collect();
            cx.report(word.span, format!("the build looks for a program called `{shown}`, blanks and all, and ends"))
                .help("make each word an element of its own");
        }
    }
}

/// The word that is executed, where the image is known to add none.
fn first_word(runtime: &Runtime) -> Option<&Text> {
    let of = |entrypoint: bool| runtime.launches.iter().find(|l| l.entrypoint == entrypoint);
    let known = || runtime.image.as_ref().is_some_and(|i| i.official().is_some());
    let launch = match (of(true), of(false)) {
        (Some(entry), Some(command)) if is_init(entry.argv.first()) => Some(command),
        (Some(entry), _) => Some(entry),
        (None, Some(command)) => Some(command).filter(|_| known()),
        (None, None) => None,
    };
    launch.filter(|l| !l.shell_form)?.argv.first()
}

fn is_init(word: Option<&Text>) -> bool {
    word.is_some_and(|w| matches!(crate::files::file_name(w), "tini" | "dumb-init" | "docker-init" | "catatonit"))
}

/// A program with its arguments, not a path that has blanks in it.
fn is_command_line(word: &str) -> bool {
    const PROGRAMS: [&str; 62] = [
        "apt-get",
        "apk",
        "pip",
        "chown",
        "chmod",
        "mkdir",
        "rm",
        "cp",
        "mv",
        "touch",
        "psql",
        "mysql",
        "pg_isready",
        "redis-cli",
        "npm",
        "npx",
        "node",
        "yarn",
        "pnpm",
        "bun",
        "python",
        "python3",
        "java",
        "php",
        "ruby",
        "perl",
        "sh",
        "bash",
        "ash",
        "gunicorn",
        "uvicorn",
        "hypercorn",
        "daphne",
        "nginx",
        "flask",
        "django-admin",
        "rails",
        "bundle",
        "rake",
        "go",
        "dotnet",
        "celery",
        "redis-server",
        "sleep",
        "tail",
        "supervisord",
        "serve",
        "make",
        "cargo",
        "poetry",
        "uv",
        "pipenv",
        "curl",
        "wget",
        "echo",
        "cat",
        "exec",
        "cd",
        "tini",
        "dumb-init",
        "env",
        "mvn",
    ];
    let Some((program, rest)) = word.split_once(' ') else { return false };
    let name = crate::files::file_name(program);
    PROGRAMS.contains(&name) || rest.split(' ').any(|w| w.starts_with('-')) && !program.is_empty()
}
