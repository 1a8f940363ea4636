//! A connection to the engine's API that is taken over: the engine answers "switching protocols", and from then on the
//! bytes are those of another protocol.

use hyper::client::conn::http1;
use hyper::header::{CONNECTION, HOST, UPGRADE};
use hyper::upgrade::Upgraded;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;

use super::super::dial::Dial;

/// Why a connection was not taken over.
#[derive(Debug)]
pub(in crate::execute) enum Refused {
    /// The engine knows no such call.
    Unknown,
    /// It answers something else.
    Answered(StatusCode),
    /// It cannot be talked to.
    Broken(String),
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Refused::Unknown => f.write_str("the engine has no BuildKit"),
            Refused::Answered(status) => write!(f, "the engine answers {status} where it should hand over a connection"),
            Refused::Broken(error) => f.write_str(error),
        }
    }
}

impl std::error::Error for Refused {}

/// Takes over a new connection at `path`; the bytes after it are HTTP/2.
pub(in crate::execute) async fn hijack(dial: &dyn Dial, path: &str, headers: &[(&str, String)]) -> Result<TokioIo<Upgraded>, Refused> {
    let broken = |error: &dyn std::fmt::Display| Refused::Broken(error.to_string());
    let wire = dial.dial().await.map_err(|error| broken(&error))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(wire)).await.map_err(|error| broken(&error))?;
    tokio::spawn(connection.with_upgrades());
    let mut request = Request::post(path).header(HOST, "docker").header(CONNECTION, "Upgrade").header(UPGRADE, "h2c");
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let request = request.body(String::new()).map_err(|error| broken(&error))?;
    let answer = sender.send_request(request).await.map_err(|error| broken(&error))?;
    match answer.status() {
        StatusCode::SWITCHING_PROTOCOLS => Ok(TokioIo::new(hyper::upgrade::on(answer).await.map_err(|error| broken(&error))?)),
        StatusCode::NOT_FOUND | StatusCode::NOT_IMPLEMENTED | StatusCode::METHOD_NOT_ALLOWED => Err(Refused::Unknown),
        status => Err(Refused::Answered(status)),
    }
}
