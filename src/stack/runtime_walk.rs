//! Follows a container's start: entrypoint and command, shells, script files, package scripts.

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;

use crate::compose::{CommandLine, MountKind, Service};
use crate::files::{self, Files, Kind};
use crate::quoting::{Environment, Step};
use crate::source::{FileId, SourceFile, Sources, Span};
use crate::syntax::dockerfile::Form;
use crate::syntax::shell::{self, Command, Dialect, GroupKind, Programs, Script, Word};
use crate::syntax::supervisord::Program;
use crate::syntax::{gunicorn, package_json};
use crate::text::Text;

use super::course::Course;
use super::exports::Exports;
use super::imagefs::{self, Images, Located};
use super::runtime::{Arg, Below, Launch, Pid1, Process, Runtime, RuntimeEnv, Started, Via, ViaKind, written_at};
use super::{BuildContext, DockerfileUnit, ScriptOrigin, ScriptUnit, course, ends, images, supervised};

const MAX_DEPTH: usize = 10;
const MAX_PROCESSES: usize = 200;
/// Files of a folder that are looked at.
const MAX_BESIDE: usize = 50;

/// What the walks of one stack find out, each for those after it.
#[derive(Default)]
pub(super) struct Known {
    pub(super) images: Images,
    /// Files that may be scripts, by path.
    texts: HashMap<String, FileId>,
    scripts: HashMap<(FileId, Dialect), Arc<Script>>,
    lines: HashMap<Span, (Vec<Text>, Arc<Script>)>,
}

impl Known {
    /// The script that a file holds.
    pub(super) fn script(&mut self, source: &SourceFile, dialect: Dialect) -> Arc<Script> {
        let read = || Arc::new(shell::parse_text(&Text::verbatim(source.text.clone(), source.span()), dialect));
        Arc::clone(self.scripts.entry((source.id, dialect)).or_insert_with(read))
    }

    /// The script of a command line of Compose. One that is in several projects may hold other values in each.
    pub(super) fn line(&mut self, span: Span, argv: &[Text]) -> Arc<Script> {
        if let Some((_, script)) = self.lines.get(&span).filter(|(words, _)| words == argv) {
            return Arc::clone(script);
        }
        let script = Arc::new(shell::from_argv(argv, Dialect::Posix));
        self.lines.insert(span, (argv.to_vec(), Arc::clone(&script)));
        script
    }
}

/// Everything that following a start needs.
pub(super) struct Walk<'a> {
    pub(super) known: &'a mut Known,
    pub(super) files: &'a dyn Files,
    pub(super) sources: &'a mut Sources,
    pub(super) unit: Option<(&'a DockerfileUnit, usize)>,
    pub(super) context: Option<&'a BuildContext>,
    pub(super) service: Option<&'a Service>,
    /// Script files that were met, for rules on scripts.
    pub(super) scripts: Vec<ScriptUnit>,
    /// Where the programs stand that were looked for on PATH.
    pub(super) on_path: RefCell<HashMap<String, Option<String>>>,
    /// The environment that the container starts with, once it was asked for.
    pub(super) environment: OnceCell<Environment>,
}

/// How the process that is looked at stands to process 1.
#[derive(Clone)]
struct Layer {
    pid1: Pid1,
    below: Option<Vec<Below>>,
    via: Arc<[Via]>,
    background: bool,
    last: bool,
    before_nothing: bool,
    keeps_up: bool,
    depth: usize,
    /// What the scripts above have added to the environment, the innermost first.
    env: Arc<[RuntimeEnv]>,
}

impl Layer {
    /// The layer within, which this leads to.
    fn through(mut self, kind: ViaKind, span: Span) -> Layer {
        self.via = self.via.iter().cloned().chain([Via { kind, span }]).collect();
        self
    }
}

/// How a shell gets a script.
struct Call<'a> {
    /// The program behind the shell's name.
    shell: &'a str,
    /// The form of the text that `-c` gives it; `None` for a file, and for a part of a script that goes on.
    text: Option<ends::Form>,
    /// The launch, the `sh -c` or what brings the script.
    at: Span,
    /// `$1`, `$2` …; empty where they are not known.
    args: &'a [Text],
    /// It is known that there are none.
    bare: bool,
    course: Course<'a>,
}

