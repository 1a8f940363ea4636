//! The order of a run: everything that is ready at once, the longest way first; one failure stops the rest, unless told
//! otherwise.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::{JoinHandle, JoinSet};

use super::backend::{Backend, Events, Order, Solving};
use super::buildkit::{self, BuildKit, Link};
use super::classic::{self, Classic};
use super::credentials::{self, DockerConfig};
use super::dial;
use super::interrupt::{self, Interrupts};
use super::logins::Logins;
use super::nodes::{Node, nodes, remaining};
use super::progress::Progress;
use super::{Builder, Built, Engine, Event, Failure, Host, Job, Outcome, What};
use super::{disk, push};

/// After the last build an engine is waited for so long, to say which one it is.
const TELLS_WITHIN: Duration = Duration::from_secs(5);

/// One build of a run.
#[derive(Clone, Debug)]
pub struct Build {
    /// What it is called.
    pub title: String,
    /// Place of its image in the plan.
    pub image: usize,
    /// It is a stage that several images share, and no image of its own.
    pub shared: bool,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a run.
#[derive(Clone, Debug)]
pub struct Report {
    /// Every build, shared stages first.
    pub builds: Vec<Build>,
    /// How long the whole took.
    pub time: Duration,
    /// The user stopped it.
    pub interrupted: bool,
    /// What tells the builder's cache from another's, where it was built to the end: the engine's own id, or the address of
    /// a daemon.
    pub builder: Option<String>,
}

impl Report {
    /// Whether everything was built.
    pub fn complete(&self) -> bool {
        self.builds.iter().all(|build| matches!(build.outcome, Outcome::Built(_)))
    }
}

/// Runs a plan. An error is a text for the user: nothing was started.
pub fn run(job: &Job<'_>, host: Host) -> Result<Report, String> {
    if job.options.builder == Builder::Classic {
        classic::refuse(job)?;
    }
    if job.options.push {
        push::refuse(job)?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("cannot start: {error}"))?;
    interrupt::leave_at_the_second();
    let report = runtime.block_on(async {
        let mut interrupts = Interrupts::new();
        let connected = tokio::select! {
            connected = connect(job, host) => connected?,
            () = interrupts.next() => return Ok(stopped(job)),
        };
        let (engine, backend, overlooked) = connected;
        Ok(Run::new(job, engine, backend).go(&overlooked, &mut interrupts).await)
    });
    // A thread that still reads a context must not hold back the end of a run that was stopped.
    let stopped = report.as_ref().is_ok_and(|report| report.interrupted);
    runtime.shutdown_timeout(if stopped { Duration::from_millis(200) } else { Duration::from_secs(2) });
    report
}

/// The engine, where there is one, what builds, and what it will overlook of the job.
type Connected = (Option<Arc<Engine>>, Box<dyn Backend>, Vec<String>);

async fn connect(job: &Job<'_>, host: Host) -> Result<Connected, String> {
    let (engine, backend) = match std::env::var("BUILDKIT_HOST") {
        Ok(address) if !address.is_empty() && job.options.builder != Builder::Classic => (None, daemon(&address).await?),
        _ => {
            let engine = Arc::new(Engine::connect(host).await?);
            (Some(Arc::clone(&engine)), choose(job.options.builder, job.options.output.is_some(), engine).await?)
        }
    };
    let overlooked = backend.refuse(job).await?;
    Ok((engine, backend, overlooked))
}

/// The report of a run that was stopped before it could begin.
fn stopped(job: &Job<'_>) -> Report {
    let build = |node: Node| Build { title: node.title, image: node.image, shared: node.shared, outcome: Outcome::Cancelled };
    let builds = nodes(job.plan, true).into_iter().map(build).collect();
    Report { builds, time: Duration::ZERO, interrupted: true, builder: None }
}

/// What tells a builder's cache from another's; an engine that does not say so in time has none.
async fn builder_id(engine: Option<JoinHandle<Option<String>>>) -> Option<String> {
    match engine {
        Some(told) => tokio::time::timeout(TELLS_WITHIN, told).await.ok()?.ok()?,
        None => std::env::var("BUILDKIT_HOST").ok(),
    }
}

/// A BuildKit daemon of its own.
async fn daemon(address: &str) -> Result<Box<dyn Backend>, String> {
    let Some(dial) = dial::plain(address) else {
        return Err(format!(
            "BUILDKIT_HOST is `{address}`, which is no address of a builder here; use unix:///path/to/buildkitd.sock or tcp://host:1234"
        ));
    };
    let unreachable = |error: String| {
        format!(
            "cannot reach a builder at {address} (BUILDKIT_HOST): {error}\n  start buildkitd, or unset BUILDKIT_HOST to build on Docker's engine"
        )
    };
    Ok(Box::new(BuildKit::connect(Link::Daemon(dial), None, Arc::new(DockerConfig)).await.map_err(unreachable)?))
}

/// What builds on this engine; whether it has BuildKit is tried, not guessed by its version.
async fn choose(builder: Builder, output: bool, engine: Arc<Engine>) -> Result<Box<dyn Backend>, String> {
    let has = builder != Builder::Classic && buildkit::is_there(&engine).await?;
    match builder {
        Builder::BuildKit if !has => Err("this engine has no BuildKit; leave out --builder buildkit".to_owned()),
        Builder::Auto | Builder::BuildKit if has => {
            let (link, logins) = (Link::Engine(Arc::clone(&engine.dial)), Arc::clone(&engine.logins));
            Ok(Box::new(BuildKit::connect(link, Some(engine), logins).await?))
        }
        _ if output => Err("--output needs BuildKit, which this engine (or --builder classic) has not".to_owned()),
        _ => Ok(Box::new(Classic(engine))),
    }
}

struct Run<'a> {
    job: &'a Job<'a>,
    /// None where a builder of its own builds.
    engine: Option<Arc<Engine>>,
    backend: Box<dyn Backend>,
    nodes: Vec<Node>,
    order: Vec<usize>,
    outcomes: BTreeMap<usize, Outcome>,
    running: BTreeMap<tokio::task::Id, usize>,
    tasks: JoinSet<Result<Built, Failure>>,
    events: UnboundedSender<Event>,
    stopping: bool,
}

