//! What services of one project have to do with each other.

use crate::compose::Service;

/// Whether two services can run at once: behind different profiles they need not.
pub(crate) fn together(a: &Service, b: &Service) -> bool {
    a.profiles.is_empty() || b.profiles.is_empty() || a.profiles.iter().any(|p| b.profiles.iter().any(|q| p.value == q.value))
}
