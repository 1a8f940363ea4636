//! Builds by BuildKit, in the engine or in a daemon of its own.

mod blame;
mod caches;
mod failure;
mod filesync;
mod follow;
mod given;
mod hijack;
mod keys;
mod limits;
mod link;
mod output;
mod request;
mod session;
mod ssh;
mod steps;
mod store;
mod unwritten;
mod watch;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use bollard_buildkit_proto::moby::buildkit::v1::control_client::ControlClient;
use bollard_buildkit_proto::moby::buildkit::v1::{SolveRequest, StatusRequest};
use futures_util::Stream;
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;
use tonic::Status;
use tonic::transport::Channel;

use self::given::Held;
use self::hijack::{Refused, hijack};
use self::keys::Keys;
pub(super) use self::link::Link;
use self::request::{Ask, Setting, ask};
use self::session::Session;
use self::store::Blobs;
use self::watch::Watch;
use super::backend::{Backend, Caps, Events, Order, Solving};
use super::logins::Logins;
use super::{Built, Engine, Failure, Job, Pushed, Ran};

/// How much may be on its way on a connection. The HTTP/2 library takes a share of it for the number of small messages that
/// may wait before it takes the other side for an attacker; BuildKit sends one for each file.
const WINDOW: u32 = 64 << 20;
/// The last messages about a build come a little after its end.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// What a call answers, bit by bit.
type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// What comes out of a channel, as a stream.
fn stream<T: Send + 'static>(from: tokio::sync::mpsc::Receiver<T>) -> Pin<Box<dyn Stream<Item = T> + Send>> {
    Box::pin(futures_util::stream::unfold(from, |mut from| async move { from.recv().await.map(|item| (item, from)) }))
}

/// An id that nobody else has.
fn unique() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let text = format!("{} {} {}", std::process::id(), now.as_nanos(), COUNT.fetch_add(1, Ordering::Relaxed));
    format!("{:x}", Sha256::digest(text.as_bytes())).chars().take(25).collect()
}

/// Whether the engine has BuildKit: it hands over a connection for a session, or says that it knows no such thing.
pub(super) async fn is_there(engine: &Engine) -> Result<bool, String> {
    let id = [("X-Docker-Expose-Session-Uuid", unique())];
    match hijack(&*engine.dial, "/session", &id).await {
        Ok(_) => Ok(true),
        Err(Refused::Unknown) => Ok(false),
        Err(refused) => Err(refused.to_string()),
    }
}

/// A BuildKit that is connected.
pub(super) struct BuildKit {
    reach: Arc<Reach>,
    logins: Arc<dyn Logins>,
    /// The engine that it is part of.
    engine: Option<Arc<Engine>>,
    gateway: OnceLock<String>,
    keys: Arc<Keys>,
    stores: OnceLock<BTreeMap<String, Blobs>>,
}

/// The connections to it.
struct Reach {
    link: Link,
    channel: Channel,
    /// What builds hand on, by the places of their images.
    held: Mutex<BTreeMap<usize, Held>>,
    sessions: Mutex<BTreeMap<String, Arc<OnceCell<Session>>>>,
}

impl BuildKit {
    /// Connects; an error is a text for the user.
    pub(super) async fn connect(link: Link, engine: Option<Arc<Engine>>, logins: Arc<dyn Logins>) -> Result<BuildKit, String> {
        let channel = link.channel().await?;
        let reach = Reach { link, channel, held: Mutex::default(), sessions: Mutex::default() };
        let (gateway, stores) = (OnceLock::new(), OnceLock::new());
        Ok(BuildKit { reach: Arc::new(reach), logins, engine, gateway, keys: Arc::default(), stores })
    }

    fn setting(&self) -> Setting {
        Setting {
            daemon: self.engine.is_none(),
            gateway: self.gateway.get().cloned(),
            logins: Arc::clone(&self.logins),
            keys: Arc::clone(&self.keys),
            stores: self.stores.get().cloned().unwrap_or_default(),
        }
    }
}

impl Backend for BuildKit {
    fn caps(&self) -> Caps {
        Caps { merges: true }
    }

    fn refuse<'a>(&'a self, job: &'a Job<'a>) -> Pin<Box<dyn Future<Output = Result<Vec<String>, String>> + 'a>> {
        Box::pin(async move {
            if let (Some(engine), true) = (&self.engine, limits::wants_gateway(job)) {
                limits::gateway(engine).await.into_iter().for_each(|address| drop(self.gateway.set(address)));
            }
            let overlooked = limits::refuse(job, &self.setting(), &self.reach.control(), self.engine.as_deref()).await?;
            let _ = self.stores.set(caches::stores(job)?);
            Ok(overlooked)
        })
    }

    fn solve(&self, order: Order<'_>, events: Events) -> Solving {
        let asked = ask(&order, &self.setting());
        let reach = Arc::clone(&self.reach);
        Box::pin(async move {
            match asked {
                Ok(asked) => reach.build(asked, events).await,
                Err(message) => Err(Failure { message, ..Failure::default() }),
            }
        })
    }
}

impl Reach {
    fn control(&self) -> ControlClient<Channel> {
        link::control(self.channel.clone())
    }

