//! A session: what BuildKit may ask of us while it builds. It is the client then, and we are the server.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bollard_buildkit_proto::health::health_check_response::ServingStatus;
use bollard_buildkit_proto::health::health_server::{Health, HealthServer};
use bollard_buildkit_proto::health::{HealthCheckRequest, HealthCheckResponse, HealthListRequest, HealthListResponse};
use bollard_buildkit_proto::moby::buildkit::secrets::v1::secrets_server::{Secrets, SecretsServer};
use bollard_buildkit_proto::moby::buildkit::secrets::v1::{GetSecretRequest, GetSecretResponse};
use bollard_buildkit_proto::moby::filesync::packet::file_sync_server::FileSyncServer;
use bollard_buildkit_proto::moby::filesync::v1::auth_server::{Auth, AuthServer};
use bollard_buildkit_proto::moby::filesync::v1::file_send_server::FileSendServer;
use bollard_buildkit_proto::moby::filesync::v1::{
    CredentialsRequest, CredentialsResponse, FetchTokenRequest, FetchTokenResponse, GetTokenAuthorityRequest, GetTokenAuthorityResponse,
    VerifyTokenAuthorityRequest, VerifyTokenAuthorityResponse,
};
use bollard_buildkit_proto::moby::sshforward::v1::ssh_server::SshServer;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tonic::transport::Server;
use tonic::transport::server::Connected;
use tonic::{Request, Response, Status};

use super::super::Output;
use super::super::dial::Wire;
use super::super::logins::{Login, Logins};
use super::filesync::{Ledger, Local, Locals};
use super::hijack::Refused;
use super::link::Link;
use super::output::Taker;
use super::ssh::Agents;
use super::store::{self, Blobs};
use super::{Answers, stream};

/// Larger secrets BuildKit does not take.
pub(super) const LARGEST_SECRET: usize = 500 * 1024;
/// Files come back in larger messages than gRPC's usual limit.
const LARGEST_MESSAGE: usize = 16 << 20;

/// What a session has to give.
#[derive(Clone)]
pub(super) struct Content {
    /// The context's folder on this machine, where it has one: the engine keeps what it was sent under a key made of it.
    pub dir: Option<PathBuf>,
    /// Files, by the names that builds use.
    pub locals: BTreeMap<String, Local>,
    /// Values of secrets by id.
    pub secrets: BTreeMap<String, Vec<u8>>,
    /// Sockets of ssh agents by id.
    pub agents: BTreeMap<String, PathBuf>,
    /// Folders with blobs, by the ids that a builder has for them.
    pub stores: BTreeMap<String, Blobs>,
    /// Where what a build hands back goes.
    pub output: Option<Output>,
    /// Whom registries are told we are.
    pub logins: Arc<dyn Logins>,
}

