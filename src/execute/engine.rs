//! The connection to Docker's engine: which one, chosen how, and what to say when it does not answer.

use std::error::Error as _;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use bollard::Docker;
use bollard::errors::Error;

use super::credentials::DockerConfig;
use super::dial::{self, Dial};
use super::host::Host;
use super::logins::{Login, Logins};
use super::ssh::Ssh;
use super::tls::Tls;
use super::transport;

const ANSWER_WITHIN: u64 = 10;
/// Who logs in by ssh may have a passphrase to type.
const SSH_ANSWERS_WITHIN: u64 = 120;
/// No answer comes before the whole context is sent, and none while a long step is silent.
const BUILD_WITHIN: Duration = Duration::from_secs(86_400);

/// An engine that answered.
#[derive(Clone)]
pub struct Engine {
    pub(super) docker: Docker,
    /// Makes raw connections to it.
    pub(super) dial: Arc<dyn Dial>,
    /// Whom registries are told we are.
    pub(super) logins: Arc<dyn Logins>,
    /// Where it is.
    pub host: Host,
}

impl Engine {
    /// Connects and agrees on a version; an error is a text for the user.
    pub async fn connect(host: Host) -> Result<Engine, String> {
        let dial = dial(&host)?;
        let docker = transport::client(Arc::clone(&dial), patience(&host)).map_err(|error| unreachable(&host, &error))?;
        let docker = docker.negotiate_version().await.map_err(|error| unreachable(&host, &error))?;
        Ok(Engine { docker: docker.with_timeout(BUILD_WITHIN), dial, logins: Arc::new(DockerConfig), host })
    }

    /// What tells it from every other engine.
    pub(super) async fn id(&self) -> Option<String> {
        self.docker.info().await.ok()?.id
    }

    /// The login for a registry; a credential helper is waited for beside everything else.
    pub(super) async fn login(&self, host: &str) -> Result<Option<Login>, String> {
        let (logins, host) = (Arc::clone(&self.logins), host.to_owned());
        tokio::task::spawn_blocking(move || logins.login(&host)).await.map_err(|error| format!("internal error: {error}"))?
    }
}

/// Seconds in which a host must answer.
fn patience(host: &Host) -> u64 {
    if host.address.starts_with("ssh://") { SSH_ANSWERS_WITHIN } else { ANSWER_WITHIN }
}

/// The way to a host; an error is a text for the user.
fn dial(host: &Host) -> Result<Arc<dyn Dial>, String> {
    let (scheme, rest) = host.address.split_once("://").unwrap_or(("", host.address.as_str()));
    let wrong = |why: String| format!("{} is `{}`: {why}", host.chosen_by, host.address);
    Ok(match (scheme, &host.tls) {
        #[cfg(unix)]
        ("unix", _) => Arc::new(dial::Unix(rest.into())),
        #[cfg(windows)]
        ("npipe", _) => Arc::new(dial::Pipe(rest.into())),
        ("ssh", _) => Arc::new(Ssh::new(rest).map_err(wrong)?),
        ("tcp" | "https", Some(files)) => {
            let advice =
                "DOCKER_CERT_PATH names the folder with ca.pem, cert.pem and key.pem; `docker context create` keeps them with a context";
            let tls = Tls::new(&with_port(rest, 2376), files);
            Arc::new(tls.map_err(|why| format!("{} asks for TLS: {why}\n  {advice}", host.chosen_by))?)
        }
        ("https", None) => return Err(wrong("TLS needs certificates; set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH".to_owned())),
        ("tcp" | "http", _) => Arc::new(dial::Tcp(with_port(rest, 2375))),
        _ => {
            let known = "unix:///path/to/docker.sock, tcp://host:2376 or ssh://user@host";
            return Err(wrong(format!("that is no address of an engine; use {known}")));
        }
    })
}

fn with_port(rest: &str, port: u16) -> String {
    let place = rest.split('/').next().unwrap_or(rest);
    let numbered =
        place.rsplit_once(':').is_some_and(|(host, port)| port.parse::<u16>().is_ok() && (!host.contains(':') || host.ends_with(']')));
    if numbered { place.to_owned() } else { format!("{place}:{port}") }
}

