//! Whom a registry is told we are.

/// A user and what proves it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Login {
    /// The user; empty where the secret is a token of its own.
    pub user: String,
    /// Password or token.
    pub secret: String,
}

/// Finds logins when a registry asks; may block.
pub(super) trait Logins: Send + Sync {
    /// The login for a registry's host; `None` for anonymous.
    fn login(&self, host: &str) -> Result<Option<Login>, String>;
}
