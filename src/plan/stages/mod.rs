//! From instructions to steps. A stage is walked with the state that decides what its next step is; two steps of the
//! same identity are one step, as they are for the builder.

mod copy;
mod names;
mod run;
mod state;

use std::collections::BTreeMap;

use self::names::Source;
use self::state::{Environment, State};
use super::input::{Build, Input, Unit};
use super::recipe::{Base, ContextRef, Fact, Identity, Input as Content, Recipe, Root, Selection, Topic, hash};
use super::{Plan, Problem, Stage, Step, StepKind};
use crate::files;
use crate::source::Span;
use crate::syntax::dockerfile::expand::expand;
use crate::syntax::dockerfile::scope::{self, Variables};
use crate::syntax::dockerfile::{Instruction, Op};

/// ARGs that the builder reads and does not hand to commands.
const NOT_IN_ENVIRONMENT: [&str; 2] = ["BUILDKIT_SBOM_SCAN_CONTEXT", "BUILDKIT_SBOM_SCAN_STAGE"];

/// Stages and steps that were met so far, over all builds.
#[derive(Default)]
pub(super) struct Seen {
    steps: BTreeMap<Identity, usize>,
    /// The identity of each step.
    identities: Vec<Identity>,
    stages: BTreeMap<(usize, usize, Identity), usize>,
    variants: BTreeMap<(usize, usize), usize>,
    /// Images that a stage or one of its steps takes from outside.
    pub outside: BTreeMap<usize, Vec<Outside>>,
}

impl Seen {
    fn root(&self, root: &Root) -> Identity {
        let step = |n: &usize| self.identities.get(*n).copied().unwrap_or_default();
        let base = match &root.base {
            Base::Scratch => hash(&[b"scratch"]),
            Base::Image { name, platform, .. } => hash(&[b"image", name.as_bytes(), platform.as_bytes()]),
            Base::Step(n) => step(n),
        };
        root.linked.iter().fold(base, |below, n| hash(&[b"link", &below, &step(n)]))
    }

    fn recipe(&self, recipe: &Recipe) -> Identity {
        let mut all = hash(&[&recipe.op(), &self.root(&recipe.root)]);
        for input in &recipe.inputs {
            let (from, paths) = match input {
                Content::Context { context, paths } => (hash(&[b"context", context.to_string().as_bytes()]), paths),
                Content::Stage { root, paths, .. } => (self.root(root), paths),
                Content::Outside { name, platform, paths } => (hash(&[b"outside", name.as_bytes(), platform.as_bytes()]), paths),
            };
            let paths: Vec<String> = paths.iter().map(Selection::text).collect();
            all = hash(&[&all, &from, paths.join("\n").as_bytes()]);
        }
        all
    }
}

/// An image that is not built by this Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outside {
    /// Its name, or `service:x`.
    pub image: String,
    /// The steps that need it.
    pub steps: Vec<usize>,
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
    globals: Variables,
    context: Option<usize>,
    done: BTreeMap<usize, Done>,
}

/// Where an instruction stands: an ONBUILD trigger at the FROM that sets it off.
#[derive(Clone, Copy)]
struct Place<'a> {
    instruction: &'a Instruction,
    at: &'a Instruction,
    stage: usize,
}

impl Place<'_> {
    fn span(&self) -> Span {
        self.at.span
    }

    fn fact(&self, topic: Topic, name: impl Into<String>, value: impl Into<String>) -> Fact {
        Fact { topic, name: name.into(), value: value.into(), span: self.span() }
    }

    fn flag(&self, name: &str) -> bool {
        let flag = self.instruction.flag(name);
        flag.is_some_and(|flag| flag.value.as_deref().is_none_or(|v| !v.eq_ignore_ascii_case("false")))
    }
}

