//! Follows a container's start: entrypoint and command, shells, script files, package scripts.

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use crate::compose::Service;
use crate::files::{self, Files};
use crate::quoting::{Environment, Step};
use crate::source::{FileId, SourceFile, Sources, Span};
use crate::syntax::package_json;
use crate::syntax::shell::{self, Command, Dialect, GroupKind, Programs, Script, Word};
use crate::syntax::supervisord::Program;
use crate::text::Text;

use super::course::Course;
use super::exports::Exports;
use super::imagefs::{Images, Located};
use super::invocation::{
    after_script, handed_arguments, handed_text, is_shell, outputs, package_script, passes_arguments_on, runs_init, script_dialect,
    script_operand, shebang,
};
use super::runtime::{Arg, Below, Launch, Pid1, Process, Runtime, RuntimeEnv, Started, Via, ViaKind, written_at};
use super::{BuildContext, DockerfileUnit, ScriptOrigin, ScriptUnit, course, ends, supervised};

const MAX_DEPTH: usize = 10;
const MAX_PROCESSES: usize = 200;

/// What the walks of one stack find out, each for those after it.
#[derive(Default)]
pub(super) struct Known {
    pub(super) images: Images,
    /// Files that may be scripts, by path.
    pub(super) texts: HashMap<String, FileId>,
    scripts: HashMap<(FileId, Dialect), Arc<Script>>,
    lines: HashMap<Span, (Vec<Text>, Arc<Script>)>,
    courses: HashMap<ReadBy, Vec<Followed>>,
}

/// A file, and how and by which shell it is read.
type ReadBy = (FileId, Dialect, String);

/// The way of a script that was followed, and what it was given: projects that share a file start the same containers.
struct Followed {
    args: Vec<Text>,
    added: Arc<[RuntimeEnv]>,
    env: Vec<RuntimeEnv>,
    course: Rc<Course<'static>>,
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

    /// The way of a script file that was followed before with all this.
    fn course(&self, file: &ReadBy, args: &[Text], added: &[RuntimeEnv], env: &[RuntimeEnv]) -> Option<Rc<Course<'static>>> {
        let same = |f: &&Followed| f.args == args && *f.added == *added && f.env == env;
        self.courses.get(file)?.iter().find(same).map(|f| Rc::clone(&f.course))
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
    course: &'a Course<'a>,
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
            let call = Call { shell: &shell, text: Some(text), at: launch.span, args: rest, bare: rest.is_empty(), course: &course };
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
        let Call { shell, at, args, bare, course, .. } = *call;
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
            let call = Call { shell: &shell, text: form, at: command.span, args: &given, bare, course: &course };
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
        let Some(full) = self.container_path(given, runtime) else { return false };
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
        let course = match text {
            Some(text) => {
                let step = course::step(&script, || Some(text), &shell, &inner.env, &arguments, || self.environment(runtime));
                Rc::new(Course::of(&script, step.map(Cow::Owned)))
            }
            None => self.course_of_file(&script, (span.file, script.dialect, shell.clone()), &arguments, &inner.env, runtime),
        };
        let bare = !sourced && argv.last().is_some_and(|a| a.value == given);
        self.script(&script, &inner, &Call { shell: &shell, text: None, at, args: &arguments, bare, course: &course }, runtime);
        let known = self.scripts.iter().any(|s| s.span == span);
        if !known {
            self.scripts.push(ScriptUnit { script, origin: ScriptOrigin::File(span.file), span });
        }
        true
    }

    /// The way of a script file.
    fn course_of_file(
        &mut self,
        script: &Script,
        file: ReadBy,
        args: &[Text],
        added: &Arc<[RuntimeEnv]>,
        runtime: &Runtime,
    ) -> Rc<Course<'static>> {
        if let Some(known) = self.known.course(&file, args, added, &runtime.env) {
            return known;
        }
        let source = self.sources.get(file.0);
        let text = || Some(Text::verbatim(source.text.clone(), source.span()));
        let step = course::step(script, text, &file.2, added, args, || self.environment(runtime));
        let course = Rc::new(Course::of(script, step.map(Cow::Owned)));
        let followed = Followed { args: args.to_vec(), added: Arc::clone(added), env: runtime.env.clone(), course: Rc::clone(&course) };
        self.known.courses.entry(file).or_default().push(followed);
        course
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
        self.script(&parsed, &inner, &Call { shell: "sh", text: form, at, args: &[], bare: false, course: &course }, runtime);
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
