//! The way to a BuildKit: through the engine's API, or straight to a daemon.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bollard_buildkit_proto::moby::buildkit::v1::BytesMessage;
use bollard_buildkit_proto::moby::buildkit::v1::control_client::ControlClient;
use bollard_buildkit_proto::moby::buildkit::v1::frontend::llb_bridge_client::LlbBridgeClient;
use futures_util::StreamExt;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tonic::Request;
use tonic::codegen::http::Uri;
use tonic::metadata::{MetadataKey, MetadataValue};
use tonic::transport::{Channel, Endpoint};

use super::super::dial::{Dial, Wire};
use super::hijack::{Refused, hijack};

/// A remote host that is gone is noticed after so long; servers take more frequent questions for an attack.
const ALIVE: Duration = Duration::from_secs(330);
/// Status messages of large builds are larger than gRPC's usual limit.
const LARGEST_MESSAGE: usize = 64 << 20;
const CHUNK: usize = 32 * 1024;

/// How a BuildKit is reached.
#[derive(Clone)]
pub(in crate::execute) enum Link {
    /// Inside the engine.
    Engine(Arc<dyn Dial>),
    /// A `buildkitd` of its own.
    Daemon(Arc<dyn Dial>),
}

impl Link {
    /// A connection on which BuildKit is called.
    pub(super) async fn channel(&self) -> Result<Channel, String> {
        let endpoint =
            Endpoint::from_static("http://buildkit").http2_keep_alive_interval(ALIVE).initial_connection_window_size(super::WINDOW);
        endpoint.connect_with_connector(Connector(self.clone())).await.map_err(|error| chain(&error))
    }

    async fn wire(self) -> io::Result<Box<dyn Wire>> {
        match self {
            Link::Engine(dial) => Ok(Box::new(hijack(&*dial, "/grpc", &[]).await.map_err(io::Error::other)?)),
            Link::Daemon(dial) => dial.dial().await,
        }
    }

    /// A connection on which BuildKit calls us; `headers` say what we serve.
    pub(super) async fn session(&self, headers: &[(&str, String)]) -> Result<Box<dyn Wire>, Refused> {
        match self {
            Link::Engine(dial) => Ok(Box::new(hijack(&**dial, "/session", headers).await?)),
            Link::Daemon(_) => self.tunnel(headers).await.map_err(Refused::Broken),
        }
    }

    /// A daemon has the session's bytes packed into messages of a call.
    async fn tunnel(&self, headers: &[(&str, String)]) -> Result<Box<dyn Wire>, String> {
        let mut control = control(self.channel().await?);
        let (ours, theirs) = tokio::io::duplex(4 * CHUNK);
        let (mut from_us, mut to_us) = tokio::io::split(theirs);
        let out = async_stream(move |tx| async move {
            let mut buffer = vec![0; CHUNK];
            while let Ok(read @ 1..) = from_us.read(&mut buffer).await {
                let data = buffer.get(..read).unwrap_or_default().to_vec();
                if tx.send(BytesMessage { data }).await.is_err() {
                    break;
                }
            }
        });
        let mut request = Request::new(out);
        for (name, value) in headers {
            let key = MetadataKey::from_bytes(name.to_lowercase().as_bytes()).map_err(|error| error.to_string())?;
            let value = MetadataValue::try_from(value.as_str()).map_err(|error| error.to_string())?;
            request.metadata_mut().append(key, value);
        }
        let mut answer = control.session(request).await.map_err(|status| status.message().to_owned())?.into_inner();
        tokio::spawn(async move {
            while let Some(Ok(message)) = answer.next().await {
                if to_us.write_all(&message.data).await.is_err() {
                    break;
                }
            }
        });
        Ok(Box::new(ours))
    }
}

/// The calls that BuildKit serves.
pub(super) fn control(channel: Channel) -> ControlClient<Channel> {
    ControlClient::new(channel).max_decoding_message_size(LARGEST_MESSAGE)
}

/// The calls that it serves to a client that stands in a build.
pub(super) fn bridge(channel: Channel) -> LlbBridgeClient<Channel> {
    LlbBridgeClient::new(channel).max_decoding_message_size(LARGEST_MESSAGE)
}

/// A stream of what a task sends.
fn async_stream<T: Send + 'static, F: Future<Output = ()> + Send + 'static>(
    task: impl FnOnce(tokio::sync::mpsc::Sender<T>) -> F,
) -> impl futures_util::Stream<Item = T> + Send + 'static {
    let (tx, rx) = tokio::sync::mpsc::channel(4);
    tokio::spawn(task(tx));
    super::stream(rx)
}

/// All that an error says.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let more = source.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        next = source.source();
    }
    text
}

#[derive(Clone)]
struct Connector(Link);

impl tonic::codegen::Service<Uri> for Connector {
    type Response = TokioIo<Box<dyn Wire>>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let link = self.0.clone();
        Box::pin(async move { Ok(TokioIo::new(link.wire().await?)) })
    }
}
