//! Lakes on a real file system.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod catalog;
mod columns;
mod derived;
mod parts;
mod paths;
mod roundtrip;
mod runs;
mod upkeep;