/// A session that is open; dropping it ends it.
pub(super) struct Session {
    /// What BuildKit knows it by.
    pub id: String,
    /// What was sent in it.
    pub ledger: Arc<Mutex<Ledger>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Session {
    /// Opens a session.
    pub(super) async fn open(link: &Link, content: Content) -> Result<Session, Refused> {
        let id = super::unique();
        let mut headers = vec![
            ("X-Docker-Expose-Session-Uuid", id.clone()),
            ("X-Docker-Expose-Session-Name", "stacklint".to_owned()),
            ("X-Docker-Expose-Session-Sharedkey", shared_key(&content)),
        ];
        let mut methods = vec![
            "/grpc.health.v1.Health/Check",
            "/moby.filesync.v1.FileSync/DiffCopy",
            "/moby.filesync.v1.Auth/Credentials",
            "/moby.buildkit.secrets.v1.Secrets/GetSecret",
        ];
        if content.output.is_some() {
            methods.push("/moby.filesync.v1.FileSend/DiffCopy");
        }
        if !content.agents.is_empty() {
            methods.extend(["/moby.sshforward.v1.SSH/CheckAgent", "/moby.sshforward.v1.SSH/ForwardAgent"]);
        }
        if !content.stores.is_empty() {
            methods.extend(store::METHODS);
        }
        headers.extend(methods.into_iter().map(|method| ("X-Docker-Expose-Session-Grpc-Method", method.to_owned())));
        let wire = link.session(&headers).await?;
        let ledger = Arc::<Mutex<Ledger>>::default();
        let router = Server::builder()
            .initial_connection_window_size(super::WINDOW)
            .add_service(HealthServer::new(Alive))
            .add_service(FileSyncServer::new(Locals { locals: content.locals, ledger: Arc::clone(&ledger) }))
            .add_service(AuthServer::new(Registries(content.logins)))
            .add_service(SecretsServer::new(Values(content.secrets)))
            .add_service(SshServer::new(Agents(content.agents)))
            .add_service(store::Content::new(content.stores))
            .add_service(FileSendServer::new(Taker(content.output)).max_decoding_message_size(LARGEST_MESSAGE));
        let task = tokio::spawn(async move {
            let (one, incoming) = tokio::sync::mpsc::channel(1);
            let _ = one.send(Ok::<_, io::Error>(Line(wire))).await;
            let _ = router.serve_with_incoming(stream(incoming)).await;
            drop(one);
        });
        Ok(Session { id, ledger, task })
    }
}

/// The same for the same folder of the same machine, so that only what changed is sent again.
fn shared_key(content: &Content) -> String {
    let Some(dir) = &content.dir else { return String::new() };
    let machine = ["/etc/machine-id", "/proc/sys/kernel/hostname"].iter().find_map(|path| std::fs::read_to_string(path).ok());
    let machine = machine.or_else(|| std::env::var("COMPUTERNAME").ok()).unwrap_or_default();
    let mut hash = Sha256::new();
    hash.update(machine.trim().as_bytes());
    hash.update([0]);
    hash.update(dir.as_os_str().as_encoded_bytes());
    format!("{:x}", hash.finalize())
}

struct Alive;

#[tonic::async_trait]
impl Health for Alive {
    type WatchStream = Answers<HealthCheckResponse>;

    async fn check(&self, _: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        Ok(Response::new(HealthCheckResponse { status: ServingStatus::Serving.into() }))
    }

    async fn list(&self, _: Request<HealthListRequest>) -> Result<Response<HealthListResponse>, Status> {
        Err(Status::unimplemented("only checks are answered"))
    }

    async fn watch(&self, _: Request<HealthCheckRequest>) -> Result<Response<Answers<HealthCheckResponse>>, Status> {
        Err(Status::unimplemented("only checks are answered"))
    }
}

struct Values(BTreeMap<String, Vec<u8>>);

#[tonic::async_trait]
impl Secrets for Values {
    async fn get_secret(&self, request: Request<GetSecretRequest>) -> Result<Response<GetSecretResponse>, Status> {
        let id = request.into_inner().id;
        match self.0.get(&id) {
            Some(data) => Ok(Response::new(GetSecretResponse { data: data.clone() })),
            None => Err(Status::not_found(format!("secret {id}: not found"))),
        }
    }
}

struct Registries(Arc<dyn Logins>);

#[tonic::async_trait]
impl Auth for Registries {
    async fn credentials(&self, request: Request<CredentialsRequest>) -> Result<Response<CredentialsResponse>, Status> {
        let logins = Arc::clone(&self.0);
        let host = request.into_inner().host;
        let host = if host == "registry-1.docker.io" { "docker.io".to_owned() } else { host };
        let found = tokio::task::spawn_blocking(move || logins.login(&host)).await;
        let login = found.map_err(|error| Status::internal(error.to_string()))?.map_err(Status::unavailable)?;
        let Login { user, secret } = login.unwrap_or(Login { user: String::new(), secret: String::new() });
        Ok(Response::new(CredentialsResponse { username: user, secret }))
    }

    async fn fetch_token(&self, _: Request<FetchTokenRequest>) -> Result<Response<FetchTokenResponse>, Status> {
        Err(Status::unimplemented("tokens are fetched by the builder"))
    }

    async fn get_token_authority(&self, _: Request<GetTokenAuthorityRequest>) -> Result<Response<GetTokenAuthorityResponse>, Status> {
        Err(Status::unimplemented("tokens are fetched by the builder"))
    }

    async fn verify_token_authority(
        &self,
        _: Request<VerifyTokenAuthorityRequest>,
    ) -> Result<Response<VerifyTokenAuthorityResponse>, Status> {
        Err(Status::unimplemented("tokens are fetched by the builder"))
    }
}

/// The one connection that a session's server has.
struct Line(Box<dyn Wire>);

impl Connected for Line {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

impl AsyncRead for Line {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0).poll_write(cx, buffer)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_shutdown(cx)
    }
}
