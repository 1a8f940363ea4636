//! Calls of envsubst with what is known around them: the environment, and the file that they read.

use std::sync::LazyLock;

use memchr::memmem;

use crate::quoting::{
    Environment, Envsubst, Executed, Flow, Machine, Reader, ShellKind, Step, Value, assigned, envsubst_calls, names_in, trace_argv,
    trace_script,
};
use crate::rule::Cx;
use crate::source::{FileId, Span};
use crate::stack::{Lookup, Runtime, ScriptOrigin, ScriptUnit, Stack};
use crate::syntax::dockerfile::{Form, Op};
use crate::syntax::nginx::{self, Variable};
use crate::syntax::shell::{Command, PieceKind, Script};
use crate::text::Text;

/// The environment of a script.
pub(crate) struct Surroundings<'a> {
    stack: &'a Stack,
    origin: ScriptOrigin,
    runtimes: Vec<&'a Runtime>,
    own: Vec<String>,
}

impl<'a> Surroundings<'a> {
    /// What surrounds a script.
    pub(crate) fn of(stack: &'a Stack, unit: &ScriptUnit) -> Self {
        let runs = |r: &&Runtime| match unit.origin {
            ScriptOrigin::Instruction { dockerfile, item, .. } => r.stage.is_some_and(|(u, stage)| {
                u == dockerfile
                    && stack.dockerfiles.get(u).is_some_and(|d| d.ast.stage_of(item).is_some_and(|s| d.chain(stage).contains(&s)))
            }),
            ScriptOrigin::Compose { project, service } => r.service == Some((project, service)),
            ScriptOrigin::File(file) => {
                let started = r.processes.iter().any(|p| p.span.file == file || p.via.iter().any(|v| v.span.file == file));
                // one that the image's own entrypoint runs is known by what it reads
                let read = || stack.templates.iter().any(|t| t.runtime == r.index && t.call.file == file);
                started || read() && !stack.script_runs.iter().any(|run| run.file == file && run.built)
            }
        };
        let own = all_assigned(&unit.script);
        Surroundings { stack, origin: unit.origin, runtimes: stack.runtimes.iter().filter(runs).collect(), own }
    }

    /// The value of a variable, where it is known.
    pub(crate) fn value(&self, name: &str) -> Option<String> {
        if self.own.iter().any(|n| n == name) {
            return None;
        }
        match self.in_build(name) {
            Some(Lookup::Known(value)) => Some(value),
            Some(_) => None,
            None => self.runtimes.iter().find_map(|r| r.env(name)).and_then(|v| v.value.clone()),
        }
    }

    /// The variables with which the script starts, as far as it names them.
    fn environment(&self, text: &str, span: Span) -> Environment {
        let mut environment = Environment::unknown("it may be given when the container starts");
        for name in names_in(&Text::verbatim(text, span)) {
            let name = name.value.as_str();
            let value = match self.in_build(name) {
                Some(Lookup::Known(value)) => Value::Known(Flow::value(&value, span.at_start(), false)),
                Some(Lookup::Unset) => Value::Unset,
                Some(_) => continue,
                None => match self.at_run_time(name) {
                    Some(value) => Value::Known(Flow::value(&value, span.at_start(), false)),
                    None if self.is_gone(name) => Value::Unset,
                    None => continue,
                },
            };
            environment.insert(name, value, None);
        }
        environment
    }

    /// An ARG of the Dockerfile, which the container does not have.
    pub(crate) fn is_gone(&self, name: &str) -> bool {
        let ScriptOrigin::Instruction { dockerfile, item, .. } = self.origin else { return false };
        let found = self.stack.instruction(dockerfile, item).and_then(|(unit, _)| Some((unit, unit.ast.stage_of(item)?)));
        let declared = found.is_some_and(|(unit, stage)| unit.settings(stage, item).iter().any(|s| s.arg && s.name == name));
        declared && !self.runtimes.iter().any(|r| r.env(name).is_some())
    }

