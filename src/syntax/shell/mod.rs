//! Shell scripts. The only module that names the shell parser; everything else sees [`model`].

pub mod model;

pub use model::*;
