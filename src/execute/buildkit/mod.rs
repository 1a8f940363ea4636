//! Builds by BuildKit, in the engine or in a daemon of its own.

mod hijack;

use std::sync::Arc;

use self::hijack::{Refused, hijack};
use super::Engine;

/// Whether the engine has BuildKit: it hands over a connection for a session, or says that it knows no such thing.
pub(super) async fn is_there(engine: &Arc<Engine>) -> Result<bool, String> {
    match hijack(&*engine.dial, "/session", &[]).await {
        Ok(_) => Ok(true),
        Err(Refused::Unknown) => Ok(false),
        Err(refused) => Err(refused.to_string()),
    }
}
