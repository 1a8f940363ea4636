//! Debug modes of frameworks, and what they open.

use crate::source::Span;
use crate::stack::{Arg, ImageRef, Process, Runtime, Stack};

/// A debug mode that is on.
pub(crate) struct Debug {
    /// The setting or the flag.
    pub span: Span,
    /// As it is written: `FLASK_DEBUG`, `--debug`.
    pub by: String,
    /// What it does to users.
    pub effect: &'static str,
    /// It lets whoever connects run code: on which port, where a port of its own.
    pub shell: Shell,
}

/// Whether a debug mode is a remote shell.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shell {
    /// It is not.
    No,
    /// The page of an error takes commands: on the server's own port.
    OnServer,
    /// A debugger listens on this port.
    OnPort(u16),
}

const WERKZEUG: &str = "an error page of Flask lets whoever sees it run Python";
const DETAILS: &str = "error pages show settings and source to whoever meets one";

/// Variables that switch a debug mode on, and what that does.
const VARIABLES: [(&str, &str, Shell); 11] = [
    ("FLASK_DEBUG", WERKZEUG, Shell::OnServer),
    ("DJANGO_DEBUG", DETAILS, Shell::No),
    ("APP_DEBUG", DETAILS, Shell::No),
    ("DEBUG", DETAILS, Shell::No),
    ("DEBUG_MODE", DETAILS, Shell::No),
    ("WORDPRESS_DEBUG", DETAILS, Shell::No),
    ("WP_DEBUG", DETAILS, Shell::No),
    ("SYMFONY_DEBUG", DETAILS, Shell::No),
    ("RAILS_CONSIDER_ALL_REQUESTS_LOCAL", DETAILS, Shell::No),
    ("STREAMLIT_GLOBAL_DEVELOPMENT_MODE", DETAILS, Shell::No),
    ("JAVA_ENABLE_DEBUG", "a Java debugger runs whatever it is sent", Shell::OnPort(5005)),
];

/// The debug modes of a container.
pub(crate) fn modes(stack: &Stack, runtime: &Runtime) -> Vec<Debug> {
    let mut found = Vec::new();
    for (name, effect, shell) in VARIABLES {
        if let Some(var) = runtime.env(name)
            && var.value.as_deref().is_some_and(is_on)
            && (!GENERIC.contains(&name) || web_application(runtime))
        {
            found.push(Debug { span: var.span, by: name.to_owned(), effect, shell });
        }
    }
    for var in &runtime.env {
        let value =
            var.value.as_deref().filter(|v| v.contains('-') && AGENTS.iter().any(|agent| v.contains(agent)) && is_given_to_java(&var.name));
        found.extend(value.and_then(|value| jdwp(value, stack, runtime)).map(|shell| Debug {
            span: var.span,
            by: var.name.clone(),
            effect: "a Java debugger runs whatever it is sent",
            shell,
        }));
    }
    for process in &runtime.processes {
        found.extend(flags(process, stack, runtime));
        let program =
            process.program.and_then(|file| super::program::debug(stack.sources.get(file), &super::program::Seen { process, runtime }));
        found.extend(program.map(|span| Debug { span, by: "debug".to_owned(), effect: WERKZEUG, shell: Shell::OnServer }));
    }
    found
}

/// What loads Java's debugger into a program.
const AGENTS: [&str; 2] = ["-agentlib:jdwp=", "-Xrunjdwp:"];

/// Whether a variable's words go to every Java program of the container. Options that are named for debugging are there for a
/// script to take or leave; where it takes them, they are words of the program.
fn is_given_to_java(name: &str) -> bool {
    !name.split('_').any(|word| matches!(word, "DEBUG" | "DEBUGGER" | "JDWP" | "JPDA"))
}

/// What `-agentlib:jdwp=…,address=…` opens, if anybody outside of the container gets there: since Java 9 a bare port is the
/// container's own.
fn jdwp(text: &str, stack: &Stack, runtime: &Runtime) -> Option<Shell> {
    let options = text.split("jdwp").nth(1)?.trim_start_matches(['=', ':']).split([' ', '"', '\'']).next()?;
    let option = |name: &str| options.split(',').find_map(|o| o.split_once('=').filter(|(n, _)| *n == name).map(|(_, value)| value));
    let place = option("address").filter(|_| option("server") == Some("y"))?;
    match place.rsplit_once(':') {
        Some((host, _)) if super::servers::is_loopback(host) || host.contains('$') => return None,
        None if place.contains('$') || !(runtime.image.as_ref().is_some_and(is_java_8) || installs_java_8(stack, runtime)) => return None,
        _ => {}
    }
    let port = place.rsplit(':').next().unwrap_or_default();
    Some(port.parse().map_or(Shell::No, Shell::OnPort))
}

/// Whether an image's name says that its Java is the eighth or an earlier one: `openjdk:8-jre`, `tomcat:9-jdk8`.
fn is_java_8(image: &ImageRef) -> bool {
    const NAMES: [&str; 9] = ["java", "jdk", "jre", "openjdk", "adoptopenjdk", "temurin", "corretto", "amazoncorretto", "zulu"];
    const OLD: [&str; 3] = ["8", "7", "6"];
    let whole = format!("{}:{}", image.name, image.tag.as_deref().unwrap_or_default()).to_lowercase();
    let words: Vec<&str> = whole.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let is_name = |word: &str| NAMES.contains(&word);
    let is_old = |word: &str| OLD.contains(&word.split('u').next().unwrap_or_default());
    let joined = |word: &&str| OLD.iter().any(|old| word.strip_suffix(old).is_some_and(|name| NAMES.iter().any(|n| name.ends_with(n))));
    words.iter().any(joined) || words.windows(2).any(|pair| matches!(pair, [name, old] if is_name(name) && is_old(old)))
}

