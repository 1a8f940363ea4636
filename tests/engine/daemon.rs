//! A BuildKit daemon of its own, which keeps no images: runs only where a `buildkitd` is installed and may be started.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::docker::{Ran, busybox_root};
use super::registry::registry;

/// A daemon with a store of its own, which ends with the test.
struct Daemon {
    child: Child,
    dir: tempfile::TempDir,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

/// Starts one; `None` with a word to the reader where there is none to start.
fn daemon() -> Option<Daemon> {
    let dir = tempfile::tempdir().unwrap();
    let started = Command::new("buildkitd")
        .arg("--addr")
        .arg(format!("unix://{}", dir.path().join("sock").display()))
        .arg("--root")
        .arg(dir.path().join("root"))
        .args(["--containerd-worker=false", "--oci-worker=true", "--oci-worker-net=host"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(child) = started else {
        eprintln!("skipped: there is no buildkitd to start");
        return None;
    };
    let mut daemon = Daemon { child, dir };
    let begun = Instant::now();
    while std::os::unix::net::UnixStream::connect(daemon.dir.path().join("sock")).is_err() {
        if daemon.child.try_wait().unwrap().is_some() || begun.elapsed() > Duration::from_secs(20) {
            eprintln!("skipped: buildkitd does not come up for this user");
            return None;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Some(daemon)
}

impl Daemon {
    fn run(&self, dir: &Path, args: &[&str]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stacklint"));
        command.args(["plan", "--execute", "--allow-findings", "--progress=json"]).args(args).current_dir(dir);
        command.env("BUILDKIT_HOST", format!("unix://{}", self.dir.path().join("sock").display()));
        Ran::new(&command.env("XDG_CACHE_HOME", self.dir.path()).output().unwrap())
    }
}

/// Two services, one built on the other by a context, with a secret and a cache in the registry.
fn project(host: &str) -> (tempfile::TempDir, PathBuf) {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("project");
    busybox_root(&dir.join("base/root"));
    fs::create_dir_all(dir.join("web")).unwrap();
    fs::write(dir.join("base/Dockerfile"), "FROM scratch\nCOPY root /\nENV PATH=/bin\n").unwrap();
    let web = "FROM base AS one\nCOPY <<E /hello\nhi\nE\nRUN cat /hello > /out\nFROM base\nCOPY --from=one /out /out\n\
        RUN --mount=type=secret,id=token wc -c < /run/secrets/token > /size\n";
    fs::write(dir.join("web/Dockerfile"), web).unwrap();
    fs::write(dir.join("token"), "hush hush").unwrap();
    let compose = format!(
        "services:\n  base:\n    image: {host}/base\n    build: base\n  web:\n    image: {host}/web\n    build:\n      context: web\n      \
        additional_contexts: {{base: 'service:base'}}\n      secrets: [token]\n      cache_from: ['type=registry,ref={host}/cache']\n      \
        cache_to: ['type=registry,ref={host}/cache,mode=max']\n      provenance: mode=max\nsecrets:\n  token: {{file: token}}\n"
    );
    fs::write(dir.join("compose.yaml"), compose).unwrap();
    (place, dir)
}

#[test]
fn a_daemon_builds_on_what_it_has_pushed_and_takes_its_cache_from_the_registry() {
    let Some(first) = daemon() else { return };
    let Some(registry) = registry(None) else { return };
    let (_place, dir) = project(&registry.host);
    let ran = first.run(&dir, &[]);
    assert_eq!(ran.status, Some(2), "{ran:?}");
    let wanted = format!("compose.yaml:5: `web` is made from `{}/base`; a BuildKit daemon keeps no images", registry.host);
    assert!(ran.err.contains(&wanted) && ran.err.contains("add --push"), "{}", ran.err);

    let ran = first.run(&dir, &["--push"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(!ran.err.contains("hush hush"));
    let index = |name: &str| {
        let accept = "Accept: application/vnd.oci.image.index.v1+json";
        let url = format!("http://{}/v2/{name}/manifests/latest", registry.host);
        let output = Command::new("curl").args(["-s", "-H", accept, &url]).output().unwrap();
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    let parts = index("web")["manifests"].as_array().cloned().unwrap_or_default();
    assert!(parts.iter().any(|part| part["annotations"]["vnd.docker.reference.type"] == "attestation-manifest"), "{parts:?}");

    // Another daemon knows nothing but the registry.
    let Some(second) = daemon() else { return };
    let ran = second.run(&dir, &["--push"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let events = ran.events();
    let of_web =
        |event: &str| events.iter().filter(|e| e["event"] == event && e["build"].as_str().is_some_and(|b| b.ends_with("/web"))).count();
    let cached: Vec<&str> = events.iter().filter(|e| e["event"] == "cached").filter_map(|e| e["instruction"].as_str()).collect();
    assert!(of_web("cached") >= 4, "{cached:?}");
}

#[test]
fn a_cache_in_a_folder_is_refused_with_its_place() {
    let Some(daemon) = daemon() else { return };
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("Dockerfile"), "FROM scratch\nCOPY Dockerfile /\n").unwrap();
    let compose = "services:\n  app:\n    build: {context: ., cache_to: ['type=local,dest=cache']}\n";
    fs::write(dir.path().join("compose.yaml"), compose).unwrap();
    let ran = daemon.run(dir.path(), &[]);
    assert_eq!(ran.status, Some(2), "{ran:?}");
    assert!(ran.err.contains("compose.yaml:2: the cache `type=local,dest=cache` is a folder of this machine"), "{}", ran.err);
}