impl Walk<'_> {
    /// Fills in what a runtime starts.
    pub(super) fn run(&mut self, runtime: &mut Runtime) {
        runtime.launches = self.launches();
        runtime.env = self.env();
        runtime.workdir = match self.service.and_then(|s| s.working_dir.as_ref()) {
            Some(dir) => Some(dir.value.clone()),
            None => self.unit.and_then(|(unit, stage)| unit.workdir_at(stage, usize::MAX)),
        };
        runtime.init = self.service.is_some_and(|s| s.init);
        runtime.complete = !runtime.launches.is_empty() && (self.unit.is_some() || runtime.launches.iter().any(|l| l.entrypoint));
        // official images run the command that they are given, unless it begins with an option
        let official = runtime.image.as_ref().is_some_and(|i| i.official().is_some());
        let given = runtime.launches.iter().any(|l| !l.entrypoint && l.argv.first().is_some_and(|w| !w.value.starts_with('-')));
        runtime.complete |= official && given;
        let entrypoint = runtime.launches.iter().find(|l| l.entrypoint).cloned();
        let command = runtime.launches.iter().find(|l| !l.entrypoint).cloned();
        let pid1 = if runtime.init { Pid1::Unknown } else { Pid1::Yes };
        let (below, via, env) = (Some(Vec::new()), Arc::from([]), Arc::from([]));
        let layer = Layer { pid1, below, via, background: false, last: true, before_nothing: false, keeps_up: false, depth: 0, env };
        match (entrypoint, command) {
            (Some(entry), command) => {
                let mut argv = entry.argv.clone();
                let rest: Vec<Text> = if entry.shell_form { Vec::new() } else { command.iter().flat_map(|c| c.argv.clone()).collect() };
                argv.extend(rest.iter().cloned());
                self.start(&entry, &argv, &rest, layer, runtime);
            }
            (None, Some(command)) => self.start(&command, &command.argv, &[], layer, runtime),
            (None, None) => {}
        }
    }

    /// The environment that the container starts with.
    fn environment(&self, runtime: &Runtime) -> Environment {
        self.environment.get_or_init(|| course::environment(runtime)).clone()
    }

    fn launches(&self) -> Vec<Launch> {
        let mut found = Vec::new();
        let (mut entrypoint, mut cmd) = (None, None);
        if let Some((unit, stage)) = self.unit {
            let (e, c) = unit.launch(stage);
            entrypoint = e.and_then(|item| instruction_launch(unit, stage, item, true));
            cmd = c.and_then(|item| instruction_launch(unit, stage, item, false));
        }
        if let Some(service) = self.service {
            if let Some(line) = &service.entrypoint {
                entrypoint = compose_launch(line, true);
                cmd = None;
            }
            if let Some(line) = &service.command {
                cmd = compose_launch(line, false);
            }
        }
        found.extend(entrypoint);
        found.extend(cmd);
        found
    }

    fn env(&self) -> Vec<RuntimeEnv> {
        let mut all: Vec<RuntimeEnv> = Vec::new();
        if let Some((unit, stage)) = self.unit {
            let set = unit.run_envs(stage).into_iter();
            all.extend(set.map(|s| RuntimeEnv { name: s.name.clone(), value: s.value.clone(), span: s.span, from_image: true }));
        }
        all.extend(self.service.into_iter().flat_map(|s| &s.environment).map(|var| {
            let value = var.value.as_ref().filter(|_| !var.interpolated()).map(|v| v.value.clone());
            RuntimeEnv { name: var.name.value.clone(), value, span: var.span, from_image: false }
        }));
        all.sort_by(|a, b| a.name.cmp(&b.name));
        // of the same name the last one counts
        all.dedup_by(|next, kept| {
            let same = next.name == kept.name;
            if same {
                std::mem::swap(next, kept);
            }
            same
        });
        all
    }

    fn start(&mut self, launch: &Launch, argv: &[Text], rest: &[Text], layer: Layer, runtime: &mut Runtime) {
        if launch.shell_form {
            let layer = layer.through(ViaKind::ShellForm, launch.span);
            let Some(script) = self.launch_script(launch) else {
                runtime.complete = false;
                return;
            };
            let shell = self.system_shell(argv.first().map_or("sh", |a| files::file_name(&a.value)), runtime);
            let step = course::step(&script, || launch.argv.last().cloned(), &shell, &[], rest, || self.environment(runtime));
            let course = Course::of(&script, step.map(Cow::Owned));
            let text = launch.argv.last().map(ends::Form::of).unwrap_or_default();
            let call = Call { shell: &shell, text: Some(text), at: launch.span, args: rest, bare: rest.is_empty(), course };
            self.script(&script, &layer, &call, runtime);
            return;
        }
        let script = match launch.instruction {
            None if argv.len() == launch.argv.len() => self.known.line(launch.span, argv),
            _ => Arc::new(shell::from_argv(argv, Dialect::Posix)),
        };
        if let Some(command) = script.commands.first() {
            self.command(command, layer, rest, None, runtime);
        }
    }

    fn launch_script(&self, launch: &Launch) -> Option<Arc<Script>> {
        match launch.instruction {
            Some((_, item)) => self.unit.and_then(|(unit, _)| unit.scripts.get(&item)).map(|s| Arc::clone(&s.script)),
            None => Some(Arc::new(shell::parse_text(launch.argv.last()?, Dialect::Posix))),
        }
    }

    /// Reads a file that may be a script: one without zero bytes.
    pub(super) fn script_text(&mut self, path: &str) -> Option<FileId> {
        if let Some(file) = self.known.texts.get(path) {
            return Some(*file);
        }
        let bytes = self.files.read(path).ok().filter(|b| !b.contains(&0))?;
        let file = self.sources.add_bytes(path, bytes);
        self.known.texts.insert(path.to_owned(), file);
        Some(file)
    }

    /// The program behind `sh` in this image: what it is decides whether it stays above its last command.
    fn system_shell(&self, name: &str, runtime: &Runtime) -> String {
        if name != "sh" {
            return name.to_owned();
        }
        let image = match self.unit {
            Some((unit, stage)) if super::knowledge::links_sh(unit, stage) => None,
            Some((unit, stage)) => unit.root_image(stage),
            None => runtime.image.as_ref(),
        };
        image.and_then(super::knowledge::system_shell).unwrap_or("sh").to_owned()
    }

    fn script(&mut self, script: &Script, layer: &Layer, call: &Call<'_>, runtime: &mut Runtime) {
        let Call { shell, at, args, bare, ref course, .. } = *call;
        let inline = call.text.is_some();
        let count = script.commands.len();
        const SOURCE: Programs = Programs::of(&[".", "source"]);
        let sourced = |c: &Command| c.may_start(SOURCE) && matches!(c.name().as_deref(), Some("." | "source"));
        let (traps, sources) = (ends::passes_signals_on(script), script.commands.iter().any(sourced));
        let mut exports = Exports::new(course, &layer.env);
        let mut called_last: HashMap<&str, bool> = HashMap::new();
        for (number, command) in script.commands.iter().enumerate().take(count.min(MAX_PROCESSES)) {
            if command.place.substitution || command.words.is_empty() || !course.reaches(number) {
                continue;
            }
            let executed = course.words(number, command, args).map(|words| shell::with_words(command, words, script.dialect));
            let written = command;
            let command = executed.as_ref().unwrap_or(command);
            let effective = command.effective();
            if effective.name().is_some_and(|name| script.groups.iter().any(|g| matches!(&g.kind, GroupKind::Function(n) if *n == name))) {
                continue;
            }
            let own = command.nested.as_ref().is_some_and(|n| n.by == "eval");
            let mut is_called = |function| *called_last.entry(function).or_insert_with(|| ends::is_called_last(script, function));
            let called_last = ends::ended_by(script, command).is_some_and(&mut is_called);
            let before_nothing = bare && layer.last && ends::is_before_nothing(script, command);
            let stays = || called_last || before_nothing && runtime.service.is_some() || ends::stays_for(script, command);
            let last = layer.last && (command.place.last && !command.place.background || stays());
            let forked = command.place.pipe_len > 1 || command.place.subshell || command.place.background;
            let execs = effective.exec && !forked;
            let gives_way = call.text.as_ref().is_some_and(|text| ends::gives_way(shell, script, command, text));
            let implicit = gives_way && command.place.last && layer.last;
            let pid1 = match (&layer.pid1, execs || own) {
                (Pid1::Yes, true) => Pid1::Yes,
                (Pid1::Yes, false) if inline && shell == "sh" && command.place.last && layer.last && ends::is_plain(command) => {
                    Pid1::Unknown
                }
                (Pid1::Yes, false) if implicit => Pid1::Yes,
                (Pid1::Yes, false) if command.place.function => Pid1::Unknown,
                (Pid1::Yes, false) => Pid1::No { above: shell.to_owned(), at },
                (other, _) => other.clone(),
            };
            // `sh` of an unknown image, the shell of a user under `su`
            let unsure = !matches!(shell, "dash" | "bash" | "ash" | "busybox") && inline && last && !forked;
            let stays = !(execs || own || implicit || unsure);
            let known = !traps && (!command.place.function || called_last);
            let mut below = layer.below.clone().filter(|_| known);
            // what a sourced file brings may be a function
            if sources && effective.name().is_some_and(|n| n.contains('_') && !n.contains('.')) {
                below = None;
            }
            if let (true, Some(below), Some(word)) = (stays, &mut below, written.words.first()) {
                let name = effective.name().map(Cow::into_owned);
                let forked = forked || ends::is_in_loop(script, command) || written.name().as_deref() == Some("time");
                below.push(Below { shell: shell.to_owned(), command: command.span, word: word.span, name, forked });
            }
            let inner = Layer {
                pid1,
                below,
                via: Arc::clone(&layer.via),
                background: layer.background || command.place.background,
                last: last || execs && !command.place.background,
                before_nothing,
                keeps_up: layer.last && ends::rests_for_ever(script, command),
                depth: layer.depth + 1,
                env: exports.of(number, &runtime.env),
            };
            self.command(command, inner, args, course.inner(number), runtime);
        }
    }

    fn command(&mut self, command: &Command, layer: Layer, rest: &[Text], inside: Option<&Step>, runtime: &mut Runtime) {
        if layer.depth > MAX_DEPTH || runtime.processes.len() >= MAX_PROCESSES {
            runtime.complete = false;
            return;
        }
        let effective = command.effective();
        // below a shell that stays, an init is no more process 1 than anything else
        let init = runs_init(&effective) && layer.below.as_ref().is_none_or(Vec::is_empty);
        runtime.init |= init;
        let layer = if init { Layer { pid1: Pid1::Unknown, below: None, ..layer } } else { layer };
        if let Some(nested) = &command.nested {
            let evaluated = nested.by == "eval";
            let shell = if evaluated { "sh".to_owned() } else { self.system_shell(&nested.by, runtime) };
            let inner = layer.through(ViaKind::Shell(nested.by.clone()), command.span);
            let given: Vec<Text> = if evaluated { rest.to_vec() } else { handed_arguments(command) };
            let step = match inside {
                Some(step) => Some(Cow::Borrowed(step)),
                None => {
                    let environment = || self.environment(runtime);
                    course::step(&nested.script, || handed_text(command), &shell, &inner.env, &given, environment).map(Cow::Owned)
                }
            };
            let course = Course::of(&nested.script, step);
            // no shell gives way to the last command of eval
            let form = (!evaluated).then(|| handed_text(command).as_ref().map(ends::Form::of).unwrap_or_default());
            let handed = shell::handed(&command.words, Dialect::Posix).filter(|h| shell::shell(&h.by).is_some());
            let bare = handed.is_some_and(|h| h.arguments.len() <= 1);
            let call = Call { shell: &shell, text: form, at: command.span, args: &given, bare, course };
            self.script(&nested.script, &inner, &call, runtime);
            return;
        }
        let words: Vec<&Word> = effective.words.iter().collect();
        if passes_arguments_on(&words) {
            if rest.is_empty() {
                runtime.complete = false;
            } else if let Some(command) = shell::from_argv(rest, Dialect::Posix).commands.first() {
                self.command(command, layer, &[], None, runtime);
            }
            return;
        }
        let argv = self.argv(&words, runtime);
        let Some(name) = argv.first().map(|a| files::file_name(&a.value).to_owned()) else { return };
        if let Some(path) = script_operand(&name, &argv)
            && self.script_file(&path, &name, &argv, &layer, command, rest, runtime)
        {
            return;
        }
        if let Some((script, extra)) = package_script(&name, &argv) {
            let before = runtime.processes.len();
            self.package_script(&script, &layer, written_at(command.span, &argv), runtime);
            if let Some(last) = runtime.processes.get_mut(before..).and_then(<[Process]>::last_mut) {
                last.argv.extend(extra);
            }
        }
        let gunicorn = if name == "gunicorn" { self.gunicorn(&argv, runtime) } else { None };
        let program = self.program(&name, &argv, runtime);
        let supervisor = matches!(name.as_str(), "supervisord").then(|| layer.clone());
        let process = Process {
            argv,
            span: command.span,
            via: layer.via,
            pid1: layer.pid1,
            below: layer.below,
            background: layer.background,
            last: layer.last,
            before_nothing: layer.before_nothing,
            keeps_up: layer.keeps_up,
            output: self.argv(&outputs(command), runtime),
            env: before(given(&effective).collect(), &layer.env),
            gunicorn,
            program,
        };
        let programs = match &supervisor {
            Some(_) => supervised::programs(self, &process, runtime.workdir.as_deref()),
            None => Vec::new(),
        };
        runtime.processes.push(process);
        if let Some(layer) = supervisor {
            self.supervised(programs, &layer, command.span, runtime);
        }
    }

    /// The programs of a supervisor run beside each other, in folders of their own.
    fn supervised(&mut self, programs: Vec<(String, FileId, Program)>, layer: &Layer, at: Span, runtime: &mut Runtime) {
        let workdir = runtime.workdir.clone();
        for (path, _, program) in programs {
            let inner = Layer {
                pid1: Pid1::Unknown,
                background: true,
                last: false,
                before_nothing: false,
                keeps_up: false,
                depth: layer.depth + 1,
                below: None,
                via: Arc::clone(&layer.via),
                env: Arc::clone(&layer.env),
            };
            let inner = inner.through(ViaKind::Supervisor(path), at);
            if program.directory.is_some() {
                runtime.workdir = program.directory.clone();
            }
            let script = shell::parse_text(&program.command, Dialect::Posix);
            if let Some(command) = script.commands.first() {
                self.command(command, inner, &[], None, runtime);
            }
            runtime.workdir.clone_from(&workdir);
        }
    }

    fn argv(&self, words: &[&Word], runtime: &Runtime) -> Vec<Arg> {
        let lookup = |name: &str| runtime.env_value(name).map(str::to_owned);
        words
            .iter()
            .map(|word| match word.evaluate(&lookup) {
                Some(value) => Arg { value, known: true, span: word.span },
                None => Arg { value: word.lossy().into_owned(), known: false, span: word.span },
            })
            .collect()
    }

    #[allow(clippy::too_many_arguments, reason = "the state of one layer")]
    fn script_file(
        &mut self,
        given: &str,
        name: &str,
        argv: &[Arg],
        layer: &Layer,
        command: &Command,
        rest: &[Text],
        runtime: &mut Runtime,
    ) -> bool {
        let Some(full) = self.container_path(given, argv, runtime) else { return false };
        let Some(located) = self.locate(&full) else { return false };
        let (script, text, interpreter, span, by) = match located {
            Located::Generated { text, by } => {
                if let Some(word) = argv.first().filter(|a| a.value == given) {
                    let (path, file) = (full.clone(), String::new());
                    let executable = Some(false);
                    runtime.started.push(Started { span: word.span, path, file, executable, among_executables: true, by, copied: true });
                }
                let Some(dialect) = script_dialect(&text, name) else { return false };
                let (interpreter, span) = (shebang(&text), text.span);
                (Arc::new(shell::parse_text(&text, dialect)), Some(text), interpreter, span, by)
            }
            Located::File { path, by, copied } => {
                if let Some(word) = argv.first().filter(|a| a.value == given) {
                    let executable = self.files.mode(&path).map(|mode| mode & 0o111 != 0);
                    let among_executables = executable == Some(false) && self.has_executables(files::parent(&path));
                    let (full, path) = (full.clone(), path.clone());
                    runtime.started.push(Started { span: word.span, path: full, file: path, executable, among_executables, by, copied });
                }
                let Some(file) = self.script_text(&path) else { return false };
                let source = self.sources.get(file);
                let Some(dialect) = script_dialect(&source.text, name) else { return false };
                (self.known.script(source, dialect), None, shebang(&source.text), source.span(), by)
            }
        };
        let interpreter =
            interpreter.filter(|_| !is_shell(name)).unwrap_or_else(|| if is_shell(name) { name.to_owned() } else { "sh".to_owned() });
        let shell = self.system_shell(&interpreter, runtime);
        let mut inner = layer.clone().through(ViaKind::Script(full), command.span);
        let sourced = matches!(name, "." | "source");
        let at = if sourced { command.span } else { by };
        if sourced {
            inner.below = None;
        }
        let arguments = if sourced && argv.len() <= 2 { rest.to_vec() } else { after_script(argv, given, rest) };
        let text = || {
            let source = self.sources.get(span.file);
            Some(text.clone().unwrap_or_else(|| Text::verbatim(source.text.clone(), source.span())))
        };
        let step = course::step(&script, text, &shell, &inner.env, &arguments, || self.environment(runtime));
        let course = Course::of(&script, step.map(Cow::Owned));
        let bare = !sourced && argv.last().is_some_and(|a| a.value == given);
        self.script(&script, &inner, &Call { shell: &shell, text: None, at, args: &arguments, bare, course }, runtime);
        let known = self.scripts.iter().any(|s| s.span == span);
        if !known {
            self.scripts.push(ScriptUnit { script, origin: ScriptOrigin::File(span.file), span });
        }
        true
    }

    fn has_executables(&self, dir: &str) -> bool {
        let beside = self.files.names(dir).unwrap_or_default();
        let mut entries = beside.iter().filter(|e| e.kind == Kind::File).take(MAX_BESIDE);
        entries.any(|e| self.files.mode(&files::join(dir, &e.name)).is_some_and(|mode| mode & 0o111 != 0))
    }

    fn package_script(&mut self, script: &str, layer: &Layer, at: Span, runtime: &mut Runtime) {
        let Some(workdir) = runtime.workdir.clone() else { return };
        let Some(Located::File { path, .. }) = self.locate(&files::join(&workdir, "package.json")) else { return };
        let Ok(bytes) = self.files.read(&path) else { return };
        let file = self.sources.add_bytes(&path, bytes);
        let source = self.sources.get(file);
        let package = package_json::parse(&source.text, source.span());
        let Some(text) = package.script(script) else { return };
        let parsed = shell::parse_text(text, Dialect::Posix);
        let mut inner = layer.clone().through(ViaKind::PackageScript(script.to_owned()), at);
        inner.below = None;
        inner.pid1 = match inner.pid1 {
            Pid1::Yes => Pid1::Unknown,
            other => other,
        };
        let step = course::step(&parsed, || Some(text.clone()), "sh", &inner.env, &[], || self.environment(runtime));
        let course = Course::of(&parsed, step.map(Cow::Owned));
        let form = Some(ends::Form::default());
        self.script(&parsed, &inner, &Call { shell: "sh", text: form, at, args: &[], bare: false, course }, runtime);
    }

    fn gunicorn(&mut self, argv: &[Arg], runtime: &Runtime) -> Option<(FileId, gunicorn::Settings)> {
        let process = probe(argv);
        let path = match process.option(&["-c", "--config"]) {
            Some(arg) if arg.value.starts_with("python:") => return None,
            Some(arg) => arg.value.trim_start_matches("file:").to_owned(),
            None => "gunicorn.conf.py".to_owned(),
        };
        let full = self.container_path(&path, &[], runtime)?;
        let Located::File { path, .. } = self.locate(&full)? else { return None };
        let bytes = self.files.read(&path).ok()?;
        let file = self.sources.add_bytes(&path, bytes);
        let source = self.sources.get(file);
        let conf = gunicorn::parse(&source.text, source.span());
        Some((file, conf))
    }

    /// The program of `python main.py`, `node server.js`, the configuration of `supervisord`: where it lies in the context.
    fn program(&mut self, name: &str, argv: &[Arg], runtime: &Runtime) -> Option<FileId> {
        let interpreter = name.starts_with("python") || matches!(name, "node" | "nodejs" | "ruby" | "php");
        if let Some(stem) = settings_stem(name) {
            return self.settings(stem, runtime);
        }
        if name == "supervisord" {
            let path = supervised::configuration(self, argv, runtime.workdir.as_deref())?;
            return self.script_text(&path);
        }
        let own = name.ends_with(".py") || name.ends_with(".js");
        let path = if own {
            argv.first()?.value.clone()
        } else if interpreter {
            argv.iter().skip(1).find(|a| !a.value.starts_with('-'))?.value.clone()
        } else {
            return None;
        };
        if ![".py", ".js", ".mjs", ".cjs", ".ts", ".rb", ".php"].iter().any(|ext| path.ends_with(ext)) {
            return None;
        }
        let full = self.container_path(&path, &[], runtime)?;
        let Located::File { path, .. } = self.locate(&full)? else { return None };
        let bytes = self.files.read(&path).ok()?;
        Some(self.sources.add_bytes(&path, bytes))
    }

    /// The configuration of a development server, in the folder that it is started in.
    fn settings(&mut self, stem: &str, runtime: &Runtime) -> Option<FileId> {
        let dir = runtime.workdir.clone()?;
        let paths = ["ts", "js", "mts", "mjs", "cjs", "json"].iter().map(|end| files::join(&dir, &format!("{stem}.{end}")));
        let Located::File { path, .. } = paths.into_iter().find_map(|path| self.locate(&path))? else { return None };
        let bytes = self.files.read(&path).ok()?;
        Some(self.sources.add_bytes(&path, bytes))
    }

    fn container_path(&self, path: &str, _argv: &[Arg], runtime: &Runtime) -> Option<String> {
        if path.starts_with('/') {
            return Some(files::normalize(path));
        }
        if !path.contains(['/', '.']) {
            return self.on_path(path);
        }
        let here = runtime.workdir.as_deref().map(|dir| files::join(dir, path));
        if !path.contains('/') && here.as_ref().is_none_or(|here| self.locate(here).is_none()) {
            return self.on_path(path).or(here);
        }
        here
    }

    /// A bare word is looked up on PATH: where entrypoints are commonly put.
    fn on_path(&self, name: &str) -> Option<String> {
        if let Some(known) = self.on_path.borrow().get(name) {
            return known.clone();
        }
        let places = ["/usr/local/bin", "/usr/bin", "/bin", "/"].iter().map(|dir| files::join(dir, name));
        let found = places.into_iter().find(|p| self.locate(p).is_some());
        self.on_path.borrow_mut().insert(name.to_owned(), found.clone());
        found
    }

    /// What stands at a path of the container: mounts first, then the image.
    pub(super) fn locate(&self, path: &str) -> Option<Located> {
        if let Some(service) = self.service {
            let mounts = service.mounts.iter().filter(|m| files::strip_prefix(&files::normalize(&m.target), path).is_some());
            if let Some(mount) = mounts.max_by_key(|m| m.target.len()).filter(|m| m.kind == MountKind::Bind) {
                let host = mount.source_path.as_deref()?;
                let rest = files::strip_prefix(&files::normalize(&mount.target), path)?;
                let host = files::join(host, rest);
                let there = self.files.kind(&host) == Some(Kind::File);
                return there.then_some(Located::File { path: host, by: mount.span, copied: false });
            }
        }
        let (unit, stage) = self.unit?;
        imagefs::locate(&self.known.images, unit, stage, self.context, path, self.files, 0)
    }
}

