//! A BuildKit daemon of its own, which keeps no images: runs only where a `buildkitd` is installed and may be started.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::SEEDS;
use super::docker::{BASES, Ran, busybox_root, copy};
use super::registry::{PASSWORD, auths, registry};

/// A daemon with a store of its own, which ends with the test.
struct Daemon {
    child: Child,
    dir: tempfile::TempDir,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        // It waits for all that it is still asked; a test does not.
        let told = Instant::now();
        while told.elapsed() < Duration::from_secs(10) && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts one; `None` with a word to the reader where there is none to start.
/// STACKLINT_TEST_BUILDKITD names the program, where it is not in PATH.
fn daemon() -> Option<Daemon> {
    daemon_with("")
}

/// The same with a configuration.
fn daemon_with(config: &str) -> Option<Daemon> {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("buildkitd.toml"), config).unwrap();
    let program = std::env::var_os("STACKLINT_TEST_BUILDKITD").unwrap_or_else(|| "buildkitd".into());
    let started = Command::new(program)
        .arg("--config")
        .arg(dir.path().join("buildkitd.toml"))
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
        // Nobody's own logins.
        self.run_as(dir, args, self.dir.path())
    }

    /// With the logins of a folder's config.json.
    fn run_as(&self, dir: &Path, args: &[&str], config: &Path) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stacklint"));
        let style = if args.contains(&"--progress=plain") { &[][..] } else { &["--progress=json"] };
        command.args(["plan", "--execute", "--allow-findings"]).args(style).args(args).current_dir(dir);
        command.env("BUILDKIT_HOST", format!("unix://{}", self.dir.path().join("sock").display()));
        Ran::new(&command.env("XDG_CACHE_HOME", self.dir.path()).env("DOCKER_CONFIG", config).output().unwrap())
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
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert_eq!(fs::read_to_string(dir.join("out/who")).unwrap(), "base\n", "what it is made from is not put there");
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

/// Builds of the fixtures' and the seeds' stacks, whose base images a mirror of Docker Hub has.
#[test]
fn stacks_are_built_over_the_images_of_a_registry() {
    let Some(registry) = registry(None) else { return };
    let host = &registry.host;
    let config = format!("[registry.\"docker.io\"]\n  mirrors = [\"{host}\"]\n[registry.\"{host}\"]\n  http = true\n");
    let Some(daemon) = daemon_with(&config) else { return };
    let (place, dir) = based(&[]);
    fs::write(dir.join("base/Dockerfile"), "FROM scratch\nCOPY root /\nENV PATH=/usr/bin:/bin\n").unwrap();
    let tags = BASES.map(|base| format!("--tag={host}/library/{base}"));
    let args: Vec<&str> = ["base/Dockerfile", "--push"].into_iter().chain(tags.iter().map(String::as_str)).collect();
    let ran = daemon.run(&dir, &args);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let fixtures: [(&str, &[&str], &[&str]); 2] =
        [("shop", &["-f", "docker-compose.prod.yml"], &["stacklint-test-shop-backend"]), ("quiz", &[], &["stacklint-test-quiz-db"])];
    let (own, seeds) = (root.join("fixtures/stacks"), root.join("../shared/seeds/stacks"));
    let own = fixtures.iter().map(|case| (own.clone(), "stacklint-test", case));
    let seeds = SEEDS.iter().filter(|_| seeds.is_dir()).map(|case| (seeds.clone(), "stacklint-seed", case));
    for (from, prefix, (stack, args, images)) in own.chain(seeds) {
        let dir = place.path().join(format!("{prefix}-{stack}"));
        if !dir.exists() {
            copy(&from.join(stack), &dir);
        }
        let ran = daemon.run(&dir, args);
        assert_eq!(ran.status, Some(0), "{stack} {args:?}: {}\n{}", ran.out, ran.err);
        let built: Vec<String> = ran.events().iter().filter(|e| e["event"] == "built").map(|e| e["build"].to_string()).collect();
        // An image of several services is told by its first name.
        assert!(images.iter().any(|name| built.contains(&format!("\"{name}\""))), "{stack} {args:?}: {built:?}");
    }
}