    /// The services that run the instruction and do not have a variable.
    pub(crate) fn services_without(&self, name: &str) -> Vec<&'a str> {
        let ScriptOrigin::Instruction { dockerfile, item, .. } = self.origin else { return Vec::new() };
        let checks = self.stack.instruction(dockerfile, item).is_some_and(|(_, i)| matches!(i.op, Op::Healthcheck(_)));
        let starts = |r: &&&Runtime| checks || r.launches.iter().any(|l| l.instruction == Some((dockerfile, item)));
        let service = |r: &Runtime| self.stack.service(r.service?).map(|(_, s)| s);
        let own = self.runtimes.iter().filter(starts).filter(|r| r.env(name).is_none()).filter_map(|r| service(r));
        // a file that is not here may set it
        let told = own.filter(|s| s.env_files.iter().all(|f| f.file.is_some()) && !(checks && s.healthcheck.is_some()));
        told.map(|s| s.name.value.as_str()).collect()
    }

    /// Whether every container that runs the script is a service of Compose.
    pub(crate) fn is_run_by_compose(&self) -> bool {
        !self.runtimes.is_empty() && self.runtimes.iter().all(|r| r.service.is_some())
    }

    /// What a container has under a name; what Compose filled into it counts.
    fn at_run_time(&self, name: &str) -> Option<String> {
        let services = self.runtimes.iter().filter_map(|r| self.stack.service(r.service?)).map(|(_, s)| s);
        let mut given = services.filter_map(|s| s.env(name)?.value.as_ref().map(|v| v.value.clone()));
        given.next().or_else(|| self.runtimes.iter().find_map(|r| r.env(name)).and_then(|v| v.value.clone()))
    }

    /// What the shells make of the script.
    fn traced(&self, unit: &ScriptUnit) -> Vec<Step> {
        let machine = Machine { sh: ShellKind::Sh };
        let text = self.stack.sources.slice(unit.span);
        let environment = self.environment(text, unit.span);
        let argv: Option<Vec<Flow>> = match unit.origin {
            ScriptOrigin::Instruction { dockerfile, item, exec: true } => {
                let op = self.stack.instruction(dockerfile, item).map(|(_, i)| &i.op);
                op.and_then(|op| match op {
                    Op::Cmd(Form::Exec(words)) | Op::Entrypoint(Form::Exec(words)) => Some(words.iter().map(Flow::of_text).collect()),
                    Op::Run(run) => match &run.form {
                        Form::Exec(words) => Some(words.iter().map(Flow::of_text).collect()),
                        Form::Shell(_) => None,
                    },
                    _ => None,
                })
            }
            ScriptOrigin::Compose { project, service } => {
                let service = self.stack.service((project, service)).map(|(_, s)| s);
                let mut lines = service.into_iter().flat_map(|s| s.command.iter().chain(&s.entrypoint).chain(&s.hooks));
                lines.find(|l| l.span == unit.span).map(|l| l.argv.iter().map(Flow::of_text).collect())
            }
            // what a RUN generates stands in the Dockerfile otherwise than in the script
            ScriptOrigin::File(file) if self.stack.dockerfiles.iter().any(|d| d.file == file) => return Vec::new(),
            _ => return vec![trace_script(&Flow::source(text, unit.span), "sh", ShellKind::Sh, environment, machine)],
        };
        argv.map(|argv| trace_argv(&argv, environment, machine).inner).unwrap_or_default()
    }

    /// Whether a variable is set, to whatever value.
    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.is_in_environment(name) || self.own.iter().any(|n| n == name) || matches!(name, "PATH" | "HOME" | "HOSTNAME" | "PWD")
    }

    /// Whether a variable is in the environment with which the script starts, as far as that is known.
    pub(crate) fn is_in_environment(&self, name: &str) -> bool {
        match self.in_build(name) {
            Some(lookup) => lookup != Lookup::Unset,
            None => self.runtimes.iter().any(|r| r.env(name).is_some()),
        }
    }

    /// Whether the script itself sets a variable.
    pub(crate) fn sets(&self, name: &str) -> bool {
        self.own.iter().any(|n| n == name)
    }

    /// What a name stands for while the image is built; `None` where the script runs in the container.
    fn in_build(&self, name: &str) -> Option<Lookup> {
        let ScriptOrigin::Instruction { dockerfile, item, .. } = self.origin else { return None };
        let (unit, instruction) = self.stack.instruction(dockerfile, item)?;
        matches!(instruction.op, Op::Run(_)).then(|| unit.ast.stage_of(item).map_or(Lookup::Unknown, |s| unit.lookup(s, item, name)))
    }
}

