use std::collections::BTreeSet;

use crate::diagnostic::Applicability;
use crate::quoting::names_in;
use crate::rule::{Cx, Rule, replace, rule};
use crate::rules::support::compose_command::{Given, by_script_alone, given, run_as_is, takes_words_as_they_are};
use crate::rules::support::program::{may_be_script, reads_dollars};
use crate::rules::support::single_quotes::{single_quoted, single_quoted_at_start, single_quoted_in_env_file};
use crate::source::{At, Span};
use crate::stack::{DockerfileUnit, Lookup, Runtime, ScriptUnit, Stack};
use crate::syntax::dockerfile::{Form, Op};
use crate::syntax::shell;
use crate::text::Text;

rule!(NeverExpanded, "quoting/never-expanded");

impl Rule for NeverExpanded {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for (item, instruction) in unit.ast.instructions() {
            let Some(stage) = unit.ast.stage_of(item) else { continue };
            single_quoted(unit, stage, item, instruction, cx);
            let instruction = if let Op::Onbuild(inner) = &instruction.op { inner } else { instruction };
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
            let before = if matches!(instruction.op, Op::Cmd(_)) { before_command(unit, stage, words, cx.stack) } else { Some(Vec::new()) };
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
            let windows = unit.shell_at(stage, item).dialect.eq(&shell::Dialect::Windows);
            if let Some(word) = in_quotes(&all).filter(|w| !windows && words.iter().any(|own| own.span == w.span)) {
                keeps_quotes(word, instruction.keyword.name(), cx);
            }
            let shell_word = for_a_shell(&all, true).filter(|w| words.iter().any(|own| own.span == w.span));
            if let Some(word) = shell_word.filter(|_| !windows) {
                let message =
                    format!("no shell runs this {}, so the program gets `{}` as it stands", instruction.keyword.name(), word.value);
                cx.report(word.span, message).help("let a shell run it: `[\"sh\", \"-c\", \"…\"]`");
            }
        }
    }

    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        single_quoted_at_start(unit, cx);
    }

    fn stack(&self, stack: &Stack, cx: &mut Cx<'_>) {
        let mut told: BTreeSet<Span> = BTreeSet::new();
        for (p, project) in stack.projects.iter().enumerate() {
            for (s, service) in project.services.iter().enumerate() {
                single_quoted_in_env_file(service, &mut told, cx);
                for given in given(service).into_iter().filter(|g| run_as_is(stack, (p, s), g) && for_no_shell(g)) {
                    let runtime = stack.runtime_of((p, s));
                    let set = |name: &str| runtime.is_some_and(|r| r.env(name).is_some());
                    let entry = runtime.and_then(|r| r.launches.iter().find(|l| l.entrypoint && given.key == "command" && !l.shell_form));
                    let all: Vec<Text> =
                        entry.map(|l| l.argv.clone()).unwrap_or_default().into_iter().chain(given.line.argv.clone()).collect();
                    let own = |name: &At<String>| given.line.span.contains(name.span);
                    for name in literal(&all, &set).into_iter().filter(|n| own(n) && told.insert(n.span)) {
                        cx.report(
                            name.span,
                            format!("no shell runs this {}, so the program gets `${}` as it stands, not its value", given.key, name.value),
                        )
                        .help("let a shell expand it: `sh -c \"exec …\"`");
                    }
                    if let Some(word) = in_quotes(&all).filter(|w| given.line.span.contains(w.span) && told.insert(w.span)) {
                        keeps_quotes(word, given.key, cx);
                    }
                    let words = given.line.argv.iter().skip_while(|w| w.value == "CMD").cloned().collect::<Vec<_>>();
                    if let Some(word) = for_a_shell(&words, false).filter(|w| told.insert(w.span)) {
                        let message = format!("no shell runs this {}, so the program gets `{}` as it stands", given.key, word.value);
                        cx.report(word.span, message).help("let a shell run it: `sh -c \"…\"`");
                    }
                }
            }
        }
    }
}

/// Whether it holds something that is worth a look, and no shell gets it.
fn for_no_shell(given: &Given<'_>) -> bool {
    given.line.argv.iter().any(|w| w.contains('$') || for_shells(w) || is_in_quotes(w)) && given.script().is_none()
}

