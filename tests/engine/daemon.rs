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
/// STACKLINT_TEST_BUILDKITD names the program, where it is not in PATH.
fn daemon() -> Option<Daemon> {
    let dir = tempfile::tempdir().unwrap();
    let program = std::env::var_os("STACKLINT_TEST_BUILDKITD").unwrap_or_else(|| "buildkitd".into());
    let started = Command::new(program)
        .arg("--addr")
        .arg(format!("unix://{}", dir.path().join("sock").display()))
        .arg("--root")
        .arg(dir.path().join("root"))
        .arg("--otel-socket-path")
        .arg(dir.path().join("otel"))
        .args(["--containerd-worker=false", "--oci-worker=true", "--oci-worker-net=host", "--oci-worker-gc=false"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(child) = started else {
        eprintln!("skipped: there is no buildkitd to start (STACKLINT_TEST_BUILDKITD names one)");
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
        let style = if args.contains(&"--progress=plain") { &[][..] } else { &["--progress=json"] };
        command.args(["plan", "--execute", "--allow-findings"]).args(style).args(args).current_dir(dir);
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
    let ran = first.run(&dir, &["--push"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(!ran.err.contains("hush hush"));
    let built = ran.events().into_iter().find(|e| e["event"] == "built" && e["build"].as_str().is_some_and(|b| b.ends_with("/web")));
    let pushed = built.map(|event| event["pushed"].to_string()).unwrap_or_default();
    assert!(pushed.contains(&format!("{}/web", registry.host)) && pushed.contains("sha256:"), "{pushed}");
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

/// A folder with an image's files, from which an image is built without any registry.
fn based(files: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("project");
    busybox_root(&dir.join("base/root"));
    fs::write(dir.join("base/Dockerfile"), "FROM scratch\nCOPY root /\nENV PATH=/bin WHO=base\n").unwrap();
    for (path, text) in files {
        let path = dir.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    (place, dir)
}

#[test]
fn images_are_built_on_each_other_without_a_registry() {
    let Some(daemon) = daemon() else { return };
    let compose = "services:\n  base:\n    image: shop/base:1\n    build: base\n  named:\n    build: named\n  context:\n    build:\n      \
        context: context\n      additional_contexts: {given: 'service:base', files: ./files}\n";
    let context = "FROM given AS one\nRUN echo $WHO > /who\nFROM given\nCOPY --from=one /who /who\nCOPY --from=files a /a\n";
    let files = [
        ("compose.yaml", compose),
        ("named/Dockerfile", "FROM shop/base:1\nRUN echo $WHO > /who\n"),
        ("context/Dockerfile", context),
        ("files/a", "a"),
    ];
    let (_place, dir) = based(&files);
    // `--no-cache` executes the base once, not again for those that are made from it.
    for args in [&[][..], &["--no-cache"]] {
        let ran = daemon.run(&dir, args);
        assert_eq!(ran.status, Some(0), "{ran:?}");
        let events = ran.events();
        let copies = |event: &&serde_json::Value| event["event"] == "step" && event["instruction"] == "COPY root /";
        assert_eq!(events.iter().filter(copies).count(), 1, "{events:?}");
        let line = events.iter().find(|event| event["instruction"] == "COPY --from=files a /a").map(|event| &event["line"]);
        assert_eq!(line, Some(&serde_json::json!(5)), "{events:?}");
    }
    let ran = daemon.run(&dir, &["-f", "compose.yaml", "context", "--output=type=local,dest=out"]);
    assert_eq!(ran.status, Some(2), "two images, one output: {ran:?}");
}

#[test]
fn a_cache_in_a_folder_serves_another_daemon() {
    let Some(first) = daemon() else { return };
    let app = "FROM base AS build\nRUN echo one > /one\nCOPY f /f\nFROM base\nCOPY --from=build /one /one\nRUN echo end > /end\n";
    let cache = "cache_from: ['type=local,src=kept'], cache_to: ['type=local,dest=kept,mode=max']";
    let compose = format!(
        "services:\n  base: {{build: base}}\n  app:\n    build: {{context: app, additional_contexts: {{base: 'service:base'}}, {cache}}}\n"
    );
    let (_place, dir) = based(&[("compose.yaml", &compose), ("app/Dockerfile", app), ("app/f", "f")]);
    let ran = first.run(&dir, &[]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(ran.err.contains("compose.yaml:3: `app` takes no cache from kept: nothing is there"), "{}", ran.err);
    assert!(dir.join("kept/index.json").exists() && fs::read_dir(dir.join("kept/ingest")).unwrap().count() == 0);
    let Some(second) = daemon() else { return };
    let ran = second.run(&dir, &["--progress=plain"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(ran.err.contains("importing cache manifest from local:") && !ran.err.contains("takes no cache"), "{}", ran.err);
    for instruction in ["RUN echo one > /one", "COPY f /f", "COPY --from=build /one /one", "RUN echo end > /end"] {
        let lines: Vec<&str> = ran.err.lines().collect();
        let step = lines.iter().find(|line| line.ends_with(instruction)).and_then(|line| line.split(' ').next());
        let step = step.unwrap_or_else(|| panic!("{instruction}: {}", ran.err));
        assert!(lines.contains(&format!("{step} CACHED").as_str()), "{instruction}: {}", ran.err);
    }

    assert!(ran.out.lines().any(|line| line.starts_with("project-app") && line.contains("4/4")), "{}", ran.out);

    // Torn blobs are no cache, and are written anew.
    for blob in fs::read_dir(dir.join("kept/blobs/sha256")).unwrap().flatten() {
        fs::write(blob.path(), "torn").unwrap();
    }
    let Some(third) = daemon() else { return };
    let ran = third.run(&dir, &[]);
    assert_eq!((ran.status, ran.events().iter().filter(|event| event["event"] == "cached").count()), (Some(0), 0), "{ran:?}");
    assert!(fs::read_dir(dir.join("kept/blobs/sha256")).unwrap().flatten().any(|blob| blob.metadata().unwrap().len() > 4));
}

#[test]
fn an_image_in_a_folder_is_a_context() {
    let Some(daemon) = daemon() else { return };
    let web = "FROM layout\nRUN echo $WHO > /who\n";
    let compose =
        "services:\n  base: {build: base}\n  web:\n    build: {context: web, additional_contexts: {layout: 'oci-layout://./image:1'}}\n";
    let (_place, dir) = based(&[("compose.yaml", compose), ("web/Dockerfile", web)]);
    let ran = daemon.run(&dir, &["-f", "compose.yaml", "web"]);
    assert_eq!(ran.status, Some(1), "{ran:?}");
    assert!(ran.err.contains("the context `layout` is `oci-layout://./image:1`: there is no image `1`"), "{}", ran.err);
    let ran = daemon.run(&dir, &["-f", "compose.yaml", "base", "--tag=base:1", "--output=type=oci,dest=image.tar"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    fs::create_dir(dir.join("image")).unwrap();
    assert!(Command::new("tar").args(["-xf", "image.tar", "-C", "image"]).current_dir(&dir).status().unwrap().success());
    let ran = daemon.run(&dir, &["-f", "compose.yaml", "web"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(ran.err.contains("echo base > /who"), "the image's variables are known: {}", ran.err);
}
