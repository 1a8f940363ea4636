//! A raw connection to the engine, for what bollard has no call for.

use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};

/// Bytes in both directions.
pub(super) trait Wire: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Wire for T {}

/// A connection that is being made.
pub(super) type Dialling = Pin<Box<dyn Future<Output = io::Result<Box<dyn Wire>>> + Send>>;

/// Makes connections to one engine, each a new one.
pub(super) trait Dial: Send + Sync {
    /// Connects.
    fn dial(&self) -> Dialling;
}

/// The way to an address without encryption; `None` for an address of another kind.
pub(super) fn plain(address: &str) -> Option<Arc<dyn Dial>> {
    let (scheme, rest) = address.split_once("://")?;
    match scheme {
        #[cfg(unix)]
        "unix" => Some(Arc::new(Unix(rest.into()))),
        #[cfg(windows)]
        "npipe" => Some(Arc::new(Pipe(rest.into()))),
        "tcp" | "http" => Some(Arc::new(Tcp(rest.trim_end_matches('/').to_owned()))),
        _ => None,
    }
}

/// A socket in the file system.
#[cfg(unix)]
pub(super) struct Unix(pub PathBuf);

#[cfg(unix)]
impl Dial for Unix {
    fn dial(&self) -> Dialling {
        let path = self.0.clone();
        Box::pin(async move { Ok(Box::new(tokio::net::UnixStream::connect(path).await?) as Box<dyn Wire>) })
    }
}

/// A named pipe of Windows.
#[cfg(windows)]
pub(super) struct Pipe(pub PathBuf);

#[cfg(windows)]
impl Dial for Pipe {
    fn dial(&self) -> Dialling {
        let path = self.0.clone();
        Box::pin(async move { Ok(Box::new(tokio::net::windows::named_pipe::ClientOptions::new().open(path)?) as Box<dyn Wire>) })
    }
}

/// A host and port, without encryption.
pub(super) struct Tcp(pub String);

impl Dial for Tcp {
    fn dial(&self) -> Dialling {
        let address = self.0.clone();
        Box::pin(async move {
            let stream = tokio::net::TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            Ok(Box::new(stream) as Box<dyn Wire>)
        })
    }
}
