//! Registries: pushing with progress and digests, pulling with logins, and refusals. The registry is Debian's, on loopback.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::docker::{Docker, Ran, engine, image, run};
use crate::programs;

/// Its login has `/` and `+` in the usual alphabet of base64, which the engine would drop without a word.
const USER: &str = "stack";
pub(super) const PASSWORD: &str = "o>>>~~~???hush";

/// A registry that ends with the test.
pub(super) struct Registry {
    child: Child,
    pub(super) host: String,
    _dir: tempfile::TempDir,
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts one; `None` with a word to the reader where it is not installed.
pub(super) fn registry(password: Option<&str>) -> Option<Registry> {
    let dir = tempfile::tempdir().unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let host = format!("127.0.0.1:{port}");
    let mut config = format!(
        "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: '{host}'}}\n",
        dir.path().join("data").display()
    );
    let installed = |program: &str| Command::new(program).arg("--help").output().is_ok();
    if !installed("docker-registry") || !installed("htpasswd") {
        let required = std::env::var("STACKLINT_TEST_ENGINE").as_deref() == Ok("require");
        assert!(!required, "docker-registry and htpasswd are needed: apt-get install docker-registry apache2-utils");
        eprintln!("skipped: docker-registry or htpasswd is not installed");
        return None;
    }
    if let Some(password) = password {
        let users = Command::new("htpasswd").args(["-nbB", USER, password]).output().unwrap();
        fs::write(dir.path().join("users"), users.stdout).unwrap();
        config.push_str(&format!("auth: {{htpasswd: {{realm: test, path: {}}}}}\n", dir.path().join("users").display()));
    }
    fs::write(dir.path().join("config.yml"), config).unwrap();
    let child = Command::new("docker-registry")
        .arg("serve")
        .arg(dir.path().join("config.yml"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let registry = Registry { child, host, _dir: dir };
    let begun = Instant::now();
    while std::net::TcpStream::connect(&registry.host).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(60), "the registry does not start");
        std::thread::sleep(Duration::from_millis(50));
    }
    Some(registry)
}

/// A folder with a Dockerfile and Docker's configuration in it.
fn folder(docker: &Docker, name: &str, dockerfile: &str, config: &str) -> std::path::PathBuf {
    let dir = docker.dir.path().join(name);
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join("Dockerfile"), dockerfile).unwrap();
    fs::write(dir.join("config.json"), config).unwrap();
    dir
}

fn build(dir: &Path, args: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stacklint"));
    command.args(["plan", "Dockerfile", "--execute", "--allow-findings", "--progress=json"]).args(args);
    let path = format!("{}:{}", dir.display(), std::env::var("PATH").unwrap());
    Ran::new(&command.env("DOCKER_CONFIG", dir).env("PATH", path).current_dir(dir).output().unwrap())
}

pub(super) fn auths(host: &str, password: &str) -> String {
    let base64 = Command::new("sh").args(["-c", "printf %s \"$1\" | base64 -w0", "sh", &format!("{USER}:{password}")]).output().unwrap();
    serde_json::json!({"auths": {host: {"auth": String::from_utf8(base64.stdout).unwrap()}}}).to_string()
}

const BUILT: &str = "FROM python:3.12-slim\nRUN echo pushed > /pushed\n";

