//! What is known of each stage without building it: base, environment, user, shell, working folder, command.

use std::ops::ControlFlow;
use std::sync::LazyLock;

use crate::source::{At, Span};
use crate::syntax::dockerfile::{self, Dockerfile, Form, Instruction, Op};
use crate::syntax::shell::Dialect;
use crate::text::Text;

use super::ImageRef;

/// What a stage starts from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base {
    /// An earlier stage of the same file.
    Stage(usize),
    /// An image; its reference after expansion with the defaults of the global ARGs.
    Image(ImageRef),
    /// `scratch`.
    Scratch,
    /// Held in an ARG without a value, or not readable.
    Unknown,
}

/// `NAME=value` of ENV or ARG.
#[derive(Clone, Debug)]
pub struct EnvSet {
    /// The name.
    pub name: String,
    /// The value after expansion; `None` where it is not known here (ARG without default, part of it unknown).
    pub value: Option<String>,
    /// The value as written.
    pub text: Option<Text>,
    /// Key and value.
    pub span: Span,
    /// Place of the instruction in the items.
    pub item: usize,
    /// ARG: gone when the container runs.
    pub arg: bool,
}

/// What a name stands for at some place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// This value.
    Known(String),
    /// Set, to something that is not known here.
    Unknown,
    /// Not set by the file; the base image may set it.
    Unset,
}

/// `SHELL` in effect.
#[derive(Clone, Debug)]
pub struct Shell {
    /// Its words.
    pub argv: Vec<String>,
    /// What it reads.
    pub dialect: Dialect,
    /// The SHELL instruction; `None` for the default.
    pub set_by: Option<Span>,
}

/// A reference from a stage to another one.
#[derive(Clone, Debug)]
pub struct Need {
    /// The stage that is needed.
    pub stage: usize,
    /// What needs it: the FROM's image, `--from=…`, a mount's `from=…`.
    pub span: Span,
    /// Place of the instruction in the items.
    pub item: usize,
}

/// A stage.
#[derive(Clone, Debug)]
pub struct StageModel {
    /// Its number.
    pub index: usize,
    /// Lower-cased name.
    pub name: Option<String>,
    /// The FROM instruction.
    pub from: Span,
    /// The image or stage name as written, at its place.
    pub image: Text,
    /// What it starts from.
    pub base: Base,
    /// ENV and ARG of this stage, in order; those of its parents are not repeated.
    pub env: Vec<EnvSet>,
    /// Stages that it needs, its base included.
    pub needs: Vec<Need>,
    /// `--from` and mount `from` values that name no stage: an image, a named context, or a slip; at their place.
    pub outside: Vec<At<String>>,
    /// WORKDIR after each WORKDIR instruction: item and folder (`None` where a part is unknown).
    pub workdirs: Vec<(usize, Option<String>)>,
    /// USER instructions: item and value.
    pub users: Vec<(usize, Text)>,
    /// SHELL instructions.
    pub shells: Vec<(usize, Shell)>,
    /// Place of its last CMD in the items.
    pub cmd: Option<usize>,
    /// Place of its last ENTRYPOINT.
    pub entrypoint: Option<usize>,
    /// Place of its last HEALTHCHECK.
    pub healthcheck: Option<usize>,
    /// EXPOSE: port, protocol, at their place.
    pub exposed: Vec<At<(u16, String)>>,
}

