//! Makes requests of the plan ready to go out: other times, ids and names where they are wanted,
//! parts where a whole is too long, and the bytes of the wire.

mod divide;

use std::io;
use std::ops::Range;
use std::sync::Arc;

use otolith_capture::Signal;
use otolith_otlp::{Patch, PatchIds, ShiftError, patch, suffix_resources, take_items};

use self::divide::{is_divisible, too_large};
use crate::body::Body;
use crate::dress::Wardrobe;
use crate::error::ReplayError;
use crate::ids::FreshIds;
use crate::index::Entry;
use crate::live::{LiveMap, LiveTimes};
use crate::options::{ReplayOptions, Times};
use crate::payload::Payload;
use crate::recode::{RecodeError, json_to_protobuf, protobuf_to_json};
use crate::resume::State;
use crate::route::Protocol;
use crate::spool::SHORT_BYTES;
use crate::tally::Fate;
use crate::timeline::Timeline;

/// When a request goes out, and in which loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    /// The loop, from 0.
    pub(crate) pass: u64,
    /// When it goes out, as the time of day.
    pub(crate) sent_unix_nano: u64,
}

/// A request, or a part of one, that goes out as one.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// Numbers of its items in the request.
    pub(crate) items: Range<u64>,
    /// What goes out, or why it cannot.
    pub(crate) body: Result<Payload, Fate>,
    /// Its length before compression.
    pub(crate) len_bytes: usize,
}

/// Makes requests of a plan ready.
pub(crate) struct Composer {
    timeline: Arc<Timeline>,
    wardrobe: Wardrobe,
    /// Longest message, by `Signal as usize`.
    limits: [usize; 3],
    /// Signals that go out in JSON.
    to_json: [bool; 3],
    /// Signals whose bodies wait in JSON, as they go out.
    in_json: [bool; 3],
    /// Signals whose bodies are left in the spool unless they are short, by `Signal as usize`.
    left_in_spool: [bool; 3],
    times: Times,
    /// What is added to all times, if they are moved as one.
    pub(crate) shift_nanos: Option<i64>,
    /// What is added for each loop before, then.
    loop_nanos: u64,
    live: LiveTimes,
    has_fresh_ids: bool,
    /// Tells ids of this run from those of others.
    pub(crate) ids: u64,
}

/// What receivers of gRPC take at most if nobody has told them otherwise.
const GRPC_LIMIT: usize = 4 << 20;

impl Composer {
    /// For a run that begins at this time of day, and loops that are so long as recorded.
    ///
    /// # Errors
    ///
    /// When there is no such level of compression, or the index cannot be read.
    pub(crate) fn new(
        timeline: Arc<Timeline>,
        options: &ReplayOptions,
        loop_nanos: u64,
        now_unix_nano: u64,
    ) -> Result<Self, ReplayError> {
        let first = timeline.index.entries().next().transpose();
        let first = first.map_err(ReplayError::Spool)?;
        let first = first.map_or(0, |entry| entry.time_unix_nano);
        let protocols = Signal::ALL.map(|signal| options.route(signal).protocol);
        let given = options.max_request_bytes.map(|limit| limit.get());
        Ok(Self {
            wardrobe: Wardrobe::new(options)?,
            limits: protocols.map(|protocol| match (given, protocol) {
                (Some(limit), _) => limit,
                (None, Protocol::Grpc) => GRPC_LIMIT,
                (None, Protocol::HttpProtobuf | Protocol::HttpJson) => usize::MAX,
            }),
            to_json: protocols.map(|protocol| protocol == Protocol::HttpJson),
            in_json: options.spooled_in_json(),
            left_in_spool: [false; 3],
            times: options.times,
            shift_nanos: (options.times == Times::Shift).then(|| offset(first, now_unix_nano)),
            loop_nanos,
            live: LiveTimes::new(options.spool_dir.as_deref()),
            has_fresh_ids: options.fresh_ids,
            ids: now_unix_nano ^ u64::from(std::process::id()).rotate_left(32),
            timeline,
        })
    }