/// The names that a script sets, for a command or for good, nested scripts included.
fn all_assigned(script: &Script) -> Vec<String> {
    let mut found: Vec<String> = assigned(script).into_iter().map(|n| n.value).collect();
    for (_, command) in script.walk() {
        found.extend(command.assigns.iter().map(|a| a.name.clone()));
        let given = command.effective().environment().into_iter().filter_map(|w| Some(w.lossy().split_once('=')?.0.to_owned()));
        found.extend(given);
        if let Some(nested) = &command.nested {
            found.extend(assigned(&nested.script).into_iter().map(|n| n.value));
        }
    }
    found
}

/// A call with its surroundings.
pub(crate) struct Call<'a> {
    /// The call.
    pub call: Envsubst<'a>,
    /// The file that it reads, where that is a file of the project; the first of several.
    pub template: Option<FileId>,
    /// All files of the project that it reads.
    pub templates: Vec<FileId>,
    /// The text that it reads, where that stands in the script itself: a quoted heredoc.
    pub text: Option<Text>,
    /// What it is handed for a SHELL-FORMAT, where a shell replaced something in that.
    pub format: Option<Flow>,
}

/// All calls of a script.
pub(crate) fn calls<'a>(stack: &Stack, unit: &'a ScriptUnit, around: &Surroundings<'_>) -> Vec<Call<'a>> {
    let found = envsubst_calls(&unit.script, &|name| around.value(name));
    let templates =
        |call: &Envsubst<'_>| -> Vec<FileId> { stack.templates.iter().filter(|t| t.call == call.command.span).map(|t| t.file).collect() };
    let steps = if found.iter().any(|c| !c.expanded.is_empty()) { around.traced(unit) } else { Vec::new() };
    let format = |call: &Envsubst<'_>| steps.iter().filter(|_| !call.expanded.is_empty()).find_map(|s| format_in(s, call.command.span));
    let read = |call: Envsubst<'a>| {
        let templates = templates(&call);
        let text = read_in_script(&unit.script, call.command);
        Call { template: templates.first().copied(), templates, text, format: format(&call), call }
    };
    found.into_iter().map(read).collect()
}

/// The heredoc that envsubst reads, itself or through `cat`, as far as no shell expands it.
fn read_in_script(script: &Script, command: &Command) -> Option<Text> {
    let commands: Vec<&Command> = script.walk().map(|(_, c)| c).collect();
    let at = commands.iter().position(|c| c.span == command.span)?;
    let before = at.checked_sub(1).and_then(|n| commands.get(n)).filter(|c| {
        command.place.pipe_index > 0 && c.place.pipe_index + 1 == command.place.pipe_index && c.name().as_deref() == Some("cat")
    });
    let mut redirects = command.redirects.iter().chain(before.into_iter().flat_map(|c| &c.redirects));
    let body = redirects.find_map(|r| r.heredoc.as_ref())?;
    let mut text = Text::builder(body.span);
    for piece in &body.pieces {
        let PieceKind::Literal(literal) = &piece.kind else { return None };
        text.push(literal, piece.span);
    }
    Some(text)
}

/// What the call of envsubst at a place is handed.
fn format_in(step: &Step, place: Span) -> Option<Flow> {
    let here = |c: &&Executed| {
        let span = step.text.span_of(c.range.clone());
        span.file == place.file && span.start < place.end && place.start < span.end
    };
    step.commands.iter().filter(here).find_map(|command| {
        let own = command.inner.iter().find(|s| matches!(s.reader, Reader::Envsubst(_))).map(|s| s.text.clone());
        own.or_else(|| command.inner.iter().find_map(|s| format_in(s, place)))
    })
}