/// Works out all stages. `args` are the `--build-arg`s in effect.
pub(super) fn stages(ast: &Dockerfile, args: &[(String, String)]) -> Vec<StageModel> {
    let mut globals: Vec<EnvSet> = Vec::new();
    for (item, instruction) in ast.global() {
        if let Op::Arg(pairs) = &instruction.op {
            for pair in pairs {
                let set = env_set(pair, item, true, ast.escape, &|name| find_global(&globals, name, pair.value.as_ref(), ast.escape), args);
                globals.push(set);
            }
        }
    }
    let mut stages: Vec<StageModel> = Vec::with_capacity(ast.stages.len());
    for (index, stage) in ast.stages.iter().enumerate() {
        let Some(from) = ast.from_of(stage) else { continue };
        let Some(instruction) = ast.instruction(stage.from) else { continue };
        let base = base(&from.image, &globals, &stages, ast.escape);
        let need = |stage_index: usize| Need { stage: stage_index, span: from.image.span, item: stage.from };
        let needs = match &base {
            Base::Stage(n) => vec![need(*n)],
            Base::Unknown => stages.iter().filter(|s| may_be(&from.image, s)).map(|s| need(s.index)).collect(),
            _ => Vec::new(),
        };
        let mut model = StageModel {
            index,
            name: stage.name.as_ref().map(|n| n.value.clone()),
            from: instruction.head,
            image: from.image.clone(),
            base,
            env: Vec::new(),
            needs,
            outside: Vec::new(),
            workdirs: Vec::new(),
            users: Vec::new(),
            shells: Vec::new(),
            cmd: None,
            entrypoint: None,
            healthcheck: None,
            exposed: Vec::new(),
        };
        let mut said = said_shells(ast, stage.from);
        for (item, instruction) in ast.stage_instructions(stage) {
            while let Some(shell) = said.pop_if(|s| s.0 < item) {
                model.shells.push(shell);
            }
            apply(&mut model, item, instruction, &stages, &globals, ast.escape, args);
        }
        stages.push(model);
    }
    stages
}

/// The shells that `# hadolint shell=…` comments of a stage name, the last first: what a base image's own SHELL is, the file
/// cannot say otherwise. One above the first FROM holds for every stage.
fn said_shells(ast: &Dockerfile, from: usize) -> Vec<(usize, Shell)> {
    let next = ast.stages.iter().map(|s| s.from).find(|n| *n > from).unwrap_or(ast.items.len());
    let first = ast.stages.first().map_or(0, |s| s.from);
    let mut found = Vec::new();
    for (item, stretch) in ast.items.iter().enumerate().take(next) {
        let dockerfile::ItemKind::Comment(text) = &stretch.kind else { continue };
        let here = item > from || item < first;
        let named = text.value.strip_prefix("hadolint").and_then(|rest| rest.trim_start().strip_prefix("shell"));
        let Some(name) = named.and_then(|rest| rest.trim_start().strip_prefix('=')).map(str::trim).filter(|_| here) else { continue };
        let argv: Vec<String> = name.split_whitespace().map(str::to_owned).collect();
        found.push((item.max(from), Shell { dialect: shell_dialect(&argv), argv, set_by: Some(text.span) }));
    }
    found.reverse();
    found
}

fn find(sets: &[EnvSet], name: &str, before: usize) -> Lookup {
    match sets.iter().rev().find(|s| s.name == name && s.item < before) {
        Some(EnvSet { value: Some(value), .. }) => Lookup::Known(value.clone()),
        Some(_) => Lookup::Unknown,
        None => Lookup::Unset,
    }
}

/// What a name stands for in a word above the stages: an ARG that nothing gives a value is not set, which tells where the word has
/// a default for it.
fn find_global(globals: &[EnvSet], name: &str, word: Option<&Text>, escape: char) -> Lookup {
    let found = find(globals, name, usize::MAX);
    let bare = globals.iter().rev().find(|s| s.name == name).is_some_and(|s| s.text.is_none() && !is_platform_arg(name));
    let has_default = || {
        let references = word.map(|w| dockerfile::expand::references(w, escape)).unwrap_or_default();
        references.iter().filter(|r| r.name == name).all(|r| matches!(r.operator, ":-" | "-"))
    };
    if found == Lookup::Unknown && bare && has_default() { Lookup::Unset } else { found }
}