/// What comes after a build: the engine pushes its names, or it is found out what a failure means.
struct After {
    /// None where a builder of its own builds, and pushes.
    engine: Option<Arc<Engine>>,
    names: Vec<String>,
    /// The images that a registry is asked for.
    images: Vec<String>,
    events: Events,
}

impl After {
    async fn then(self, solving: Solving) -> Result<Built, Failure> {
        let failure = match (solving.await, &self.engine) {
            (Ok(built), Some(engine)) => return Ok(Built { pushed: push::push(engine, &self.names, &self.events).await?, ..built }),
            (Ok(built), None) => return Ok(built),
            (Err(failure), Some(engine)) if disk::is_full(&failure) => {
                return Err(Failure { help: Some(disk::advice(engine).await), ..failure });
            }
            (Err(failure), _) => failure,
        };
        if failure.help.is_some() || failure.exit_code.is_some() {
            return Err(failure);
        }
        let logins = self.engine.as_ref().map_or_else(|| Arc::new(DockerConfig) as Arc<dyn Logins>, |engine| Arc::clone(&engine.logins));
        let help = credentials::pull_advice(logins, &failure.message, &self.images).await;
        Err(Failure { help, ..failure })
    }
}

impl<'a> Run<'a> {
    fn new(job: &'a Job<'a>, engine: Option<Arc<Engine>>, backend: Box<dyn Backend>) -> Self {
        let nodes = nodes(job.plan, backend.caps().merges);
        let ways = remaining(&nodes);
        let mut order: Vec<usize> = (0..nodes.len()).collect();
        order.sort_by_key(|&n| (std::cmp::Reverse(ways.get(n).copied()), n));
        let (events, _) = unbounded_channel();
        let (outcomes, running, tasks) = (BTreeMap::new(), BTreeMap::new(), JoinSet::new());
        Run { job, engine, backend, nodes, order, outcomes, running, tasks, events, stopping: false }
    }

    async fn go(mut self, overlooked: &[String], interrupts: &mut Interrupts) -> Report {
        let started = Instant::now();
        let (events, mut seen) = unbounded_channel();
        self.events = events;
        let mut progress = Progress::new(self.job, &self.nodes);
        overlooked.iter().for_each(|note| progress.note(note));
        let mut interrupted = false;
        // Some engines take long to say who they are; beside the builds that costs nothing.
        let id = self.engine.clone().map(|engine| tokio::spawn(async move { engine.id().await }));
        loop {
            self.start_ready();
            if self.running.is_empty() {
                break;
            }
            tokio::select! {
                biased;
                Some(event) = seen.recv() => progress.show(&event),
                Some(done) = self.tasks.join_next_with_id() => self.end(done),
                () = interrupts.next(), if !interrupted => {
                    interrupted = true;
                    self.stop();
                }
            }
        }
        for n in 0..self.nodes.len() {
            self.outcomes.entry(n).or_insert(Outcome::Cancelled);
        }
        while let Ok(event) = seen.try_recv() {
            progress.show(&event);
        }
        progress.finish();
        let time = started.elapsed();
        let builder = if interrupted { None } else { builder_id(id).await };
        let outcomes = std::mem::take(&mut self.outcomes).into_values();
        let build =
            |(node, outcome): (&Node, Outcome)| Build { title: node.title.clone(), image: node.image, shared: node.shared, outcome };
        let builds = self.nodes.iter().zip(outcomes).map(build).collect();
        Report { builds, time, interrupted, builder }
    }

