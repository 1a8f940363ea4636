use crate::rule::{Cx, Rule, rule};
use crate::source::Span;
use crate::stack::{Launch, Runtime, ScriptOrigin, ScriptUnit, Stack, Started};
use crate::syntax::shell;
use crate::text::Text;

rule!(ArgumentsNeverArrive, "quoting/arguments-never-arrive");

impl Rule for ArgumentsNeverArrive {
    fn stack(&self, stack: &Stack, cx: &mut Cx<'_>) {
        let mut told: Vec<Span> = Vec::new();
        for runtime in &stack.runtimes {
            let found = shell_form(runtime)
                .or_else(|| behind_script(runtime))
                .or_else(|| unread(stack, runtime))
                .or_else(|| first_only(stack, runtime));
            if let Some((span, message, help)) = found.filter(|f| !told.contains(&f.0)) {
                told.push(span);
                cx.report(span, message).help(help);
            }
        }
    }
}

type Found = Option<(Span, String, &'static str)>;

fn launches(runtime: &Runtime) -> (Option<&Launch>, Option<&Launch>) {
    let of = |entrypoint: bool| runtime.launches.iter().find(|l| l.entrypoint == entrypoint);
    (of(true), of(false))
}

/// An ENTRYPOINT in shell form makes nothing of the command.
fn shell_form(runtime: &Runtime) -> Found {
    let (Some(entry), Some(command)) = launches(runtime) else { return None };
    let text = entry.argv.last().filter(|_| entry.shell_form)?;
    let first = command.argv.first()?;
    if reads_arguments(text) {
        let by = entry.argv.first().map_or("sh", |shell| crate::files::file_name(shell));
        let help = "write the ENTRYPOINT in the JSON form, with a name behind the text: `[\"sh\", \"-c\", \"…\", \"--\"]`";
        return swallowed(Some(entry), text, command.span, first, by).map(|(span, message, _)| (span, message, help));
    }
    let message = "this command never runs: an ENTRYPOINT in shell form takes no arguments".to_owned();
    Some((command.span, message, "write the ENTRYPOINT in the JSON form, or the whole command in it"))
}

/// `sh -c script word`: the words after the script are its arguments, and it has no use for them.
fn behind_script(runtime: &Runtime) -> Found {
    let (entry, command) = launches(runtime);
    if entry.is_some_and(|e| e.shell_form) || entry.is_none() && command.is_some_and(|c| c.shell_form) {
        return None;
    }
    // the shell form of CMD behind an exec form of ENTRYPOINT has words of its own
    let command = command.filter(|c| !c.shell_form);
    // a shell, its `-c`, a script and a word
    if entry.iter().chain(&command).map(|l| l.argv.len()).sum::<usize>() < 4 {
        return None;
    }
    let argv: Vec<_> = entry.iter().chain(&command).flat_map(|l| l.argv.clone()).collect();
    let script = shell::from_argv(&argv, shell::Dialect::Posix);
    let starter = script.commands.first()?;
    let nested = starter.nested.as_ref().filter(|n| shell::shell(&n.by).is_some())?;
    let at = starter.words.iter().position(|w| w.span == nested.span)?;
    let rest = starter.words.get(at + 1..).filter(|rest| !rest.is_empty())?;
    let text = starter.words.get(at)?.lossy();
    let name = rest.len() == 1 && rest.iter().all(|w| matches!(w.lossy().as_ref(), "--" | "-" | "_" | "sh" | "bash" | "ash"));
    let first = rest.first()?;
    if reads_arguments(&text) {
        return swallowed(entry, &text, first.span, &first.lossy(), &nested.by);
    }
    if name {
        return None;
    }
    let shown = text.split_whitespace().next().unwrap_or_default();
    let message = format!("`{}` never reaches `{shown}`: `{} -c` takes one word for its script", first.lossy(), nested.by);
    Some((first.span, message, "write the whole command as one word"))
}

/// `sh -c 'program "$@"'` and a CMD: its first word becomes `$0`.
fn swallowed(entry: Option<&Launch>, text: &str, first: Span, word: &str, by: &str) -> Found {
    let given = entry.is_some_and(|e| e.argv.last().is_some_and(|last| last.value == text));
    let named = word.trim_matches(['-', '_']).is_empty() || shell::shell(crate::files::file_name(word)).is_some();
    if !given || named || text.contains("$0") || text.contains("${0") || text.contains(word) {
        return None;
    }
    let message = format!("`{word}` never reaches the script: the first word behind the text of `{by} -c` is its name, `$0`");
    Some((first, message, "put a name behind the script in ENTRYPOINT, such as `\"--\"`"))
}

/// An entrypoint script that makes no use of its arguments.
fn unread(stack: &Stack, runtime: &Runtime) -> Found {
    let (Some(entry), Some(command)) = launches(runtime) else { return None };
    let first = entry.argv.first().filter(|_| !entry.shell_form && entry.argv.len() == 1 && !command.argv.is_empty())?;
    let (started, unit) = script_of(stack, runtime, first.span)?;
    let text = stack.sources.slice(unit.span);
    let sources = unit.script.walk().any(|(_, c)| matches!(c.name().as_deref(), Some("." | "source" | "eval")));
    // nothing that starts by itself is left out where the script ends in a program of its own
    let ends = runtime.processes.iter().any(|p| p.last && !p.background);
    if sources || !ends || reads_arguments(text) || !unit.script.errors.is_empty() {
        return None;
    }
    let message = format!("this command never runs: `{}` makes no use of its arguments", started.path);
    Some((command.span, message, "end the script with `exec \"$@\"`, or leave the command out"))
}

/// The script that a word of a launch runs.
fn script_of<'a>(stack: &'a Stack, runtime: &'a Runtime, word: Span) -> Option<(&'a Started, &'a ScriptUnit)> {
    let started = runtime.started.iter().find(|s| s.span == word)?;
    let file = stack.sources.find(&started.file)?;
    Some((started, stack.scripts.iter().find(|s| s.origin == ScriptOrigin::File(file))?))
}

