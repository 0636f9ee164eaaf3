//! Takes one request, whatever carried it: from its body to its acknowledgement.

use std::time::SystemTime;

use bytes::Bytes;
use hyper::body::Body;
use otolith_capture::{Encoding, Signal};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use crate::body;
use crate::budget::Reservation;
use crate::check::{Contents, Payload};
use crate::faults::{Fault, Met};
use crate::inflate::{Coding, inflate};
use crate::receiver::Shared;
use crate::record::{Taken, guess_bytes};
use crate::refusal::{Refusal, RefusalKind};
use crate::tally::{Acknowledged, Begun};
use crate::writer::Entry;

/// What is known of a request from its head.
#[derive(Clone, Copy)]
pub(crate) struct Call {
    pub(crate) signal: Signal,
    pub(crate) encoding: Encoding,
    pub(crate) coding: Coding,
    /// How bytes of the body are framed.
    pub(crate) framing: Framing,
}

/// How a message lies in its body.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// It is the body.
    Bare,
    /// As gRPC does it: a flag of compression and a length in 4 bytes stand before it.
    Grpc,
}

/// gRPC's flag and length.
pub(crate) const GRPC_HEAD: usize = 5;

/// From this many bytes on, others shall not wait for a thread that decodes.
const LONG: usize = 1 << 20;

/// Takes a request. It is acknowledged when this returns without a refusal, and counted either way.
pub(crate) async fn take<B>(
    shared: &Shared,
    begun: Begun,
    call: Call,
    body: &mut B,
) -> Result<Contents, Refusal>
where
    B: Body<Data = Bytes> + Unpin,
{
    let number = begun.number;
    match acknowledge(shared, number, call, body).await {
        Ok(acknowledged) => {
            begun.acknowledged(&acknowledged);
            Ok(acknowledged.contents)
        }
        Err(refusal) => {
            begun.refused(&refusal);
            Err(refusal)
        }
    }
}

async fn acknowledge<B>(
    shared: &Shared,
    number: u64,
    call: Call,
    body: &mut B,
) -> Result<Acknowledged, Refusal>
where
    B: Body<Data = Bytes> + Unpin,
{
    if shared.is_stopping() {
        return Err(Refusal::unavailable("the receiver is about to end"));
    }
    let deadline = Instant::now() + shared.limits.request_time;
    let mut reservation = shared.budget.reserve().await.map_err(Refusal::no_memory)?;
    let framed = body::read(body, shared.limit(call.framing), deadline, &mut reservation).await?;
    let arrival = SystemTime::now();
    let met = shared.faults.as_ref().map(|faults| faults.of(number));
    let left_out = inject(shared, met.unwrap_or_default()).await?;

    let received_bytes = framed.len();
    let (message, coding) = match call.framing {
        Framing::Bare => (framed, call.coding),
        Framing::Grpc => unframe(&framed, call.coding)?,
    };
    let message = match coding {
        Coding::Identity => message,
        coding => inflate(coding, &message, &shared.limits, &mut reservation)
            .await?
            .into(),
    };
    let payload = Payload {
        signal: call.signal,
        encoding: call.encoding,
        bytes: &message,
    };
    let guess = guess_bytes(shared.dialect, payload);
    reservation
        .raise_to(guess)
        .await
        .map_err(Refusal::no_memory)?;
    let record = || shared.recorder.take(payload, left_out, arrival);
    let Taken { contents, record } = match message.len() < LONG {
        true => record()?,
        false => tokio::task::block_in_place(record)?,
    };
    let contents = Contents {
        message: contents.message.or_else(|| injected_message(left_out)),
        ..contents
    };
    if left_out > 0 && contents.rejected > 0 {
        shared.tally.change(|counts| counts.injected.partial += 1);
    }
    let decompressed_bytes = message.len();
    drop(message);
    if let Some(record) = record {
        keep(shared, call.signal, record, contents.items, reservation).await?;
    }
    Ok(Acknowledged {
        signal: call.signal,
        contents,
        received_bytes,
        decompressed_bytes,
    })
}

/// Makes the faults that a request meets, and tells how many items to leave out.
async fn inject(shared: &Shared, met: Met) -> Result<u64, Refusal> {
    if let Some(delay) = met.delay {
        shared.tally.change(|counts| counts.injected.delayed += 1);
        sleep(delay).await;
    }
    let (kind, retry_after) = match met.fault {
        None => return Ok(0),
        Some(Fault::Partial(items)) => return Ok(items),
        Some(Fault::TooMany(wait)) => (RefusalKind::InjectedTooMany, wait),
        Some(Fault::Unavailable(wait)) => (RefusalKind::InjectedUnavailable, wait),
        Some(Fault::Cut) => (RefusalKind::InjectedCut, None),
    };
    Err(Refusal {
        retry_after,
        ..Refusal::new(kind, "a fault made on purpose")
    })
}

fn injected_message(left_out: u64) -> Option<String> {
    (left_out > 0).then(|| "rejected on purpose".to_owned())
}

/// The message in a body of gRPC, which holds exactly one, and how it is compressed.
fn unframe(body: &Bytes, coding: Coding) -> Result<(Bytes, Coding), Refusal> {
    let Some((head, message)) = body.split_first_chunk::<GRPC_HEAD>() else {
        return Err(Refusal::undecodable("gRPC: the body ends before a message"));
    };
    let [flag, len @ ..] = *head;
    let expected = u32::from_be_bytes(len);
    if u32::try_from(message.len()) != Ok(expected) {
        return Err(Refusal::undecodable(format!(
            "gRPC: expected one message of {expected} bytes, found {} bytes",
            message.len()
        )));
    }
    let coding = match (flag, coding) {
        (0, _) => Coding::Identity,
        (1, Coding::Identity) => {
            return Err(Refusal::undecodable(
                "gRPC: the message is compressed, and `grpc-encoding` does not say how",
            ));
        }
        (1, coding) => coding,
        (flag, _) => {
            return Err(Refusal::undecodable(format!(
                "gRPC: expected a flag of 0 or 1, found {flag}"
            )));
        }
    };
    Ok((body.slice(GRPC_HEAD..), coding))
}

/// Gives a record to the writer and waits until it is as durable as told.
async fn keep(
    shared: &Shared,
    signal: Signal,
    record: Vec<u8>,
    items: u64,
    mut reservation: Reservation,
) -> Result<(), Refusal> {
    reservation
        .raise_to(record.capacity())
        .await
        .map_err(Refusal::no_memory)?;
    reservation.lower_to(record.capacity());
    let (done, is_done) = oneshot::channel();
    let entry = Entry {
        signal,
        record,
        items,
        reservation,
        done,
    };
    let ended = || Refusal::unavailable("the receiver is about to end");
    let entries = shared.entries.as_ref().ok_or_else(ended)?;
    entries.send(entry).map_err(|_| ended())?;
    match is_done.await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(why)) => Err(Refusal::unavailable(why)),
        Err(_) => Err(ended()),
    }
}
