//! When each request is to be sent, counted from the start of the run.

use std::time::Duration;

use crate::options::Speed;

/// Turns recorded times into moments of the run. Fixed before the run begins, so that nothing a
/// receiver does moves them.
#[derive(Clone, Debug)]
pub(crate) struct Pace {
    first_unix_nano: u64,
    speed: Speed,
    /// The gaps that are made shorter, in order of time.
    cuts: Vec<Cut>,
}

/// The end of a gap that is made shorter.
#[derive(Clone, Copy, Debug)]
struct Cut {
    /// Recorded time of the request that ends it.
    time_unix_nano: u64,
    /// What is left out of the run up to there.
    left_out: Duration,
}

impl Pace {
    /// The first request, in rising order of recorded time, goes at once. No gap between two takes
    /// longer than `max_gap` in the run, after the speed has divided it.
    pub(crate) fn new(
        speed: Speed,
        max_gap: Option<Duration>,
        mut times_unix_nano: impl Iterator<Item = u64>,
    ) -> Self {
        let mut before = times_unix_nano.next().unwrap_or_default();
        let mut pace = Self {
            first_unix_nano: before,
            speed,
            cuts: Vec::new(),
        };
        let Some(max_gap) = max_gap.filter(|_| speed != Speed::Max) else {
            return pace;
        };
        let mut left_out = Duration::ZERO;
        for time in times_unix_nano {
            let gap = pace.due_uncut(time).zip(pace.due_uncut(before));
            let gap = gap.map_or(Duration::ZERO, |(due, before)| due.saturating_sub(before));
            if gap > max_gap {
                left_out = left_out.saturating_add(gap - max_gap);
                pace.cuts.push(Cut {
                    time_unix_nano: time,
                    left_out,
                });
            }
            before = time;
        }
        pace
    }

    /// When to send what was recorded at this time, from the start of the run; `None` where
    /// there is no pace to keep. Beyond what a clock can count (584 years) it is that.
    pub(crate) fn due(&self, time_unix_nano: u64) -> Option<Duration> {
        let due = self.due_uncut(time_unix_nano)?;
        let ended = |cut: &Cut| cut.time_unix_nano <= time_unix_nano;
        let cut = self.cuts.partition_point(ended).checked_sub(1);
        let left_out = cut.map_or(Duration::ZERO, |cut| self.cuts[cut].left_out);
        Some(due.saturating_sub(left_out))
    }

    /// How many gaps are made shorter, and what that leaves out of the run.
    pub(crate) fn left_out(&self) -> (u64, Duration) {
        let all = self.cuts.last().map_or(Duration::ZERO, |cut| cut.left_out);
        (self.cuts.len() as u64, all)
    }

    fn due_uncut(&self, time_unix_nano: u64) -> Option<Duration> {
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
        let pace = Pace::new(speed.parse().unwrap(), None, [T0].into_iter());
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
        let pace = Pace::new(Speed::Factor(1.0), None, [T0].into_iter());
        assert_eq!(pace.due(0), Some(Duration::ZERO));
    }

    #[track_caller]
    fn check_gaps(speed: &str, max_gap: u64, after: &[u64], expected: &[u64]) -> (u64, Duration) {
        let times = after.iter().map(|seconds| T0 + seconds * SECOND);
        let max_gap = Some(Duration::from_secs(max_gap));
        let pace = Pace::new(speed.parse().unwrap(), max_gap, times.clone());
        let due: Vec<u64> = times.map(|t| pace.due(t).unwrap().as_secs()).collect();
        assert_eq!(due, expected);
        pace.left_out()
    }

    #[test]
    fn gaps_are_cut_after_the_speed_divided_them() {
        let after = [0, 1, 1, 61, 62, 3662];
        let cut = check_gaps("1x", 10, &after, &[0, 1, 1, 11, 12, 22]);
        assert_eq!(cut, (2, Duration::from_secs(50 + 3590)));
        let cut = check_gaps("10x", 10, &after, &[0, 0, 0, 6, 6, 16]);
        assert_eq!(cut, (1, Duration::from_secs(350)));
        assert_eq!(check_gaps("2x", 0, &after, &[0; 6]).0, 4);
        assert_eq!(check_gaps("1x", 3600, &after, &after).0, 0);
    }

    #[test]
    fn an_hour_at_ten_times_the_speed_takes_six_minutes() {
        let times = (0..=3600).map(|second| T0 + second * SECOND);
        let pace = Pace::new(Speed::Factor(10.0), None, times);
        let last = pace.due(T0 + 3600 * SECOND);
        assert_eq!(last, Some(Duration::from_secs(360)));
    }
}
