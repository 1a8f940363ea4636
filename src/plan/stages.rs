//! From instructions to steps. A stage is walked with the state that decides what its next step is; two steps of the
//! same identity are one step, as they are for the builder.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::input::{Build, Input, Unit};
use super::{Plan, Problem, Stage, Step, StepKind};
use crate::files;
use crate::syntax::dockerfile::expand::expand;
use crate::syntax::dockerfile::{CopyOp, Form, Instruction, Op, RunOp};

/// What tells one step from another.
type Identity = [u8; 32];

/// Stages and steps that were met so far, over all builds.
#[derive(Default)]
pub(super) struct Seen {
    steps: BTreeMap<Identity, usize>,
    stages: BTreeMap<(usize, usize, Identity), usize>,
    variants: BTreeMap<(usize, usize), usize>,
    /// Images that a stage or one of its steps takes from outside.
    pub outside: BTreeMap<usize, Vec<Outside>>,
}

/// An image that is not built by this Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outside {
    /// Its name, or `service:x`.
    pub image: String,
    /// The steps that need it.
    pub steps: Vec<usize>,
}

/// What the instructions so far have set up.
#[derive(Clone, Default)]
struct State {
    /// ENV and ARG, in the order in which they were last set.
    env: Vec<(String, String)>,
    args: Vec<(String, Option<String>)>,
    user: String,
    shell: Vec<String>,
    workdir: String,
    heads: Vec<usize>,
    files: Identity,
    triggers: Vec<Instruction>,
}

/// A stage that was walked for a build.
struct Done {
    place: usize,
    state: State,
}

/// Walks the stages of one build.
pub(super) struct Walk<'a> {
    unit: Unit<'a>,
    build: &'a Build,
    platform: &'a str,
    plan: &'a mut Plan,
    seen: &'a mut Seen,
    globals: Vec<(String, Option<String>)>,
    done: BTreeMap<usize, Done>,
}

/// What FROM or `--from` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Stage(usize),
    Image(String),
    Scratch,
}