impl Call<'_> {
    /// Whether nginx reads what comes out, by the paths.
    pub(crate) fn for_nginx(&self) -> bool {
        let paths = self.call.input.iter().chain(&self.call.output);
        paths.map(|w| w.lossy()).any(|p| {
            let page = [".js", ".html", ".json", ".css"].iter().any(|ext| p.trim_end_matches(".template").ends_with(ext));
            let named = crate::files::file_name(&p).contains("nginx");
            !page && (named || p.contains("/etc/nginx") || p.contains("/nginx/conf") || p.contains("/conf.d/") && p.contains(".conf"))
        })
    }
}

/// The `$names` of a text that stands in the script.
pub(crate) fn variables_of_text(text: &Text) -> Vec<Variable> {
    let mut found = Vec::new();
    nginx::variables_in(text, &mut found);
    found
}

/// The `$names` of a template that envsubst would replace, comments of nginx left out, and those among them that are nginx's own.
pub(crate) fn variables(stack: &Stack, file: FileId, for_nginx: bool) -> (Vec<Variable>, Vec<String>) {
    let source = stack.sources.get(file);
    let parsed = nginx::parse(&source.text, source.span());
    let by_use = stack.nginx.iter().any(|n| n.file == file);
    if for_nginx || by_use {
        let own = parsed.assigned().into_iter().map(|n| n.value).collect();
        return (parsed.variables(), own);
    }
    let mut found = Vec::new();
    nginx::variables_in(&Text::verbatim(source.text.clone(), source.span()), &mut found);
    (found, Vec::new())
}

/// Whether nginx sets a variable of this name.
pub(crate) fn is_nginx_variable(name: &str) -> bool {
    const PREFIXES: [&str; 14] = [
        "http_",
        "arg_",
        "cookie_",
        "sent_http_",
        "sent_trailer_",
        "upstream_",
        "ssl_",
        "proxy_",
        "geoip_",
        "geoip2_",
        "jwt_",
        "realip_",
        "server_",
        "request_",
    ];
    const NAMES: [&str; 46] = [
        "uri",
        "host",
        "args",
        "is_args",
        "query_string",
        "document_uri",
        "document_root",
        "request",
        "scheme",
        "https",
        "hostname",
        "remote_addr",
        "remote_port",
        "remote_user",
        "status",
        "body_bytes_sent",
        "bytes_sent",
        "bytes_received",
        "connection",
        "connection_requests",
        "connection_time",
        "connections_active",
        "connections_reading",
        "connections_waiting",
        "connections_writing",
        "content_length",
        "content_type",
        "binary_remote_addr",
        "fastcgi_path_info",
        "fastcgi_script_name",
        "gzip_ratio",
        "invalid_referer",
        "limit_rate",
        "limit_req_status",
        "limit_conn_status",
        "memcached_key",
        "modern_browser",
        "ancient_browser",
        "msec",
        "nginx_version",
        "pid",
        "pipe",
        "protocol",
        "realpath_root",
        "time_iso8601",
        "time_local",
    ];
    NAMES.contains(&name) || name == "tcpinfo_rtt" || name == "uid_got" || PREFIXES.iter().any(|p| name.starts_with(p))
}

struct Mentions(bool);

/// Whether a script, or one inside it, has a word that names envsubst.
pub(crate) fn mentions_envsubst(unit: &ScriptUnit, cx: &mut Cx<'_>) -> bool {
    const NAME: &str = "envsubst";
    let names = |kind: &PieceKind| match kind {
        PieceKind::Literal(text) | PieceKind::Other(text) | PieceKind::Command { text, .. } => {
            text.len() >= NAME.len() && text.contains(NAME)
        }
        _ => false,
    };
    let mentions = || unit.script.walk().any(|(_, c)| c.words.iter().flat_map(|w| &w.pieces).any(|p| names(&p.kind)));
    // a look at the source first: nearly no script does
    static FINDER: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new(NAME));
    let written = |stack: &Stack| FINDER.find(stack.sources.slice(unit.span).as_bytes()).is_some();
    written(cx.stack) && cx.once(|_| Mentions(mentions())).0
}
