//! What may go wrong around a build: files that change, engines that go away, disks that are full. Nothing hangs.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::docker::{Ran, busybox_root, engine, in_image};
use super::execute;

#[test]
fn a_file_that_changes_while_it_is_sent_is_never_half_in_an_image() {
    let Some(docker) = engine() else { return };
    let dir = docker.dir.path().join("stacklint-test-torn");
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join("Dockerfile"), "FROM python:3.12-slim\nCOPY data /data\nRUN stat -c %s /data > /size\n").unwrap();
    let path = dir.join("data");
    fs::write(&path, vec![7; 48 << 20]).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let writer = std::thread::spawn({
        let (stop, path) = (Arc::clone(&stop), path.clone());
        move || {
            while !stop.load(Ordering::Relaxed) {
                let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
                file.set_len(16 << 20).unwrap();
                file.set_len(48 << 20).unwrap();
            }
        }
    });
    let mut told = false;
    for _ in 0..5 {
        let ran = execute(&dir, &["Dockerfile", "--tag", "stacklint-test/torn"]);
        if ran.status == Some(0) {
            let size = in_image("stacklint-test/torn", "cat /size");
            assert!([16 << 20, 48 << 20].contains(&size.parse::<u64>().unwrap()), "a torn file: {size}");
        } else {
            told = true;
            assert!(ran.err.contains("the build context cannot be sent: data: it "), "{}", ran.err);
            assert!(ran.err.contains("shorter while") || ran.err.contains("grew while"), "{}", ran.err);
            break;
        }
    }
    stop.store(true, Ordering::Relaxed);
    writer.join().unwrap();
    assert!(told, "it was never noticed");
}

/// An engine of its own, on a small disk in memory and without a network; the tests' engine knows nothing of it.
struct Second {
    process: Child,
    dir: tempfile::TempDir,
}

impl Second {
    /// `None` where this user may not start one.
    fn start() -> Option<Second> {
        let dir = tempfile::Builder::new().prefix("stacklint-second-").tempdir().unwrap();
        let path = dir.path().display();
        let script = format!(
            "mkdir {path}/disk && mount -t tmpfs -o size=64m tmpfs {path}/disk && ip link set lo up; exec dockerd --data-root {path}/disk --exec-root {path}/exec --pidfile {path}/pid -H unix://{path}/sock --iptables=false >{path}/log 2>&1"
        );
        let process = Command::new("unshare").args(["--net", "--mount", "sh", "-c", &script]).stderr(Stdio::null()).spawn().ok()?;
        let second = Second { process, dir };
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(20) {
            if second.docker(&["version"]).is_some() {
                let root = second.dir.path().join("root");
                busybox_root(&root);
                let import = format!("tar -C {} -c . | docker -H {} import - small:1", root.display(), second.host());
                assert!(Command::new("sh").args(["-c", &import]).stdout(Stdio::null()).status().unwrap().success());
                return Some(second);
            }
            std::thread::sleep(Duration::from_millis(300));
        }
        let log = fs::read_to_string(second.dir.path().join("log")).unwrap_or_default();
        assert!(std::env::var("STACKLINT_TEST_ENGINE").as_deref() != Ok("require"), "no second engine could be started: {log}");
        eprintln!("skipped: no second engine could be started");
        None
    }

    fn host(&self) -> String {
        format!("unix://{}/sock", self.dir.path().display())
    }