#[test]
fn a_registry_with_a_password_is_asked_with_the_users_login() {
    let Some(daemon) = daemon() else { return };
    let Some(registry) = registry(Some(PASSWORD)) else { return };
    let host = &registry.host;
    let cache = format!("cache_from: ['type=registry,ref={host}/me/cache'], cache_to: ['type=registry,ref={host}/me/cache,mode=max']");
    let compose = format!(
        "services:\n  base: {{image: {host}/me/base, build: base}}\n  web:\n    image: {host}/me/web\n    build: {{context: web, {cache}}}\n"
    );
    let alone = format!("services:\n  web: {{build: {{context: web, cache_from: ['type=registry,ref={host}/me/cache']}}}}\n");
    let web = format!("FROM {host}/me/base\nRUN echo $WHO > /who\n");
    let (place, dir) = based(&[("compose.yaml", &compose), ("alone.yaml", &alone), ("web/Dockerfile", &web)]);
    let login = |text: &str| fs::write(place.path().join("config.json"), text).unwrap();
    let (none, refused) = (format!("no login for {host}: `docker login {host}`"), format!("{host} refuses the login"));
    for (config, help) in [("{}".to_owned(), none), (auths(host, "wrong"), refused)] {
        login(&config);
        let ran = daemon.run_as(&dir, &[".", "base", "--push"], place.path());
        assert_eq!(ran.status, Some(1), "{ran:?}");
        assert!(ran.err.contains(&format!("`{host}/me/base` cannot be pushed: ")) && ran.err.contains(&help), "{}", ran.err);
        let ran = daemon.run_as(&dir, &["-f", "alone.yaml"], place.path());
        assert_eq!(ran.status, Some(1), "{ran:?}");
        assert!(ran.err.contains("fails at web/Dockerfile:1: ") && ran.err.contains(&help), "{}", ran.err);
    }
    login(&auths(host, PASSWORD));
    let ran = daemon.run_as(&dir, &["--push"], place.path());
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(ran.out.contains(&format!("pushed {host}/me/web@sha256:")) && !ran.err.contains("hush"), "{ran:?}");
    // Another daemon takes the cache from there, or the base image.
    let Some(second) = daemon_with("") else { return };
    let ran = second.run_as(&dir, &["--progress=plain"], place.path());
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(ran.out.lines().any(|line| line.starts_with(&format!("{host}/me/web ")) && line.contains("1/1")), "{}", ran.out);
    let ran = second.run_as(&dir, &["-f", "alone.yaml", "--output=out"], place.path());
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert_eq!(fs::read_to_string(dir.join("out/who")).unwrap(), "base\n");
}

#[test]
fn an_image_for_several_platforms_is_one_name_in_a_registry() {
    let Some(daemon) = daemon() else { return };
    let Some(registry) = registry(None) else { return };
    let host = &registry.host;
    let compose = format!(
        "services:\n  app:\n    image: {host}/me/app\n    build: {{context: app, platforms: [linux/amd64, linux/arm64]}}\n  \
        over:\n    build: {{context: over, platforms: [linux/amd64, linux/arm64]}}\n"
    );
    let over = format!("FROM {host}/me/app\nCOPY --from={host}/me/app f /again\n");
    let files =
        [("compose.yaml", compose.as_str()), ("app/Dockerfile", "FROM scratch\nCOPY f /f\n"), ("app/f", "f"), ("over/Dockerfile", &over)];
    let (_place, dir) = based(&files);
    let ran = daemon.run(&dir, &[".", "app", "--push"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let accept = "Accept: application/vnd.oci.image.index.v1+json";
    let index = Command::new("curl").args(["-s", "-H", accept, &format!("http://{host}/v2/me/app/manifests/latest")]).output().unwrap();
    let index: serde_json::Value = serde_json::from_slice(&index.stdout).unwrap();
    let kinds: Vec<String> = index["manifests"].as_array().unwrap().iter().map(|m| m["platform"]["architecture"].to_string()).collect();
    assert_eq!(kinds, ["\"amd64\"", "\"arm64\""]);
    // What is made from it is made for each of them, without the registry.
    let ran = daemon.run(&dir, &[".", "over", "--output=out"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(["linux_amd64", "linux_arm64"].iter().all(|platform| dir.join("out").join(platform).join("again").exists()));
}

/// Answers every request with these bytes.
fn web_server(body: &'static str) -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut asked = [0; 4096];
            let read = std::io::Read::read(&mut stream, &mut asked).unwrap_or_default();
            let status = if asked[..read].windows(5).any(|part| part == b"/none") { "404 Not Found" } else { "200 OK" };
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nETag: \"1\"\r\nConnection: close\r\n\r\n", body.len());
            let body = if asked.starts_with(b"HEAD") { "" } else { body };
            let _ = std::io::Write::write_all(&mut stream, format!("{head}{body}").as_bytes());
        }
    });
    port
}