/// More variables, before those that are there.
fn before(more: Vec<RuntimeEnv>, env: &Arc<[RuntimeEnv]>) -> Arc<[RuntimeEnv]> {
    if more.is_empty() { Arc::clone(env) } else { more.into_iter().chain(env.iter().cloned()).collect() }
}

/// The variables that `env NAME=value` and its kin give to a program.
fn given(effective: &shell::Effective<'_>) -> impl Iterator<Item = RuntimeEnv> {
    effective.environment().into_iter().filter_map(|word| {
        let text = word.lossy();
        let (name, value) = text.split_once('=')?;
        let value = word.literal().is_some().then(|| value.to_owned());
        Some(RuntimeEnv { name: name.to_owned(), value, span: word.span, from_image: true })
    })
}

/// The files that a command's standard output is sent to.
fn outputs(command: &Command) -> Vec<&Word> {
    let to_file = |r: &&shell::Redirect| matches!(r.operator, ">" | ">>" | ">|" | "&>" | "&>>") && r.fd.is_none_or(|fd| fd == 1);
    command.redirects.iter().filter(to_file).filter_map(|r| r.target.as_ref()).collect()
}

fn settings_stem(name: &str) -> Option<&'static str> {
    Some(match name {
        "vite" => "vite.config",
        "webpack" | "webpack-dev-server" => "webpack.config",
        "vue-cli-service" => "vue.config",
        "astro" => "astro.config",
        "nuxt" => "nuxt.config",
        "ng" => "angular",
        _ => return None,
    })
}

