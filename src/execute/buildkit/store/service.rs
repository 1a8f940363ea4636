//! The content service: BuildKit reads blobs out of this machine's folders, and writes blobs into them.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::SystemTime;

use bollard_buildkit_proto::google::protobuf::Timestamp;
use tokio::sync::mpsc;
use tonic::body::Body;
use tonic::codegen::{BoxFuture, Service, StdError, http};
use tonic::server::{Grpc, NamedService, ServerStreamingService, StreamingService, UnaryService};
use tonic::{Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;

use super::super::{Answers, stream};
use super::blobs::{Blobs, Digest, Writing};
use super::wire::{
    AbortRequest, Action, Info, InfoRequest, InfoResponse, ListRequest, ListResponse, ReadRequest, ReadResponse, Status as Progress,
    StatusRequest, StatusResponse, WriteRequest, WriteResponse,
};

/// The header that says which folder is meant.
const STORE: &str = "buildkit-attachable-store-id";
/// Blobs come in messages of up to half of gRPC's largest.
const LARGEST_MESSAGE: usize = 16 << 20;
const CHUNK: usize = 512 * 1024;
const LISTED_AT_ONCE: usize = 100;

/// The calls that BuildKit makes, as a session has to announce them.
pub(in crate::execute::buildkit) const METHODS: [&str; 6] = [
    "/containerd.services.content.v1.Content/Info",
    "/containerd.services.content.v1.Content/List",
    "/containerd.services.content.v1.Content/Read",
    "/containerd.services.content.v1.Content/Status",
    "/containerd.services.content.v1.Content/Write",
    "/containerd.services.content.v1.Content/Abort",
];

/// Serves folders, by the ids under which BuildKit knows them.
#[derive(Clone)]
pub(in crate::execute::buildkit) struct Content(Arc<Served>);

struct Served {
    stores: BTreeMap<String, Blobs>,
    /// How far the blobs are that are being written, by store and reference.
    running: Mutex<BTreeMap<(String, String), Progress>>,
}

impl Content {
    pub(in crate::execute::buildkit) fn new(stores: BTreeMap<String, Blobs>) -> Content {
        Content(Arc::new(Served { stores, running: Mutex::default() }))
    }
}

impl NamedService for Content {
    const NAME: &'static str = "containerd.services.content.v1.Content";
}

impl<B> Service<http::Request<B>> for Content
where
    B: tonic::codegen::Body + Send + 'static,
    B::Error: Into<StdError> + Send + 'static,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Self::Error>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let served = Arc::clone(&self.0);
        Box::pin(async move {
            let method = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
            Ok(match method.as_str() {
                "Info" => grpc().unary(One(served, Served::info), request).await,
                "Status" => grpc().unary(One(served, Served::status), request).await,
                "Abort" => grpc().unary(One(served, Served::abort), request).await,
                "List" => grpc().server_streaming(Many(served, Served::list), request).await,
                "Read" => grpc().server_streaming(Many(served, Served::read), request).await,
                "Write" => grpc().streaming(Many(served, Served::write), request).await,
                _ => Status::unimplemented("blobs are read and written here, nothing else").into_http(),
            })
        })
    }
}

fn grpc<A, Q>() -> Grpc<ProstCodec<A, Q>>
where
    A: prost::Message + Default + Send + 'static,
    Q: prost::Message + Default + Send + 'static,
{
    Grpc::new(ProstCodec::default()).apply_max_message_size_config(Some(LARGEST_MESSAGE), None)
}

/// A function of what is served, as a call with one answer.
struct One<Q, A>(Arc<Served>, fn(&Arc<Served>, Request<Q>) -> Answer<A>);

/// The same with many answers.
struct Many<Q, A>(Arc<Served>, fn(&Arc<Served>, Request<Q>) -> Answer<Answers<A>>);

/// What a call answers.
type Answer<A> = Result<Response<A>, Status>;

impl<Q, A> UnaryService<Q> for One<Q, A> {
    type Response = A;
    type Future = Ready<Answer<A>>;

    fn call(&mut self, request: Request<Q>) -> Self::Future {
        ready((self.1)(&self.0, request))
    }
}

impl<Q, A> ServerStreamingService<Q> for Many<Q, A> {
    type Response = A;
    type ResponseStream = Answers<A>;
    type Future = Ready<Answer<Answers<A>>>;

    fn call(&mut self, request: Request<Q>) -> Self::Future {
        ready((self.1)(&self.0, request))
    }
}

impl<Q, A> StreamingService<Q> for Many<Streaming<Q>, A> {
    type Response = A;
    type ResponseStream = Answers<A>;
    type Future = Ready<Answer<Answers<A>>>;

    fn call(&mut self, request: Request<Streaming<Q>>) -> Self::Future {
        ready((self.1)(&self.0, request))
    }
}