    /// Gives a build what the images that it is made from handed on; the digests of their steps come back.
    fn lend(&self, taken: &[(String, usize)], request: &mut SolveRequest) -> BTreeSet<String> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let given = taken.iter().filter_map(|(name, image)| Some((name, image, &held.get(image)?.given)));
        let lent = given.flat_map(|(name, image, given)| {
            given.lend(name, *image, request);
            given.steps()
        });
        lent.collect()
    }

    /// Keeps what a build hands on, where others go on from it.
    async fn hold(&self, image: Option<usize>, request: SolveRequest) -> Result<(), Status> {
        let Some(image) = image else { return Ok(()) };
        let held = given::hold(self.control(), link::bridge(self.channel.clone()), request).await?;
        self.held.lock().unwrap_or_else(PoisonError::into_inner).insert(image, held);
        Ok(())
    }

    /// Runs a build and, beside it, what keeps its result for others.
    async fn solve_and_hold(
        &self,
        gives: Option<usize>,
        request: SolveRequest,
        watch: &mut Watch,
    ) -> (Result<HashMap<String, String>, Status>, Result<(), Status>) {
        let control = self.control();
        let mut holding = pin!(self.hold(gives, request.clone()));
        let mut solving = pin!(solve(&control, request, watch));
        tokio::select! {
            // Of two that fail the one that is watched tells why.
            solved = &mut solving => {
                let held = if solved.is_ok() { holding.await } else { Ok(()) };
                (solved, held)
            }
            held = &mut holding => (solving.await, held),
        }
    }

    async fn session(&self, asked: &Ask) -> Result<Arc<OnceCell<Session>>, String> {
        let cell = {
            let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(sessions.entry(asked.key.clone()).or_default())
        };
        let open = || Session::open(&self.link, asked.content.clone());
        cell.get_or_try_init(open).await.map_err(|refused| format!("no session with the builder: {refused}"))?;
        Ok(cell)
    }

    async fn build(&self, asked: Ask, events: Events) -> Result<Built, Failure> {
        let started = Instant::now();
        let failed = |message: String| Failure { message, ..Failure::default() };
        let daemon = matches!(self.link, Link::Daemon(_));
        let cell = self.session(&asked).await.map_err(failed)?;
        let Some(session) = cell.get() else { return Err(failed("the session with the builder is gone".to_owned())) };
        let mask = Arc::new(asked.mask);
        let mut watch = Watch::new(asked.steps, Arc::clone(&mask), events);
        let mut request = SolveRequest { r#ref: unique(), session: session.id.clone(), ..asked.request };
        watch.set_apart(self.lend(&asked.taken, &mut request));
        let (solved, held) = self.solve_and_hold(asked.gives, request, &mut watch).await;
        let (sent, error) = {
            let mut ledger = session.ledger.lock().unwrap_or_else(PoisonError::into_inner);
            (std::mem::take(&mut ledger.sent), ledger.error.clone())
        };
        let response = solved.map_err(|status| {
            let failure = asked.blame.tell(failure::failure(&status, &watch, &mask, daemon));
            match error.filter(|_| failure.exit_code.is_none() && !failure.lost) {
                // What stopped the sending says more than what the builder makes of it.
                Some(error) => failed(format!("the build context cannot be sent: {}: {}", error.path, error.reason)),
                None => failure,
            }
        })?;
        held.map_err(|status| asked.blame.tell(failure::failure(&status, &watch, &mask, daemon)))?;
        if let Some(written) = response.get("cache.manifest") {
            asked.kept.iter().try_for_each(|kept| kept.name(written)).map_err(failed)?;
        }
        let ran = watch.ran();
        let executed = ran.values().filter(|ran| matches!(ran, Ran::Executed(_))).count();
        let image = response.get("containerimage.digest").cloned().unwrap_or_default();
        let steps = asked.planned;
        let pushed = asked.pushes.into_iter().map(|name| Pushed { name, digest: image.clone() }).collect();
        Ok(Built { image, time: started.elapsed(), steps, cached: steps.saturating_sub(executed), ran, sent, pushed })
    }
}

/// Asks for a build, and reads what is told of it until it ends. Dropping this stops the build.
async fn solve(control: &ControlClient<Channel>, request: SolveRequest, watch: &mut Watch) -> Result<HashMap<String, String>, Status> {
    let (mut asking, mut listening) = (control.clone(), control.clone());
    let about = StatusRequest { r#ref: request.r#ref.clone() };
    let listen = async move {
        let Ok(answer) = listening.status(about).await else { return };
        let mut answer = answer.into_inner();
        while let Ok(Some(told)) = answer.message().await {
            watch.read(&told);
        }
    };
    let mut listen = pin!(listen);
    let mut asking = pin!(asking.solve(request));
    let mut heard = false;
    let answer = loop {
        tokio::select! {
            answer = &mut asking => break answer,
            () = &mut listen, if !heard => heard = true,
        }
    };
    if !heard {
        let _ = tokio::time::timeout(LAST_WORDS, listen).await;
    }
    Ok(answer?.into_inner().exporter_response)
}