fn unreachable(host: &Host, error: &Error) -> String {
    let (reason, advice) = match (io_kind(error), error) {
        (_, Error::RequestTimeoutError) => (format!("no answer within {} seconds", patience(host)), start(host)),
        (_, Error::DockerResponseServerError { message, .. }) if message.contains("HTTP request to an HTTPS server") => {
            let advice = "set DOCKER_TLS_VERIFY=1, and let DOCKER_CERT_PATH name the folder with its ca.pem, cert.pem and key.pem";
            ("it speaks TLS only".to_owned(), advice.to_owned())
        }
        (Some(ErrorKind::ConnectionRefused), _) => ("nobody listens there".to_owned(), start(host)),
        (Some(ErrorKind::NotFound), _) => ("there is no such socket".to_owned(), start(host)),
        (Some(ErrorKind::PermissionDenied), _) => (
            "your user may not use it".to_owned(),
            "add yourself to the group `docker` (`sudo usermod -aG docker $USER`, then log in again), or use a rootless engine".to_owned(),
        ),
        _ => (chain(error), start(host)),
    };
    format!("cannot reach a Docker engine at {} ({}): {reason}\n  {advice}", host.address, host.chosen_by)
}

fn start(host: &Host) -> String {
    match host.address.split_once("://") {
        Some(("ssh", place)) => {
            let place = place.split('/').next().unwrap_or(place);
            let (place, port) = place.rsplit_once(':').map_or((place, String::new()), |(place, port)| (place, format!("-p {port} ")));
            format!("this must work: `ssh {port}{place} docker version`")
        }
        Some(("tcp" | "https", _)) if host.tls.is_some() => {
            "the certificates must be those of this engine, and it must listen with `--tlsverify`".to_owned()
        }
        Some(("tcp" | "http", _)) => format!("start Docker there, listening on that port, or let {} name the engine to use", who(host)),
        _ => format!("start Docker (`sudo systemctl start docker`, or Docker Desktop), or let {} name the engine to use", who(host)),
    }
}

/// Where another address would be written.
fn who(host: &Host) -> &str {
    if host.chosen_by.starts_with("the Docker context") { host.chosen_by.as_str() } else { "DOCKER_HOST" }
}

fn io_kind(error: &Error) -> Option<ErrorKind> {
    // It stands for what it holds, and does not name it as its source.
    if let Error::IOError { err } = error {
        return Some(err.kind());
    }
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            return Some(io.kind());
        }
        next = error.source();
    }
    None
}

/// What the engine itself says, without how it came here.
pub(super) fn said(error: &Error) -> Option<String> {
    match error {
        Error::DockerStreamError { error } => Some(error.clone()),
        Error::DockerResponseServerError { message, .. } => Some(message.clone()),
        _ => None,
    }
}

/// All that an error says: the outermost text alone is often only "client error".
pub(super) fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let more = source.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        next = source.source();
    }
    text
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests may panic")]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    /// An engine of a few words, which closes every connection after its answer.
    fn engine_of_words(dir: &std::path::Path) -> Host {
        let path = dir.join("docker.sock");
        let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut asked = [0; 4096];
                let n = stream.read(&mut asked).unwrap();
                let asked = String::from_utf8_lossy(&asked[..n]).into_owned();
                let body = match asked.split(' ').nth(1).unwrap_or_default() {
                    path if path.ends_with("/version") => r#"{"Version":"1.2.3","ApiVersion":"1.41","MinAPIVersion":"1.12"}"#,
                    _ => "{}",
                };
                let _ = write!(
                    stream,
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                    body.len()
                );
            }
        });
        Host { address: format!("unix://{}", path.display()), chosen_by: "a test".to_owned(), tls: None }
    }

    #[test]
    fn a_build_may_be_silent_for_as_long_as_it_takes() {
        let dir = tempfile::tempdir().unwrap();
        let host = engine_of_words(dir.path());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let engine = runtime.block_on(Engine::connect(host)).unwrap();
        assert_eq!((engine.docker.client_version().major_version, engine.docker.client_version().minor_version), (1, 41));
        assert_eq!(engine.docker.timeout(), BUILD_WITHIN, "bollard's own limit of two minutes ends slow uploads");
    }

    #[test]
    fn ports_are_added_where_they_are_missing() {
        for (given, wanted) in
            [("build", "build:2375"), ("build:1", "build:1"), ("[::1]", "[::1]:2375"), ("[::1]:7", "[::1]:7"), ("h:1/", "h:1")]
        {
            assert_eq!(with_port(given, 2375), wanted);
        }
    }
}
