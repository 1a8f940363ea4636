//! The rule ids of other tools. Any of them is accepted wherever a rule can be named, also where no rule of ours carries it.

use std::collections::HashMap;
use std::sync::OnceLock;

const TEXT: &str = include_str!("../../rules/data/peers.txt");

fn table() -> &'static HashMap<&'static str, &'static str> {
    static TABLE: OnceLock<HashMap<&'static str, &'static str>> = OnceLock::new();
    TABLE.get_or_init(|| {
        TEXT.lines().filter(|l| !l.starts_with('#')).filter_map(|l| l.split_once(' ')).map(|(tool, id)| (id, tool)).collect()
    })
}

/// Whether some other tool has a rule of this id. `kics:` may be left out; all ShellCheck codes count.
pub fn is_peer_id(id: &str) -> bool {
    let code = id.strip_prefix("SC").or_else(|| id.strip_prefix("DL"));
    let numbered = code.is_some_and(|n| n.len() == 4 && n.bytes().all(|b| b.is_ascii_digit()));
    numbered || table().contains_key(id) || table().contains_key(format!("kics:{id}").as_str())
}

/// All ids with their tools, sorted.
pub fn all() -> Vec<(&'static str, &'static str)> {
    let mut ids: Vec<_> = table().iter().map(|(id, tool)| (*tool, *id)).collect();
    ids.sort_unstable();
    ids
}

/// Whether it is a check of `docker build --check`.
pub fn is_buildkit(id: &str) -> bool {
    static CHECKS: OnceLock<Vec<&'static str>> = OnceLock::new();
    CHECKS.get_or_init(|| TEXT.lines().filter_map(|l| l.strip_prefix("buildkit ")).collect()).contains(&id)
}

/// Whether it is a rule of dclint's.
pub fn is_dclint(id: &str) -> bool {
    table().get(id) == Some(&"dclint")
}
