//! Undoes the compression of one message, up to a limit.

use std::io::Read;

use flate2::read::MultiGzDecoder;

use crate::frame::RejectCode;
use crate::problems::{BAD_COMPRESSION, FRAME_TOO_LARGE};

/// Why a body cannot be unfolded.
pub(crate) type Fault = (RejectCode, String);

/// The bytes of a gzip body, or why there are none.
pub(crate) fn gzip(bytes: &[u8], max_bytes: usize) -> Result<Vec<u8>, Fault> {
    read("gzip", MultiGzDecoder::new(bytes), max_bytes)
}

/// The bytes of a zstd body, or why there are none.
pub(crate) fn zstd(bytes: &[u8], max_bytes: usize) -> Result<Vec<u8>, Fault> {
    let decoder = zstd::stream::read::Decoder::with_buffer(bytes)
        .map_err(|error| (BAD_COMPRESSION, format!("zstd: {error}")))?;
    read("zstd", decoder, max_bytes)
}

fn read(kind: &str, reader: impl Read, max_bytes: usize) -> Result<Vec<u8>, Fault> {
    let mut out = Vec::new();
    let result = reader
        .take((max_bytes as u64).saturating_add(1))
        .read_to_end(&mut out);
    match result {
        Err(error) => Err((
            BAD_COMPRESSION,
            format!("{kind}: {error}, after {} decoded bytes", out.len()),
        )),
        Ok(count) if count > max_bytes => Err((
            FRAME_TOO_LARGE,
            format!("{kind}: expected at most {max_bytes} decoded bytes"),
        )),
        Ok(_) => Ok(out),
    }
}
