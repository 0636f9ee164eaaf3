//! Captures of every layout, whole, damaged and hostile, through the public interface.

mod binary;
mod captures;
mod compressed;
mod json;
mod limits;
mod properties;
mod read;
