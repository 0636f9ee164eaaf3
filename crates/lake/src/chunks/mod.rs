//! Column chunks straight into the columns of a part.
//!
//! The library goes by arrow arrays, and sets up a row of readers, buffers and arrays for each column
//! of each file; with many small files that counts (`cargo xtask bench usage`, docs/adr/0024). Whatever is
//! not of the usual form, or wrong, is `None` here: the library then reads it, or tells what is wrong.

mod column;
mod delta;
mod footer;
mod hybrid;
mod pages;
mod rows;
mod thrift;

pub(crate) use column::{Wanted, decode};
pub(crate) use footer::{ChunkInfo, Footer};
