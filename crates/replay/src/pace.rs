//! When each request is to be sent, counted from the start of the run.

use std::time::Duration;

use crate::options::Speed;

/// Turns recorded times into moments of the run. Fixed before the run begins, so that nothing a
/// receiver does moves them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    first_unix_nano: u64,
    speed: Speed,
}

impl Pace {
    /// The request recorded at `first_unix_nano` goes first, at once.
    pub(crate) fn new(speed: Speed, first_unix_nano: u64) -> Self {
        Self {
            first_unix_nano,
            speed,
        }
    }

    /// When to send what was recorded at this time, from the start of the run; `None` where
    /// there is no pace to keep. Beyond what a clock can count (584 years) it is that.
    pub(crate) fn due(&self, time_unix_nano: u64) -> Option<Duration> {
        let Speed::Factor(factor) = self.speed else {
            return None;
        };
        let since = time_unix_nano.saturating_sub(self.first_unix_nano);
        // The plain speed is exact. Casts to integers saturate.
        let nanos = if factor == 1.0 {
            since
        } else {
            (since as f64 / factor) as u64
        };
        Some(Duration::from_nanos(nanos))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T0: u64 = 1_700_000_000_000_000_000;
    const SECOND: u64 = 1_000_000_000;

    #[track_caller]
    fn check(speed: &str, after_nanos: u64, expected_nanos: Option<u64>) {
        let pace = Pace::new(speed.parse().unwrap(), T0);
        let due = pace.due(T0.saturating_add(after_nanos));
        assert_eq!(due, expected_nanos.map(Duration::from_nanos));
    }

    #[test]
    fn gaps_are_divided_by_the_speed() {
        check("1x", 0, Some(0));
        check("1x", 3 * SECOND + 1, Some(3 * SECOND + 1));
        check("10x", 3600 * SECOND, Some(360 * SECOND));
        check("0.5x", SECOND, Some(2 * SECOND));
        check("max", SECOND, None);
    }

    #[test]
    fn absurd_gaps_saturate() {
        check("0.000001x", u64::MAX - T0, Some(u64::MAX));
        let pace = Pace::new(Speed::Factor(1.0), T0);
        assert_eq!(pace.due(0), Some(Duration::ZERO));
    }
}
