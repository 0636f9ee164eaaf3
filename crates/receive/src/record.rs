//! Makes the record of a capture from a request.

use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use otolith_capture::{Dialect, Encoding, FrameError, Framer, Outgoing, Signal};
use otolith_otlp::{JsonRequestEncoder, Limits, RequestEncoder};

use crate::check::{Checker, Contents, Nothing, Payload};
use crate::refusal::{Refusal, RefusalKind};

/// Makes records of one dialect, or only counts.
pub(crate) struct Recorder {
    checker: Checker,
    dialect: Option<Dialect>,
    /// Those that are not in use: some have a compressor, which takes long to make.
    framers: Mutex<Vec<Framer>>,
    /// Longer records are not taken by readers.
    max_bytes: usize,
}

/// A request that was looked through.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) contents: Contents,
    /// What to write; none if it is only counted, or has no items.
    pub(crate) record: Option<Vec<u8>>,
}

/// The largest frame that readers of captures take without being told.
const READERS_TAKE: usize = 64 << 20;

impl Recorder {
    pub(crate) fn new(limits: Limits, dialect: Option<Dialect>) -> Self {
        Self {
            checker: Checker::new(limits, READERS_TAKE),
            dialect,
            framers: Mutex::default(),
            max_bytes: READERS_TAKE,
        }
    }

    /// Checks a payload and makes its record, without its first `left_out` items and those that
    /// cannot be decoded. Where nothing is left out, and the dialect has its encoding, the record
    /// holds the payload as it is.
    pub(crate) fn take(
        &self,
        payload: Payload<'_>,
        left_out: u64,
        arrival: SystemTime,
    ) -> Result<Taken, Refusal> {
        // No member at all is no item; a decoder would miss the names of signals.
        if payload.encoding == Encoding::Json && is_empty_object(payload.bytes) {
            return Ok(Taken {
                contents: Contents::default(),
                record: None,
            });
        }
        let Some(dialect) = self.dialect else {
            let (contents, _) = self.checker.decode(payload, left_out, Nothing)?;
            return Ok(Taken {
                contents,
                record: None,
            });
        };
        let encoding = dialect.encoding();
        let keeps_bytes = payload.encoding == encoding && left_out == 0;
        if keeps_bytes {
            let (contents, _) = self.checker.decode(payload, 0, Nothing)?;
            if contents.rejected == 0 {
                let is_empty = contents.items == 0;
                let record = (!is_empty).then(|| self.record(dialect, payload, arrival));
                return self.sized(contents, record.transpose()?);
            }
        }
        let (contents, requests) = match encoding {
            Encoding::Json | Encoding::JavaScriptSdk => {
                let encoder = JsonRequestEncoder::new();
                let (contents, mut encoder) = self.checker.decode(payload, left_out, encoder)?;
                (contents, encoder.take())
            }
            Encoding::Protobuf => {
                let encoder = RequestEncoder::new();
                let (contents, mut encoder) = self.checker.decode(payload, left_out, encoder)?;
                (contents, encoder.take())
            }
        };
        let mut requests = requests.into_iter();
        let bytes = requests.next().filter(|_| contents.items > 0);
        let record = bytes.map(|(signal, bytes)| {
            let payload = Payload {
                signal,
                encoding,
                bytes: &bytes,
            };
            self.record(dialect, payload, arrival)
        });
        self.sized(contents, record.transpose()?)
    }

    fn record(
        &self,
        dialect: Dialect,
        payload: Payload<'_>,
        arrival: SystemTime,
    ) -> Result<Vec<u8>, Refusal> {
        let framers = || self.framers.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = framers().pop();
        let mut framer = match idle {
            Some(framer) => framer,
            None => Framer::new(dialect).map_err(refusal)?,
        };
        let mut record = Vec::with_capacity(payload.bytes.len() + ENVELOPE_BYTES);
        let request = Outgoing {
            payload: payload.bytes,
            signal: payload.signal,
            arrival_unix_nano: microseconds(arrival),
        };
        let framed = framer.push(request, &mut record).map_err(refusal);
        framers().push(framer);
        framed.map(|()| record)
    }

    fn sized(&self, contents: Contents, record: Option<Vec<u8>>) -> Result<Taken, Refusal> {
        if record.as_ref().is_some_and(|r| r.len() > self.max_bytes) {
            return Err(Refusal::too_large("of record", self.max_bytes));
        }
        Ok(Taken { contents, record })
    }
}

/// What dialects put around a payload at most.
const ENVELOPE_BYTES: usize = 100;

fn refusal(error: FrameError) -> Refusal {
    match error {
        FrameError::TooLarge { .. } => Refusal::too_large("of record", u32::MAX as usize),
        error => Refusal::new(RefusalKind::Unavailable, error.to_string()),
    }
}

fn is_empty_object(json: &[u8]) -> bool {
    let inside = json
        .trim_ascii()
        .strip_prefix(b"{")
        .and_then(|json| json.strip_suffix(b"}"));
    inside.is_some_and(|inside| inside.trim_ascii().is_empty())
}

