//! Sampling of whole traces by their ids.

use std::str::FromStr;

use otolith_otlp::TraceId;
use thiserror::Error;

/// Values of randomness: 56 bits, as OpenTelemetry's probability sampling has them.
const RANGE: u64 = 1 << 56;

/// Which traces are kept: those whose randomness, the last 56 bits of the trace id as a number, is
/// at least a threshold.
///
/// That is the rule of OpenTelemetry's probability sampling: a threshold `T = (1 - p) * 2^56`
/// rejects what is below. So a trace is kept or left out as a whole, in every file and at any time;
/// what a smaller share keeps, a greater one keeps too; and another consistent sampler of the same
/// share chooses the same traces. Randomness that a `tracestate` tells (`rv`) is not looked at: log
/// records have none. Thresholds in it (`th`) stay as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceSample {
    threshold: u64,
}

/// A text is no share.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("expected a share such as `10%` or `0.1`, from 0 to 1, found `{0}`")]
pub struct TraceSampleError(String);

impl TraceSample {
    /// The sample of a share from 0 to 1; `None` beyond.
    pub fn of_share(share: f64) -> Option<Self> {
        (0.0..=1.0).contains(&share).then(|| Self {
            threshold: ((1.0 - share) * RANGE as f64).round() as u64,
        })
    }

    /// The randomness below which traces are left out, up to 2^56.
    pub const fn threshold(self) -> u64 {
        self.threshold
    }

    /// Whether a trace is kept.
    pub fn keeps(self, id: &TraceId) -> bool {
        u128::from_be_bytes(*id) as u64 & (RANGE - 1) >= self.threshold
    }
}

impl FromStr for TraceSample {
    type Err = TraceSampleError;

    /// Reads `10%` or `0.1`.
    fn from_str(text: &str) -> Result<Self, TraceSampleError> {
        let (number, unit) = match text.strip_suffix('%') {
            Some(number) => (number, 100.0),
            None => (text, 1.0),
        };
        let share: Option<f64> = number.trim_end().parse().ok();
        share
            .and_then(|share| Self::of_share(share / unit))
            .ok_or_else(|| TraceSampleError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(share: &str, threshold: u64) {
        assert_eq!(share.parse::<TraceSample>().unwrap().threshold(), threshold);
    }

    #[test]
    fn thresholds_are_those_of_the_specification() {
        check("100%", 0);
        check("0", 1 << 56);
        // `th:8`, `th:c` and `th:fd70a3d70a3d7` with all digits.
        check("50%", 0x80_0000_0000_0000);
        check("0.25", 0xC0_0000_0000_0000);
        check("1%", 0xFD_70A3_D70A_3D70);
        for text in ["", "%", "101%", "-1", "NaN", "10 percent", "1.1"] {
            assert!(text.parse::<TraceSample>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_last_seven_bytes_decide() {
        let half: TraceSample = "50%".parse().unwrap();
        let mut id = [0xFF; 16];
        id[9] = 0x7F;
        assert!(!half.keeps(&id));
        id[9] = 0x80;
        id[10..].fill(0);
        assert!(half.keeps(&id));
        id[..9].fill(0);
        assert!(half.keeps(&id));
        assert!(!"0".parse::<TraceSample>().unwrap().keeps(&[0xFF; 16]));
        assert!("1".parse::<TraceSample>().unwrap().keeps(&[0; 16]));
    }
}
