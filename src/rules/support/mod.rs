//! Knowledge that several rules share. Everything here is a pure function over the model.

pub(crate) mod build_args;
pub(crate) mod caches;
pub(crate) mod clutter;
pub(crate) mod copies;
pub(crate) mod debug;
pub(crate) mod dependencies;
pub(crate) mod early_source;
pub(crate) mod eol;
pub(crate) mod image_name;
pub(crate) mod instructions;
pub(crate) mod lasting;
pub(crate) mod lockfiles;
pub(crate) mod packages;
pub(crate) mod problems;
pub(crate) mod program;
pub(crate) mod purpose;
pub(crate) mod reach;
pub(crate) mod secret_files;
pub(crate) mod secret_variables;
pub(crate) mod secrets;
pub(crate) mod servers;
pub(crate) mod setting;
pub(crate) mod steps;
pub(crate) mod substitution;
pub(crate) mod syntax_errors;
pub(crate) mod variables;
