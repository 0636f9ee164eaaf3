//! Telemetry of made-up coding agents and hosts, as large as wanted, with known totals.
//!
//! Several agents work on several hosts: each turn is a trace with its log records and delta sums
//! and histograms; each host reports cumulative and gauge metrics once a minute. Names, attributes
//! and numbers follow the real captures in `testdata`; ids, times and values are made from a seed.
//! The same [`Spec`] and encoding give the same bytes.
//!
//! ```
//! use otolith_capture::Encoding;
//! use otolith_corpus::{Spec, generate};
//!
//! let spec = Spec { seed: 1, items: 1_000, items_per_request: 100 };
//! let mut bytes = 0;
//! let totals = generate(spec, Encoding::Json, &mut |request| {
//!     bytes += request.bytes.len();
//!     Ok(())
//! })?;
//! assert!(totals.items() >= 1_000);
//! # Ok::<(), std::io::Error>(())
//! ```

mod agent;
mod batcher;
mod dialect;
mod fleet;
mod host;
mod joins;
mod load;
mod random;

use std::io;

use otolith_capture::{Encoding, Signal};

pub use dialect::Dialect;
pub use fleet::{
    AUTUMN_2026, BERLIN, By, FleetSpec, Ledger, ModelCall, NEW_YORK, Outcome, Planted, Spending,
    Spent, Text, Tokens, ToolCall, UTC, Unit, Who, Zone, generate_fleet, price_file,
};
pub use joins::{CORES, JoinSpec, generate_joins};
pub use load::{log_request, spans_request};
pub use random::Random;

use agent::Agent;
use batcher::{Batcher, Encoder};
use host::Host;

/// Between two reports of a host, in nanoseconds.
const TICK_NANOS: u64 = 60_000_000_000;
/// 2026-11-16T00:00:00Z, a Monday.
const BEGIN_UNIX_NANO: u64 = 1_794_787_200_000_000_000;
/// Turns of all agents in a tick: gives about as many spans as log records, and six times as many
/// points.
const TURNS_PER_TICK: u64 = 5;

/// What is to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Decides ids, times and values.
    pub seed: u64,
    /// Items (spans, log records, points) that are enough: the last tick is completed.
    pub items: u64,
    /// A request ends with the resource that reaches this many items.
    pub items_per_request: u64,
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its signal.
    pub signal: Signal,
    /// When it was received.
    pub arrival_unix_nano: u64,
    /// The `Export*ServiceRequest`; as JSON a text of one line.
    pub bytes: Vec<u8>,
}

/// What was made, for comparing with what a reader found.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals {
    /// Requests of all signals.
    pub requests: u64,
    /// Spans.
    pub spans: u64,
    /// Log records.
    pub log_records: u64,
    /// Points of sums and gauges.
    pub number_points: u64,
    /// Points of histograms.
    pub histogram_points: u64,
    /// Sum of the integer attribute `input_tokens` of all log records.
    pub input_tokens: i64,
}

impl Totals {
    /// Spans, log records and points.
    pub fn items(&self) -> u64 {
        self.spans + self.log_records + self.number_points + self.histogram_points
    }
}

/// Makes requests and hands out each as soon as it is whole.
///
/// # Errors
///
/// The first error of `take`; [`io::ErrorKind::Unsupported`] if the encoding is not one of requests.
pub fn generate(
    spec: Spec,
    encoding: Encoding,
    take: &mut dyn FnMut(&Request) -> io::Result<()>,
) -> io::Result<Totals> {
    match encoding {
        Encoding::Json => generate_with::<otolith_otlp::JsonRequestEncoder>(spec, take),
        Encoding::Protobuf => generate_with::<otolith_otlp::RequestEncoder>(spec, take),
        Encoding::JavaScriptSdk => Err(io::ErrorKind::Unsupported.into()),
    }
}

fn generate_with<E: Encoder>(
    spec: Spec,
    take: &mut dyn FnMut(&Request) -> io::Result<()>,
) -> io::Result<Totals> {
    let mut random = Random::new(spec.seed);
    let mut agents = agent::all(&mut random);
    let mut hosts = host::all(&mut random);
    let mut batcher = Batcher::<E>::new(spec.items_per_request, take);
    let mut now = BEGIN_UNIX_NANO;
    while batcher.totals.items() < spec.items {
        for turn in 0..TURNS_PER_TICK {
            let agent = random.below(agents.len() as u64) as usize;
            let begin = now + turn * TICK_NANOS / TURNS_PER_TICK;
            Agent::turn(&mut agents[agent], begin, &mut random, &mut batcher)?;
        }
        now += TICK_NANOS;
        for host in &mut hosts {
            Host::report(host, now, &mut random, &mut batcher)?;
        }
    }
    batcher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use otolith_capture::{Frame, Origin, SignalHint};
    use otolith_otlp::{Decoder, Limits, RequestEncoder};

    const SPEC: Spec = Spec {
        seed: 7,
        items: 5_000,
        items_per_request: 256,
    };

    fn requests(encoding: Encoding) -> (Vec<Request>, Totals) {
        let mut requests = Vec::new();
        let mut take = |request: &Request| {
            requests.push(request.clone());
            Ok(())
        };
        let totals = generate(SPEC, encoding, &mut take).unwrap();
        (requests, totals)
    }

    /// The request as protobuf and the number of its items.
    fn decode(request: &Request, encoding: Encoding) -> (Vec<u8>, u64) {
        let frame = Frame {
            bytes: &request.bytes,
            origin: Origin {
                file: "corpus".into(),
                frame: 1,
                offset: 0,
            },
            encoding,
            signal: SignalHint::Declared(request.signal),
            arrival_unix_nano: None,
        };
        let mut encoder = RequestEncoder::new();
        let decoded = Decoder::new(Limits::DEFAULT)
            .decode(&frame, &mut encoder)
            .unwrap();
        assert_eq!(decoded.rejected_items, 0);
        let mut all = encoder.take();
        assert_eq!(all.len(), 1);
        (all.remove(0).1, decoded.items)
    }

    #[test]
    fn both_encodings_tell_the_same_and_the_totals_count_it() {
        let (json, totals) = requests(Encoding::Json);
        let (protobuf, same) = requests(Encoding::Protobuf);
        assert_eq!(totals, same);
        assert_eq!(totals.requests, json.len() as u64);
        assert_eq!(json.len(), protobuf.len());
        let mut items = 0;
        for (json, protobuf) in json.iter().zip(&protobuf) {
            let from_json = decode(json, Encoding::Json);
            items += from_json.1;
            assert_eq!(from_json, decode(protobuf, Encoding::Protobuf));
            assert_eq!(from_json.0, protobuf.bytes);
        }
        assert_eq!(items, totals.items());
        assert!(items >= SPEC.items);
    }

    #[test]
    fn the_seed_decides_and_arrivals_rise() {
        let (requests, _) = requests(Encoding::Json);
        let arrivals: Vec<u64> = requests.iter().map(|r| r.arrival_unix_nano).collect();
        assert!(arrivals.is_sorted());
        let spec = Spec { seed: 8, ..SPEC };
        let mut other = Vec::new();
        let mut take = |request: &Request| {
            other.push(request.clone());
            Ok(())
        };
        generate(spec, Encoding::Json, &mut take).unwrap();
        assert_ne!(requests, other);
    }
}
