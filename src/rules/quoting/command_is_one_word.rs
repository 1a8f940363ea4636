use crate::rule::{Cx, Rule, rule};
use crate::rules::support::compose_command::by_script_alone;
use crate::source::Span;
use crate::stack::{Arg, DockerfileUnit, Runtime, Stack};
use crate::syntax::dockerfile::{Form, Op};
use crate::syntax::shell::{self, Dialect};
use crate::text::Text;

rule!(CommandIsOneWord, "quoting/command-is-one-word");

impl Rule for CommandIsOneWord {
    fn stack(&self, stack: &Stack, cx: &mut Cx<'_>) {
        let mut told: Vec<Span> = Vec::new();
        let checks = stack.projects.iter().flat_map(|p| &p.services).filter_map(|s| s.healthcheck.as_ref()?.test.as_ref());
        let probes = checks.filter_map(|line| line.argv.split_first().filter(|(kind, _)| kind.value == "CMD").map(|(_, words)| words));
        let hooks = stack.projects.iter().flat_map(|p| &p.services).flat_map(|s| &s.hooks).filter(|h| h.string.is_none());
        let lists = probes.chain(hooks.map(|h| h.argv.as_slice()));
        let started = stack.runtimes.iter().filter_map(started).chain(stack.runtimes.iter().filter_map(handed_on));
        let found: Vec<Text> = started.chain(lists.filter_map(program).cloned()).collect();
        for word in found {
            if told.contains(&word.span) {
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
            let Some(word) = program(words) else { continue };
            let shown: String = word.chars().take(40).collect();
            cx.report(word.span, format!("the build looks for a program called `{shown}`, blanks and all, and ends"))
                .help("make each word an element of its own");
        }
    }
}

/// What is executed first, where that is a whole command line.
fn started(runtime: &Runtime) -> Option<Text> {
    let of = |entrypoint: bool| runtime.launches.iter().find(|l| l.entrypoint == entrypoint);
    let (entrypoint, command) = (of(true), of(false));
    if entrypoint.or(command)?.shell_form {
        return None;
    }
    let Some(entrypoint) = entrypoint else {
        let command = command?;
        let known = runtime.image.as_ref().is_some_and(|i| i.official().is_some());
        return program(&command.argv).filter(|word| known || command.instruction.is_none() && is_plain(word)).cloned();
    };
    let words: Vec<Text> = entrypoint.argv.iter().chain(command.into_iter().flat_map(|c| &c.argv)).cloned().collect();
    program(&words).cloned()
}

/// A word of the container's own that a script of the entrypoint runs as it is: `exec "$@"`.
fn handed_on(runtime: &Runtime) -> Option<Text> {
    let processes = runtime.processes.iter().filter(|p| by_script_alone(p));
    let first = processes.filter_map(|p| p.argv.first()).filter(|a| a.known && is_command_line(&a.value));
    let own = |arg: &Arg| {
        let words = runtime.launches.iter().filter(|l| !l.shell_form).filter_map(|l| l.argv.first());
        words.into_iter().find(|w| w.span == arg.span && w.value == arg.value).cloned()
    };
    first.into_iter().find_map(own)
}

/// Whose entrypoint is not known may take a text for a shell: then it says more than a program and its words.
fn is_plain(word: &str) -> bool {
    let name = word.split(' ').next().map(crate::files::file_name).unwrap_or_default();
    if shell::shell(name).is_some() {
        return true;
    }
    names_program(word)
        && !matches!(name, "exec" | "cd")
        && !word.contains(['&', '|', ';', '<', '>', '$', '`', '(', '\n', '\'', '"', '*', '~'])
}

/// Programs that run the next word as it is.
const WRAPPERS: [&str; 24] = [
    "env",
    "sudo",
    "doas",
    "gosu",
    "su-exec",
    "setuidgid",
    "s6-setuidgid",
    "chpst",
    "setpriv",
    "chroot",
    "nice",
    "ionice",
    "chrt",
    "taskset",
    "nohup",
    "setsid",
    "timeout",
    "stdbuf",
    "flock",
    "tini",
    "tini-static",
    "docker-init",
    "catatonit",
    "dumb-init",
];

/// The word that names the program that runs, behind `env`, `tini --`, `gosu user` and the like, where that is a whole command line.
fn program(words: &[Text]) -> Option<&Text> {
    let first = words.first()?;
    if is_command_line(first) {
        return Some(first);
    }
    if !words.iter().skip(1).any(|word| is_command_line(word)) {
        return None;
    }
    let script = shell::from_argv(words, Dialect::Posix);
    let seen = script.commands.first()?.effective();
    let at = words.len().checked_sub(seen.words.len()).filter(|at| *at > 0)?;
    let word = words.get(at)?;
    (is_command_line(word) && seen.through().iter().all(|name| WRAPPERS.contains(&name.as_ref()))).then_some(word)
}

/// A program with its arguments, not a path that has blanks in it.
fn is_command_line(word: &str) -> bool {
    let Some((program, rest)) = word.split_once(' ') else { return false };
    names_program(word) || rest.split(' ').any(|w| w.starts_with('-')) && !program.is_empty()
}

/// The first of several words is a program that many know.
fn names_program(word: &str) -> bool {
    const PROGRAMS: [&str; 97] = [
        "airflow",
        "alembic",
        "apk",
        "apt-get",
        "artisan",
        "ash",
        "bash",
        "bun",
        "bundle",
        "caddy",
        "cargo",
        "cat",
        "cd",
        "celery",
        "chmod",
        "chown",
        "composer",
        "cp",
        "curl",
        "daphne",
        "deno",
        "django-admin",
        "dotnet",
        "dumb-init",
        "echo",
        "env",
        "exec",
        "find",
        "flask",
        "go",
        "gosu",
        "gradle",
        "grep",
        "gunicorn",
        "hugo",
        "hypercorn",
        "java",
        "make",
        "memcached",
        "mkdir",
        "mongod",
        "mongosh",
        "mv",
        "mvn",
        "mysql",
        "mysqladmin",
        "mysqld",
        "nc",
        "next",
        "nginx",
        "node",
        "nodemon",
        "npm",
        "npx",
        "pdm",
        "perl",
        "pg_isready",
        "php",
        "php-fpm",
        "pip",
        "pipenv",
        "pm2",
        "pm2-runtime",
        "pnpm",
        "poetry",
        "postgres",
        "psql",
        "puma",
        "pytest",
        "python",
        "python3",
        "rails",
        "rake",
        "redis-cli",
        "redis-server",
        "rm",
        "ruby",
        "sed",
        "serve",
        "sh",
        "sidekiq",
        "sleep",
        "streamlit",
        "su-exec",
        "sudo",
        "supervisord",
        "tail",
        "timeout",
        "tini",
        "touch",
        "ts-node",
        "tsx",
        "uv",
        "uvicorn",
        "vite",
        "wget",
        "yarn",
    ];
    let Some((program, _)) = word.split_once(' ') else { return false };
    let name = crate::files::file_name(program);
    PROGRAMS.contains(&name) || [".sh", ".py", ".js", ".rb", ".pl", ".jar"].iter().any(|end| name.ends_with(end))
}