/// Whether a RUN of the image installs Java 8.
fn installs_java_8(stack: &Stack, runtime: &Runtime) -> bool {
    let Some((unit, stage)) = runtime.stage.and_then(|(u, n)| Some((stack.dockerfiles.get(u)?, n))) else { return false };
    let old = |word: &str| ["openjdk-8-", "openjdk8", "java-1.8.0-"].iter().any(|name| word.starts_with(name));
    let stages = unit.chain(stage).into_iter().filter_map(|n| unit.ast.stages.get(n));
    let scripts = stages.flat_map(|s| unit.ast.stage_instructions(s)).filter_map(|(item, _)| unit.script(item));
    scripts.flat_map(|s| s.walk()).any(|(_, c)| c.args().iter().any(|w| w.literal().is_some_and(|w| old(&w))))
}

/// Debuggers for Python and Go that listen: the option with the place, and what they do.
fn listener(process: &Process) -> Option<(Span, String, &'static str, Shell)> {
    let words = || process.argv.iter().map(|a| crate::files::file_name(&a.value));
    let (options, default, effect): (&[&str], u16, _) = if words().any(|w| w == "debugpy" || w == "debugpy.adapter") {
        (&["--listen"], 5678, "Python's debugger runs whatever it is sent")
    } else if process.name() == "dlv" {
        (&["--listen", "-l"], 40000, "Go's debugger runs whatever it is sent")
    } else {
        return None;
    };
    let place = process.option(options)?;
    let (host, port) = place.value.rsplit_once(':').unwrap_or(("127.0.0.1", &place.value));
    let open = place.known && (host.is_empty() || host.starts_with("0.0.0.0") || host == "[::]");
    let port = port.parse().unwrap_or(default);
    let name = words().find(|w| w.starts_with("debugpy") || *w == "dlv")?.to_owned();
    Some((place.span, name, effect, if open { Shell::OnPort(port) } else { Shell::No }))
}

/// Names that also quiet tools and daemons use, for more words in their logs.
const GENERIC: [&str; 2] = ["DEBUG", "DEBUG_MODE"];

/// Whether what runs is a web application by what it starts or is told.
fn web_application(runtime: &Runtime) -> bool {
    let told = runtime.env.iter().any(|v| {
        let n = v.name.as_str();
        n.starts_with("DJANGO_")
            || n.starts_with("FLASK_")
            || n.starts_with("LARAVEL_")
            || matches!(n, "SECRET_KEY" | "ALLOWED_HOSTS" | "APP_KEY" | "SECRET_KEY_BASE")
    });
    told || runtime
        .processes
        .iter()
        .any(|p| super::servers::listen(p, runtime).is_some() || p.argv.iter().any(|a| a.value.ends_with("manage.py")))
}

fn is_on(value: &str) -> bool {
    matches!(value.trim().to_lowercase().as_str(), "1" | "true" | "yes" | "on")
}

fn flags(process: &Process, stack: &Stack, runtime: &Runtime) -> Vec<Debug> {
    let mut found = Vec::new();
    let module = |pair: &[Arg]| matches!(pair, [option, name] if option.value == "-m" && name.value == "flask");
    let is_flask = || process.name() == "flask" || process.argv.windows(2).any(module);
    found.extend(listener(process).map(|(span, by, effect, shell)| Debug { span, by, effect, shell }));
    for arg in process.args() {
        let value = arg.value.as_str();
        let debug = match value {
            "--debug" if is_flask() => (WERKZEUG, Shell::OnServer),
            "runserver_plus" => ("an error page of Werkzeug lets whoever sees it run Python", Shell::OnServer),
            _ if value.starts_with("--inspect") && process.name().starts_with("node") => {
                let place = value.split_once('=').map_or("", |(_, place)| place);
                // told to listen where nobody else gets
                if ["127.", "localhost", "[::1]"].iter().any(|own| place.starts_with(own)) {
                    continue;
                }
                let open = place.starts_with("0.0.0.0") || place.starts_with("[::]");
                let port = place.rsplit(':').next().and_then(|p| p.parse().ok()).unwrap_or(9229);
                ("Node's debugger runs whatever it is sent", if open { Shell::OnPort(port) } else { Shell::No })
            }
            _ if value.contains("jdwp") => match jdwp(value, stack, runtime) {
                Some(shell) => ("a Java debugger runs whatever it is sent", shell),
                None => continue,
            },
            _ => continue,
        };
        found.push(Debug { span: arg.span, by: value.split('=').next().unwrap_or(value).to_owned(), effect: debug.0, shell: debug.1 });
    }
    found
}

/// Where a debug mode of a runtime can be reached from outside: the port that publishes it.
pub(crate) fn published<'a>(
    stack: &'a crate::stack::Stack,
    runtime: &Runtime,
    debug: &Debug,
) -> Option<(&'a crate::compose::Port, Option<Span>)> {
    let (_, service) = stack.service(runtime.service?)?;
    let listens = super::reach::listens(stack, runtime);
    let (port, at) = match debug.shell {
        Shell::No => return None,
        Shell::OnPort(port) => (Some(port), None),
        Shell::OnServer => {
            let (_, listen) = listens.iter().find(|(_, l)| l.development && !l.loopback() && l.host.is_some())?;
            (listen.port, Some(listen.host_at))
        }
    };
    let open = |ip: &Option<String>| ip.as_deref().is_none_or(|ip| !super::servers::is_loopback(ip));
    service.ports.iter().find(|p| open(&p.host_ip) && port.is_none_or(|port| port == p.target)).map(|p| (p, at))
}
