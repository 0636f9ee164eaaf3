//! The commands, one module each: check the arguments, call a library, show what came back.

pub mod capture;
pub mod cat;
pub mod compact;
pub mod compare;
pub mod convert;
pub mod inspect;
pub mod replay;
pub mod report;
pub mod retention;
pub mod sql;
pub mod tables;
pub mod verify;

mod activity;
mod cost;
mod data;
mod exporter;
mod hosts;
mod pricing;
mod question;
mod reading;
mod results;

pub use report::show;