fn probe(argv: &[Arg]) -> Process {
    let span = argv.first().map_or(Span::new(FileId(0), 0, 0), |a| a.span);
    Process {
        argv: argv.to_vec(),
        span,
        via: Arc::from([]),
        pid1: Pid1::Unknown,
        below: None,
        background: false,
        last: false,
        before_nothing: false,
        keeps_up: false,
        output: Vec::new(),
        env: Arc::from([]),
        gunicorn: None,
        program: None,
    }
}

fn instruction_launch(unit: &DockerfileUnit, stage: usize, item: usize, entrypoint: bool) -> Option<Launch> {
    let instruction = unit.ast.instruction(item)?;
    let (argv, shell_form) = match images::form(instruction)? {
        Form::Exec(words) => (words.clone(), false),
        Form::Shell(text) => {
            let shell = unit.shell_at(stage, item);
            let mut argv: Vec<Text> = shell.argv.iter().map(|w| Text::verbatim(w.clone(), instruction.head)).collect();
            argv.push(Text::verbatim(text.text.clone(), text.span));
            (argv, true)
        }
    };
    Some(Launch { entrypoint, span: instruction.head, argv, shell_form, instruction: Some((unit.index, item)) })
}

fn compose_launch(line: &CommandLine, entrypoint: bool) -> Option<Launch> {
    if line.argv.is_empty() {
        return None;
    }
    Some(Launch { entrypoint, span: line.span, argv: line.argv.clone(), shell_form: false, instruction: None })
}