fn base(image: &Text, globals: &[EnvSet], earlier: &[StageModel], escape: char) -> Base {
    let lookup = |name: &str| find_global(globals, name, Some(image), escape);
    let Some(name) = expand(image, escape, &lookup) else { return Base::Unknown };
    if let Some(stage) = earlier.iter().rev().find(|s| s.name.as_deref() == Some(name.as_str())) {
        return Base::Stage(stage.index);
    }
    match name.as_str() {
        "scratch" => Base::Scratch,
        "" => Base::Unknown,
        _ => Base::Image(ImageRef::parse(&name)),
    }
}

/// Whether `FROM base-${TARGETARCH}` can mean this stage: what stands before and after the variables is its name's.
fn may_be(image: &Text, stage: &StageModel) -> bool {
    let Some(name) = stage.name.as_deref() else { return false };
    let (before, after) = (image.value.split('$').next().unwrap_or_default(), image.value.rsplit('}').next().unwrap_or_default());
    let after = if image.value.ends_with('}') { "" } else { after };
    image.value.contains('$') && name.starts_with(&before.to_lowercase()) && (after.contains('$') || name.ends_with(&after.to_lowercase()))
}

/// Expands a word; `None` where a part of it is unknown or cannot be read.
fn expand(word: &str, escape: char, lookup: &dyn Fn(&str) -> Lookup) -> Option<String> {
    let unknown = std::cell::Cell::new(false);
    let value = dockerfile::expand::expand(word, escape, &|name: &str| match lookup(name) {
        Lookup::Known(value) => Some(value),
        Lookup::Unset if is_platform_arg(name) => {
            unknown.set(true);
            Some(String::new())
        }
        Lookup::Unset => None,
        Lookup::Unknown => {
            unknown.set(true);
            Some(String::new())
        }
    });
    value.ok().filter(|_| !unknown.get())
}

fn is_platform_arg(name: &str) -> bool {
    name.strip_prefix("TARGET")
        .or_else(|| name.strip_prefix("BUILD"))
        .is_some_and(|rest| matches!(rest, "PLATFORM" | "OS" | "OSVERSION" | "ARCH" | "VARIANT" | "STAGE"))
}

fn env_set(
    pair: &dockerfile::Pair,
    item: usize,
    arg: bool,
    escape: char,
    lookup: &dyn Fn(&str) -> Lookup,
    args: &[(String, String)],
) -> EnvSet {
    let name = dockerfile::unquote(&pair.key, escape).value;
    let given = if arg { args.iter().find(|(k, _)| *k == name).map(|(_, v)| v.clone()) } else { None };
    let value = given.or_else(|| pair.value.as_ref().and_then(|v| expand(v, escape, lookup)));
    EnvSet { name, value, text: pair.value.clone(), span: pair.span, item, arg }
}

