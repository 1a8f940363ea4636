//! Docker for the tests: base images made of busybox under well-known names, and everything put back afterwards.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// One test at a time has the engine: times are compared, and images have names.
static ENGINE: Mutex<()> = Mutex::new(());

/// The same between processes: two checkouts may be tested on one machine.
const LOCK: &str = "stacklint-engine-tests.lock";

/// A wait for the engine that explains why a test took long.
const WORTH_TELLING: Duration = Duration::from_secs(5);

/// Base images carry this, and with them all that is built on them; nothing else is ever removed.
const LABEL: &str = "stacklint-engine-test";

/// Programs that the fixtures call in their builds; each says what it was asked and succeeds.
const STAND_INS: [&str; 12] = ["pip", "pip3", "npm", "npx", "yarn", "apt-get", "python", "python3", "poetry", "gcc", "envsubst", "nginx"];

pub(crate) const BASES: [&str; 11] = [
    "python:3.9-slim",
    "python:2.7",
    "node:18-alpine3.14",
    "nginx:latest",
    "postgres:9",
    "python:3.6-stretch",
    "python:3.8-slim",
    "python:3.12",
    "python:3.12-slim",
    "redis:latest",
    "postgres:latest",
];

/// The engine, with base images; gives everything back when it goes.
pub(crate) struct Docker {
    kept: Vec<(String, String)>,
    /// Where the tests' own copies of stacks lie.
    pub(crate) dir: tempfile::TempDir,
    _lock: fs::File,
    _alone: MutexGuard<'static, ()>,
}

/// The engine, or `None` with a word to the reader where none answers.
pub(crate) fn engine() -> Option<Docker> {
    let asked = Instant::now();
    let alone = ENGINE.lock().unwrap_or_else(PoisonError::into_inner);
    let answers = Command::new("docker").args(["version", "--format", "{{.Server.Version}}"]).output();
    if !answers.is_ok_and(|output| output.status.success()) {
        assert!(
            std::env::var("STACKLINT_TEST_ENGINE").as_deref() != Ok("require"),
            "no Docker engine answers, and STACKLINT_TEST_ENGINE=require"
        );
        eprintln!("skipped: no Docker engine answers (STACKLINT_TEST_ENGINE=require makes this a failure)");
        return None;
    }
    let dir = tempfile::Builder::new().prefix("stacklint-test-").tempdir().unwrap();
    let lock = fs::File::create(std::env::temp_dir().join(LOCK)).unwrap();
    lock.lock().unwrap();
    if asked.elapsed() > WORTH_TELLING {
        eprintln!("waited {} s for the engine, which other tests had", asked.elapsed().as_secs());
    }
    let mut docker = Docker { kept: Vec::new(), dir, _lock: lock, _alone: alone };
    // What a run left behind that was killed.
    docker.remove();
    docker.make_bases();
    Some(docker)
}

impl Docker {
    fn make_bases(&mut self) {
        let root = self.dir.path().join("base-root");
        busybox_root(&root);
        let mut tar = Command::new("tar").arg("-C").arg(&root).args(["-c", "."]).stdout(Stdio::piped()).spawn().unwrap();
        let output = Command::new("docker")
            .args(["import", "-c", &format!("LABEL {LABEL}=1"), "-"])
            .stdin(tar.stdout.take().unwrap())
            .output()
            .unwrap();
        tar.wait().unwrap();
        assert!(output.status.success(), "docker import: {}", String::from_utf8_lossy(&output.stderr));
        let image = String::from_utf8(output.stdout).unwrap().trim().to_owned();
        for base in BASES {
            let there = Command::new("docker").args(["image", "inspect", "-f", "{{.Id}}", base]).output().unwrap();
            if there.status.success() {
                self.kept.push((base.to_owned(), String::from_utf8(there.stdout).unwrap().trim().to_owned()));
            }
            run(&["tag", &image, base]);
        }
    }