impl Served {
    fn store<T>(&self, request: &Request<T>) -> Result<(String, Blobs), Status> {
        let id = request.metadata().get(STORE).and_then(|id| id.to_str().ok());
        let id = id.ok_or_else(|| Status::invalid_argument("the call names no store"))?;
        let blobs = self.stores.get(id).ok_or_else(|| Status::not_found(format!("no folder is lent as `{id}`")))?;
        Ok((id.to_owned(), blobs.clone()))
    }

    fn info(self: &Arc<Self>, request: Request<InfoRequest>) -> Answer<InfoResponse> {
        let (_, blobs) = self.store(&request)?;
        let digest = digest(&request.get_ref().digest)?;
        Ok(Response::new(InfoResponse { info: Some(info(&blobs, &digest)?) }))
    }

    fn list(self: &Arc<Self>, request: Request<ListRequest>) -> Answer<Answers<ListResponse>> {
        let (_, blobs) = self.store(&request)?;
        if !request.get_ref().filters.is_empty() {
            return Err(Status::unimplemented("all blobs are listed, or none"));
        }
        let all = blobs.all().map_err(|error| told(&blobs, &error))?;
        let infos: Vec<Info> = all.iter().filter_map(|digest| info(&blobs, digest).ok()).collect();
        let parts: Vec<_> = infos.chunks(LISTED_AT_ONCE).map(|part| Ok(ListResponse { info: part.to_vec() })).collect();
        Ok(Response::new(Box::pin(futures_util::stream::iter(parts))))
    }

    fn read(self: &Arc<Self>, request: Request<ReadRequest>) -> Answer<Answers<ReadResponse>> {
        let (_, blobs) = self.store(&request)?;
        let wanted = request.get_ref();
        let digest = digest(&wanted.digest)?;
        let size = blobs.known(&digest).map_err(|error| told(&blobs, &error))?.size;
        let offset = u64::try_from(wanted.offset).unwrap_or(0);
        if offset > size {
            return Err(Status::out_of_range(format!("the blob has {size} bytes")));
        }
        let length = u64::try_from(wanted.size).ok().filter(|&asked| asked > 0).map_or(size - offset, |asked| asked.min(size - offset));
        let file = blobs.open(&digest).map_err(|error| told(&blobs, &error))?;
        let (answers, out) = mpsc::channel(4);
        tokio::task::spawn_blocking(move || {
            if let Err(error) = send(file, offset, length, &answers) {
                let _ = answers.blocking_send(Err(told(&blobs, &error)));
            }
        });
        Ok(Response::new(stream(out)))
    }

    fn running(&self) -> std::sync::MutexGuard<'_, BTreeMap<(String, String), Progress>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn status(self: &Arc<Self>, request: Request<StatusRequest>) -> Answer<StatusResponse> {
        let (id, _) = self.store(&request)?;
        let reference = request.get_ref().reference.clone();
        let status = self.running().get(&(id, reference)).cloned();
        let status = status.ok_or_else(|| Status::not_found("no blob is being written under this reference"))?;
        Ok(Response::new(StatusResponse { status: Some(status) }))
    }

    /// What is written and not kept is gone already with the call that wrote it.
    fn abort(self: &Arc<Self>, request: Request<AbortRequest>) -> Answer<()> {
        let (id, _) = self.store(&request)?;
        match self.running().contains_key(&(id, request.get_ref().reference.clone())) {
            true => Err(Status::unavailable("this blob is being written")),
            false => Ok(Response::new(())),
        }
    }

    fn write(self: &Arc<Self>, request: Request<Streaming<WriteRequest>>) -> Answer<Answers<WriteResponse>> {
        let (id, blobs) = self.store(&request)?;
        let mut requests = request.into_inner();
        let (answers, out) = mpsc::channel(1);
        let served = Arc::clone(self);
        tokio::spawn(async move {
            let mut writer = Writer { served, id, blobs, key: None, writing: None, total: None, expected: None };
            loop {
                let request = match requests.message().await {
                    Ok(Some(request)) => request,
                    Ok(None) | Err(_) => return,
                };
                // The disk is waited for beside everything else.
                let done = tokio::task::spawn_blocking(move || (writer.step(request), writer)).await;
                let Ok((answer, next)) = done else { return };
                writer = next;
                let ended = answer.is_err() || writer.writing.is_none();
                if answers.send(answer).await.is_err() || ended {
                    return;
                }
            }
        });
        Ok(Response::new(stream(out)))
    }
}

/// One blob as it is written.
struct Writer {
    served: Arc<Served>,
    id: String,
    blobs: Blobs,
    key: Option<(String, String)>,
    writing: Option<Writing>,
    total: Option<u64>,
    expected: Option<Digest>,
}