    /// Leaves bodies of these signals in the spool, by `Signal as usize`, which must go out as they
    /// lie there. Short ones are read all the same, many at once.
    pub(crate) fn leave_in_spool(&mut self, signals: [bool; 3]) {
        self.left_in_spool = signals;
    }

    /// Goes on with the offset and the ids of an earlier run.
    pub(crate) fn go_on(&mut self, left: &State) {
        if self.shift_nanos.is_some() && left.shift_nanos.is_some() {
            self.shift_nanos = left.shift_nanos;
        }
        self.ids = left.ids;
    }

    /// Tells when a request goes out, in the order of sending and before it is composed.
    ///
    /// # Errors
    ///
    /// When that cannot be kept.
    pub(crate) fn announce(&self, entry: &Entry, moment: Moment) -> io::Result<()> {
        match self.times {
            Times::Keep | Times::Shift => Ok(()),
            Times::Live => {
                let recorded = entry.time_unix_nano;
                self.live.note(moment.pass, recorded, moment.sent_unix_nano)
            }
        }
    }

    /// A request, in one part or, where it is longer than the receiver takes, in several.
    ///
    /// # Errors
    ///
    /// When the spool cannot be read.
    pub(crate) fn compose(&self, entry: &Entry, moment: Moment) -> io::Result<Vec<Part>> {
        let items = 0..u64::from(entry.items);
        let signal = entry.signal as usize;
        let len_bytes = entry.len_bytes as usize;
        if self.left_in_spool[signal]
            && (SHORT_BYTES + 1..=self.limits[signal]).contains(&len_bytes)
        {
            return Ok(vec![Part {
                items,
                body: Ok(Payload::Spooled(self.timeline.piece(entry))),
                len_bytes,
            }]);
        }
        let message = self.timeline.body(entry)?;
        Ok(match self.composed(entry, message, moment) {
            Ok(parts) => parts,
            Err(fate) => vec![Part::failed(items, fate)],
        })
    }

    /// Items of a request as they were planned, in protobuf: with the names of its copy, but with
    /// the times and ids of the capture.
    ///
    /// # Errors
    ///
    /// When the spool cannot be read, or what lies there is broken.
    pub(crate) fn planned(&self, entry: &Entry, items: &Range<u64>) -> io::Result<Vec<u8>> {
        let mut message = self.timeline.body(entry)?;
        if self.in_json[entry.signal as usize] {
            let made = json_to_protobuf(entry.signal, &message);
            message = made.map_err(io::Error::other)?.into();
        }
        let broken = |reject: otolith_otlp::FrameReject| io::Error::other(reject.message);
        if entry.copy > 0 {
            let made = suffix_resources(&message, &suffix(entry.copy));
            message = made.map_err(broken)?.into();
        }
        if *items != (0..u64::from(entry.items)) {
            return take_items(entry.signal, &message, items.clone()).map_err(broken);
        }
        Ok(message.to_vec())
    }

    fn composed(&self, entry: &Entry, message: Body, moment: Moment) -> Result<Vec<Part>, Fate> {
        let signal = entry.signal;
        let in_json = self.in_json[signal as usize];
        let message = self.changed(entry, message, moment)?;
        let (wire, protobuf) = match self.to_json[signal as usize] && !in_json {
            true => (
                protobuf_to_json(signal, &message).map_err(broken)?.into(),
                Some(message),
            ),
            false => (message, None),
        };
        let items = 0..u64::from(entry.items);
        let limit = self.limits[signal as usize];
        if wire.len() <= limit {
            return Ok(vec![self.part(signal, items, wire)]);
        }
        let len_bytes = wire.len();
        let protobuf = match protobuf {
            Some(protobuf) => protobuf,
            None if in_json => json_to_protobuf(signal, &wire).map_err(broken)?.into(),
            None => wire,
        };
        if items.end < 2 || !is_divisible(entry, &protobuf) {
            return Err(too_large(
                "a request that cannot be divided",
                len_bytes,
                limit,
            ));
        }
        let mut parts = Vec::new();
        self.divide(signal, &protobuf, items, &mut parts);
        Ok(parts)
    }