/// The words that come before those of CMD; `None` where a script of which nothing is known, or a shell, gets them.
fn before_command(unit: &DockerfileUnit, stage: usize, own: &[Text], stack: &Stack) -> Option<Vec<Text>> {
    let Some(item) = unit.launch(stage).0 else { return Some(Vec::new()) };
    let Op::Entrypoint(Form::Exec(words)) = &unit.ast.instruction(item)?.op else { return None };
    let Some(program) = words.first() else { return Some(Vec::new()) };
    let runtimes = || stack.runtimes.iter().filter(|r| r.stage.is_some_and(|(u, s)| u == unit.index && unit.chain(s).contains(&stage)));
    if !may_be_script(program) || runtimes().any(|r| takes_words_as_they_are(stack, r, program)) {
        return Some(words.clone());
    }
    runs_unchanged(runtimes(), own).then(Vec::new)
}

/// A script that can be read ends in these very words: `exec "$@"`.
fn runs_unchanged<'a>(runtimes: impl Iterator<Item = &'a Runtime>, words: &[Text]) -> bool {
    let Some(first) = words.first() else { return false };
    let mut processes = runtimes.flat_map(|r| &r.processes).filter(|p| by_script_alone(p));
    processes.any(|p| p.argv.first().is_some_and(|a| a.span == first.span) && p.argv.len() == words.len())
}

/// Interpreters, and the options after which they take a text of their own language.
const INTERPRETERS: [&str; 6] = ["python", "python3", "node", "php", "ruby", "perl"];
const TEXTS: [&str; 6] = ["-c", "-e", "-r", "-p", "--eval", "--print"];

/// The program that gets the words as they stand; `None` where a shell or a script does, or one that gives `$` a meaning of its own.
fn plain_program(words: &[Text]) -> Option<String> {
    own_program(words).filter(|program| !reads_dollars(program))
}

/// The program that gets the words as they stand; `None` where a shell or a script does.
fn own_program(words: &[Text]) -> Option<String> {
    let script = shell::from_argv(words, shell::Dialect::Posix);
    let command = script.commands.first()?;
    // `env -S` fills in `${NAME}` itself
    if words.first().is_some_and(|w| crate::files::file_name(w) == "env")
        && words.iter().any(|w| w.starts_with("-S") || w.starts_with("--split-string"))
    {
        return None;
    }
    let program = command.effective().name().unwrap_or_default().into_owned();
    let shell_named = command.nested.is_some() || shell::shell(&program).is_some() || program.ends_with("sh");
    let scripted =
        program.ends_with(".py") || program.contains("entrypoint") || program.to_lowercase().contains("powershell") || program == "pwsh";
    (!(shell_named || scripted || program == "cmd")).then_some(program)
}

/// Programs that take patterns for names of files.
const OF_FILES: [&str; 14] = ["ls", "rm", "cp", "mv", "cat", "chmod", "chown", "du", "touch", "head", "tail", "wc", "mkdir", "ln"];

/// Programs that know `~` themselves.
const FIND_HOME: [&str; 16] = [
    "ssh",
    "scp",
    "sftp",
    "ansible-playbook",
    "jupyter",
    "jupyter-lab",
    "python",
    "python3",
    "mutt",
    "neomutt",
    "irssi",
    "vim",
    "nvim",
    "emacs",
    "tmux",
    "gpg",
];

/// Whether a word may be one that only shells make something of.
fn for_shells(word: &str) -> bool {
    word.bytes().any(|b| matches!(b, b'&' | b'|' | b'<' | b'>' | b';' | b'~' | b'(' | b'*' | b'?' | b'`'))
}

/// The first word that only a shell would make something of: an operator, `~/…`, `$(…)`, a pattern for a program of files.
fn for_a_shell(words: &[Text], operators: bool) -> Option<&Text> {
    if !words.iter().skip(1).any(|w| for_shells(w)) {
        return None;
    }
    let program = plain_program(words).filter(|p| !matches!(p.as_str(), "[" | "test"))?;
    let meant = |word: &Text| {
        let text = word.value.as_str();
        let operator = matches!(text, "&&" | "||" | "|" | ">" | ">>" | "<" | "2>&1" | ";");
        let home = (text.starts_with("~/") || text == "~") && !FIND_HOME.contains(&program.as_str());
        let backquoted = text.starts_with('`') && text.len() > 2 && text.ends_with('`');
        let command = backquoted || text.contains("$(") && text.contains(')');
        let pattern = OF_FILES.contains(&program.as_str()) && !text.starts_with('-') && text.contains(['*', '?']);
        operators && operator || home || command || pattern
    };
    words.iter().skip(1).find(|w| meant(w))
}