/// Nanoseconds since 1970, in whole microseconds, as agentic-ci writes them.
fn microseconds(arrival: SystemTime) -> Option<u64> {
    let since = arrival.duration_since(UNIX_EPOCH).ok()?;
    u64::try_from(since.as_micros()).ok()?.checked_mul(1_000)
}

/// What a request takes in memory while its record is made, by the best guess before.
pub(crate) fn guess_bytes(dialect: Option<Dialect>, payload: Payload<'_>) -> usize {
    let len = payload.bytes.len();
    match dialect {
        None => len,
        Some(dialect) if dialect.encoding() == payload.encoding => 2 * len,
        // JSON takes two to three times as much as protobuf.
        Some(_) => 4 * len,
    }
}

/// The word for the files of a signal, or of all.
pub(crate) const fn file_word(signal: Option<Signal>) -> &'static str {
    match signal {
        Some(signal) => signal.as_str(),
        None => "otlp",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::refusal::RefusalKind;

    const LOGS: &str = r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"a"}},{"body":{"stringValue":"b"}}]}]}]}"#;

    fn take(dialect: Option<Dialect>, json: &str, left_out: u64) -> Result<Taken, Refusal> {
        let payload = Payload {
            signal: Signal::Logs,
            encoding: Encoding::Json,
            bytes: json.as_bytes(),
        };
        let arrival = SystemTime::UNIX_EPOCH + Duration::from_micros(1_763_640_000_000_001);
        Recorder::new(Limits::DEFAULT, dialect).take(payload, left_out, arrival)
    }

    #[track_caller]
    fn check(dialect: Dialect, json: &str, left_out: u64, expected: &str) {
        let taken = take(Some(dialect), json, left_out).unwrap();
        let record = taken.record.unwrap();
        assert_eq!(String::from_utf8_lossy(&record), expected);
    }

    #[test]
    fn json_is_kept_in_one_line() {
        check(Dialect::JsonLines, LOGS, 0, &format!("{LOGS}\n"));
        let pretty = LOGS.replace('[', "[\r\n") + "\n";
        check(Dialect::JsonLines, &pretty, 0, &format!("{LOGS}\n"));
        let head = r#"{"ts": "2025-11-20T12:00:00.000001+00:00", "path": "/v1/logs", "payload": "#;
        check(Dialect::AgenticCi, LOGS, 0, &format!("{head}{LOGS}}}\n"));
    }

    #[test]
    fn items_are_left_out_from_the_first_on() {
        let b =
            r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"b"}}]}]}]}"#;
        check(Dialect::JsonLines, LOGS, 1, &format!("{b}\n"));
        let taken = take(Some(Dialect::Proto), LOGS, 5).unwrap();
        assert_eq!((taken.contents.items, taken.contents.rejected), (0, 2));
        assert_eq!(taken.record, None);
    }

    #[test]
    fn items_that_cannot_be_decoded_are_told_and_left_out() {
        let bad = LOGS.replace(r#"{"stringValue":"a"}"#, r#"{"doubleValue":{}}"#);
        let taken = take(Some(Dialect::JsonLines), &bad, 0).unwrap();
        assert_eq!((taken.contents.items, taken.contents.rejected), (1, 1));
        let message = taken.contents.message.unwrap();
        assert!(message.starts_with("bad_value: "), "{message}");
        assert!(
            !String::from_utf8(taken.record.unwrap())
                .unwrap()
                .contains("doubleValue")
        );
    }

    #[test]
    fn requests_without_items_make_no_record() {
        for empty in ["{}", " {\n} ", r#"{"resourceLogs":[]}"#] {
            for dialect in [None, Some(Dialect::JsonLines), Some(Dialect::Proto)] {
                let taken = take(dialect, empty, 0).unwrap();
                assert_eq!((taken.contents, taken.record), (Contents::default(), None));
            }
        }
    }

    #[test]
    fn records_that_readers_would_not_take_are_refused() {
        let mut recorder = Recorder::new(Limits::DEFAULT, Some(Dialect::Proto));
        recorder.checker = Checker::new(Limits::DEFAULT, 4);
        let payload = Payload {
            signal: Signal::Logs,
            encoding: Encoding::Json,
            bytes: LOGS.as_bytes(),
        };
        let refusal = recorder.take(payload, 0, SystemTime::now()).unwrap_err();
        assert_eq!(refusal.kind, RefusalKind::TooLarge);
        // What is passed on as it is has its bounds too.
        let mut recorder = Recorder::new(Limits::DEFAULT, Some(Dialect::JsonLines));
        recorder.max_bytes = LOGS.len();
        let refusal = recorder.take(payload, 0, SystemTime::now()).unwrap_err();
        assert_eq!(refusal.kind, RefusalKind::TooLarge);
    }

    #[test]
    fn what_is_no_request_of_the_signal_is_refused() {
        for bad in [
            "",
            "{",
            "[]",
            r#"{"x":1}"#,
            r#"{"resourceLogs":[]} {}"#,
            r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"a"}]}]}]}"#,
            "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"body\":{\"stringValue\":\"a\nb\"}}]}]}]}",
        ] {
            let refusal = take(Some(Dialect::JsonLines), bad, 0).unwrap_err();
            assert_eq!(refusal.kind, RefusalKind::Undecodable, "{bad}");
        }
    }
}
