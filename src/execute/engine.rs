//! The connection to Docker's engine: which one, chosen how, and what to say when it does not answer.

use std::error::Error as _;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bollard::errors::Error;
use bollard::{API_DEFAULT_VERSION, Docker};

use super::dial::{self, Dial};
use super::logins::{Anonymous, Logins};

const ANSWER_WITHIN: u64 = 10;
/// No answer comes before the whole context is sent, and none while a long step is silent.
const BUILD_WITHIN: Duration = Duration::from_secs(86_400);

/// Where the engine is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// `unix:///var/run/docker.sock`, `tcp://…`, `npipe://…`.
    pub address: String,
    /// Who says so, as a phrase: "DOCKER_HOST", "the Docker context `remote`".
    pub chosen_by: String,
}

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
    /// Its version, as it says.
    pub version: String,
}

impl Host {
    /// DOCKER_HOST, or the Docker context that is in use, or the system's default.
    pub fn find() -> Result<Host, String> {
        Host::choose(&|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    fn choose(env: &dyn Fn(&str) -> Option<String>) -> Result<Host, String> {
        if let Some(address) = env("DOCKER_HOST") {
            return Ok(Host { address, chosen_by: "DOCKER_HOST".to_owned() });
        }
        let config = env("DOCKER_CONFIG").map(PathBuf::from).or_else(|| Some(PathBuf::from(env("HOME")?).join(".docker")));
        let (context, chosen_by) = match (env("DOCKER_CONTEXT"), &config) {
            (Some(name), _) => (Some(name), "DOCKER_CONTEXT"),
            (None, Some(config)) => (current_context(config), "Docker's configuration"),
            (None, None) => (None, ""),
        };
        match (context.filter(|name| name != "default"), config) {
            (Some(name), Some(config)) => {
                let address = context_host(&config, &name).ok_or_else(|| {
                    format!("{chosen_by} names the Docker context `{name}`, which is not defined in {}", config.display())
                })?;
                Ok(Host { address, chosen_by: format!("the Docker context `{name}`") })
            }
            _ => Ok(Host { address: default_address().to_owned(), chosen_by: "the default, as DOCKER_HOST is not set".to_owned() }),
        }
    }
}

fn default_address() -> &'static str {
    if cfg!(windows) { "npipe:////./pipe/docker_engine" } else { "unix:///var/run/docker.sock" }
}

fn current_context(config: &std::path::Path) -> Option<String> {
    let text = std::fs::read_to_string(config.join("config.json")).ok()?;
    let value: serde_json::Value = serde_json::from_str(&text).ok()?;
    Some(value.get("currentContext")?.as_str()?.to_owned())
}

/// Contexts are kept under a hash of their name; their own file says which they are.
fn context_host(config: &std::path::Path, name: &str) -> Option<String> {
    for entry in std::fs::read_dir(config.join("contexts/meta")).ok()?.flatten() {
        let Ok(text) = std::fs::read_to_string(entry.path().join("meta.json")) else { continue };
        let Ok(value) = serde_json::from_str::<serde_json::Value>(&text) else { continue };
        if value.get("Name").and_then(|n| n.as_str()) == Some(name) {
            return Some(value.pointer("/Endpoints/docker/Host")?.as_str()?.to_owned());
        }
    }
    None
}

impl Engine {
    /// Connects and agrees on a version; an error is a text for the user.
    pub async fn connect(host: Host) -> Result<Engine, String> {
        let docker = open(&host)?;
        let docker = docker.negotiate_version().await.map_err(|error| unreachable(&host, &error))?;
        let version = docker.version().await.ok().and_then(|version| version.version).unwrap_or_default();
        let Some(dial) = dial::plain(&host.address) else { return Err(unsupported(&host, &host.address)) };
        Ok(Engine { docker: docker.with_timeout(BUILD_WITHIN), dial, logins: Arc::new(Anonymous), host, version })
    }
}

fn open(host: &Host) -> Result<Docker, String> {
    let address = host.address.as_str();
    let scheme = address.split_once("://").map_or("", |(scheme, _)| scheme);
    let tls = std::env::var("DOCKER_TLS_VERIFY").is_ok_and(|value| !value.is_empty());
    let connected = match scheme {
        "tcp" | "http" if tls => return Err(unsupported(host, "TLS (DOCKER_TLS_VERIFY)")),
        "tcp" | "http" => Docker::connect_with_http(address, ANSWER_WITHIN, API_DEFAULT_VERSION),
        #[cfg(unix)]
        "unix" => Docker::connect_with_unix(address, ANSWER_WITHIN, API_DEFAULT_VERSION),
        #[cfg(windows)]
        "npipe" => Docker::connect_with_named_pipe(address, ANSWER_WITHIN, API_DEFAULT_VERSION),
        "ssh" | "https" => return Err(unsupported(host, &format!("{scheme}://"))),
        _ => {
            let text = format!("{} is `{address}`, which is no address of an engine", host.chosen_by);
            return Err(format!("{text}; use unix:///path/to/docker.sock or tcp://host:2375"));
        }
    };
    connected.map_err(|error| unreachable(host, &error))
}

fn unsupported(host: &Host, what: &str) -> String {
    format!("{} asks for {}, and {what} is not supported yet; use unix:// or tcp:// without TLS", host.chosen_by, host.address)
}

fn unreachable(host: &Host, error: &Error) -> String {
    let (reason, advice) = match io_kind(error) {
        _ if matches!(error, Error::SocketNotFoundError(_)) => ("there is no such socket".to_owned(), start()),
        _ if matches!(error, Error::RequestTimeoutError) => (format!("no answer within {ANSWER_WITHIN} seconds"), start()),
        Some(ErrorKind::ConnectionRefused) => ("nobody listens there".to_owned(), start()),
        Some(ErrorKind::NotFound) => ("there is no such socket".to_owned(), start()),
        Some(ErrorKind::PermissionDenied) => (
            "your user may not use it".to_owned(),
            "add yourself to the group `docker` (`sudo usermod -aG docker $USER`, then log in again), or use a rootless engine".to_owned(),
        ),
        _ => (chain(error), start()),
    };
    format!("cannot reach a Docker engine at {} ({}): {reason}\n  {advice}", host.address, host.chosen_by)
}

fn start() -> String {
    "start Docker (`sudo systemctl start docker`, or Docker Desktop), or let DOCKER_HOST name the engine to use".to_owned()
}

fn io_kind(error: &Error) -> Option<ErrorKind> {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            return Some(io.kind());
        }
        next = error.source();
    }
    None
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_chosen_as_dockers_own_client_does() {
        let dir = tempfile::tempdir().unwrap();
        let meta = dir.path().join("contexts/meta/abc");
        std::fs::create_dir_all(&meta).unwrap();
        std::fs::write(meta.join("meta.json"), r#"{"Name":"remote","Endpoints":{"docker":{"Host":"tcp://build:2375"}}}"#).unwrap();
        let config = dir.path().to_str().unwrap().to_owned();
        let env = |set: &[(&str, &str)]| {
            let mut set: Vec<(String, String)> = set.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            set.push(("DOCKER_CONFIG".to_owned(), config.clone()));
            Host::choose(&move |name| set.iter().find(|(k, _)| k == name).map(|(_, v)| v.clone()))
        };
        assert!(env(&[]).unwrap().chosen_by.starts_with("the default"));
        assert_eq!(env(&[("DOCKER_CONTEXT", "remote")]).unwrap().address, "tcp://build:2375");
        assert_eq!(env(&[("DOCKER_CONTEXT", "remote"), ("DOCKER_HOST", "tcp://h:1")]).unwrap().address, "tcp://h:1");
        assert!(env(&[("DOCKER_CONTEXT", "gone")]).unwrap_err().contains("`gone`"));
        std::fs::write(dir.path().join("config.json"), r#"{"currentContext":"remote"}"#).unwrap();
        assert_eq!(env(&[]).unwrap().chosen_by, "the Docker context `remote`");
        assert!(env(&[("DOCKER_CONTEXT", "default")]).unwrap().chosen_by.starts_with("the default"));
    }
}