/// Programs with a language of which quotes are a part, and those that hand words to a shell.
const READ_QUOTES: [&str; 38] = [
    "jq",
    "yq",
    "awk",
    "gawk",
    "mawk",
    "sed",
    "grep",
    "egrep",
    "psql",
    "mysql",
    "mariadb",
    "sqlite3",
    "mongo",
    "mongosh",
    "redis-cli",
    "clickhouse-client",
    "cqlsh",
    "python",
    "python3",
    "node",
    "ruby",
    "perl",
    "php",
    "eval",
    "xargs",
    "find",
    "watch",
    "ssh",
    "su",
    "runuser",
    "entr",
    "nodemon",
    "concurrently",
    "parallel",
    "aws",
    "az",
    "echo",
    "printf",
];

/// Options behind which a text of a language stands.
const LANGUAGES: [&str; 14] = [
    "-c",
    "-e",
    "-E",
    "-S",
    "-x",
    "-q",
    "--exec",
    "--eval",
    "--command",
    "--execute",
    "--query",
    "--expression",
    "--filter",
    "--split-string",
];

/// The first word in quotes that a shell would have taken off.
fn in_quotes(words: &[Text]) -> Option<&Text> {
    let at = words.iter().skip(1).position(|w| is_in_quotes(w))? + 1;
    let before = words.get(..at).unwrap_or_default();
    let read = before.iter().any(|w| LANGUAGES.contains(&w.value.as_str()) || READ_QUOTES.contains(&crate::files::file_name(w)));
    own_program(words).filter(|_| !read)?;
    words.get(at)
}

/// Whether a word begins and ends with the same quote, and holds no other of its kind.
fn is_in_quotes(word: &str) -> bool {
    let within = |q: char| word.strip_prefix(q).and_then(|w| w.strip_suffix(q)).is_some_and(|w| !w.is_empty() && !w.contains(q));
    within('\'') || within('"')
}

fn keeps_quotes(word: &Text, what: &str, cx: &mut Cx<'_>) {
    let message = format!("no shell runs this {what}, so the program gets `{}` with its quotes", word.value);
    let len = word.value.len();
    let edits = vec![replace(word.span_of(0, 1), ""), replace(word.span_of(len - 1, len), "")];
    cx.report(word.span, message).help("leave the quotes out: each word of the list is one already").fix(
        "take the quotes off",
        Applicability::Unsafe,
        edits,
    );
}

/// The `$NAME`s of words that no shell reads, as far as a variable of that name is set or it looks like one.
fn literal(words: &[Text], set: &dyn Fn(&str) -> bool) -> Vec<At<String>> {
    if !words.iter().any(|w| w.contains('$')) {
        return Vec::new();
    }
    let Some(program) = plain_program(words) else { return Vec::new() };
    let mut found: Vec<At<String>> = Vec::new();
    for (n, word) in words.iter().enumerate() {
        let after = n.checked_sub(1).and_then(|n| words.get(n)).map_or("", |w| w.value.as_str());
        let text = INTERPRETERS.contains(&program.as_str()) && TEXTS.contains(&after);
        if text || program == "java" && is_property(word) {
            continue;
        }
        found.extend(names_in(word));
        found.extend(with_default(word));
    }
    let capitals = |n: &str| n.len() > 1 && !n.bytes().any(|b| b.is_ascii_lowercase());
    found.into_iter().filter(|n| set(&n.value) || capitals(&n.value)).collect()
}

/// `--server.port=${PORT}`: Spring fills in what stands in braces.
fn is_property(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, value)| name.starts_with('-') && value.contains("${"))
}

/// `${NAME:-value}`, which only a shell knows.
fn with_default(word: &Text) -> Vec<At<String>> {
    let mut found = Vec::new();
    for (at, _) in word.match_indices("${") {
        let rest = word.get(at + 2..).unwrap_or_default();
        let len = rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
        let Some((name, modifier)) = rest.split_at_checked(len).filter(|(name, _)| !name.is_empty()) else { continue };
        let end = modifier.find('}').filter(|_| [":-", "-", ":+", "+", ":?", "?"].iter().any(|m| modifier.starts_with(m)));
        if let Some(end) = end {
            found.push(At::new(name.to_owned(), word.span_of(at, at + 2 + len + end + 1)));
        }
    }
    found
}