impl<'a> Walk<'a> {
    pub(super) fn new(input: &'a Input<'a>, build: &'a Build, plan: &'a mut Plan, seen: &'a mut Seen) -> Option<Walk<'a>> {
        let unit = *input.dockerfiles.get(build.unit)?;
        let platform = build.platforms.first().map_or(input.platform.as_str(), String::as_str);
        let mut walk = Walk { unit, build, platform, plan, seen, globals: Variables::new(), context: None, done: BTreeMap::new() };
        walk.read_globals(&input.platform);
        if super::input::is_folder(&build.context) {
            walk.context = Some(walk.enter_context(&build.context, Some(unit.path)));
        }
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
    fn reachable(&self, target: usize) -> Vec<usize> {
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

    fn read_globals(&mut self, machine: &str) {
        let last = self.unit.ast.stages.last().and_then(|stage| stage.name.as_ref()).map(|name| name.value.clone());
        let inputs = scope::Inputs {
            build_args: Variables::new(),
            target: self.build.target.clone().or(last),
            platform: self.platform.to_owned(),
            build_platform: machine.to_owned(),
        };
        self.globals = scope::predefined(&inputs);
        for (name, value) in &mut self.globals {
            if let Some(given) = self.build.args.get(name) {
                value.clone_from(given);
            }
        }
        let arguments = self.unit.ast.global().filter_map(|(_, i)| if let Op::Arg(pairs) = &i.op { Some(pairs) } else { None });
        for pair in arguments.flatten() {
            let name = self.global_word(&pair.key);
            let given = self.build.args.get(&name).cloned();
            if let Some(value) = given.or_else(|| pair.value.as_ref().map(|value| self.global_word(value))) {
                self.globals.insert(name, value);
            }
        }
    }

    /// Whether the build is told to run this stage's steps in any case.
    fn no_cache(&self, stage: usize) -> bool {
        let settings = &self.build.settings;
        let name = self.unit.ast.stages.get(stage).and_then(|stage| stage.name.as_ref());
        settings.no_cache || name.is_some_and(|name| settings.no_cache_filter.iter().any(|one| one.eq_ignore_ascii_case(&name.value)))
    }

    fn enter_context(&mut self, dir: &str, dockerfile: Option<&str>) -> usize {
        let wanted = ContextRef { dir: dir.to_owned(), dockerfile: dockerfile.map(str::to_owned) };
        match self.plan.contexts.iter().position(|there| *there == wanted) {
            Some(place) => place,
            None => {
                self.plan.contexts.push(wanted);
                self.plan.contexts.len() - 1
            }
        }
    }

    /// A word before the first stage, or of a FROM, with its variables replaced; as written where the builder would refuse it.
    fn global_word(&self, word: &str) -> String {
        expand(word, self.unit.ast.escape, &|name| self.globals.get(name).cloned()).unwrap_or_else(|_| word.to_owned())
    }

    /// A word of a stage.
    fn word(&self, word: &str, env: &Environment) -> String {
        expand(word, self.unit.ast.escape, &|name| env.get(name)).unwrap_or_else(|_| word.to_owned())
    }

    fn stage(&mut self, index: usize) -> Result<(), Problem> {
        let ast = self.unit.ast;
        let Some(stage) = ast.stages.get(index) else { return Ok(()) };
        let (Some(from), Some(instruction)) = (ast.from_of(stage), ast.instruction(stage.from)) else { return Ok(()) };
        let mut work = Work { needs: Vec::new(), steps: Vec::new(), outside: Vec::new() };
        let base = self.base(&from.image, index);
        let mut state = self.start(&base, from.platform.as_deref(), instruction.span, &mut work);
        for trigger in std::mem::take(&mut state.triggers) {
            self.instruction(Place { instruction: &trigger, at: instruction, stage: index }, &mut state, &mut work);
        }
        for (_, instruction) in ast.stage_instructions(stage) {
            self.instruction(Place { instruction, at: instruction, stage: index }, &mut state, &mut work);
        }
        let name = match &base {
            Source::Stage(_) | Source::Scratch => self.global_word(&from.image),
            Source::Image(image) | Source::Folder(image) => image.clone(),
        };
        let place = self.enter(index, name, instruction.span, &state, work);
        self.done.insert(index, Done { place, state });
        Ok(())
    }

    /// The state in which a stage begins.
    fn start(&mut self, base: &Source, platform: Option<&str>, span: Span, work: &mut Work) -> State {
        let platform = platform.map_or_else(|| self.platform.to_owned(), |p| self.global_word(p));
        let fresh = |scratch: bool| State {
            env: Environment::begin(scratch),
            workdir: state::Set { value: "/".to_owned(), span: None },
            platform: platform.clone(),
            ..State::default()
        };
        match base {
            Source::Stage(n) => match self.done.get(n) {
                Some(done) => {
                    work.need(done.place);
                    let mut state = done.state.clone();
                    state.env.inherit();
                    state
                }
                None => State::default(),
            },
            Source::Scratch => fresh(true),
            Source::Image(image) | Source::Folder(image) => {
                if matches!(base, Source::Image(_)) {
                    work.outside.push(Outside { image: image.clone(), steps: Vec::new() });
                }
                let base = Base::Image { name: image.clone(), platform: platform.clone(), span };
                State { root: Root { base, linked: Vec::new() }, ..fresh(false) }
            }
        }
    }

    fn instruction(&mut self, place: Place<'_>, state: &mut State, work: &mut Work) {
        match &place.instruction.op {
            Op::Env(pairs) => {
                let known = state.env.clone();
                for pair in pairs {
                    let value = pair.value.as_ref().map_or_else(String::new, |value| self.word(value, &known));
                    state.env.set_env(self.word(&pair.key, &known), value, place.span());
                }
            }
            Op::Arg(pairs) => {
                for pair in pairs {
                    let name = self.word(&pair.key, &state.env);
                    let given = self.build.args.get(&name).cloned();
                    let own = pair.value.as_ref().map(|value| self.word(value, &state.env));
                    let value = given.or(own).or_else(|| self.globals.get(&name).cloned());
                    if let Some(value) = value.filter(|_| !NOT_IN_ENVIRONMENT.contains(&name.as_str())) {
                        state.env.set_arg(name, value, place.span());
                    }
                }
            }
            Op::User(user) => state.user.to(self.word(user, &state.env), place.span()),
            Op::Shell(words) => state.shell = Some((words.iter().map(|word| word.value.clone()).collect(), place.span())),
            Op::Workdir(dir) => self.workdir(place, dir, state, work),
            Op::Run(run) => self.run_step(place, run, state, work),
            Op::Copy(copy) => self.copy_step(place, copy, StepKind::Copy, state, work),
            Op::Add(copy) => self.copy_step(place, copy, StepKind::Add, state, work),
            Op::Onbuild(inner) => state.triggers.push((**inner).clone()),
            _ => {}
        }
    }

    fn workdir(&mut self, place: Place<'_>, dir: &str, state: &mut State, work: &mut Work) {
        let dir = self.word(dir, &state.env);
        let dir = match dir.as_str() {
            "" => state.workdir.value.clone(),
            // Absolute folders stay as they are written.
            absolute if absolute.starts_with('/') => dir,
            relative => files::join(&format!("/{}", state.workdir.value), relative),
        };
        state.workdir.to(dir, place.span());
        if state.workdir.value == "/" {
            return;
        }
        let mut facts = vec![
            place.fact(Topic::Kind, "", "mkdir"),
            place.fact(Topic::Folder, "", files::normalize(&state.workdir.value)),
            Fact {
                topic: Topic::User,
                name: String::new(),
                value: owner(&state.user.value),
                span: state.user.span.unwrap_or(place.span()),
            },
        ];
        let epoch = self.build.args.get("SOURCE_DATE_EPOCH").or_else(|| self.globals.get("SOURCE_DATE_EPOCH"));
        facts.extend(epoch.filter(|epoch| !epoch.is_empty()).map(|epoch| place.fact(Topic::Epoch, "", epoch)));
        let recipe = Recipe { root: state.root.clone(), facts, inputs: Vec::new(), no_cache: false };
        self.step_on(place, StepKind::Workdir, recipe, state.heads.clone(), state, work);
    }

    /// What a step reads from another stage, an image or a folder.
    fn other(&mut self, from: Source, paths: Vec<Selection>, needs: &mut Vec<usize>, work: &mut Work) -> Option<Content> {
        match from {
            Source::Stage(n) => {
                let done = self.done.get(&n)?;
                work.need(done.place);
                needs.extend(done.state.heads.iter().filter(|head| !needs.contains(head)).copied().collect::<Vec<_>>());
                Some(Content::Stage { stage: done.place, root: done.state.root.clone(), paths })
            }
            Source::Image(image) => {
                work.outside.push(Outside { image: image.clone(), steps: vec![usize::MAX] });
                Some(Content::Outside { name: image, platform: self.platform.to_owned(), paths })
            }
            Source::Folder(dir) => Some(Content::Context { context: self.enter_context(&dir, None), paths }),
            Source::Scratch => None,
        }
    }

    /// What a step reads from the build context.
    fn own_context(&self, paths: Vec<Selection>) -> Content {
        match self.context {
            Some(context) => Content::Context { context, paths },
            None => Content::Outside { name: self.build.context.clone(), platform: String::new(), paths },
        }
    }

    /// Enters a step whose result the stage goes on with.
    fn step_on(&mut self, place: Place<'_>, kind: StepKind, recipe: Recipe, needs: Vec<usize>, state: &mut State, work: &mut Work) {
        let step = self.step(place, kind, recipe, needs, work);
        state.heads = vec![step];
        state.root = Root { base: Base::Step(step), linked: Vec::new() };
    }

    fn step(&mut self, place: Place<'_>, kind: StepKind, recipe: Recipe, needs: Vec<usize>, work: &mut Work) -> usize {
        let identity = self.seen.recipe(&recipe);
        let next = self.plan.steps.len();
        let number = *self.seen.steps.entry(identity).or_insert(next);
        if number == next {
            self.seen.identities.push(identity);
            self.plan.steps.push(Step {
                id: String::new(),
                stage: usize::MAX,
                span: place.span(),
                instruction: written(place.instruction),
                kind,
                needs,
                recipe,
                key: None,
                cached: None,
                cause: None,
            });
        }
        for outside in work.outside.iter_mut().filter(|outside| outside.steps == [usize::MAX]) {
            outside.steps = vec![number];
        }
        if !work.steps.contains(&number) {
            work.steps.push(number);
        }
        number
    }

    /// Enters a walked stage into the plan, unless an equal one is there.
    fn enter(&mut self, index: usize, base: String, from: Span, state: &State, work: Work) -> usize {
        let identity = self.stage_identity(state, &work.steps);
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
            span: from,
            needs: work.needs,
            steps: work.steps,
            heads: state.heads.clone(),
            root: state.root.clone(),
        });
        place
    }

    fn stage_identity(&self, state: &State, steps: &[usize]) -> Identity {
        let mut parts = vec![state.user.value.clone(), state.workdir.value.clone()];
        parts.extend(state.shell.iter().flat_map(|(words, _)| words.iter().cloned()));
        parts.extend(state.env.parts());
        parts.extend(steps.iter().map(usize::to_string));
        let root = self.seen.root(&state.root);
        hash(&std::iter::once(root.as_slice()).chain(parts.iter().map(String::as_bytes)).collect::<Vec<_>>())
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

/// `user:group` as the builder keeps it: numbers as numbers, root as 0.
fn owner(text: &str) -> String {
    let one =
        |part: &str| if part == "root" { "0".to_owned() } else { part.parse::<i64>().map_or_else(|_| part.to_owned(), |n| n.to_string()) };
    match text.split_once(':') {
        Some((user, group)) => format!("{}:{}", one(user), one(group)),
        None => one(text),
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
