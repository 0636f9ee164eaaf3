//! Compresses what goes to a file so that whatever was written can be read, torn end or not.

use std::io::{self, Write as _};

use flate2::write::GzEncoder;

use crate::options::Compression;

/// Turns records into the bytes of a file.
///
/// A flush ends a block: everything before it can be decompressed. After some MiB it ends the frame
/// or member as well, so that little has to be read again where a file is damaged.
pub(crate) struct Encoder {
    kind: Kind,
    /// Bytes in the frame that is open.
    in_frame: usize,
}

enum Kind {
    None(Vec<u8>),
    /// The last frame if it is open, and what is finished before it.
    Zstd(Option<zstd::Encoder<'static, Vec<u8>>>, Vec<u8>),
    Gzip(Option<GzEncoder<Vec<u8>>>, Vec<u8>),
}

/// Bytes of records in a frame.
const FRAME_BYTES: usize = 4 << 20;

const ZSTD_LEVEL: i32 = 3;

impl Encoder {
    pub(crate) fn new(compression: Compression) -> Self {
        let kind = match compression {
            Compression::None => Kind::None(Vec::new()),
            Compression::Zstd => Kind::Zstd(None, Vec::new()),
            Compression::Gzip => Kind::Gzip(None, Vec::new()),
        };
        Self { kind, in_frame: 0 }
    }

    pub(crate) fn push(&mut self, record: &[u8]) -> io::Result<()> {
        self.in_frame += record.len();
        match &mut self.kind {
            Kind::None(out) => {
                out.extend_from_slice(record);
                Ok(())
            }
            Kind::Zstd(encoder, out) => {
                if encoder.is_none() {
                    let mut new = zstd::Encoder::new(std::mem::take(out), ZSTD_LEVEL)?;
                    new.include_checksum(true)?;
                    *encoder = Some(new);
                }
                encoder
                    .as_mut()
                    .map_or(Ok(()), |zstd| zstd.write_all(record))
            }
            Kind::Gzip(encoder, out) => encoder
                .get_or_insert_with(|| {
                    GzEncoder::new(std::mem::take(out), flate2::Compression::default())
                })
                .write_all(record),
        }
    }

    /// Bytes that are ready, more or less: a compressor holds back some.
    pub(crate) fn ready_bytes(&self) -> usize {
        match &self.kind {
            Kind::None(out) | Kind::Zstd(None, out) | Kind::Gzip(None, out) => out.len(),
            Kind::Zstd(Some(encoder), _) => encoder.get_ref().len(),
            Kind::Gzip(Some(encoder), _) => encoder.get_ref().len(),
        }
    }

    /// Makes everything ready, and gives it.
    pub(crate) fn flush(&mut self) -> io::Result<Vec<u8>> {
        if self.in_frame >= FRAME_BYTES {
            return self.finish();
        }
        Ok(match &mut self.kind {
            Kind::None(out) | Kind::Zstd(None, out) | Kind::Gzip(None, out) => std::mem::take(out),
            Kind::Zstd(Some(encoder), _) => {
                encoder.flush()?;
                std::mem::take(encoder.get_mut())
            }
            Kind::Gzip(Some(encoder), _) => {
                encoder.flush()?;
                std::mem::take(encoder.get_mut())
            }
        })
    }

    /// Ends the frame, and gives what is ready.
    pub(crate) fn finish(&mut self) -> io::Result<Vec<u8>> {
        self.in_frame = 0;
        match &mut self.kind {
            Kind::None(out) | Kind::Zstd(None, out) | Kind::Gzip(None, out) => {
                Ok(std::mem::take(out))
            }
            Kind::Zstd(encoder, _) => encoder.take().map_or(Ok(Vec::new()), |zstd| zstd.finish()),
            Kind::Gzip(encoder, _) => encoder.take().map_or(Ok(Vec::new()), |gzip| gzip.finish()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    /// What can be read of bytes, to their end or the first error.
    fn readable(compression: Compression, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut reader: Box<dyn io::Read> = match compression {
            Compression::None => Box::new(bytes),
            Compression::Zstd => Box::new(zstd::Decoder::new(bytes).unwrap()),
            Compression::Gzip => Box::new(flate2::read::MultiGzDecoder::new(bytes)),
        };
        let mut buffer = [0; 1_000];
        while let Ok(count @ 1..) = reader.read(&mut buffer) {
            out.extend_from_slice(&buffer[..count]);
        }
        out
    }

    #[test]
    fn whatever_was_flushed_can_be_read() {
        for compression in [Compression::None, Compression::Zstd, Compression::Gzip] {
            let mut encoder = Encoder::new(compression);
            let (mut plain, mut file) = (Vec::new(), Vec::new());
            for number in 0..400_u32 {
                // More than one frame.
                let record = format!("record {number} {}\n", "x".repeat(30_000));
                encoder.push(record.as_bytes()).unwrap();
                plain.extend_from_slice(record.as_bytes());
                if number % 7 == 0 {
                    file.extend(encoder.flush().unwrap());
                    if number % 49 == 0 {
                        assert_eq!(readable(compression, &file), plain, "{compression:?}");
                    }
                }
            }
            file.extend(encoder.finish().unwrap());
            file.extend(encoder.finish().unwrap());
            assert_eq!(readable(compression, &file), plain, "{compression:?}");
            assert_eq!(encoder.ready_bytes(), 0);
        }
    }
}
