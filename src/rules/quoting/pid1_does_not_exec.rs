use std::collections::BTreeSet;

use crate::diagnostic::Applicability;
use crate::rule::{Cx, Rule, replace, rule};
use crate::rules::support::broken_json::falls_back;
use crate::rules::support::lasting::{lasting, serves};
use crate::rules::support::servers;
use crate::source::Span;
use crate::stack::{Below, ImageRef, Process, Runtime, Stack, ViaKind, knowledge};

rule!(Pid1DoesNotExec, "quoting/pid1-does-not-exec");

impl Rule for Pid1DoesNotExec {
    fn stack(&self, stack: &Stack, cx: &mut Cx<'_>) {
        let mut told: BTreeSet<Span> = BTreeSet::new();
        for runtime in stack.runtimes.iter().filter(|r| !r.init && start_known(r) && !is_broken_list(stack, r)) {
            for process in runtime.processes.iter().filter(|p| judged(runtime, p) && !ended_before(runtime, p)) {
                // of several servers that a shell waits for, the first stands for all
                let waits = process.via.last().filter(|_| process.background);
                if waits.is_some_and(|via| !told.insert(via.span)) {
                    continue;
                }
                for link in process.below.iter().flatten().filter(|b| told.insert(b.command)) {
                    report(process, link, cx);
                }
            }
            let waits = runtime.processes.iter().find(|p| (p.last || p.keeps_up) && p.below.is_some() && only_waits(p));
            for process in waits.iter().flat_map(|w| runtime.processes.iter().take_while(move |p| !std::ptr::eq(*p, *w))) {
                if let Some(name) = daemon(stack, process).filter(|_| told.insert(process.span)) {
                    let message = format!(
                        "`docker stop` kills `{name}` after ten seconds: it runs in the background, and nothing passes a signal on"
                    );
                    cx.report(process.span, message).help("start the server in the foreground with `exec`, as the last command");
                }
            }
        }
    }
}

/// Without an ENTRYPOINT in sight the image has one of its own, and it may be an init. Official images have none that is, and bare
/// distributions none at all.
fn start_known(runtime: &Runtime) -> bool {
    let plain = |i: &ImageRef| i.official().is_some() || knowledge::is_bare_system(i);
    runtime.launches.iter().any(|l| l.entrypoint) || runtime.image.as_ref().is_some_and(plain)
}

/// A list that is no JSON: the shell that is given it finds no program at all.
fn is_broken_list(stack: &Stack, runtime: &Runtime) -> bool {
    let instructions = runtime.launches.iter().filter_map(|l| l.instruction);
    instructions.filter_map(|(unit, item)| stack.instruction(unit, item)).any(|(_, i)| falls_back(i))
}

/// A command that does nothing but keep the container up.
fn only_waits(process: &Process) -> bool {
    match process.name() {
        "tail" => process.args().iter().any(|a| a.value == "--follow" || a.value.starts_with('-') && a.value.contains(['f', 'F'])),
        "sleep" => process.keeps_up || process.args().iter().any(|a| a.value == "infinity" || a.value == "inf"),
        _ => false,
    }
}

/// The server that a command starts before it comes back.
fn daemon<'a>(stack: &Stack, process: &'a Process) -> Option<&'a str> {
    let first = process.args().first().map_or("", |a| a.value.as_str());
    let second = process.args().get(1).map_or("", |a| a.value.as_str());
    let starts = |word: &str| matches!(word, "start" | "restart");
    let has = |words: &[&str]| words.iter().any(|w| process.has(w));
    let path = process.argv.first()?.value.as_str();
    let daemon = match process.name() {
        _ if process.background => false,
        "service" | "invoke-rc.d" | "rc-service" => return starts(second).then_some(first),
        name if path.starts_with("/etc/init.d/") => return starts(first).then_some(name),
        "apachectl" | "apache2ctl" | "catalina.sh" | "pg_ctl" | "pg_ctlcluster" => process.args().iter().any(|a| starts(&a.value)),
        "nginx" => process.args().is_empty(),
        "php-fpm" => has(&["-D", "--daemonize"]),
        "mongod" => has(&["--fork"]),
        "memcached" => has(&["-d"]),
        "redis-server" => process.option(&["--daemonize"]).is_some_and(|v| v.value == "yes"),
        "cron" | "crond" => !has(&["-f", "-n"]),
        "sshd" => !has(&["-D", "-t"]),
        "supervisord" => !has(&["-n", "--nodaemon", "-v", "--version"]) && !stays_by_configuration(stack, process),
        // a script that comes back, as what follows it is there to keep the container up
        name if name.ends_with(".sh") => name.starts_with("start-") || starts(first),
        name if path.starts_with('/') => starts(first) && name != "docker",
        _ => false,
    };
    daemon.then(|| process.name())
}