impl Writer {
    fn step(&mut self, request: WriteRequest) -> Result<WriteResponse, Status> {
        self.announced(&request)?;
        if self.key.is_none() {
            self.begin(&request.reference)?;
        }
        let blobs = &self.blobs;
        let failed = |error: io::Error| told(blobs, &error);
        let mut writing = self.writing.take().ok_or_else(|| Status::failed_precondition("the blob is kept already"))?;
        let action = Action::try_from(request.action).map_err(|_| Status::invalid_argument("this is no step of writing"))?;
        if action != Action::Stat {
            let length = writing.length();
            if request.offset > 0 && u64::try_from(request.offset) != Ok(length) {
                return Err(Status::out_of_range(format!("{length} bytes are there, so that none can stand at {}", request.offset)));
            }
            if request.offset <= 0 && length > 0 {
                writing.restart().map_err(failed)?;
            }
            writing.append(&request.data).map_err(failed)?;
        }
        let (offset, digest) = (signed(writing.length()), writing.digest().to_string());
        let answer =
            WriteResponse { action: request.action, offset, total: self.total.map_or(0, signed), digest, ..WriteResponse::default() };
        if action == Action::Commit {
            writing.keep(self.expected.as_ref(), self.total).map_err(failed)?;
        } else {
            self.tell(offset);
            self.writing = Some(writing);
        }
        Ok(answer)
    }

    /// Takes down what is to come; a blob that is there already need not.
    fn announced(&mut self, request: &WriteRequest) -> Result<(), Status> {
        self.total = u64::try_from(request.total).ok().filter(|&total| total > 0).or(self.total);
        if request.expected.is_empty() {
            return Ok(());
        }
        let expected = digest(&request.expected)?;
        if self.blobs.has(&expected, self.total) {
            return Err(Status::already_exists(format!("{expected} is there already")));
        }
        self.expected = Some(expected);
        Ok(())
    }

    fn begin(&mut self, reference: &str) -> Result<(), Status> {
        if reference.is_empty() {
            return Err(Status::invalid_argument("the first message names no reference"));
        }
        let key = (self.id.clone(), reference.to_owned());
        match self.served.running().entry(key.clone()) {
            // The other one ends soon, and with it this blob is there; who asks again is told so.
            Entry::Occupied(_) => return Err(Status::unavailable("this blob is being written")),
            Entry::Vacant(place) => {
                place.insert(Progress { started_at: now(), reference: reference.to_owned(), ..Progress::default() });
            }
        }
        self.key = Some(key);
        self.writing = Some(self.blobs.begin().map_err(|error| told(&self.blobs, &error))?);
        Ok(())
    }

    fn tell(&self, offset: i64) {
        let mut running = self.served.running();
        let Some(known) = self.key.as_ref().and_then(|key| running.get_mut(key)) else { return };
        known.offset = offset;
        known.updated_at = now();
        known.total = self.total.map_or(0, signed);
        known.expected = self.expected.as_ref().map_or_else(String::new, Digest::to_string);
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Some(key) = &self.key {
            self.served.running().remove(key);
        }
    }
}

fn send(mut file: std::fs::File, offset: u64, length: u64, answers: &mpsc::Sender<Result<ReadResponse, Status>>) -> io::Result<()> {
    file.seek(SeekFrom::Start(offset))?;
    let mut rest = file.take(length);
    let mut at = 0_i64;
    loop {
        let mut data = Vec::with_capacity(CHUNK);
        rest.by_ref().take(CHUNK as u64).read_to_end(&mut data)?;
        if data.is_empty() {
            return Ok(());
        }
        let sent = data.len() as u64;
        if answers.blocking_send(Ok(ReadResponse { offset: at, data })).is_err() {
            return Ok(());
        }
        at += signed(sent);
    }
}

fn digest(text: &str) -> Result<Digest, Status> {
    Digest::parse(text).ok_or_else(|| Status::invalid_argument(format!("`{text}` is no digest of a blob")))
}

fn info(blobs: &Blobs, digest: &Digest) -> Result<Info, Status> {
    let known = blobs.known(digest).map_err(|error| told(blobs, &error))?;
    let time = known.made.map(timestamp);
    Ok(Info { digest: digest.to_string(), size: signed(known.size), created_at: time, updated_at: time, ..Info::default() })
}

fn now() -> Option<Timestamp> {
    Some(timestamp(SystemTime::now()))
}

fn timestamp(time: SystemTime) -> Timestamp {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp { seconds: signed(since.as_secs()), nanos: i32::try_from(since.subsec_nanos()).unwrap_or(0) }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// What the disk says, for the other side and in the end for the user.
fn told(blobs: &Blobs, error: &io::Error) -> Status {
    let text = format!("the folder {}: {error}", blobs.root().display());
    match error.kind() {
        ErrorKind::NotFound => Status::not_found("this blob is not there"),
        ErrorKind::PermissionDenied => Status::permission_denied(text),
        ErrorKind::InvalidData => Status::failed_precondition(text),
        _ => Status::internal(text),
    }
}
