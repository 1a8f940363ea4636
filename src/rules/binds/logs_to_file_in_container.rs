use crate::files;
use crate::rule::{Cx, Rule, rule};
use crate::rules::support::lasting::lasting;
use crate::source::Span;
use crate::stack::{Process, Runtime, Stack};

rule!(LogsToFileInContainer, "binds/logs-to-file-in-container");

impl Rule for LogsToFileInContainer {
    fn stack(&self, stack: &Stack, cx: &mut Cx<'_>) {
        for runtime in &stack.runtimes {
            for process in &runtime.processes {
                let redirected = process.output.iter().filter(|o| o.known && (process.last || process.background) && lasting(process));
                let redirected = redirected.map(|o| (o.value.clone(), o.span));
                for (path, span) in log_files(process).into_iter().chain(redirected) {
                    let full = match (&runtime.workdir, path.starts_with('/')) {
                        (_, true) => files::normalize(&path),
                        (Some(dir), false) => files::join(dir, &path),
                        (None, false) => path.clone(),
                    };
                    if kept(stack, runtime, &full) || elsewhere(&full) || shown(runtime, &full) {
                        continue;
                    }
                    report(cx, span, process.name(), &full);
                }
            }
        }
        nginx(stack, cx);
    }
}

fn report(cx: &mut Cx<'_>, span: Span, name: &str, path: &str) {
    cx.report(span, format!("`docker logs` shows nothing of {name}: it writes to `{path}` in the container, which goes with it"))
        .help(format!("log to standard output: {}", to_stdout(name)));
}

/// The logs that nginx's configuration names. The official images link those of the packaged configuration to standard output.
fn nginx(stack: &Stack, cx: &mut Cx<'_>) {
    for found in stack.nginx.iter().filter(|n| !n.template) {
        let Some(runtime) = stack.runtimes.get(found.runtime) else { continue };
        for (_, directive) in found.conf.walk() {
            let (true, Some(path)) = (directive.is("access_log") || directive.is("error_log"), directive.args.first()) else { continue };
            let own = path.value.starts_with("/var/log/nginx/");
            let file = path.value.starts_with('/') && !elsewhere(&path.value);
            if file && !own && !kept(stack, runtime, &path.value) && !shown(runtime, &path.value) {
                report(cx, path.span, "nginx", &path.value);
            }
        }
    }
}

fn to_stdout(name: &str) -> &'static str {
    match name {
        "gunicorn" => "`accesslog = \"-\"` and `errorlog = \"-\"`",
        "celery" => "leave `--logfile` out",
        _ => "`/dev/stdout`",
    }
}

fn log_files(process: &Process) -> Vec<(String, Span)> {
    let mut found = Vec::new();
    let options: &[&str] = match process.name() {
        "gunicorn" => &["--access-logfile", "--error-logfile", "--log-file"],
        "celery" => &["--logfile", "-f"],
        "uwsgi" => &["--logto", "--daemonize"],
        "supervisord" => &["--logfile", "-l"],
        _ => &[],
    };
    for option in options {
        if let Some(arg) = process.option(&[option]).filter(|a| a.known) {
            found.push((arg.value, arg.span));
        }
    }
    if let Some((_, conf)) = &process.gunicorn {
        for key in ["accesslog", "errorlog"] {
            found.extend(conf.strings(key).into_iter().map(|t| (t.value.clone(), t.span)));
        }
    }
    found
}

/// Devices, standard output, and templates such as `%n.log`.
fn elsewhere(path: &str) -> bool {
    path.ends_with("/-") || path == "-" || path.starts_with("/dev/") || path.starts_with("/proc/") || path.contains(['%', '$'])
}

/// A volume or mount holds the file, or another process of the container prints it.
fn kept(stack: &Stack, runtime: &Runtime, path: &str) -> bool {
    let by_service = runtime
        .service
        .and_then(|at| stack.service(at))
        .is_some_and(|(_, s)| s.mounts.iter().any(|m| files::strip_prefix(&files::normalized(&m.target), path).is_some()));
    let by_image = runtime.stage.and_then(|(u, n)| Some((stack.dockerfiles.get(u)?, n))).is_some_and(|(unit, stage)| {
        unit.chain(stage).iter().filter_map(|n| unit.ast.stages.get(*n)).any(|s| {
            unit.ast.stage_instructions(s).any(|(_, i)| match &i.op {
                crate::syntax::dockerfile::Op::Volume(paths) => {
                    paths.iter().any(|p| files::strip_prefix(&files::normalize(p), path).is_some())
                }
                crate::syntax::dockerfile::Op::Run(_) => {
                    i.rest.value.contains("ln -s") && i.rest.value.contains("/dev/std") && i.rest.value.contains(path)
                }
                _ => false,
            })
        })
    });
    by_service || by_image
}

fn shown(runtime: &Runtime, path: &str) -> bool {
    runtime.processes.iter().any(|p| p.name() == "tail" && p.args().iter().any(|a| a.value == path || a.value.contains('*')))
}
