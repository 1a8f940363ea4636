//! What services of one project have to do with each other.

use crate::compose::{Port, Service};

/// Whether two services can run at once: behind different profiles they need not.
pub(crate) fn together(a: &Service, b: &Service) -> bool {
    a.profiles.is_empty() || b.profiles.is_empty() || a.profiles.iter().any(|p| b.profiles.iter().any(|q| p.value == q.value))
}

/// Whether two published ports are on an address that is the same, or are one of them on all.
pub(crate) fn same_address(a: &Port, b: &Port) -> bool {
    let any = |p: &Port| p.host_ip.as_deref().is_none_or(|ip| ip == "0.0.0.0");
    any(a) || any(b) || a.host_ip == b.host_ip
}