pub(super) fn is_shell(name: &str) -> bool {
    matches!(name, "sh" | "bash" | "dash" | "ash" | "zsh" | "ksh" | "mksh" | "." | "source")
}

fn runs_init(effective: &shell::Effective<'_>) -> bool {
    effective.through().iter().any(|w| matches!(w.as_ref(), "tini" | "dumb-init" | "docker-init" | "catatonit" | "s6-svscan" | "my_init"))
}

fn passes_arguments_on(words: &[&Word]) -> bool {
    let [word] = words else { return false };
    word.pieces.len() == 1 && word.params().any(|(p, _)| matches!(p.name.as_str(), "@" | "*"))
}

/// The path of the script that a command runs, if it runs one.
pub(super) fn script_operand(name: &str, argv: &[Arg]) -> Option<String> {
    if is_shell(name) {
        let operand = argv.iter().skip(1).find(|a| !a.value.starts_with('-') && !a.value.starts_with('+'))?;
        return operand.known.then(|| operand.value.clone());
    }
    let first = argv.first()?;
    let looks = first.value.contains('/') || first.value.ends_with(".sh") || name.contains("entrypoint") || !name.contains('.');
    (first.known && looks).then(|| first.value.clone())
}

/// The arguments that a script is started with; none where one of them is not known. Those that are the caller's own keep their
/// places.
fn after_script(argv: &[Arg], path: &str, callers: &[Text]) -> Vec<Text> {
    let from = argv.iter().position(|a| a.value == path).map_or(argv.len(), |n| n + 1);
    let after = argv.get(from..).unwrap_or_default();
    if after.iter().any(|a| !a.known) {
        return Vec::new();
    }
    let own = after.iter().rev().zip(callers.iter().rev()).take_while(|(a, c)| a.value == c.value).count();
    let (new, kept) = after.split_at(after.len() - own);
    let new = new.iter().map(|a| Text::verbatim(a.value.clone(), a.span));
    new.chain(kept.iter().rev().zip(callers.iter().rev()).map(|(_, c)| c.clone()).collect::<Vec<_>>().into_iter().rev()).collect()
}

