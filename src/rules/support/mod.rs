//! Knowledge that several rules share. Everything here is a pure function over the model.
pub(crate) mod servers;
