//! Undoes the compression of a body within bounds of size, ratio and memory.

use std::io::Read;

use flate2::read::MultiGzDecoder;

use crate::budget::Reservation;
use crate::options::ReceiveLimits;
use crate::refusal::{Refusal, RefusalKind};

/// How a body was compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Identity,
    Gzip,
    Zstd,
}

/// The names of codings that are taken, for senders.
pub(crate) const ACCEPTED: &str = "gzip, zstd";

impl Coding {
    /// Reads the value of `Content-Encoding` or `grpc-encoding`.
    pub(crate) fn parse(name: &[u8]) -> Result<Self, Refusal> {
        match name.trim_ascii().to_ascii_lowercase().as_slice() {
            b"" | b"identity" => Ok(Self::Identity),
            b"gzip" | b"x-gzip" => Ok(Self::Gzip),
            b"zstd" => Ok(Self::Zstd),
            other => Err(Refusal::new(
                RefusalKind::MediaType,
                format!(
                    "expected a body without compression, in gzip or in zstd, found `{}`",
                    shortened(other)
                ),
            )),
        }
    }
}

/// What a sender wrote, fit for a message.
pub(crate) fn shortened(text: &[u8]) -> String {
    let end = text.len().min(60);
    text[..end].escape_ascii().to_string()
}

/// Ratios are looked at from here on: the first bytes of a small body say little.
const RATIO_FROM: usize = 1 << 20;

/// The largest window of zstd, 32 MiB: what encoders take at their highest ordinary levels.
const WINDOW_LOG: u32 = 25;

/// The bytes of a compressed body. `reservation` is raised to what both take.
pub(crate) async fn inflate(
    coding: Coding,
    body: &[u8],
    limits: &ReceiveLimits,
    reservation: &mut Reservation,
) -> Result<Vec<u8>, Refusal> {
    match coding {
        Coding::Identity => Ok(body.to_vec()),
        Coding::Gzip => unfold("gzip", MultiGzDecoder::new(body), body, limits, reservation).await,
        Coding::Zstd => {
            let bad = |error| Refusal::undecodable(format!("zstd: {error}"));
            let mut decoder = zstd::stream::read::Decoder::with_buffer(body).map_err(bad)?;
            decoder.window_log_max(WINDOW_LOG).map_err(bad)?;
            unfold("zstd", decoder, body, limits, reservation).await
        }
    }
}

/// How much is unfolded between two looks at the bounds.
const STEP: usize = 64 << 10;

