//! Captures of every layout, whole, damaged and hostile, through the public interface.

#![expect(clippy::unwrap_used, reason = "tests; helpers are not seen as such")]

mod binary;
mod captures;
mod compressed;
mod json;
mod limits;
mod properties;
mod read;
mod regrown;
mod resume;
mod write;