/// The script that a command hands to a shell in one of its words.
fn handed_text(command: &Command) -> Option<Text> {
    let shell::HandedText::Word(at) = shell::handed(&command.words, Dialect::Posix)?.text else { return None };
    let word = command.words.get(at)?;
    let mut text = Text::builder(word.span);
    for piece in &word.pieces {
        text.push(piece.literal()?, piece.span);
    }
    Some(text)
}

/// `$1`, `$2` … of a script that a command hands to a shell; none where one of them is not known.
fn handed_arguments(command: &Command) -> Vec<Text> {
    let arguments = shell::handed(&command.words, Dialect::Posix).map(|h| h.arguments).unwrap_or_default();
    let words = command.words.get(arguments).unwrap_or_default().iter().skip(1);
    words.map(|w| Some(Text::verbatim(w.literal()?.into_owned(), w.span))).collect::<Option<_>>().unwrap_or_default()
}

fn shebang(text: &str) -> Option<String> {
    let line = text.trim_start_matches('\u{feff}').lines().next()?.strip_prefix("#!")?;
    let mut words = line.split_whitespace();
    let first = files::file_name(words.next()?);
    let program = if first == "env" { words.find(|w| !w.starts_with('-'))? } else { first };
    Some(files::file_name(program).to_owned())
}