#[test]
fn contexts_come_from_wherever_compose_says() {
    let Some(daemon) = daemon() else { return };
    let Some(registry) = registry(None) else { return };
    let (host, web) = (&registry.host, web_server("from the web"));
    let app = "FROM image\nCOPY --from=files f /f\nCOPY --from=url context /url\n";
    let (_place, dir) = based(&[("app/Dockerfile", app), ("files/f", "f")]);
    let image = format!("{host}/me/base");
    let ran = daemon.run(&dir, &["base/Dockerfile", "--push", "--tag", &image]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let compose = |image: &str, files: &str, url: &str| {
        let text = format!(
            "services:\n  app:\n    build:\n      context: app\n      additional_contexts:\n        image: docker-image://{image}\n        files: {files}\n        url: {url}\n"
        );
        fs::write(dir.join("compose.yaml"), text).unwrap();
        daemon.run(&dir, &["--output=out"])
    };
    let url = format!("http://127.0.0.1:{web}/some");
    let ran = compose(&image, "./files", &url);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert_eq!(fs::read_to_string(dir.join("out/url")).unwrap(), "from the web");
    for (image, files, url, wanted) in [
        (
            format!("{host}/me/none"),
            "./files",
            url.clone(),
            vec!["fails at app/Dockerfile:1: the registry has no such image", "compose.yaml:6: `image` is docker-image://"],
        ),
        (image.clone(), "./none", url.clone(), vec!["compose.yaml:7: the context `files` of `app` is ./none, which is not there"]),
        (image.clone(), "./files/f", url.clone(), vec!["compose.yaml:7: the context `files` of `app` is ./files/f, which is no folder"]),
        (
            image.clone(),
            "./files",
            format!("http://127.0.0.1:{web}/none"),
            vec!["compose.yaml:8: the context `url` cannot be fetched from http://", "404"],
        ),
        (
            image,
            "./files",
            "git://127.0.0.1:1/none#main".to_owned(),
            vec!["compose.yaml:8: the context `url` cannot be fetched from git://127.0.0.1:1/none#main: git fails"],
        ),
    ] {
        let ran = compose(&image, files, &url);
        assert!(ran.status != Some(0), "{ran:?}");
        for wanted in wanted {
            assert!(ran.err.contains(wanted), "{wanted}: {}", ran.err);
        }
    }
}

#[test]
fn a_frontend_of_its_own_is_told_at_its_line_where_it_cannot_be_had() {
    let Some(daemon) = daemon() else { return };
    let Some(registry) = registry(None) else { return };
    let host = &registry.host;
    let (_place, dir) = based(&[]);
    let ran = daemon.run(&dir, &["base/Dockerfile", "--push", "--tag", &format!("{host}/me/base")]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    for (image, wanted) in [
        (format!("{host}/me/none:1"), "fails at Dockerfile:2: the registry has no such image: "),
        ("127.0.0.1:1/me/none:1".to_owned(), "fails at Dockerfile:2: the registry cannot be reached: "),
        (format!("{host}/me/base"), "fails with exit code "),
    ] {
        fs::write(dir.join("Dockerfile"), format!("# escape=\\\n# syntax={image}\nFROM scratch\nCOPY Dockerfile /\n")).unwrap();
        let ran = daemon.run(&dir, &["Dockerfile"]);
        assert_eq!(ran.status, Some(1), "{ran:?}");
        assert!(ran.err.contains(wanted) && ran.err.contains("fails at Dockerfile:2: "), "{}", ran.err);
    }
    assert!(daemon.run(&dir, &["Dockerfile"]).err.contains("`# syntax=` names an image that reads Dockerfiles"));
}
