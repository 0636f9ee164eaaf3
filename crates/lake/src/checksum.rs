//! Checksums of files: XXH3-128, which finds damage and is no defence against forgery.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use xxhash_rust::xxh3::Xxh3;

use crate::error::LakeError;

/// Bytes that are read at once.
const BUFFER_BYTES: usize = 1 << 20;

/// Length and hash of a file.
pub(crate) fn of_file(path: &Path) -> Result<(u64, u128), LakeError> {
    let mut file = File::open(path).map_err(LakeError::io("open", path))?;
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut hasher = Xxh3::new();
    let mut len_bytes = 0;
    loop {
        let count = file
            .read(&mut buffer)
            .map_err(LakeError::io("read", path))?;
        if count == 0 {
            return Ok((len_bytes, hasher.digest128()));
        }
        hasher.update(&buffer[..count]);
        len_bytes += count as u64;
    }
}
