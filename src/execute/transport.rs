//! bollard's requests over our own connections, so that every way to an engine serves its API and BuildKit's session alike.

use std::sync::{Arc, Mutex, PoisonError};

use bollard::errors::Error;
use bollard::{BollardRequest, Docker};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{HOST, HeaderMap, HeaderValue};
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;

use super::dial::Dial;

/// The name that requests are addressed to: engines do not look at it.
const NAME: &str = "docker";

/// The headers that hold logins.
const LOGINS: [&str; 2] = ["x-registry-auth", "x-registry-config"];

/// bollard over these connections.
pub(super) fn client(dial: Arc<dyn Dial>, timeout: u64) -> Result<Docker, Error> {
    let wires = Arc::new(Wires { dial, idle: Mutex::new(Vec::new()) });
    let transport = move |request: BollardRequest| {
        let wires = Arc::clone(&wires);
        async move { wires.send(request).await }
    };
    Docker::connect_with_custom_transport(transport, Some(format!("http://{NAME}")), timeout, bollard::API_DEFAULT_VERSION)
}

/// Connections to an engine; one whose answer was read to its end serves the next request.
struct Wires<B> {
    dial: Arc<dyn Dial>,
    idle: Mutex<Vec<SendRequest<B>>>,
}

impl<B> Wires<B>
where
    B: Body + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    async fn send(&self, mut request: Request<B>) -> Result<Response<Incoming>, Error> {
        url_safe(request.headers_mut());
        request.headers_mut().insert(HOST, HeaderValue::from_static(NAME));
        if let Some(path) = request.uri().path_and_query().cloned() {
            *request.uri_mut() = Uri::from(path);
        }
        let mut sender = match self.ready() {
            Some(sender) => sender,
            None => {
                let (sender, connection) = handshake(TokioIo::new(self.dial.dial().await?)).await?;
                tokio::spawn(connection);
                sender
            }
        };
        let answer = sender.send_request(request).await?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
        Ok(answer)
    }

    fn ready(&self) -> Option<SendRequest<B>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|sender| !sender.is_closed());
        let at = idle.iter().position(SendRequest::is_ready)?;
        Some(idle.swap_remove(at))
    }
}

/// Logins go to the engine in the alphabet of URLs; in the other one it drops them without a word.
fn url_safe(headers: &mut HeaderMap) {
    for name in LOGINS {
        let Some(text) = headers.get(name).and_then(|value| value.to_str().ok()) else { continue };
        if let Ok(value) = HeaderValue::from_str(&text.replace('+', "-").replace('/', "_")) {
            headers.insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_are_sent_in_the_alphabet_of_urls() {
        let mut headers = HeaderMap::new();
        headers.insert("X-Registry-Auth", HeaderValue::from_static("ab+c/d=="));
        headers.insert("x-other", HeaderValue::from_static("a+b/c"));
        url_safe(&mut headers);
        assert_eq!(headers["x-registry-auth"], "ab-c_d==");
        assert_eq!(headers["x-other"], "a+b/c");
    }
}