/// Whether a supervisord stays in the foreground because its configuration says so.
fn stays_by_configuration(stack: &Stack, process: &Process) -> bool {
    let Some(file) = process.program else { return false };
    let on = |value: &str| matches!(value.trim().to_lowercase().as_str(), "true" | "yes" | "on" | "1");
    let settings = stack.sources.get(file).text.lines().filter_map(|line| line.split(';').next()?.split_once('='));
    settings.into_iter().any(|(key, value)| key.trim() == "nodaemon" && on(value))
}

/// A server that stays in the foreground, whatever is written after it.
fn never_ends(process: &Process) -> bool {
    let has = |words: &[&str]| process.args().iter().any(|a| words.iter().any(|w| a.value.contains(w)));
    let stays = match process.name() {
        "gunicorn" => !has(&["--daemon", "-D", "--check-config", "--print-config"]),
        "uvicorn" | "hypercorn" | "daphne" | "waitress-serve" | "apache2-foreground" => true,
        "celery" => has(&["worker", "beat"]) && !has(&["--detach", "inspect", "control"]),
        "nginx" => has(&["daemon off"]),
        "httpd" | "apache2" => has(&["FOREGROUND"]),
        _ => false,
    };
    stays && !process.background
}

fn judged(runtime: &Runtime, process: &Process) -> bool {
    let server = || serves(process) || servers::listen(process, runtime).is_some();
    (process.last || never_ends(process) || process.before_nothing && server())
        && !process.via.iter().any(|v| matches!(v.kind, ViaKind::PackageScript(_)))
        && lasting(process)
}

/// Whether the script ran the same program with the same words, the value of one option aside, and went on when it ended.
fn ended_before(runtime: &Runtime, process: &Process) -> bool {
    let alike = |other: &Process| {
        let (ours, theirs) = (process.args(), other.args());
        let mut differ = ours.iter().zip(theirs).enumerate().filter(|(_, (a, b))| a.value != b.value).map(|(n, _)| n);
        let first = differ.next();
        let of_option = first.is_none_or(|n| n.checked_sub(1).and_then(|n| ours.get(n)).is_some_and(|w| w.value.starts_with('-')));
        ours.len() == theirs.len() && of_option && differ.next().is_none()
    };
    let before = |p: &&Process| p.span.file == process.span.file && p.span.start < process.span.start && !p.last && !p.background;
    runtime.processes.iter().filter(before).any(|p| p.name() == process.name() && alike(p) && !never_ends(p))
}

fn report(process: &Process, link: &Below, cx: &mut Cx<'_>) {
    let name = process.name();
    let shell = &link.shell;
    let message = match &link.name {
        Some(started) if started != name && !matches!(started.as_str(), "sh" | "bash" | "ash" | "dash") => {
            format!("`docker stop` kills `{name}` after ten seconds: {shell} stays above `{started}` and passes no signal on")
        }
        _ => format!("`docker stop` kills `{name}` after ten seconds: {shell} stays above it and passes no signal on"),
    };
    let is_command = cx.text(link.word) == "command";
    let mut report = cx.report(link.command, message);
    if !process.span.is_empty() && !link.command.contains(process.span) {
        report = report.label(process.span, format!("this leads to `{name}`"));
    }
    if process.background {
        report.help("`trap` the signal in the script and pass it on, or start one server in the foreground with `exec`");
        return;
    }
    if link.forked {
        report.help("start it with `exec` outside of pipelines, loops and parentheses");
        return;
    }
    // `exec` looks for a program, and `command` is none
    let edit = if is_command { replace(link.word, "exec") } else { replace(link.word.at_start(), "exec ") };
    report.help("start it with `exec`, so that it takes the place of the shell").fix(
        "start it with `exec`",
        Applicability::Unsafe,
        vec![edit],
    );
}