    /// A copy of a stack, in a folder whose name becomes the Compose project's.
    pub(crate) fn stack(&self, from: &Path, name: &str) -> PathBuf {
        let to = self.dir.path().join(name);
        copy(from, &to);
        to
    }

    /// A fixture stack.
    pub(crate) fn fixture(&self, name: &str) -> PathBuf {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/stacks").join(name);
        self.stack(&from, &format!("stacklint-test-{name}"))
    }
}

impl Docker {
    fn remove(&self) {
        let ours = format!("label={LABEL}=1");
        let names = lines(&["images", "--filter", &ours, "--format", "{{.Repository}}:{{.Tag}}"]);
        for name in names.iter().filter(|name| !name.contains("<none>")) {
            quietly(&["rmi", "-f", name]);
        }
        // Layers of failed and stopped builds; children go before their parents, so a few rounds are needed.
        for _ in 0..30 {
            let left = lines(&["images", "-aq", "--no-trunc", "--filter", &ours]);
            if left.iter().filter(|id| quietly(&["rmi", "-f", id])).count() == 0 {
                break;
            }
        }
    }
}

impl Drop for Docker {
    fn drop(&mut self) {
        self.remove();
        for (base, image) in &self.kept {
            quietly(&["tag", image, base]);
        }
    }
}

fn lines(args: &[&str]) -> BTreeSet<String> {
    let output = Command::new("docker").args(args).output().unwrap();
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

fn quietly(args: &[&str]) -> bool {
    Command::new("docker").args(args).output().is_ok_and(|output| output.status.success())
}

/// Runs `docker` and gives what it prints.
pub(crate) fn run(args: &[&str]) -> String {
    let output = Command::new("docker").args(args).output().unwrap();
    assert!(output.status.success(), "docker {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// The id of an image, if it is there.
pub(crate) fn image(name: &str) -> Option<String> {
    let output = Command::new("docker").args(["image", "inspect", "-f", "{{.Id}}", name]).output().unwrap();
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// What a command prints in a container of an image.
pub(crate) fn in_image(image: &str, command: &str) -> String {
    run(&["run", "--rm", "--network=none", "--entrypoint", "/bin/sh", image, "-c", command])
}

pub(crate) fn busybox_root(root: &Path) {
    for dir in ["bin", "usr/bin", "usr/src", "etc", "tmp", "proc", "var/log", "docker-entrypoint-initdb.d"] {
        fs::create_dir_all(root.join(dir)).unwrap();
    }
    let busybox = ["/bin/busybox", "/usr/bin/busybox"].into_iter().find(|path| Path::new(path).exists());
    let busybox = busybox.expect("busybox is needed for the base images: apt-get install busybox-static");
    fs::copy(busybox, root.join("bin/busybox")).unwrap();
    fs::set_permissions(root.join("bin/busybox"), fs::Permissions::from_mode(0o755)).unwrap();
    let applets = Command::new(busybox).arg("--list").output().unwrap();
    for applet in String::from_utf8(applets.stdout).unwrap().lines().filter(|name| *name != "busybox") {
        symlink("busybox", root.join("bin").join(applet)).unwrap();
    }
    for name in STAND_INS {
        let path = root.join("usr/bin").join(name);
        fs::write(&path, format!("#!/bin/sh\necho \"stand-in {name} $*\"\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).unwrap();
        }
    }
}

/// stacklint, run in a folder.
pub(crate) fn stacklint(dir: &Path, args: &[&str]) -> Ran {
    // What these tests build is nothing to remember for the user.
    let cache = std::env::temp_dir().join("stacklint-test-cache");
    let mut command = Command::new(env!("CARGO_BIN_EXE_stacklint"));
    let output = command.args(args).current_dir(dir).env("XDG_CACHE_HOME", cache).output().unwrap();
    Ran::new(&output)
}

/// What stacklint said.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) status: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn new(output: &Output) -> Ran {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ran { status: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }

    /// The events of `--progress json`.
    pub(crate) fn events(&self) -> Vec<serde_json::Value> {
        self.err.lines().filter(|line| line.starts_with('{')).map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}
