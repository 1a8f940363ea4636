//! The user's ssh agent, lent to steps that ask for it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use bollard_buildkit_proto::moby::sshforward::v1::ssh_server::Ssh;
use bollard_buildkit_proto::moby::sshforward::v1::{BytesMessage, CheckAgentRequest, CheckAgentResponse};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tonic::{Request, Response, Status, Streaming};

use super::{Answers, stream};

/// The agents of a session: sockets by id.
pub(super) struct Agents(pub BTreeMap<String, PathBuf>);

impl Agents {
    fn socket(&self, id: &str) -> Result<&PathBuf, Status> {
        let id = if id.is_empty() { "default" } else { id };
        self.0.get(id).ok_or_else(|| Status::not_found(format!("no ssh agent is lent as `{id}`")))
    }
}

#[tonic::async_trait]
impl Ssh for Agents {
    type ForwardAgentStream = Answers<BytesMessage>;

    async fn check_agent(&self, request: Request<CheckAgentRequest>) -> Result<Response<CheckAgentResponse>, Status> {
        self.socket(&request.into_inner().id)?;
        Ok(Response::new(CheckAgentResponse {}))
    }

    async fn forward_agent(&self, request: Request<Streaming<BytesMessage>>) -> Result<Response<Answers<BytesMessage>>, Status> {
        let id = request.metadata().get("buildkit.ssh.id").and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned();
        let socket = self.socket(&id)?;
        let failed = |error: std::io::Error| Status::unavailable(format!("the ssh agent at {}: {error}", socket.display()));
        let (mut from, mut to) = connect(socket).await.map_err(failed)?;
        let mut requests = request.into_inner();
        tokio::spawn(async move {
            while let Ok(Some(message)) = requests.message().await {
                if to.write_all(&message.data).await.is_err() {
                    return;
                }
            }
            let _ = to.shutdown().await;
        });
        let (answers, out) = mpsc::channel(4);
        tokio::spawn(async move {
            let mut buffer = vec![0; 32 * 1024];
            while let Ok(read @ 1..) = from.read(&mut buffer).await {
                let data = buffer.get(..read).unwrap_or_default().to_vec();
                if answers.send(Ok(BytesMessage { data })).await.is_err() {
                    return;
                }
            }
        });
        Ok(Response::new(stream(out)))
    }
}

#[cfg(unix)]
async fn connect(
    socket: &PathBuf,
) -> std::io::Result<(tokio::io::ReadHalf<tokio::net::UnixStream>, tokio::io::WriteHalf<tokio::net::UnixStream>)> {
    Ok(tokio::io::split(tokio::net::UnixStream::connect(socket).await?))
}

#[cfg(not(unix))]
async fn connect(_: &PathBuf) -> std::io::Result<(tokio::io::DuplexStream, tokio::io::DuplexStream)> {
    Err(std::io::Error::other("ssh agents are reached through sockets of Unix only"))
}
