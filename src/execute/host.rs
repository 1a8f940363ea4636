//! Which engine is meant: DOCKER_HOST, a Docker context, or the system's own.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// Where the engine is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// `unix:///var/run/docker.sock`, `tcp://…`, `ssh://…`, `npipe://…`.
    pub address: String,
    /// Who says so, as a phrase: "DOCKER_HOST", "the Docker context `remote`".
    pub chosen_by: String,
    /// What encrypts the connection, where it is to be encrypted.
    pub tls: Option<TlsFiles>,
}

/// The files of an encrypted connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// Who signed the engine's certificate.
    pub ca: PathBuf,
    /// Our certificate and its key; none where the engine asks for none.
    pub own: Option<(PathBuf, PathBuf)>,
}

pub(super) type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Host {
    /// DOCKER_HOST, or the Docker context that is in use, or the system's default.
    pub fn find() -> Result<Host, String> {
        Host::choose(&|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    fn choose(env: Env<'_>) -> Result<Host, String> {
        let config = config_folder(env);
        if let Some(address) = env("DOCKER_HOST") {
            let tls = env("DOCKER_TLS_VERIFY").and_then(|_| Some(named_files(&env("DOCKER_CERT_PATH").map(PathBuf::from).or(config)?)));
            return Ok(Host { address, chosen_by: "DOCKER_HOST".to_owned(), tls });
        }
        let (context, chosen_by) = match (env("DOCKER_CONTEXT"), &config) {
            (Some(name), _) => (Some(name), "DOCKER_CONTEXT".to_owned()),
            (None, Some(config)) => (current_context(config)?, config.join("config.json").display().to_string()),
            (None, None) => (None, String::new()),
        };
        match (context.filter(|name| name != "default"), config) {
            (Some(name), Some(config)) => of_context(&config, &name, &chosen_by),
            (Some(name), None) => {
                Err(format!("{chosen_by} names the Docker context `{name}`, but HOME is not set, so it cannot be looked up"))
            }
            (None, _) => {
                let chosen_by = "the default, as DOCKER_HOST is not set".to_owned();
                Ok(Host { address: default_address().to_owned(), chosen_by, tls: None })
            }
        }
    }
}

/// The folder of Docker's own configuration.
pub(super) fn config_folder(env: Env<'_>) -> Option<PathBuf> {
    env("DOCKER_CONFIG").map(PathBuf::from).or_else(|| Some(PathBuf::from(env("HOME")?).join(".docker")))
}

fn default_address() -> &'static str {
    if cfg!(windows) { "npipe:////./pipe/docker_engine" } else { "unix:///var/run/docker.sock" }
}

/// The files under the names that Docker's own client expects.
fn named_files(dir: &Path) -> TlsFiles {
    TlsFiles { ca: dir.join("ca.pem"), own: Some((dir.join("cert.pem"), dir.join("key.pem"))) }
}

fn current_context(config: &Path) -> Result<Option<String>, String> {
    let path = config.join("config.json");
    let Ok(text) = std::fs::read_to_string(&path) else { return Ok(None) };
    let value: Value = serde_json::from_str(&text).map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    Ok(value.get("currentContext").and_then(Value::as_str).filter(|name| !name.is_empty()).map(str::to_owned))
}

/// Contexts are kept under a hash of their name; their own file says which they are.
fn of_context(config: &Path, name: &str, named_by: &str) -> Result<Host, String> {
    let chosen_by = format!("the Docker context `{name}`");
    let entries = std::fs::read_dir(config.join("contexts/meta")).into_iter().flatten().flatten();
    let mut known = Vec::new();
    for entry in entries {
        let Ok(text) = std::fs::read_to_string(entry.path().join("meta.json")) else { continue };
        let Ok(value) = serde_json::from_str::<Value>(&text) else { continue };
        let Some(own) = value.get("Name").and_then(Value::as_str) else { continue };
        if own != name {
            known.push(own.to_owned());
            continue;
        }
        let address = value.pointer("/Endpoints/docker/Host").and_then(Value::as_str).filter(|host| !host.is_empty());
        let address = address.ok_or_else(|| format!("{chosen_by} names no engine"))?.to_owned();
        let files = config.join("contexts/tls").join(entry.file_name()).join("docker");
        let tls = context_files(&files);
        if value.pointer("/Endpoints/docker/SkipTLSVerify") == Some(&Value::Bool(true)) {
            return Err(format!(
                "{chosen_by} wants the engine's certificate unchecked, which stacklint does not do\n  give it the certificate: `docker context update {name} --docker host={address},ca=ca.pem`"
            ));
        }
        return Ok(Host { address, chosen_by, tls });
    }
    known.sort_unstable();
    let hint = match crate::syntax::closest(name, known.iter().map(String::as_str)) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None if known.is_empty() => format!("no context is defined in {}", config.display()),
        None => format!("there are: {}", known.join(", ")),
    };
    Err(format!("{named_by} names the Docker context `{name}`, which is not there; {hint}"))
}