    /// Other names, times and ids, where they are wanted.
    fn changed(&self, entry: &Entry, mut message: Body, moment: Moment) -> Result<Body, Fate> {
        if entry.copy > 0 {
            let made = suffix_resources(&message, &suffix(entry.copy));
            message = made
                .map_err(|reject| Fate::Failed {
                    code: "not_changed".to_owned(),
                    message: reject.message,
                })?
                .into();
        }
        // Copies are not of the same traces: their services would be joined by them.
        let pass = if self.has_fresh_ids { moment.pass } else { 0 };
        let fresh = FreshIds::new(self.ids, pass, entry.copy);
        let ids = (self.has_fresh_ids || entry.copy > 0).then_some(&fresh as &dyn PatchIds);
        let offset = match self.times {
            Times::Keep => 0,
            Times::Shift => {
                let loops = self.loop_nanos.saturating_mul(moment.pass);
                let loops = i64::try_from(loops).unwrap_or(i64::MAX);
                self.shift_nanos.unwrap_or(0).saturating_add(loops)
            }
            Times::Live => offset(entry.time_unix_nano, moment.sent_unix_nano),
        };
        let moved = |time: u64| time.checked_add_signed(offset);
        let live = (self.times == Times::Live).then(|| self.live.of(moment.pass));
        let mapped = |time: u64| live.as_ref()?.time(time);
        let time: Option<&dyn Fn(u64) -> Option<u64>> = match (self.times, entry.signal) {
            (Times::Keep, _) => None,
            (Times::Live, Signal::Metrics) => Some(&mapped),
            (Times::Shift | Times::Live, _) => Some(&moved),
        };
        if time.is_none() && ids.is_none() {
            return Ok(message);
        }
        let patched = patch(entry.signal, &mut message, Patch { time, ids });
        if let Some(error) = live.as_ref().and_then(LiveMap::error) {
            return Err(Fate::Failed {
                code: "not_changed".to_owned(),
                message: format!("the file with times of sending: {error}"),
            });
        }
        match patched {
            Ok(()) => Ok(message),
            Err(error) => Err(Fate::Failed {
                code: match error {
                    ShiftError::OutOfRange { .. } => "time_out_of_range",
                    ShiftError::BadProtobuf { .. } => "not_changed",
                }
                .to_owned(),
                message: error.to_string(),
            }),
        }
    }

    fn part(&self, signal: Signal, items: Range<u64>, wire: Body) -> Part {
        Part {
            items,
            len_bytes: wire.len(),
            body: self
                .wardrobe
                .dress(signal, wire)
                .map(Payload::from)
                .map_err(|error| Fate::Failed {
                    code: "compression_failed".to_owned(),
                    message: error.to_string(),
                }),
        }
    }
}

impl Part {
    fn failed(items: Range<u64>, fate: Fate) -> Self {
        Self {
            items,
            body: Err(fate),
            len_bytes: 0,
        }
    }
}

/// What is appended to the names of a copy.
fn suffix(copy: u16) -> String {
    format!("-{copy}")
}

/// From a recorded time to another.
fn offset(recorded_unix_nano: u64, to_unix_nano: u64) -> i64 {
    let offset = i128::from(to_unix_nano) - i128::from(recorded_unix_nano);
    i64::try_from(offset).unwrap_or(if offset < 0 { i64::MIN } else { i64::MAX })
}

fn broken(error: RecodeError) -> Fate {
    Fate::Failed {
        code: "not_changed".to_owned(),
        message: error.to_string(),
    }
}
