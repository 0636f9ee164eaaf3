//! The bytes of a file below any compression of the whole file, in a window that grows on demand.

mod again;
mod buffered;
mod gzip;
mod trail;
mod window;
mod zstd;

pub(crate) use buffered::Trouble;
pub(crate) use gzip::MAGIC as GZIP_MAGIC;
pub(crate) use window::Window;
pub(crate) use zstd::MAGIC as ZSTD_MAGIC;