fn apply(
    model: &mut StageModel,
    item: usize,
    instruction: &Instruction,
    stages: &[StageModel],
    globals: &[EnvSet],
    escape: char,
    args: &[(String, String)],
) {
    let see = |model: &StageModel, name: &str| match find(&model.env, name, usize::MAX) {
        Lookup::Unset => inherited(&model.base, stages, name),
        found => found,
    };
    match &instruction.op {
        Op::Env(pairs) => {
            let sets: Vec<EnvSet> = pairs.iter().map(|p| env_set(p, item, false, escape, &|n| see(model, n), args)).collect();
            model.env.extend(sets);
        }
        Op::Arg(pairs) => {
            for pair in pairs {
                let mut set = env_set(pair, item, true, escape, &|n| see(model, n), args);
                if set.value.is_none() && set.text.is_none() {
                    set.value = match find(globals, &set.name, usize::MAX) {
                        Lookup::Known(value) => Some(value),
                        _ => None,
                    };
                }
                // an ENV of the same name keeps its value over a later ARG
                if !model.env.iter().any(|s| s.name == set.name && !s.arg) {
                    model.env.push(set);
                }
            }
        }
        Op::Workdir(text) => {
            let dir = expand(text, escape, &|n| see(model, n)).and_then(|dir| {
                if dir.starts_with('/') || dir.chars().nth(1) == Some(':') {
                    return Some(crate::files::normalize(&dir));
                }
                let current = model.workdirs.last().map(|(_, d)| d.clone()).unwrap_or_else(|| inherited_workdir(&model.base, stages));
                current.map(|current| crate::files::join(&current, &dir))
            });
            model.workdirs.push((item, dir));
        }
        Op::User(text) => model.users.push((item, text.clone())),
        Op::Shell(words) => {
            let argv: Vec<String> = words.iter().map(|w| w.value.clone()).collect();
            model.shells.push((item, Shell { dialect: shell_dialect(&argv), argv, set_by: Some(instruction.head) }));
        }
        Op::Cmd(_) => model.cmd = Some(item),
        Op::Entrypoint(_) => model.entrypoint = Some(item),
        Op::Healthcheck(_) => model.healthcheck = Some(item),
        Op::Expose(ports) => {
            for port in ports {
                if let Some(value) = expand(port, escape, &|n| see(model, n)) {
                    model.exposed.extend(exposed(&value).into_iter().map(|p| At::new(p, port.span)));
                }
            }
        }
        Op::Copy(copy) | Op::Add(copy) => {
            if let Some(from) = &copy.from {
                reference(model, stages, from, item);
            }
        }
        Op::Run(run) => {
            for mount in &run.mounts {
                if let Some(from) = mount.get("from") {
                    reference(model, stages, from, item);
                }
            }
        }
        _ => {}
    }
}

fn reference(model: &mut StageModel, stages: &[StageModel], from: &Text, item: usize) {
    let name = from.value.to_lowercase();
    let by_number = name.parse::<usize>().ok().filter(|n| *n < stages.len());
    let by_name = || stages.iter().rev().find(|s| s.name.as_deref() == Some(name.as_str())).map(|s| s.index);
    match by_number.or_else(by_name) {
        Some(stage) => model.needs.push(Need { stage, span: from.span, item }),
        None => model.outside.push(At::new(from.value.clone(), from.span)),
    }
}

fn inherited(base: &Base, stages: &[StageModel], name: &str) -> Lookup {
    let mut base = base;
    for _ in 0..=stages.len() {
        match base {
            Base::Stage(n) => {
                let Some(stage) = stages.get(*n) else { return Lookup::Unknown };
                match find(&stage.env, name, usize::MAX) {
                    Lookup::Unset => base = &stage.base,
                    found => return found,
                }
            }
            Base::Image(_) | Base::Unknown => {
                return if name == "PATH" { Lookup::Unknown } else { Lookup::Unset };
            }
            Base::Scratch => return Lookup::Unset,
        }
    }
    Lookup::Unknown
}

fn inherited_workdir(base: &Base, stages: &[StageModel]) -> Option<String> {
    let mut base = base;
    for _ in 0..=stages.len() {
        match base {
            Base::Stage(n) => {
                let stage = stages.get(*n)?;
                match stage.workdirs.last() {
                    Some((_, dir)) => return dir.clone(),
                    None => base = &stage.base,
                }
            }
            Base::Scratch => return Some("/".to_owned()),
            Base::Image(image) => return base_workdir(image),
            Base::Unknown => return None,
        }
    }
    None
}

/// The working folder of well-known images; most leave it at `/`.
fn base_workdir(image: &ImageRef) -> Option<String> {
    let dir = match image.official()? {
        "golang" => "/go",
        "php" | "drupal" | "wordpress" => "/var/www/html",
        "tomcat" => "/usr/local/tomcat",
        "redis" | "mongo" => "/data",
        "ghost" => "/var/lib/ghost",
        "httpd" => "/usr/local/apache2",
        "python" | "node" | "nginx" | "ubuntu" | "debian" | "alpine" | "postgres" | "mysql" | "mariadb" | "ruby" | "rust" | "openjdk"
        | "eclipse-temurin" | "busybox" | "fedora" | "centos" | "amazonlinux" | "buildpack-deps" | "maven" | "gradle" | "perl"
        | "erlang" => "/",
        _ => return None,
    };
    Some(dir.to_owned())
}

