//! Turns single requests from one encoding into the other.

use otolith_capture::{Encoding, Frame, Origin, Signal, SignalHint};
use otolith_otlp::{Decoder, JsonRequestEncoder, Limits, RequestEncoder, Sink};

/// A request that was planned cannot be read again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("failed to encode the request anew: {0}")]
pub(crate) struct RecodeError(String);

/// The request of `signal` in a JSON text.
pub(crate) fn json_to_protobuf(signal: Signal, text: &[u8]) -> Result<Vec<u8>, RecodeError> {
    let mut encoder = RequestEncoder::new();
    decode(signal, Encoding::Json, text, &mut encoder)?;
    of_signal(signal, encoder.take())
}

/// The request in protobuf as a JSON text.
pub(crate) fn protobuf_to_json(signal: Signal, bytes: &[u8]) -> Result<Vec<u8>, RecodeError> {
    let mut encoder = JsonRequestEncoder::new();
    decode(signal, Encoding::Protobuf, bytes, &mut encoder)?;
    of_signal(signal, encoder.take())
}

fn of_signal(signal: Signal, requests: Vec<(Signal, Vec<u8>)>) -> Result<Vec<u8>, RecodeError> {
    let mut requests = requests.into_iter();
    let request = requests.find(|(found, _)| *found == signal);
    let request = request.map(|(_, request)| request);
    request.ok_or_else(|| RecodeError(format!("expected {signal}, found none")))
}

fn decode(
    signal: Signal,
    encoding: Encoding,
    bytes: &[u8],
    sink: &mut impl Sink,
) -> Result<(), RecodeError> {
    // What these bounds are for was checked when the request was planned.
    let limits = Limits {
        value_depth: usize::MAX,
        attributes: usize::MAX,
    };
    let frame = Frame {
        bytes,
        encoding,
        signal: SignalHint::Declared(signal),
        origin: Origin {
            file: "request".into(),
            frame: 1,
            offset: 0,
        },
        arrival_unix_nano: None,
    };
    match Decoder::new(limits).decode(&frame, sink) {
        Ok(_) => Ok(()),
        Err(reject) => Err(RecodeError(reject.message)),
    }
}