fn context_files(dir: &Path) -> Option<TlsFiles> {
    let (ca, cert, key) = (dir.join("ca.pem"), dir.join("cert.pem"), dir.join("key.pem"));
    let own = cert.exists() || key.exists();
    (ca.exists() || own).then(|| TlsFiles { ca, own: own.then_some((cert, key)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_chosen_as_dockers_own_client_does() {
        let dir = tempfile::tempdir().unwrap();
        let meta = dir.path().join("contexts/meta/abc");
        std::fs::create_dir_all(&meta).unwrap();
        std::fs::write(meta.join("meta.json"), r#"{"Name":"remote","Endpoints":{"docker":{"Host":"tcp://build:2376"}}}"#).unwrap();
        let config = dir.path().to_str().unwrap().to_owned();
        let env = |set: &[(&str, &str)]| {
            let mut set: Vec<(String, String)> = set.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            set.push(("DOCKER_CONFIG".to_owned(), config.clone()));
            Host::choose(&move |name| set.iter().find(|(k, _)| k == name).map(|(_, v)| v.clone()))
        };
        assert!(env(&[]).unwrap().chosen_by.starts_with("the default"));
        assert_eq!(env(&[("DOCKER_CONTEXT", "remote")]).unwrap().address, "tcp://build:2376");
        assert_eq!(env(&[("DOCKER_CONTEXT", "remote"), ("DOCKER_HOST", "tcp://h:1")]).unwrap().address, "tcp://h:1");
        assert!(env(&[("DOCKER_CONTEXT", "remoet")]).unwrap_err().contains("did you mean `remote`?"));
        assert!(env(&[("DOCKER_CONTEXT", "elsewhere")]).unwrap_err().contains("there are: remote"));
        std::fs::write(dir.path().join("config.json"), r#"{"currentContext":"remote"}"#).unwrap();
        assert_eq!(env(&[]).unwrap().chosen_by, "the Docker context `remote`");
        assert!(env(&[("DOCKER_CONTEXT", "default")]).unwrap().chosen_by.starts_with("the default"));
        std::fs::write(dir.path().join("config.json"), "{").unwrap();
        assert!(env(&[]).unwrap_err().contains("config.json cannot be read"));
    }

    #[test]
    fn certificates_belong_to_whoever_names_the_host() {
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path();
        let choose = |set: &[(&str, &str)]| {
            let found = |name: &str| set.iter().find(|(k, _)| *k == name).map(|(_, v)| (*v).to_owned());
            Host::choose(&|name| found(name).or_else(|| (name == "DOCKER_CONFIG").then(|| config.display().to_string())))
        };
        assert_eq!(choose(&[("DOCKER_HOST", "tcp://h:1")]).unwrap().tls, None);
        let tls = choose(&[("DOCKER_HOST", "tcp://h:1"), ("DOCKER_TLS_VERIFY", "1"), ("DOCKER_CERT_PATH", "/certs")]).unwrap().tls;
        assert_eq!(tls, Some(named_files(Path::new("/certs"))));
        let tls = choose(&[("DOCKER_HOST", "tcp://h:1"), ("DOCKER_TLS_VERIFY", "1")]).unwrap().tls;
        assert_eq!(tls, Some(named_files(config)));
        std::fs::create_dir_all(config.join("contexts/meta/abc")).unwrap();
        std::fs::create_dir_all(config.join("contexts/tls/abc/docker")).unwrap();
        let meta = |skip: bool| format!(r#"{{"Name":"r","Endpoints":{{"docker":{{"Host":"tcp://b:1","SkipTLSVerify":{skip}}}}}}}"#);
        std::fs::write(config.join("contexts/meta/abc/meta.json"), meta(false)).unwrap();
        assert_eq!(choose(&[("DOCKER_CONTEXT", "r")]).unwrap().tls, None);
        std::fs::write(config.join("contexts/tls/abc/docker/ca.pem"), "x").unwrap();
        let tls = choose(&[("DOCKER_CONTEXT", "r")]).unwrap().tls.unwrap();
        assert_eq!((tls.ca, tls.own), (config.join("contexts/tls/abc/docker/ca.pem"), None));
        std::fs::write(config.join("contexts/meta/abc/meta.json"), meta(true)).unwrap();
        assert!(choose(&[("DOCKER_CONTEXT", "r")]).unwrap_err().contains("unchecked"));
    }
}