async fn unfold(
    name: &str,
    mut reader: impl Read,
    body: &[u8],
    limits: &ReceiveLimits,
    reservation: &mut Reservation,
) -> Result<Vec<u8>, Refusal> {
    let most = limits.body_bytes;
    let mut out: Vec<u8> = Vec::new();
    loop {
        if out.capacity() - out.len() < STEP {
            // At most twice of what came out: nothing that is declared is believed.
            let capacity = (2 * out.len()).min(most) + STEP;
            reservation
                .raise_to(body.len() + capacity)
                .await
                .map_err(Refusal::no_memory)?;
            out.reserve_exact(capacity - out.len());
        }
        let count = reader
            .by_ref()
            .take(STEP as u64)
            .read_to_end(&mut out)
            .map_err(|error| Refusal::undecodable(format!("{name}: {error}")))?;
        if out.len() > most {
            return Err(Refusal::too_large("of decompressed body", most));
        }
        let ratio = (out.len() / body.len().max(1)) as u64;
        if out.len() > RATIO_FROM && ratio > limits.decompression_ratio {
            return Err(Refusal::new(
                RefusalKind::TooLarge,
                format!(
                    "{name}: expected at most {} bytes for each compressed one, found {ratio}",
                    limits.decompression_ratio
                ),
            ));
        }
        if count == 0 {
            return Ok(out);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::sync::Arc;
    use std::time::Duration;

    use flate2::write::GzEncoder;

    use super::*;
    use crate::budget::Budget;

    fn limits() -> ReceiveLimits {
        ReceiveLimits {
            body_bytes: 4 << 20,
            ..ReceiveLimits::default()
        }
    }

    async fn unfolded(coding: Coding, body: &[u8], memory: usize) -> Result<Vec<u8>, RefusalKind> {
        let budget = Arc::new(Budget::new(memory, Duration::from_millis(1)));
        let mut reservation = budget.reserve().await.unwrap();
        inflate(coding, body, &limits(), &mut reservation)
            .await
            .map_err(|refusal| refusal.kind)
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// Bytes that no compressor makes smaller by much.
    fn noise(len: usize) -> Vec<u8> {
        let mut state = 1_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        };
        (0..len).map(|_| next()).collect()
    }

    #[tokio::test]
    async fn both_codings_are_undone() {
        let bytes = noise(300_000);
        let memory = 64 << 20;
        assert_eq!(
            unfolded(Coding::Gzip, &gzip(&bytes), memory).await,
            Ok(bytes.clone())
        );
        let zstd = zstd::encode_all(bytes.as_slice(), 3).unwrap();
        assert_eq!(
            unfolded(Coding::Zstd, &zstd, memory).await,
            Ok(bytes.clone())
        );
        let two = [gzip(b"ab"), gzip(b"cd")].concat();
        assert_eq!(
            unfolded(Coding::Gzip, &two, memory).await,
            Ok(b"abcd".to_vec())
        );
    }

    #[tokio::test]
    async fn bombs_are_stopped() {
        let zeros = vec![0; 64 << 20];
        for (coding, bomb) in [
            (Coding::Gzip, gzip(&zeros)),
            (Coding::Zstd, zstd::encode_all(zeros.as_slice(), 3).unwrap()),
        ] {
            assert!(bomb.len() < 70_000);
            // By their ratio, as soon as it counts: 2.5 MiB are enough to know.
            let stopped = unfolded(coding, &bomb, 5 << 19).await;
            assert_eq!(stopped, Err(RefusalKind::TooLarge), "{coding:?}");
        }
        let large = gzip(&noise(5 << 20));
        assert_eq!(
            unfolded(Coding::Gzip, &large, 64 << 20).await,
            Err(RefusalKind::TooLarge)
        );
        let fits = gzip(&noise(4 << 20));
        assert!(unfolded(Coding::Gzip, &fits, 64 << 20).await.is_ok());
    }

    #[tokio::test]
    async fn what_is_cut_off_or_else_is_refused() {
        let bytes = noise(1_000);
        let mut cut = gzip(&bytes);
        cut.truncate(cut.len() - 9);
        let mut cut_zstd = zstd::encode_all(bytes.as_slice(), 3).unwrap();
        cut_zstd.pop();
        let mut more = gzip(&bytes);
        more.extend(b"more");
        for (coding, bad) in [
            (Coding::Gzip, cut),
            (Coding::Gzip, b"no gzip".to_vec()),
            (Coding::Gzip, more),
            (Coding::Zstd, cut_zstd),
            (Coding::Zstd, b"no zstd".to_vec()),
        ] {
            let stopped = unfolded(coding, &bad, 1 << 20).await;
            assert_eq!(stopped, Err(RefusalKind::Undecodable), "{coding:?}");
        }
    }

    #[tokio::test]
    async fn a_window_larger_than_the_limit_is_refused() {
        let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
        encoder.window_log(27).unwrap();
        encoder.include_contentsize(false).unwrap();
        encoder.write_all(b"x").unwrap();
        let wide = encoder.finish().unwrap();
        let stopped = unfolded(Coding::Zstd, &wide, 1 << 20).await;
        assert_eq!(stopped, Err(RefusalKind::Undecodable));
    }

    #[test]
    fn other_codings_are_named() {
        let refusal = Coding::parse(b"br").unwrap_err();
        assert_eq!(refusal.kind, RefusalKind::MediaType);
        assert!(refusal.message.contains("`br`"), "{}", refusal.message);
        assert_eq!(Coding::parse(b" GZIP "), Ok(Coding::Gzip));
        assert!(Coding::parse(b"gzip, zstd").is_err());
    }
}
