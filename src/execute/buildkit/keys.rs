//! Keys that a build is lent without an agent that holds them: OpenSSH's own agent is started for each, holds that key
//! alone, and ends with the run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// An agent that has not come up by then will not.
const STARTS_WITHIN: Duration = Duration::from_secs(5);

/// The agents of a run, by their keys' paths.
#[derive(Default)]
pub(in crate::execute) struct Keys(Mutex<BTreeMap<PathBuf, Agent>>);

/// An agent that holds one key.
struct Agent {
    dir: PathBuf,
    child: Child,
}

impl Keys {
    /// The socket of an agent that holds this key; an error says what is wrong, after the key's name.
    pub(super) fn agent(&self, key: &Path) -> Result<PathBuf, String> {
        let mut agents = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(agent) = agents.get(key) {
            return Ok(agent.socket());
        }
        let agent = Agent::start()?;
        agent.add(key)?;
        let socket = agent.socket();
        agents.insert(key.to_owned(), agent);
        Ok(socket)
    }
}

impl Agent {
    fn start() -> Result<Agent, String> {
        let dir = std::env::temp_dir().join(format!("stacklint-{}", super::unique()));
        let mut private = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut private, 0o700);
        private.create(&dir).map_err(|error| format!("needs an agent of its own, for which {} cannot be made: {error}", dir.display()))?;
        // The program beside the agent ends it as soon as this process lets go of its input, however that comes about.
        let child = Command::new("ssh-agent")
            .arg("-a")
            .arg(dir.join("agent"))
            .args(["sh", "-c", "cat; kill \"$SSH_AGENT_PID\""])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let child = match child {
            Ok(child) => child,
            Err(error) => {
                let _ = std::fs::remove_dir(&dir);
                return Err(format!("is lent by OpenSSH's agent, and `ssh-agent` cannot be started: {error}; install OpenSSH's client"));
            }
        };
        let agent = Agent { dir, child };
        let started = Instant::now();
        while !agent.socket().exists() {
            if started.elapsed() > STARTS_WITHIN {
                return Err("is lent by OpenSSH's agent, and `ssh-agent` does not come up".to_owned());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(agent)
    }

    fn socket(&self) -> PathBuf {
        self.dir.join("agent")
    }

    fn add(&self, key: &Path) -> Result<(), String> {
        let added = Command::new("ssh-add")
            .arg("-q")
            .arg(key)
            .env("SSH_AUTH_SOCK", self.socket())
            .env("SSH_ASKPASS_REQUIRE", "never")
            .env_remove("DISPLAY")
            .stdin(Stdio::null())
            .output();
        let output = added.map_err(|error| format!("is lent by OpenSSH's agent, and `ssh-add` cannot be started: {error}"))?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr).to_lowercase();
        Err(if said.contains("unprotected private key") || said.contains("too open") {
            format!("can be read by others, so ssh takes it for no secret; `chmod 600 {}`", key.display())
        } else if said.contains("passphrase") || std::fs::read_to_string(key).is_ok_and(|text| text.contains("PRIVATE KEY")) {
            format!("has a passphrase; `ssh-add {}` puts it into your own agent, and without a path that one is asked", key.display())
        } else {
            "is neither a private key nor an agent's socket".to_owned()
        })
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
        let _ = std::fs::remove_file(self.socket());
        let _ = std::fs::remove_dir(&self.dir);
    }
}