#[test]
fn an_image_is_pushed_under_every_name_with_its_digest() {
    let Some(docker) = engine() else { return };
    let Some(registry) = registry(None) else { return };
    let dir = folder(&docker, "push", BUILT, "{}");
    let (one, two) = (format!("{}/stacklint-test/push:1", registry.host), format!("{}/stacklint-test/push", registry.host));
    let ran = build(&dir, &["--push", "--tag", &one, "--tag", &two, "--tag", "stacklint-test-here"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let events = ran.events();
    let built = events.iter().find(|e| e["event"] == "built").unwrap();
    let pushed = built["pushed"].as_array().unwrap();
    assert_eq!(pushed.iter().map(|p| p["name"].as_str().unwrap()).collect::<Vec<_>>(), [&one, &two], "a bare name stays here");
    assert!(events.iter().any(|e| e["event"] == "step" && e["name"] == format!("pushing {one}")), "{events:?}");
    assert!(events.iter().any(|e| e["event"] == "log" && e["text"].as_str().is_some_and(|t| t.ends_with(" layers"))), "{events:?}");
    let digest = pushed[0]["digest"].as_str().unwrap();
    assert!(ran.out.contains(&format!("pushed {one}@{digest}\n")), "{}", ran.out);
    // The registry knows the image by that digest.
    let by_digest = format!("{two}@{digest}");
    run(&["rmi", "-f", &one, &two]);
    run(&["pull", "-q", &by_digest]);
    run(&["rmi", "-f", &by_digest]);
}

#[test]
fn a_registry_with_a_password_takes_the_login_of_dockers_configuration() {
    let Some(docker) = engine() else { return };
    let Some(registry) = registry(Some(PASSWORD)) else { return };
    let name = format!("{}/stacklint-test/login:1", registry.host);
    let dir = folder(&docker, "login", BUILT, "{}");
    let ran = build(&dir, &["--push", "--tag", &name]);
    assert_eq!(ran.status, Some(1), "{ran:?}");
    assert!(ran.err.contains(&format!("`{name}` cannot be pushed: ")), "{}", ran.err);
    assert!(
        ran.err.contains(&format!("Docker's configuration has no login for {}: `docker login {}`", registry.host, registry.host)),
        "{}",
        ran.err
    );

    fs::write(dir.join("config.json"), auths(&registry.host, "wrong")).unwrap();
    let ran = build(&dir, &["--push", "--tag", &name]);
    assert!(ran.status == Some(1) && ran.err.contains("refuses the login that Docker's configuration has for it"), "{}", ran.err);

    fs::write(dir.join("config.json"), auths(&registry.host, PASSWORD)).unwrap();
    let ran = build(&dir, &["--push", "--tag", &name]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(ran.out.contains(&format!("pushed {name}@sha256:")), "{}", ran.out);
    assert!(!ran.err.contains("hush") && !ran.out.contains("hush"));

    // What was pushed is a base image now, which only who is logged in may have.
    run(&["rmi", "-f", &name]);
    let from = folder(&docker, "from", &format!("FROM {name}\nRUN cat /pushed > /seen\n"), &auths(&registry.host, PASSWORD));
    let ran = build(&from, &["--tag", "stacklint-test/from"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(image("stacklint-test/from").is_some());
    run(&["rmi", "-f", "stacklint-test/from", &name]);
    fs::write(from.join("config.json"), "{}").unwrap();
    let ran = build(&from, &["--tag", "stacklint-test/from", "--no-cache", "--pull"]);
    assert_eq!(ran.status, Some(1), "{ran:?}");
    assert!(ran.err.contains(&format!("`docker login {}`", registry.host)), "{}", ran.err);
}

#[test]
fn a_credential_helper_is_asked_for_the_login() {
    let Some(docker) = engine() else { return };
    let Some(registry) = registry(Some(PASSWORD)) else { return };
    let name = format!("{}/stacklint-test/helper:1", registry.host);
    let config = serde_json::json!({"credHelpers": {&registry.host: "stacklinttest"}}).to_string();
    let dir = folder(&docker, "helper", BUILT, &config);
    let ran = build(&dir, &["--push", "--tag", &name]);
    assert_eq!(ran.status, Some(1), "{ran:?}");
    assert!(ran.err.contains("the credential helper that Docker's configuration names does not answer"), "{}", ran.err);
    let helper = dir.join("docker-credential-stacklinttest");
    let answer = serde_json::json!({"ServerURL": registry.host, "Username": USER, "Secret": PASSWORD});
    programs::write(&helper, &format!("#!/bin/sh\n[ \"$(cat)\" = {} ] && cat <<'E'\n{answer}\nE\n", registry.host));
    let ran = build(&dir, &["--push", "--tag", &name]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(ran.out.contains(&format!("pushed {name}@sha256:")), "{}", ran.out);
    // A helper that knows nothing is no fault, but then there is no login.
    programs::write(&helper, "#!/bin/sh\ncat > /dev/null\necho 'credentials not found in native keychain'\nexit 1\n");
    let ran = build(&dir, &["--push", "--tag", &name]);
    assert!(ran.status == Some(1) && ran.err.contains("has no login for"), "{}", ran.err);
}

#[test]
fn names_that_cannot_be_pushed_are_refused_before_anything_runs() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("Dockerfile"), BUILT).unwrap();
    let ran = build(dir.path(), &["--push", "--tag", "web"]);
    assert_eq!(ran.status, Some(2), "{ran:?}");
    assert!(ran.err.contains("`Dockerfile` has no name in a registry to push it to, only `web`"), "{}", ran.err);
}

#[test]
fn a_registry_that_is_not_there_is_told() {
    let Some(docker) = engine() else { return };
    let dir = folder(&docker, "nowhere", BUILT, "{}");
    let ran = build(&dir, &["--push", "--tag", "127.0.0.1:1/stacklint-test/nowhere"]);
    assert_eq!(ran.status, Some(1), "{ran:?}");
    assert!(ran.err.contains("the engine cannot reach 127.0.0.1:1"), "{}", ran.err);
}