/// The language of a script file; `None` where it is no shell script.
pub(super) fn script_dialect(text: &str, run_by: &str) -> Option<Dialect> {
    let by_shebang = match shebang(text).as_deref() {
        Some("bash") => Some(Dialect::Bash),
        Some("sh" | "dash" | "ash") => Some(Dialect::Posix),
        Some("zsh" | "ksh" | "mksh") => Some(Dialect::Other),
        Some(_) => None,
        None => return if is_shell(run_by) { Some(if run_by == "bash" { Dialect::Bash } else { Dialect::Posix }) } else { None },
    };
    match run_by {
        "bash" => Some(Dialect::Bash),
        "sh" | "dash" | "ash" => Some(Dialect::Posix),
        _ => by_shebang,
    }
}

/// The package.json script that `npm start`, `yarn dev`, `pnpm run build` run, and the words that are handed on to it:
/// for npm those after `--`, for the others all that follow.
fn package_script(name: &str, argv: &[Arg]) -> Option<(String, Vec<Arg>)> {
    let script = package_script_name(name, argv)?;
    let at = argv.iter().position(|a| a.value == script)?;
    let rest = argv.get(at + 1..).unwrap_or_default();
    let rest = match (name, rest.iter().position(|a| a.value == "--")) {
        (_, Some(dashes)) => rest.get(dashes + 1..).unwrap_or_default(),
        ("npm", None) => &[],
        (_, None) => rest,
    };
    Some((script, rest.to_vec()))
}

fn package_script_name(name: &str, argv: &[Arg]) -> Option<String> {
    let operands: Vec<&str> = argv.iter().skip(1).map(|a| a.value.as_str()).filter(|a| !a.starts_with('-')).collect();
    match (name, operands.as_slice()) {
        ("npm" | "pnpm" | "yarn" | "bun", ["run" | "run-script", script, ..]) => Some((*script).to_owned()),
        ("npm" | "pnpm" | "yarn", ["start", ..]) => Some("start".to_owned()),
        ("npm" | "pnpm" | "yarn", ["test", ..]) => Some("test".to_owned()),
        ("yarn" | "pnpm", [script, ..]) if !matches!(*script, "install" | "add" | "exec" | "dlx") => Some((*script).to_owned()),
        _ => None,
    }
}
