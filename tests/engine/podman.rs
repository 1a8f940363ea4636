//! Podman's socket, which speaks Docker's API and has no BuildKit.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::docker::{Ran, busybox_root};

/// A Podman of the test's own: its images and containers lie in a folder of their own.
struct Podman {
    service: Child,
    dir: tempfile::TempDir,
}

impl Drop for Podman {
    fn drop(&mut self) {
        let _ = self.service.kill();
        let _ = self.service.wait();
        // Layers may be mounted still.
        let _ = self.command().args(["system", "reset", "--force"]).output();
    }
}

fn command(dir: &std::path::Path) -> Command {
    let mut command = Command::new("podman");
    command.arg("--root").arg(dir.join("root")).arg("--runroot").arg(dir.join("run")).args(["--storage-driver", "vfs"]);
    command
}

impl Podman {
    fn command(&self) -> Command {
        command(self.dir.path())
    }

    fn socket(&self) -> PathBuf {
        self.dir.path().join("podman.sock")
    }

    /// `None` with a word to the reader where there is none, or where it cannot run a container.
    fn start() -> Option<Podman> {
        let dir = tempfile::tempdir().unwrap();
        let socket = format!("unix://{}", dir.path().join("podman.sock").display());
        let service =
            command(dir.path()).args(["system", "service", "--time", "0", &socket]).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let Ok(service) = service else {
            eprintln!("skipped: podman is not installed");
            return None;
        };
        let podman = Podman { service, dir };
        let begun = Instant::now();
        while std::os::unix::net::UnixStream::connect(podman.socket()).is_err() {
            if begun.elapsed() > Duration::from_secs(30) {
                eprintln!("skipped: podman does not start here");
                return None;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let root = podman.dir.path().join("base");
        busybox_root(&root);
        let mut tar = Command::new("tar").arg("-C").arg(&root).args(["-c", "."]).stdout(Stdio::piped()).spawn().unwrap();
        let mut import = podman.command();
        let imported = import.args(["import", "-", "localhost/base:1"]).stdin(tar.stdout.take().unwrap()).output().unwrap();
        tar.wait().unwrap();
        let ran = podman.command().args(["run", "--rm", "--network=none", "localhost/base:1", "/bin/true"]).output().unwrap();
        if !imported.status.success() || !ran.status.success() {
            eprintln!("skipped: podman cannot run a container here: {}", String::from_utf8_lossy(&ran.stderr));
            return None;
        }
        Some(podman)
    }
}

#[test]
fn podman_builds_by_the_classic_way() {
    let Some(podman) = Podman::start() else { return };
    let dir = podman.dir.path().join("b");
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join("file"), "read\n").unwrap();
    let build = |text: &str, args: &[&str]| {
        fs::write(dir.join("Dockerfile"), text).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_stacklint"));
        command.args(["plan", "Dockerfile", "--execute", "--allow-findings", "--progress=json"]).args(args);
        let host = format!("unix://{}", podman.socket().display());
        Ran::new(
            &command.env("DOCKER_HOST", host).env("DOCKER_CONFIG", &dir).env_remove("BUILDKIT_HOST").current_dir(&dir).output().unwrap(),
        )
    };
    let ran = build("FROM localhost/base:1\nCOPY file /file\nRUN cat /file > /copy\n", &["--tag", "localhost/built:1"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let seen = podman.command().args(["run", "--rm", "--network=none", "localhost/built:1", "/bin/cat", "/copy"]).output().unwrap();
    assert_eq!(seen.stdout, b"read\n", "{}", String::from_utf8_lossy(&seen.stderr));
    let ran = build("FROM localhost/base:1\nRUN exit 5\n", &[]);
    assert_eq!(ran.status, Some(1), "{ran:?}");
    assert!(ran.err.contains("fails at Dockerfile:2: ") && ran.err.contains("exit code 5"), "{}", ran.err);
    let ran = build("FROM localhost/base:1\nRUN true\n", &["--builder=buildkit"]);
    assert_eq!(ran.status, Some(2), "{ran:?}");
    assert!(ran.err.contains("this engine has no BuildKit"), "{}", ran.err);
}
