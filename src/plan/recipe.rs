//! What the builder looks at to tell one step from another.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::source::Span;

/// What tells one thing from another.
pub type Identity = [u8; 32];

/// A step as the builder's cache knows it: what it starts from, what it does, and what it reads.
#[derive(Clone, Debug, Default)]
pub struct Recipe {
    /// The file system that it starts from.
    pub root: Root,
    /// All that counts beside contents, in the builder's order.
    pub facts: Vec<Fact>,
    /// Contents that it reads.
    pub inputs: Vec<Input>,
    /// The cache is not asked.
    pub no_cache: bool,
}

/// A file system: a base, and what `--link` has laid over it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Root {
    /// What lies below.
    pub base: Base,
    /// Steps whose files are laid over it, in order.
    pub linked: Vec<usize>,
}

/// What lies below a file system.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Base {
    /// Nothing.
    #[default]
    Scratch,
    /// An image from outside, or one that the same plan builds.
    Image {
        /// Its name, or `service:x`.
        name: String,
        /// The platform that it is taken for.
        platform: String,
        /// The FROM that names it.
        span: Span,
    },
    /// The result of a step.
    Step(usize),
}

/// One thing that counts.
#[derive(Clone, Debug)]
pub struct Fact {
    /// What it is.
    pub topic: Topic,
    /// Which one, where there are several: the variable, the mount's target.
    pub name: String,
    /// Its value. May be a secret: only ever hashed.
    pub value: String,
    /// The instruction that says so.
    pub span: Span,
}

/// What a fact is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Topic {
    Kind,
    Command,
    Shell,
    /// A variable that ENV sets.
    Variable,
    /// A variable that ARG sets: for the builder it is one.
    Argument,
    User,
    Folder,
    Mount,
    Secret,
    Ssh,
    Network,
    Security,
    Device,
    Host,
    Hostname,
    Ulimit,
    SharedMemory,
    Platform,
    Source,
    Heredoc,
    Destination,
    Owner,
    Mode,
    Exclude,
    Parents,
    Checksum,
    Epoch,
}

impl Topic {
    /// The word in records.
    pub fn word(self) -> &'static str {
        match self {
            Topic::Kind => "kind",
            Topic::Command => "command",
            Topic::Shell => "shell",
            Topic::Variable | Topic::Argument => "variable",
            Topic::User => "user",
            Topic::Folder => "folder",
            Topic::Mount => "mount",
            Topic::Secret => "secret",
            Topic::Ssh => "ssh",
            Topic::Network => "network",
            Topic::Security => "security",
            Topic::Device => "device",
            Topic::Host => "host",
            Topic::Hostname => "hostname",
            Topic::Ulimit => "ulimit",
            Topic::SharedMemory => "shm",
            Topic::Platform => "platform",
            Topic::Source => "source",
            Topic::Heredoc => "heredoc",
            Topic::Destination => "destination",
            Topic::Owner => "owner",
            Topic::Mode => "mode",
            Topic::Exclude => "exclude",
            Topic::Parents => "parents",
            Topic::Checksum => "checksum",
            Topic::Epoch => "epoch",
        }
    }
}

/// Contents that a step reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Files of a folder on this machine.
    Context {
        /// Place in [`super::Plan::contexts`].
        context: usize,
        /// Which.
        paths: Vec<Selection>,
    },
    /// Files of a stage.
    Stage {
        /// The stage's place in [`super::Plan::stages`].
        stage: usize,
        /// Its file system.
        root: Root,
        /// Which.
        paths: Vec<Selection>,
    },
    /// Files of an image, a repository or a URL.
    Outside {
        /// Its name.
        name: String,
        /// The platform, for images.
        platform: String,
        /// Which.
        paths: Vec<Selection>,
    },
}

/// Which files of a tree are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Selection {
    /// Path from the tree's root, cleaned, without `/` in front; empty for the root.
    pub path: String,
    /// `path` is a pattern.
    pub wildcard: bool,
    /// Only what these patterns match, seen from `path`.
    pub include: Vec<String>,
    /// Not what these patterns match, seen from `path`.
    pub exclude: Vec<String>,
}

impl Selection {
    /// A path and all below it.
    pub fn path(path: &str) -> Selection {
        let clean = crate::files::normalize(&format!("/{path}"));
        Selection { path: clean.trim_start_matches('/').to_owned(), ..Selection::default() }
    }

    /// One text for one selection.
    pub fn text(&self) -> String {
        format!("{}\0{}\0{}\0{}", self.path, self.wildcard, self.include.join("\0"), self.exclude.join("\0"))
    }
}

/// A folder that builds are sent, with the Dockerfile whose own ignore file would win.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ContextRef {
    /// The folder.
    pub dir: String,
    /// The Dockerfile; `None` for an additional context.
    pub dockerfile: Option<String>,
}

impl Recipe {
    /// What the step does, without what it starts from and reads.
    pub fn op(&self) -> Identity {
        let mut parts = Vec::with_capacity(self.facts.len() * 3);
        for fact in &self.facts {
            parts.extend([fact.topic.word().as_bytes(), fact.name.as_bytes(), fact.value.as_bytes()]);
        }
        hash(&parts)
    }
}

/// One identity out of many parts.
pub fn hash(parts: &[&[u8]]) -> Identity {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// An identity as people and files have it.
pub fn hex(identity: &[u8]) -> String {
    identity.iter().fold(String::with_capacity(identity.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}