/// `su user -c "$@"` in a script that is given several words: the shell gets the first, su itself the others.
fn first_only(stack: &Stack, runtime: &Runtime) -> Found {
    let (entry, command) = launches(runtime);
    if entry.or(command)?.shell_form {
        return None;
    }
    let argv: Vec<&Text> = entry.iter().chain(&command).flat_map(|l| &l.argv).collect();
    let (program, given) = argv.split_first()?;
    let (_, unit) = script_of(stack, runtime, program.span)?;
    let named = |name: &'static str| unit.script.commands.iter().filter(move |c| c.name().as_deref() == Some(name));
    let given = given.get(named("shift").count()..)?;
    // whoever starts the image may put words behind a program's name, but not behind a whole command line
    let several = match given {
        [] => false,
        [one] => entry.is_some() && runtime.service.is_none() && !one.contains(char::is_whitespace),
        _ => true,
    };
    if !several || named("set").any(|c| c.args().iter().any(|w| w.lossy() == "--")) {
        return None;
    }
    unit.script.commands.iter().filter(|c| !c.place.function).find_map(|command| {
        let handed = shell::handed(&command.words, unit.script.dialect)?;
        let shell::HandedText::Word(at) = handed.text else { return None };
        let su = matches!(handed.by.as_str(), "su" | "runuser");
        let word = command.words.get(at).filter(|_| su || shell::shell(&handed.by).is_some())?;
        word.params().find(|(p, _)| p.name == "@" && p.modifier.is_empty())?;
        let (by, rest) = (&handed.by, if su { "operands of its own" } else { "arguments of that text" });
        let message = format!("only the first argument reaches the shell: `{by} -c` takes one word, the others become {rest}");
        let help = if su {
            "start it with `exec gosu`, `su-exec` or `setpriv`, which take words: `\"$@\"`"
        } else {
            "run `\"$@\"` without a shell"
        };
        Some((word.span, message, help))
    })
}

/// Whether the text of a script asks for its arguments.
fn reads_arguments(text: &str) -> bool {
    let digit = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
    let dollar = text.match_indices('$').any(|(at, _)| {
        let rest = text.get(at + 1..).unwrap_or_default();
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        let rest = rest.strip_prefix(['#', '!']).filter(|r| r.starts_with(['@', '*']) || digit(r)).unwrap_or(rest);
        digit(rest) || rest.starts_with(['@', '*', '#'])
    });
    dollar || ["shift", "getopts", "BASH_ARGV", "argv"].iter().any(|w| text.contains(w))
}
