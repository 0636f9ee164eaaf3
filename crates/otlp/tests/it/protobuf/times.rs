//! Times moved in place.

use otolith_capture::Signal;
use otolith_otlp::{ShiftError, newest_time_unix_nano, oldest_time_unix_nano, shift_times};
use proptest::prelude::*;

use super::declared;
use crate::generate::{Request, request};
use crate::oracle;

/// Adds to every number behind `time_unix_nano: ` in a transcript that is not 0.
fn moved(text: &str, offset_nanos: i64) -> String {
    const NAME: &str = "time_unix_nano: ";
    let mut parts = text.split(NAME);
    let mut result = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(part.len());
        result += NAME;
        let time: u64 = match part[..digits].parse() {
            Ok(time) => time,
            // The same words in a text.
            Err(_) => {
                result += part;
                continue;
            }
        };
        let time = if time == 0 {
            0
        } else {
            time.wrapping_add_signed(offset_nanos)
        };
        result += &time.to_string();
        result += &part[digits..];
    }
    result
}

proptest! {
    #[test]
    fn all_times_move_and_come_back(request in request(), offset in -(1i64 << 39)..(1i64 << 39)) {
        let signal = request.signal();
        let bytes = request.encode();
        let mut shifted = bytes.clone();
        shift_times(signal, &mut shifted, offset).unwrap();
        let frame = declared(&bytes, signal);
        let before = oracle::transcript(&frame, &request).text();
        let after = oracle::transcript(&frame, &Request::decode(signal, &shifted).unwrap()).text();
        prop_assert_eq!(after, moved(&before, offset));
        for f in [newest_time_unix_nano, oldest_time_unix_nano] {
            let expected = f(signal, &bytes).map(|time| time.wrapping_add_signed(offset));
            prop_assert_eq!(f(signal, &shifted), expected);
        }
        shift_times(signal, &mut shifted, -offset).unwrap();
        prop_assert_eq!(shifted, bytes);
    }

    #[test]
    fn a_failed_move_changes_nothing(request in request(), offset in any::<i64>(), cut in any::<prop::sample::Index>()) {
        let signal = request.signal();
        let bytes = request.encode();
        let cut = &bytes[..cut.index(bytes.len() + 1)];
        let mut shifted = cut.to_vec();
        if shift_times(signal, &mut shifted, offset).is_err() {
            prop_assert_eq!(shifted, cut);
        } else {
            prop_assert!(Request::decode(signal, &shifted).is_ok());
        }
    }
}

#[test]
fn a_time_that_cannot_move_is_named() {
    // A log record with time 5.
    let record = [9, 5, 0, 0, 0, 0, 0, 0, 0];
    let request = [&[0x0A, 13, 0x12, 11, 0x12, 9][..], &record].concat();
    for (offset_nanos, is_good) in [(-4, true), (-5, false), (-6, false), (i64::MAX, true)] {
        let result = shift_times(Signal::Logs, &mut request.clone(), offset_nanos);
        let expected = if is_good {
            Ok(())
        } else {
            Err(ShiftError::OutOfRange { time_unix_nano: 5 })
        };
        assert_eq!(result, expected);
    }
}
