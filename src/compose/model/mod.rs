//! The typed Compose project that rules, `stack` and `plan` read. Everything is resolved (merged, extended, included,
//! interpolated, short forms read); every leaf keeps the place where its text stands.

mod build;
mod problem;
mod project;
mod service;
mod variable;

pub use build::Build;
pub use problem::{Problem, ProblemKind};
pub use project::{Project, Resource, ResourceKind, Role};
pub use service::{AskedValue, CommandLine, DependsOn, Healthcheck, Limits, Link, MountKind, Port, Service, ServiceMount, ServiceNetwork};
pub use variable::{EnvFile, EnvVar, VariableUse};