impl<'a> Walk<'a> {
    pub(super) fn new(input: &'a Input<'a>, build: &'a Build, plan: &'a mut Plan, seen: &'a mut Seen) -> Option<Walk<'a>> {
        let unit = *input.dockerfiles.get(build.unit)?;
        let platform = build.platforms.first().map_or(input.platform.as_str(), String::as_str);
        let mut walk = Walk { unit, build, platform, plan, seen, globals: Vec::new(), done: BTreeMap::new() };
        walk.read_globals();
        Some(walk)
    }

    /// Walks the target and all that it needs; gives the place of the target and of all stages, in file order.
    pub(super) fn run(&mut self, target: usize) -> Result<(usize, Vec<usize>), Problem> {
        let needed = self.reachable(target);
        for &index in &needed {
            self.stage(index)?;
        }
        let places = needed.iter().filter_map(|index| self.done.get(index).map(|done| done.place)).collect();
        let target = self.done.get(&target).map_or(0, |done| done.place);
        Ok((target, places))
    }

    /// The stages that a stage needs, itself included, in file order.
    pub(super) fn reachable(&self, target: usize) -> Vec<usize> {
        let mut needed = vec![false; self.unit.ast.stages.len()];
        let mut open = vec![target];
        while let Some(index) = open.pop() {
            match needed.get_mut(index) {
                Some(seen) if !*seen => *seen = true,
                _ => continue,
            }
            open.extend(self.sources_of(index).into_iter().filter_map(|source| match source {
                Source::Stage(n) => Some(n),
                _ => None,
            }));
        }
        needed.iter().enumerate().filter(|(_, needed)| **needed).map(|(n, _)| n).collect()
    }

    fn sources_of(&self, index: usize) -> Vec<Source> {
        let Some(stage) = self.unit.ast.stages.get(index) else { return Vec::new() };
        let base = self.unit.ast.from_of(stage).map(|from| self.base(&from.image, index));
        let named = self.unit.ast.stage_instructions(stage).flat_map(|(_, instruction)| froms(instruction));
        base.into_iter().chain(named.map(|from| self.from(from, index))).collect()
    }

    fn read_globals(&mut self) {
        let pairs: Vec<_> =
            self.unit.ast.global().filter_map(|(_, i)| if let Op::Arg(pairs) = &i.op { Some(pairs) } else { None }).collect();
        for pair in pairs.into_iter().flatten() {
            let name = self.word(&pair.key, &[]);
            let given = self.build.args.get(&name).cloned();
            let value = given.or_else(|| pair.value.as_ref().map(|value| self.word(value, &[])));
            self.globals.push((name, value));
        }
    }

    fn global(&self, name: &str) -> Option<String> {
        let set = self.globals.iter().rev().find(|(n, _)| n == name).map(|(_, value)| value.clone());
        set.unwrap_or_else(|| self.platform_arg(name))
    }

    fn platform_arg(&self, name: &str) -> Option<String> {
        let (platform, part) = match (name.strip_prefix("TARGET"), name.strip_prefix("BUILD")) {
            (Some(part), _) => (self.platform, part),
            (_, Some(part)) => (self.platform, part),
            _ => return None,
        };
        let mut parts = platform.splitn(3, '/');
        let (os, arch, variant) = (parts.next()?, parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        match part {
            "PLATFORM" => Some(platform.to_owned()),
            "OS" => Some(os.to_owned()),
            "ARCH" => Some(arch.to_owned()),
            "VARIANT" => Some(variant.to_owned()),
            "STAGE" => Some(self.build.target.clone().unwrap_or_else(|| "default".to_owned())),
            _ => None,
        }
    }

    /// A word with its variables replaced; as written where the builder would refuse it.
    fn word(&self, word: &str, set: &[(String, String)]) -> String {
        let lookup = |name: &str| set.iter().rev().find(|(n, _)| n == name).map(|(_, v)| v.clone()).or_else(|| self.global(name));
        expand(word, self.unit.ast.escape, &lookup).unwrap_or_else(|_| word.to_owned())
    }

    /// What a FROM names: an earlier stage by its exact text, or an image.
    fn base(&self, image: &str, before: usize) -> Source {
        let name = self.word(image, &[]);
        if let Some(context) = self.build.settings.contexts.get(&name) {
            return outside(context);
        }
        if name == "scratch" {
            return Source::Scratch;
        }
        self.named(&name, before).map_or(Source::Image(name), Source::Stage)
    }

    /// What a `--from` names: a stage by number or name, a named context, or an image.
    fn from(&self, from: &str, before: usize) -> Source {
        if let Some(context) = self.build.settings.contexts.get(from) {
            return outside(context);
        }
        let number = from.parse::<usize>().ok().filter(|&n| n < before);
        let stage = number.or_else(|| self.named(&from.to_lowercase(), before));
        stage.map_or_else(|| Source::Image(from.to_owned()), Source::Stage)
    }

    fn named(&self, name: &str, before: usize) -> Option<usize> {
        let earlier = self.unit.ast.stages.get(..before)?;
        earlier.iter().rposition(|stage| stage.name.as_ref().is_some_and(|n| n.value == name))
    }

    fn stage(&mut self, index: usize) -> Result<(), Problem> {
        let ast = self.unit.ast;
        let Some(stage) = ast.stages.get(index) else { return Ok(()) };
        let (Some(from), Some(instruction)) = (ast.from_of(stage), ast.instruction(stage.from)) else { return Ok(()) };
        let mut work = Work { needs: Vec::new(), steps: Vec::new(), outside: Vec::new() };
        let base = self.base(&from.image, index);
        let mut state = self.start(&base, from.platform.as_deref(), &mut work);
        for trigger in std::mem::take(&mut state.triggers) {
            self.instruction(&trigger, Some(instruction), index, &mut state, &mut work);
        }
        for (_, instruction) in ast.stage_instructions(stage) {
            self.instruction(instruction, None, index, &mut state, &mut work);
        }
        let name = match &base {
            Source::Stage(_) | Source::Scratch => self.word(&from.image, &[]),
            Source::Image(image) => image.clone(),
        };
        let place = self.enter(index, name, &state, work);
        self.done.insert(index, Done { place, state });
        Ok(())
    }

    /// The state in which a stage begins.
    fn start(&mut self, base: &Source, platform: Option<&str>, work: &mut Work) -> State {
        match base {
            Source::Stage(n) => match self.done.get(n) {
                Some(done) => {
                    work.need(done.place);
                    done.state.clone()
                }
                None => State::default(),
            },
            Source::Scratch => State { files: hash(&["scratch"]), workdir: "/".to_owned(), ..State::default() },
            Source::Image(image) => {
                work.outside.push(Outside { image: image.clone(), steps: Vec::new() });
                let platform = platform.map_or_else(|| self.platform.to_owned(), |p| self.word(p, &[]));
                State { files: hash(&["image", image, &platform]), workdir: "/".to_owned(), ..State::default() }
            }
        }
    }

    fn instruction(&mut self, instruction: &Instruction, at: Option<&Instruction>, index: usize, state: &mut State, work: &mut Work) {
        match &instruction.op {
            Op::Env(pairs) => {
                let known = self.variables(state);
                for pair in pairs {
                    let value = pair.value.as_ref().map_or_else(String::new, |value| self.word_in(value, &known));
                    set(&mut state.env, self.word_in(&pair.key, &known), value);
                }
            }
            Op::Arg(pairs) => {
                for pair in pairs {
                    let known = self.variables(state);
                    let name = self.word_in(&pair.key, &known);
                    let given = self.build.args.get(&name).cloned();
                    let own = pair.value.as_ref().map(|value| self.word_in(value, &known));
                    let value = given.or(own).or_else(|| self.global(&name));
                    state.args.retain(|(n, _)| *n != name);
                    state.args.push((name, value));
                }
            }
            Op::User(user) => state.user = self.word_in(user, &self.variables(state)),
            Op::Shell(words) => state.shell = words.iter().map(|word| word.value.clone()).collect(),
            Op::Workdir(dir) => self.workdir(instruction, at, dir, state, work),
            Op::Run(run) => self.run_step(instruction, at, run, index, state, work),
            Op::Copy(copy) => self.copy_step(instruction, at, copy, StepKind::Copy, index, state, work),
            Op::Add(copy) => self.copy_step(instruction, at, copy, StepKind::Add, index, state, work),
            Op::Onbuild(inner) => state.triggers.push((**inner).clone()),
            _ => {}
        }
    }

    /// Variables that instructions see, the later of ENV and ARG winning as far as it matters: ENV before ARG.
    fn variables(&self, state: &State) -> Vec<(String, String)> {
        let args = state.args.iter().filter_map(|(name, value)| Some((name.clone(), value.clone()?)));
        args.chain(state.env.iter().cloned()).collect()
    }

    fn word_in(&self, word: &str, known: &[(String, String)]) -> String {
        let lookup = |name: &str| known.iter().rev().find(|(n, _)| n == name).map(|(_, value)| value.clone());
        expand(word, self.unit.ast.escape, &lookup).unwrap_or_else(|_| word.to_owned())
    }

    fn workdir(&mut self, instruction: &Instruction, at: Option<&Instruction>, dir: &str, state: &mut State, work: &mut Work) {
        state.workdir = files::join(&state.workdir, &self.word_in(dir, &self.variables(state)));
        if state.workdir == "/" {
            return;
        }
        let identity = hash_all(&[&state.files, b"mkdir", state.workdir.as_bytes(), state.user.as_bytes()]);
        let needs = state.heads.clone();
        let step = self.step(instruction, at, StepKind::Workdir, identity, needs, work);
        state.heads = vec![step];
        state.files = identity;
    }

    fn run_step(
        &mut self,
        instruction: &Instruction,
        at: Option<&Instruction>,
        run: &RunOp,
        index: usize,
        state: &mut State,
        work: &mut Work,
    ) {
        let mut needs = state.heads.clone();
        let mut parts = vec!["run".to_owned(), state.user.clone(), state.workdir.clone()];
        parts.extend(instruction.flags.iter().map(|flag| format!("{}={}", flag.name.value, flag.value.as_deref().unwrap_or_default())));
        match &run.form {
            Form::Exec(words) => parts.extend(words.iter().map(|word| word.value.clone())),
            Form::Shell(text) if run.heredoc_script => parts.extend(state.shell.iter().cloned().chain([text.text.clone()])),
            Form::Shell(_) => parts.extend(state.shell.iter().cloned().chain([instruction.rest.value.clone()])),
        }
        parts.extend(instruction.heredocs.iter().map(|heredoc| heredoc.content.clone()));
        parts.extend(state.env.iter().map(|(name, value)| format!("{name}={value}")));
        parts.extend(state.args.iter().filter_map(|(name, value)| Some(format!("{name}={}", value.as_ref()?))));
        let mut identities = vec![state.files];
        for mount in &run.mounts {
            match mount.get("from") {
                Some(from) => identities.push(self.other(from, index, &mut needs, work)),
                None if mount.kind == "bind" => identities.push(hash(&["context", &self.build.context])),
                None => {}
            }
        }
        let identity = combine(&identities, &parts);
        let step = self.step(instruction, at, StepKind::Run, identity, needs, work);
        state.heads = vec![step];
        state.files = identity;
    }

    #[allow(clippy::too_many_arguments, reason = "one call site each for COPY and ADD")]
    fn copy_step(
        &mut self,
        instruction: &Instruction,
        at: Option<&Instruction>,
        copy: &CopyOp,
        kind: StepKind,
        index: usize,
        state: &mut State,
        work: &mut Work,
    ) {
        let link = instruction.flag("link").is_some_and(|flag| flag.value.as_deref().is_none_or(|v| !v.eq_ignore_ascii_case("false")));
        let mut needs = if link { Vec::new() } else { state.heads.clone() };
        let known = self.variables(state);
        let dest = self.word_in(&copy.dest, &known);
        let dest = if dest.ends_with('/') || dest.ends_with('.') {
            format!("{}/", files::join(&state.workdir, &dest))
        } else {
            files::join(&state.workdir, &dest)
        };
        let mut parts = vec![kind.name().to_owned(), dest];
        parts.extend(copy.sources.iter().map(|source| self.word_in(source, &known)));
        let flags = instruction.flags.iter().filter(|flag| flag.name.value != "from");
        parts.extend(flags.map(|flag| format!("--{}={}", flag.name.value, flag.value.as_deref().unwrap_or_default())));
        parts.extend(instruction.heredocs.iter().flat_map(|heredoc| [heredoc.name.clone(), heredoc.content.clone()]));
        let source = match &copy.from {
            Some(from) => self.other(from, index, &mut needs, work),
            None => hash(&["context", &self.build.context]),
        };
        let below = if link { hash(&["link"]) } else { state.files };
        let identity = combine(&[below, source], &parts);
        let step = self.step(instruction, at, kind, identity, needs, work);
        if link {
            state.files = hash_all(&[&state.files, &identity]);
            state.heads.push(step);
        } else {
            state.files = identity;
            state.heads = vec![step];
        }
    }

    /// The identity of another stage or image that a step reads from.
    fn other(&mut self, from: &str, index: usize, needs: &mut Vec<usize>, work: &mut Work) -> Identity {
        match self.from(from, index) {
            Source::Stage(n) => match self.done.get(&n) {
                Some(done) => {
                    work.need(done.place);
                    needs.extend(done.state.heads.iter().filter(|head| !needs.contains(head)).copied().collect::<Vec<_>>());
                    done.state.files
                }
                None => hash(&["stage", from]),
            },
            Source::Image(image) => {
                work.outside.push(Outside { image: image.clone(), steps: vec![usize::MAX] });
                hash(&["image", &image, self.platform])
            }
            Source::Scratch => hash(&["scratch"]),
        }
    }

    fn step(
        &mut self,
        instruction: &Instruction,
        at: Option<&Instruction>,
        kind: StepKind,
        identity: Identity,
        needs: Vec<usize>,
        work: &mut Work,
    ) -> usize {
        let next = self.plan.steps.len();
        let place = *self.seen.steps.entry(identity).or_insert(next);
        if place == next {
            self.plan.steps.push(Step {
                id: String::new(),
                stage: usize::MAX,
                span: at.unwrap_or(instruction).span,
                instruction: written(instruction),
                kind,
                needs,
                key: None,
                cached: None,
                cause: None,
            });
        }
        for outside in work.outside.iter_mut().filter(|outside| outside.steps == [usize::MAX]) {
            outside.steps = vec![place];
        }
        if !work.steps.contains(&place) {
            work.steps.push(place);
        }
        place
    }

    /// Enters a walked stage into the plan, unless an equal one is there.
    fn enter(&mut self, index: usize, base: String, state: &State, work: Work) -> usize {
        let identity = state.identity(&work.steps);
        if let Some(&place) = self.seen.stages.get(&(self.build.unit, index, identity)) {
            return place;
        }
        let place = self.plan.stages.len();
        self.seen.stages.insert((self.build.unit, index, identity), place);
        let variant = self.seen.variants.entry((self.build.unit, index)).or_default();
        *variant += 1;
        let mut id = format!("{}#{index}", self.unit.path);
        if *variant > 1 {
            id.push_str(&format!("~{variant}"));
        }
        for (n, &step) in work.steps.iter().enumerate() {
            if let Some(step) = self.plan.steps.get_mut(step).filter(|step| step.stage == usize::MAX) {
                step.stage = place;
                step.id = format!("{id}.{}", n + 1);
            }
        }
        // What a stage is FROM, and nothing of its own takes, still holds back its first steps.
        let outside = work.outside.into_iter().map(|mut outside| {
            if outside.steps.is_empty() {
                outside.steps =
                    work.steps.iter().filter(|&&s| self.plan.steps.get(s).is_some_and(|s| s.needs.is_empty())).copied().collect();
            }
            outside
        });
        self.seen.outside.insert(place, outside.collect());
        self.plan.stages.push(Stage {
            id,
            unit: self.build.unit,
            file: self.unit.path.to_owned(),
            index,
            name: self.unit.ast.stages.get(index).and_then(|stage| stage.name.as_ref()).map(|name| name.value.clone()),
            base,
            needs: work.needs,
            steps: work.steps,
            heads: state.heads.clone(),
        });
        place
    }
}

/// What came up while a stage was walked.
struct Work {
    needs: Vec<usize>,
    steps: Vec<usize>,
    outside: Vec<Outside>,
}

impl Work {
    fn need(&mut self, stage: usize) {
        if !self.needs.contains(&stage) {
            self.needs.push(stage);
        }
    }
}

impl State {
    fn identity(&self, steps: &[usize]) -> Identity {
        let mut parts = vec![self.user.clone(), self.workdir.clone()];
        parts.extend(self.shell.iter().cloned());
        parts.extend(self.env.iter().map(|(name, value)| format!("{name}={value}")));
        parts.extend(self.args.iter().map(|(name, value)| format!("{name}={value:?}")));
        parts.extend(steps.iter().map(usize::to_string));
        combine(&[self.files], &parts)
    }
}

/// A named context that is an image or another service's build; folders and URLs are content of their own.
fn outside(context: &str) -> Source {
    let image = context.strip_prefix("docker-image://").unwrap_or(context);
    Source::Image(image.to_owned())
}

/// `--from` and the `from` of mounts.
fn froms(instruction: &Instruction) -> Vec<&str> {
    match &instruction.op {
        Op::Copy(copy) | Op::Add(copy) => copy.from.iter().map(|from| from.value.as_str()).collect(),
        Op::Run(run) => run.mounts.iter().filter_map(|mount| mount.get("from")).map(|from| from.value.as_str()).collect(),
        Op::Onbuild(inner) => match &inner.op {
            Op::Copy(copy) | Op::Add(copy) => copy.from.iter().map(|from| from.value.as_str()).collect(),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// The instruction as written, continuations taken out.
fn written(instruction: &Instruction) -> String {
    let mut line = instruction.word.value.to_uppercase();
    for flag in &instruction.flags {
        line.push_str(&format!(" --{}", flag.name.value));
        if let Some(value) = &flag.value {
            line.push_str(&format!("={}", value.value));
        }
    }
    if !instruction.rest.value.is_empty() {
        line.push(' ');
        line.push_str(&instruction.rest.value);
    }
    line
}

fn set(env: &mut Vec<(String, String)>, name: String, value: String) {
    env.retain(|(n, _)| *n != name);
    env.push((name, value));
}

fn hash(parts: &[&str]) -> Identity {
    hash_all(&parts.iter().map(|part| part.as_bytes()).collect::<Vec<_>>())
}

fn combine(identities: &[Identity], parts: &[String]) -> Identity {
    let all: Vec<&[u8]> = identities.iter().map(<[u8; 32]>::as_slice).chain(parts.iter().map(String::as_bytes)).collect();
    hash_all(&all)
}

fn hash_all(parts: &[&[u8]]) -> Identity {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}