fn exposed(text: &str) -> Vec<(u16, String)> {
    let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let ports = ports.rsplit(':').next().unwrap_or(ports);
    let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
    match (first.parse::<u16>(), last.parse::<u16>()) {
        (Ok(first), Ok(last)) if first <= last => (first..=last).take(1000).map(|p| (p, protocol.to_lowercase())).collect(),
        _ => Vec::new(),
    }
}

fn shell_dialect(argv: &[String]) -> Dialect {
    crate::quoting::dialect_of(argv)
}

impl super::DockerfileUnit {
    /// What a name stands for in a stage just before an item (`usize::MAX` for the stage's end), its parents' ENV and ARG included.
    pub fn lookup(&self, stage: usize, before: usize, name: &str) -> Lookup {
        let Some(model) = self.stages.get(stage) else { return Lookup::Unknown };
        match find(&model.env, name, before) {
            Lookup::Unset => inherited(&model.base, &self.stages, name),
            found => found,
        }
    }

    /// The ENV entry that a container of this stage has under a name.
    pub fn run_env(&self, stage: usize, name: &str) -> Option<&EnvSet> {
        self.chain(stage).into_iter().find_map(|n| self.stages.get(n)?.env.iter().rev().find(|s| s.name == name && !s.arg))
    }

    /// All ENV entries that a container of this stage has, the nearest of each name, sorted by name.
    pub fn run_envs(&self, stage: usize) -> Vec<&EnvSet> {
        let mut found: std::collections::BTreeMap<&str, &EnvSet> = std::collections::BTreeMap::new();
        for n in self.chain(stage) {
            for set in self.stages.get(n).into_iter().flat_map(|s| s.env.iter().rev()).filter(|s| !s.arg) {
                found.entry(&set.name).or_insert(set);
            }
        }
        found.into_values().collect()
    }

    /// The ENV and ARG entries in effect in a stage just before an item, the nearest of each name, sorted by name.
    pub fn settings(&self, stage: usize, before: usize) -> Vec<&EnvSet> {
        let mut found: std::collections::BTreeMap<&str, &EnvSet> = std::collections::BTreeMap::new();
        let mut before = before;
        for n in self.chain(stage) {
            for set in self.stages.get(n).into_iter().flat_map(|s| s.env.iter().rev()).filter(|s| s.item < before) {
                found.entry(&set.name).or_insert(set);
            }
            before = usize::MAX;
        }
        found.into_values().collect()
    }

    /// Expands a word of an instruction as the builder does; `None` where a part is unknown.
    pub fn expand_at(&self, stage: usize, item: usize, word: &str) -> Option<String> {
        expand(word, self.ast.escape, &|name| self.lookup(stage, item, name))
    }

    /// The working folder in a stage just before an item.
    pub fn workdir_at(&self, stage: usize, before: usize) -> Option<String> {
        let model = self.stages.get(stage)?;
        match model.workdirs.iter().rev().find(|(item, _)| *item < before) {
            Some((_, dir)) => dir.clone(),
            None => inherited_workdir(&model.base, &self.stages),
        }
    }

    /// The shell in a stage just before an item.
    pub fn shell_at(&self, stage: usize, before: usize) -> &Shell {
        let mut before = before;
        let mut next = stage;
        for _ in 0..=self.stages.len() {
            let Some(model) = self.stages.get(next) else { break };
            if let Some((_, shell)) = model.shells.iter().rev().find(|(item, _)| *item < before) {
                return shell;
            }
            let Base::Stage(parent) = model.base else { break };
            next = parent;
            before = usize::MAX;
        }
        match self.root_image(stage).and_then(image_shell) {
            Some(shell) => shell,
            None => default_shell(self.on_windows(stage)),
        }
    }

