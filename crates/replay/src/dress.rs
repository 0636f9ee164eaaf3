//! Makes bodies ready for the wire: compressed, and framed where that is gRPC's.

use std::io::{self, Write as _};

use bytes::Bytes;
use flate2::write::GzEncoder;
use otolith_capture::Signal;

use crate::body::Body;
use crate::error::ReplayError;
use crate::grpc;
use crate::options::ReplayOptions;
use crate::route::{Compression, Protocol};

/// How the bodies of each signal go out.
#[derive(Clone, Debug)]
pub(crate) struct Wardrobe {
    /// By `Signal as usize`.
    clothes: [Clothes; 3],
}

#[derive(Clone, Copy, Debug)]
struct Clothes {
    protocol: Protocol,
    compression: Compression,
    level: u32,
}

/// Fast, as the sender must keep its pace.
const DEFAULT_LEVEL: u32 = 1;

impl Wardrobe {
    /// # Errors
    ///
    /// When there is no such level of compression.
    pub(crate) fn new(options: &ReplayOptions) -> Result<Self, ReplayError> {
        let level = options.compression_level.unwrap_or(DEFAULT_LEVEL);
        let clothes = Signal::ALL.map(|signal| {
            let route = options.route(signal);
            Clothes {
                protocol: route.protocol,
                compression: route.compression,
                level,
            }
        });
        for clothes in &clothes {
            match clothes.compression {
                Compression::Gzip if level > 9 => {
                    return Err(ReplayError::Settings(
                        "expected a level of gzip from 0 to 9 (--compression-level)",
                    ));
                }
                Compression::Zstd if !(1..=22).contains(&level) => {
                    return Err(ReplayError::Settings(
                        "expected a level of zstd from 1 to 22 (--compression-level)",
                    ));
                }
                _ => {}
            }
        }
        Ok(Self { clothes })
    }

    /// The bytes that go out for a message of a signal.
    ///
    /// # Errors
    ///
    /// When the library of the compression fails, which happens for want of memory.
    pub(crate) fn dress(&self, signal: Signal, message: Body) -> io::Result<Bytes> {
        let Clothes {
            protocol,
            compression,
            level,
        } = self.clothes[signal as usize];
        let compressed: Body = match compression {
            Compression::None => message,
            Compression::Gzip => {
                let level = flate2::Compression::new(level);
                let mut encoder = GzEncoder::new(Vec::new(), level);
                encoder.write_all(&message)?;
                encoder.finish()?.into()
            }
            Compression::Zstd => {
                // The length stands in the frame: receivers bound what they make room for.
                zstd::bulk::compress(&message, level as i32)?.into()
            }
        };
        Ok(match protocol {
            Protocol::HttpProtobuf | Protocol::HttpJson => compressed.into(),
            Protocol::Grpc => grpc::frame(&compressed, compression != Compression::None).into(),
        })
    }
}