    fn docker(&self, args: &[&str]) -> Option<String> {
        let output = Command::new("docker").args(["-H", &self.host()]).args(args).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn command(&self, dir: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stacklint"));
        command.args(["plan", "Dockerfile", "--execute", "--allow-findings", "--progress=plain"]).args(args);
        command.current_dir(dir).env("DOCKER_HOST", self.host()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Second {
    fn drop(&mut self) {
        let pid = self.process.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &pid]).stderr(Stdio::null()).status();
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(5) && matches!(self.process.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(50));
        }
        self.kill();
        // What it started outlives it when it is killed; its own pid file says which.
        for pid in fs::read_to_string(self.dir.path().join("exec/containerd/containerd.pid")).iter() {
            let _ = Command::new("kill").args(["-KILL", pid.trim()]).stderr(Stdio::null()).status();
        }
    }
}

#[test]
fn a_full_disk_and_an_engine_that_goes_away_are_told_as_such() {
    let Some(docker) = engine() else { return };
    let Some(mut second) = Second::start() else { return };
    let dir = docker.dir.path().join("stacklint-test-faults");
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join("Dockerfile"), "FROM small:1\nRUN dd if=/dev/zero of=/big bs=1M count=200\n").unwrap();
    for builder in super::BUILDERS {
        let ran = Ran::new(&second.command(&dir, &[builder]).output().unwrap());
        assert_eq!(ran.status, Some(1), "{ran:?}");
        assert!(
            ran.err.contains("the engine's disk is full: ") && ran.err.contains(" of build cache; `docker builder prune` frees "),
            "{builder}: {}",
            ran.err
        );
        assert!(ran.err.contains("fails at Dockerfile:2: the command fails with exit code 1"), "{builder}: {}", ran.err);
    }

    fs::write(dir.join("Dockerfile"), "FROM small:1\nRUN echo begun && sleep 25\n").unwrap();
    let mut child = second.command(&dir, &[]).spawn().unwrap();
    let mut err = std::io::BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.ends_with(" begun\n") {
        line.clear();
        assert!(std::io::BufRead::read_line(&mut err, &mut line).unwrap() > 0, "the step runs");
    }
    let killed = Instant::now();
    second.kill();
    let mut rest = String::new();
    err.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1), "{rest}");
    assert!(killed.elapsed() < Duration::from_secs(20), "nothing hangs");
    assert!(rest.contains("the connection to the engine broke") && rest.contains("not known: Dockerfile"), "{rest}");
}

/// The engine's socket behind a host that knows no sessions, as Podman's does not.
fn without_sessions() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || listener.incoming().flatten().for_each(|stream| drop(std::thread::spawn(move || hand_on(stream)))));
    address
}

fn hand_on(mut from: TcpStream) {
    let mut head = vec![0; 4096];
    let Ok(read) = from.read(&mut head) else { return };
    head.truncate(read);
    if head.starts_with(b"POST /session") {
        let _ = from.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        return;
    }
    let Ok(mut to) = UnixStream::connect("/var/run/docker.sock") else { return };
    let _ = to.write_all(&head);
    let (mut back, mut out) = (to.try_clone().unwrap(), from.try_clone().unwrap());
    std::thread::spawn(move || std::io::copy(&mut back, &mut out));
    let _ = std::io::copy(&mut from, &mut to);
}

#[test]
fn an_engine_without_buildkit_is_found_out_by_asking() {
    let Some(docker) = engine() else { return };
    if !Path::new("/var/run/docker.sock").exists() {
        return;
    }
    let dir = docker.dir.path().join("stacklint-test-old");
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join("Dockerfile"), "FROM python:3.12-slim\nRUN echo built > /built\n").unwrap();
    let host = without_sessions();
    let with = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stacklint"));
        command.args(["plan", "Dockerfile", "--execute", "--allow-findings", "--progress=json", "--tag=stacklint-test/old"]).args(args);
        Ran::new(&command.current_dir(&dir).env("DOCKER_HOST", &host).output().unwrap())
    };
    let ran = with(&["--builder=buildkit"]);
    assert_eq!(ran.status, Some(2), "{ran:?}");
    assert!(ran.err.contains("this engine has no BuildKit; leave out --builder buildkit"), "{}", ran.err);
    let ran = with(&[]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(ran.events().iter().any(|e| e["name"] == "[1/2] FROM python:3.12-slim"), "the classic builder numbers its steps: {}", ran.err);
    assert_eq!(in_image("stacklint-test/old", "cat /built"), "built");
}
