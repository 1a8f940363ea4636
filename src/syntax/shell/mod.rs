//! Shell scripts. The only module that names the shell parser; everything else sees [`model`]. Most scripts are read by [`quick`]
//! and never meet that parser.

mod around;
pub mod command;
mod compound;
pub mod escapes;
mod inside;
mod lower;
mod map;
pub mod model;
mod nested;
mod quick;
mod recover;
mod words;
mod wrappers;

pub use lower::{MAX_SCRIPT_BYTES, argument, as_read, from_argv, parse, parse_run, parse_text, with_words};
pub use model::*;
pub use nested::{Handed, HandedText, When, elsewhere, handed, may_hand_on, shell, text_of};
pub use words::operand;
pub use wrappers::{Effective, effective, is_name, is_wrapper};
