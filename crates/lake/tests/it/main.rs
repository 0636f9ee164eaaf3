//! Lakes on a real file system.

mod catalog;
mod parts;
mod roundtrip;
mod runs;
