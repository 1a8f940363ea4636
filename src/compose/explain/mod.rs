//! Where each value of the resolved model comes from: every text that had a say, in order, and which one won.

mod candidate;
mod contribution;
mod json;
mod text;
mod walk;

pub use contribution::{Contribution, Explained, Explanation, Source, Variable, VariableSource};
pub use json::json;
pub use text::text;
