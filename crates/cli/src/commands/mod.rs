//! The commands, one module each: check the arguments, call a library, show what came back.

pub mod cat;
pub mod convert;
pub mod inspect;
pub mod replay;
pub mod report;
pub mod sql;
pub mod tables;

mod data;
mod reading;
