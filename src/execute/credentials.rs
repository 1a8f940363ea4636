//! The logins that Docker's own configuration holds, in its file or in a credential helper.

use std::sync::Arc;

use bollard::auth::DockerCredentials;
use docker_credential::{CredentialRetrievalError, DockerCredential, get_credential};

use super::Job;
use super::host::config_folder;
use super::logins::{Login, Logins};
use super::push::repository_and_tag;
use crate::plan::{Image, Plan};

/// The name under which the login for Docker Hub is kept.
const HUB: &str = "https://index.docker.io/v1/";

/// `~/.docker/config.json`, or the one in DOCKER_CONFIG.
pub(super) struct DockerConfig;

impl Logins for DockerConfig {
    fn login(&self, host: &str) -> Result<Option<Login>, String> {
        match get_credential(key(host)) {
            Ok(DockerCredential::UsernamePassword(user, secret)) => Ok(Some(Login { user, secret })),
            Ok(DockerCredential::IdentityToken(secret)) => Ok(Some(Login { user: String::new(), secret })),
            Err(error) => explained(host, &error).map_or(Ok(None), Err),
        }
    }
}

/// What is wrong; `None` where there simply is no login.
fn explained(host: &str, error: &CredentialRetrievalError) -> Option<String> {
    use CredentialRetrievalError::{ConfigNotFound, ConfigReadError, HelperCommunicationError, HelperFailure, NoCredentialConfigured};
    let file = config_folder(&|name| std::env::var(name).ok()).map(|dir| dir.join("config.json"));
    let why = match error {
        NoCredentialConfigured | ConfigNotFound => return None,
        ConfigReadError if file.as_ref().is_none_or(|file| !file.exists()) => return None,
        ConfigReadError => format!("{} cannot be read", file.unwrap_or_default().display()),
        // A helper says so on standard output, in words that Docker's own client knows.
        HelperFailure { stdout, .. } if stdout.contains("credentials not found") => return None,
        HelperFailure { helper, stdout, stderr } => {
            let said = format!("{} {}", stdout.trim(), stderr.trim());
            format!("`{helper}` fails: {}", said.trim())
        }
        HelperCommunicationError => {
            "the credential helper that Docker's configuration names does not answer; is `docker-credential-…` on the PATH?".to_owned()
        }
        other => format!("Docker's configuration: {other}"),
    };
    Some(format!("no login for {host} can be had: {why}"))
}

/// The name under which a registry's login is kept.
fn key(host: &str) -> &str {
    if matches!(host, "docker.io" | "index.docker.io" | "registry-1.docker.io") { HUB } else { host }
}

/// The registry that an image's name leads to.
pub(super) fn registry(image: &str) -> String {
    crate::stack::ImageRef::parse(image).registry.unwrap_or_else(|| "docker.io".to_owned())
}

/// A login as the engine wants it, with the name that it is found under.
pub(super) fn for_engine(host: &str, login: Login) -> (String, DockerCredentials) {
    let Login { user, secret } = login;
    let serveraddress = Some(key(host).to_owned());
    let credentials = match user.is_empty() {
        true => DockerCredentials { identitytoken: Some(secret), serveraddress, ..DockerCredentials::default() },
        false => DockerCredentials { username: Some(user), password: Some(secret), serveraddress, ..DockerCredentials::default() },
    };
    (key(host).to_owned(), credentials)
}

/// The images that an image's stages are FROM and that the plan does not build.
pub(super) fn bases(plan: &Plan, image: &Image) -> Vec<String> {
    let stages = image.stages.iter().filter_map(|&place| plan.stages.get(place));
    let mut bases: Vec<String> = stages.map(|stage| stage.base.clone()).filter(|base| plan.outside.contains(base)).collect();
    bases.sort_unstable();
    bases.dedup();
    bases
}

/// All that a registry is asked for: base images, contexts that are images, and the Dockerfile's frontend.
pub(super) fn fetched(job: &Job<'_>, image: &Image) -> Vec<String> {
    let contexts = image.settings.contexts.values().filter_map(|value| value.strip_prefix("docker-image://"));
    let directives = job.input.dockerfiles.get(image.unit).map_or(&[][..], |unit| &unit.ast.directives);
    let syntax = directives.iter().filter(|directive| directive.name.value == "syntax").map(|directive| directive.value.value.as_str());
    let syntax = image.args.get("BUILDKIT_SYNTAX").map(String::as_str).into_iter().chain(syntax);
    bases(job.plan, image).into_iter().chain(contexts.chain(syntax).map(str::to_owned)).collect()
}

/// What to do where a registry refuses one of these images.
pub(super) async fn pull_advice(logins: Arc<dyn Logins>, text: &str, bases: &[String]) -> Option<String> {
    let named = |base: &&String| text.contains(repository_and_tag(base).0) || text.contains(&registry(base));
    let base = bases.iter().find(named)?;
    let host = registry(base);
    let login = tokio::task::spawn_blocking(move || logins.login(&host)).await;
    let logged_in = login.is_ok_and(|login| login.is_ok_and(|login| login.is_some()));
    advice(text, base, logged_in)
}

/// What to do where a registry refuses; `None` where the text says something else.
pub(super) fn advice(text: &str, image: &str, logged_in: bool) -> Option<String> {
    const REFUSED: [&str; 7] = [
        "no basic auth credentials",
        "unauthorized",
        "authentication required",
        "access denied",
        "denied: ",
        "access to the resource is denied",
        "incorrect username or password",
    ];
    let (host, text) = (registry(image), text.to_lowercase());
    let login = if host == "docker.io" { "docker login".to_owned() } else { format!("docker login {host}") };
    if REFUSED.iter().any(|word| text.contains(word)) {
        return Some(match logged_in {
            true => format!("{host} refuses the login that Docker's configuration has for it; log in again: `{login}`"),
            false => format!("Docker's configuration has no login for {host}: `{login}`"),
        });
    }
    if text.contains("server gave http response to https client") {
        return Some(format!("{host} does not speak TLS: name it under `insecure-registries` in the engine's daemon.json"));
    }
    let unreachable = ["connection refused", "no such host", "i/o timeout"].iter().any(|word| text.contains(word));
    unreachable.then(|| format!("the engine cannot reach {host}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_with_what_to_do() {
        let text = "unauthorized: authentication required";
        assert_eq!(
            advice(text, "r.example.com:5000/a/b:1", false).unwrap(),
            "Docker's configuration has no login for r.example.com:5000: `docker login r.example.com:5000`"
        );
        assert!(advice(text, "a/b", true).unwrap().ends_with("log in again: `docker login`"));
        assert!(
            advice("dial tcp 127.0.0.1:1: connect: connection refused", "127.0.0.1:1/a", true)
                .unwrap()
                .contains("cannot reach 127.0.0.1:1")
        );
        assert_eq!(advice("manifest unknown", "a/b", false), None);
    }

    #[test]
    fn docker_hub_has_one_login_under_all_its_names() {
        assert_eq!((key("docker.io"), key("registry-1.docker.io"), key("ghcr.io")), (HUB, HUB, "ghcr.io"));
        assert_eq!(registry("python:3"), "docker.io");
        let (name, credentials) = for_engine("ghcr.io", Login { user: String::new(), secret: "t".to_owned() });
        assert_eq!((name.as_str(), credentials.identitytoken.as_deref(), credentials.username), ("ghcr.io", Some("t"), None));
    }
}