    /// Whether a stage is a Windows container: its image's name says so, its `--platform`, or, of an image that is not known, the
    /// escape character that leaves `\\` to paths.
    pub fn on_windows(&self, stage: usize) -> bool {
        let root = (0..=self.stages.len()).try_fold(stage, |n, _| match self.stages.get(n).map(|s| &s.base) {
            Some(Base::Stage(parent)) => ControlFlow::Continue(*parent),
            _ => ControlFlow::Break(n),
        });
        let root = root.break_value().and_then(|n| self.ast.stages.get(n));
        if root.and_then(|s| self.ast.from_of(s)?.platform.as_ref()).is_some_and(|p| p.value.starts_with("windows")) {
            return true;
        }
        let image = self.root_image(stage);
        let unknown = |image: &ImageRef| super::knowledge::distribution(image).is_none();
        image.is_some_and(ImageRef::is_windows) || self.ast.escape == '`' && image.is_none_or(unknown)
    }

    /// The user in a stage just before an item, where a USER instruction says so.
    pub fn user_at(&self, stage: usize, before: usize) -> Option<&Text> {
        let mut before = before;
        for n in self.chain(stage) {
            if let Some((_, user)) = self.stages.get(n).and_then(|s| s.users.iter().rev().find(|(item, _)| *item < before)) {
                return Some(user);
            }
            before = usize::MAX;
        }
        None
    }

    /// The ENTRYPOINT and CMD instructions of a container of this stage: an ENTRYPOINT clears the CMD of the stages above it.
    pub fn launch(&self, stage: usize) -> (Option<usize>, Option<usize>) {
        let mut cmd = None;
        for n in self.chain(stage) {
            let Some(model) = self.stages.get(n) else { break };
            cmd = cmd.or(model.cmd);
            if model.entrypoint.is_some() {
                return (model.entrypoint, cmd);
            }
        }
        (None, cmd)
    }
}

/// The shell that a well-known image sets by a SHELL of its own.
fn image_shell(image: &ImageRef) -> Option<&'static Shell> {
    static BASH: LazyLock<Shell> = LazyLock::new(|| plain_shell(&["/bin/bash", "-o", "pipefail", "-c"], Dialect::Bash));
    static ASH: LazyLock<Shell> = LazyLock::new(|| plain_shell(&["/bin/ash", "-o", "pipefail", "-c"], Dialect::Posix));
    let jenkins = image.registry.is_none() && image.name == "jenkins/jenkins";
    let jupyter = image.name.starts_with("jupyter/") && matches!(image.registry.as_deref(), None | Some("quay.io"));
    let alpine = image.tag.as_deref().is_some_and(|t| t.contains("alpine"));
    (jenkins || jupyter).then(|| if alpine { &*ASH } else { &*BASH })
}

/// The shell of an image that sets none.
fn default_shell(windows: bool) -> &'static Shell {
    static WINDOWS: LazyLock<Shell> = LazyLock::new(|| plain_shell(&["cmd", "/S", "/C"], Dialect::Windows));
    static POSIX: LazyLock<Shell> = LazyLock::new(|| plain_shell(&["/bin/sh", "-c"], Dialect::Posix));
    if windows { &WINDOWS } else { &POSIX }
}

fn plain_shell(argv: &[&str], dialect: Dialect) -> Shell {
    Shell { argv: argv.iter().map(|w| (*w).to_owned()).collect(), dialect, set_by: None }
}

/// The form of CMD, ENTRYPOINT, RUN or HEALTHCHECK.
pub(super) fn form(instruction: &Instruction) -> Option<&Form> {
    match &instruction.op {
        Op::Cmd(form) | Op::Entrypoint(form) | Op::Healthcheck(Some(form)) => Some(form),
        Op::Run(run) => Some(&run.form),
        _ => None,
    }
}
