//! Reads bodies of requests within bounds of size, time and memory.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::Body;
use tokio::time::{Instant, timeout, timeout_at};

use crate::budget::Reservation;
use crate::refusal::{Refusal, RefusalKind};

/// Reads a body of at most `limit` bytes that ends before the deadline. Memory is reserved as it
/// comes, whatever length was declared.
pub(crate) async fn read<B>(
    body: &mut B,
    limit: usize,
    deadline: Instant,
    reservation: &mut Reservation,
) -> Result<Bytes, Refusal>
where
    B: Body<Data = Bytes> + Unpin,
{
    let declared = body.size_hint().exact();
    if declared.is_some_and(|len| len > limit as u64) {
        return Err(Refusal::too_large("of body", limit));
    }
    let mut first = Bytes::new();
    let mut all = Vec::new();
    loop {
        let frame = match timeout_at(deadline, body.frame()).await {
            Err(_) => return Err(too_slow()),
            Ok(None) => break,
            Ok(Some(Err(_))) => return Err(broken_off()),
            Ok(Some(Ok(frame))) => frame,
        };
        let Ok(data) = frame.into_data() else {
            continue; // trailers
        };
        let len = first.len() + all.len() + data.len();
        if len > limit {
            return Err(Refusal::too_large("of body", limit));
        }
        if all.is_empty() && first.is_empty() {
            reservation
                .raise_to(len)
                .await
                .map_err(Refusal::no_memory)?;
            first = data;
            continue;
        }
        if len > all.capacity() {
            // As much again, but no more than declared: sizes are not trusted before they come.
            let most = declared.map_or(limit, |len| usize::try_from(len).unwrap_or(limit));
            let capacity = (2 * len).min(most).max(len);
            reservation
                .raise_to(capacity)
                .await
                .map_err(Refusal::no_memory)?;
            all.reserve_exact(capacity - all.len());
        }
        all.extend_from_slice(&std::mem::take(&mut first));
        all.extend_from_slice(&data);
    }
    Ok(match all.is_empty() {
        true => first,
        false => Bytes::from(all),
    })
}

fn too_slow() -> Refusal {
    Refusal::new(RefusalKind::TooSlow, "the request did not arrive in time")
}

fn broken_off() -> Refusal {
    Refusal::new(RefusalKind::BrokenOff, "the body ended before its end")
}

/// How much of a body that nobody wants is read, so that its sender comes to read the answer.
const DRAINED_BYTES: usize = 80 << 20;
const DRAINED_FOR: Duration = Duration::from_secs(2);

/// Reads a body to its end and forgets it, within bounds. A connection of HTTP/1.1 that is closed
/// while its sender still sends is reset, and the answer is lost.
pub(crate) async fn drain<B: Body<Data = Bytes> + Unpin>(body: &mut B) {
    let all = async {
        let mut rest = DRAINED_BYTES;
        while let Some(Ok(frame)) = body.frame().await {
            let len = frame.data_ref().map_or(0, Bytes::len);
            match rest.checked_sub(len) {
                Some(left) => rest = left,
                None => return,
            }
        }
    };
    // In time or not: the answer is given now.
    let _ = timeout(DRAINED_FOR, all).await;
}
