//! Compose files: from YAML trees to a typed project with a span on every leaf.

pub mod model;

pub use model::*;

/// Stand-in until the loader lands.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Stand-in until the loader lands.
    pub files: Vec<String>,
    /// Stand-in until the loader lands.
    pub profiles: Vec<String>,
    /// Stand-in until the loader lands.
    pub env_files: Vec<String>,
    /// Stand-in until the loader lands.
    pub all_profiles: bool,
}
/// Stand-in until the loader lands.
pub struct Loaded {
    /// Stand-in until the loader lands.
    pub project: Project,
}
/// Stand-in until the loader lands.
pub fn load(_r: &Request, _f: &dyn crate::files::Files, _s: &mut crate::source::Sources) -> Loaded {
    Loaded {
        project: Project {
            name: String::new(),
            files: Vec::new(),
            dir: String::new(),
            role: Role::Complete,
            services: Vec::new(),
            resources: Vec::new(),
            version: None,
            problems: Vec::new(),
            variables: Vec::new(),
        },
    }
}
/// Stand-in until the loader lands.
pub fn classify(_y: &crate::syntax::yaml::Yaml, _p: &str) -> Option<Role> {
    None
}
/// Stand-in until the loader lands.
pub fn overlay_base(_p: &str, _s: &[String]) -> Option<String> {
    None
}