    fn start_ready(&mut self) {
        for n in self.order.clone() {
            let full = self.job.options.parallel.is_some_and(|limit| self.running.len() >= limit.max(1));
            if self.stopping || full {
                return;
            }
            if self.outcomes.contains_key(&n) || self.running.values().any(|&r| r == n) {
                continue;
            }
            let Some(node) = self.nodes.get(n).cloned() else { continue };
            if let Some(failed) = node.needs.iter().find(|need| self.broken(**need)) {
                let because = self.nodes.get(*failed).map_or_else(String::new, |node| node.title.clone());
                self.close(n, Outcome::Skipped { because });
            } else if node.needs.iter().all(|need| matches!(self.outcomes.get(need), Some(Outcome::Built(_)))) {
                self.start(n, &node);
            }
        }
    }

    fn broken(&self, n: usize) -> bool {
        self.outcomes.get(&n).is_some_and(|outcome| !matches!(outcome, Outcome::Built(_)))
    }

    fn start(&mut self, n: usize, node: &Node) {
        let built = self.outcomes.iter().filter_map(|(n, outcome)| match outcome {
            Outcome::Built(built) => Some((*n, built.image.clone())),
            _ => None,
        });
        let ids = built.collect();
        self.tell(n, What::Started);
        let events = Events::new(n, &self.events);
        let solving = self.backend.solve(Order { job: self.job, node, images: &ids }, events.clone());
        let image = self.job.plan.images.get(node.image);
        let names = image
            .filter(|_| self.job.options.push && self.job.options.output.is_none() && !node.shared)
            .map_or_else(Vec::new, |image| image.tags.clone());
        let images = image.map_or_else(Vec::new, |image| {
            let fetched = credentials::fetched(self.job, image).into_iter();
            fetched.chain(names.iter().filter(|_| self.engine.is_none()).cloned()).collect()
        });
        let task = self.tasks.spawn(After { engine: self.engine.clone(), names, images, events }.then(solving));
        self.running.insert(task.id(), n);
    }

    fn end(&mut self, done: Result<(tokio::task::Id, Result<Built, Failure>), tokio::task::JoinError>) {
        let (id, outcome) = match done {
            Ok((id, Ok(built))) => (id, Outcome::Built(built)),
            Ok((id, Err(failure))) => (id, Outcome::Failed(failure)),
            Err(error) if error.is_cancelled() => (error.id(), Outcome::Cancelled),
            Err(error) => (error.id(), Outcome::Failed(Failure { message: format!("internal error: {error}"), ..Failure::default() })),
        };
        let Some(n) = self.running.remove(&id) else { return };
        let failed = matches!(outcome, Outcome::Failed(_));
        self.close(n, outcome);
        if failed && !self.job.options.keep_going {
            self.stop();
        }
    }

    fn tell(&self, node: usize, what: What) {
        let _ = self.events.send(Event { node, what });
    }

    fn close(&mut self, n: usize, outcome: Outcome) {
        self.tell(n, What::Ended(outcome.clone()));
        self.outcomes.insert(n, outcome);
    }

    /// Stops what runs; what waits for something broken is skipped, the rest cancelled.
    fn stop(&mut self) {
        self.stopping = true;
        self.tasks.abort_all();
        for n in 0..self.nodes.len() {
            let waiting = !self.outcomes.contains_key(&n) && !self.running.values().any(|&r| r == n);
            let failed = self.nodes.get(n).into_iter().flat_map(|node| &node.needs).find(|need| self.broken(**need)).copied();
            if let (true, Some(failed)) = (waiting, failed) {
                let because = self.nodes.get(failed).map_or_else(String::new, |node| node.title.clone());
                self.close(n, Outcome::Skipped { because });
            }
        }
    }
}
