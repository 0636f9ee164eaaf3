//! Axes: where values lie on them, and what is written there.

use super::super::numbers::double;

/// An axis from 0 to 1, with marks.
#[derive(Clone, Debug, PartialEq)]
pub struct Scale {
    low: f64,
    high: f64,
    is_log: bool,
    /// Values that are marked, and what is written there.
    pub marks: Vec<(f64, String)>,
}

/// Most marks of an axis.
const MOST_MARKS: f64 = 6.0;

/// Steps between marks of time, in seconds.
const TIME_STEPS: [f64; 26] = [
    0.05,
    0.1,
    0.2,
    0.5,
    1.0,
    2.0,
    5.0,
    10.0,
    15.0,
    30.0,
    60.0,
    120.0,
    300.0,
    600.0,
    900.0,
    1_800.0,
    3_600.0,
    7_200.0,
    10_800.0,
    21_600.0,
    43_200.0,
    86_400.0,
    172_800.0,
    604_800.0,
    1_209_600.0,
    2_419_200.0,
];

impl Scale {
    /// From 0 to a round number not below `max`.
    pub fn linear(max: f64) -> Self {
        let max = if max > 0.0 { max } else { 1.0 };
        let raw = max / (MOST_MARKS - 1.0);
        let decade = 10_f64.powf(raw.log10().floor());
        let steps = [1.0, 2.0, 2.5, 5.0, 10.0].map(|step| step * decade);
        let step = steps.into_iter().find(|step| *step >= raw * 0.999);
        let step = step.unwrap_or(10.0 * decade);
        let count = (max / step - 1e-9).ceil().max(1.0);
        let marks = (0..=count as u32).map(|n| {
            let value = f64::from(n) * step;
            (value, double(value))
        });
        Self {
            low: 0.0,
            high: count * step,
            is_log: false,
            marks: marks.collect(),
        }
    }

    /// Milliseconds from `min` to `max`, in decades. What is below a microsecond is drawn there.
    pub fn log_millis(min: f64, max: f64) -> Self {
        let min = min.max(1e-3);
        let max = max.max(min);
        let low = min.log10().floor();
        let high = max.log10().ceil().max(low + 1.0);
        let decades = low as i32..=high as i32;
        // Between few decades there is room for more.
        let steps: &[f64] = match high - low {
            n if n <= 2.0 => &[1.0, 2.0, 5.0],
            _ => &[1.0],
        };
        let marks = decades.flat_map(|decade| {
            steps.iter().map(move |step| {
                let value = step * 10_f64.powi(decade);
                (value, millis(value))
            })
        });
        let high = 10_f64.powf(high);
        Self {
            low: 10_f64.powf(low),
            high,
            is_log: true,
            marks: marks.filter(|(value, _)| *value <= high * 1.001).collect(),
        }
    }

    /// Seconds from 0 to `length`.
    pub fn time(length: f64) -> Self {
        let high = if length > 0.0 { length } else { 1.0 };
        let mut steps = TIME_STEPS.into_iter();
        let step = steps.find(|step| high / step <= MOST_MARKS + 1.0);
        let step = step.unwrap_or(high / MOST_MARKS);
        let count = (high / step + 1e-9).floor() as u32;
        let marks = (0..=count).map(|n| {
            let value = f64::from(n) * step;
            (value, span(value, step))
        });
        Self {
            low: 0.0,
            high,
            is_log: false,
            marks: marks.collect(),
        }
    }

    /// Shares from 0 to that of all but one of so many: each nine takes as much room as the one
    /// before, as usual for percentiles.
    pub fn nines(count: u64) -> Self {
        let high = (count.max(10) as f64).log10();
        let shares = [
            "0%",
            "90%",
            "99%",
            "99.9%",
            "99.99%",
            "99.999%",
            "99.9999%",
            "99.99999%",
        ];
        let marks = shares.iter().enumerate();
        let marks = marks.map(|(nines, text)| (nines as f64, (*text).to_owned()));
        Self {
            low: 0.0,
            high,
            is_log: false,
            marks: marks.filter(|(value, _)| *value <= high).collect(),
        }
    }

    /// Where a value lies, from 0 to 1; what is beyond lies at the edge.
    pub fn share(&self, value: f64) -> f64 {
        let share = match self.is_log {
            true => (value.max(self.low) / self.low).log10() / (self.high / self.low).log10(),
            false => (value - self.low) / (self.high - self.low),
        };
        share.clamp(0.0, 1.0)
    }
}

/// A time in the unit that suits it: `10 us` (with the letter mu), `5 ms`, `2 s`.
pub fn millis(ms: f64) -> String {
    match ms {
        ms if ms < 0.999_999 => format!("{} \u{b5}s", double(rounded(ms * 1e3))),
        ms if ms < 999.999 => format!("{} ms", double(rounded(ms))),
        ms => format!("{} s", double(rounded(ms / 1e3))),
    }
}

/// To three digits.
fn rounded(value: f64) -> f64 {
    if value <= 0.0 {
        return 0.0;
    }
    let unit = 10_f64.powf(value.log10().floor() - 2.0);
    (value / unit).round() * unit
}

/// A moment of a run, in the unit that suits the distance between moments.
fn span(seconds: f64, step: f64) -> String {
    match (seconds, step) {
        (0.0, _) => "0".to_owned(),
        (_, step) if step < 30.0 => format!("{} s", double(seconds)),
        (_, step) if step < 3_600.0 => {
            let minutes = seconds / 60.0;
            format!("{} min", double(minutes))
        }
        (_, step) if step < 86_400.0 => format!("{} h", double(seconds / 3_600.0)),
        _ => format!("{} d", double(seconds / 86_400.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(scale: &Scale, expected: &[&str]) {
        let marks: Vec<&str> = scale.marks.iter().map(|(_, text)| &**text).collect();
        assert_eq!(marks, expected);
        for (value, text) in &scale.marks {
            let share = scale.share(*value);
            assert!((0.0..=1.0).contains(&share), "{text}: {share}");
        }
    }

    #[test]
    fn marks_are_round() {
        check(&Scale::linear(0.0), &["0", "0.2", "0.4", "0.6", "0.8", "1"]);
        check(&Scale::linear(16.6), &["0", "5", "10", "15", "20"]);
        check(
            &Scale::linear(2_000.0),
            &["0", "500", "1,000", "1,500", "2,000"],
        );
        check(
            &Scale::time(2.5),
            &["0", "0.5 s", "1 s", "1.5 s", "2 s", "2.5 s"],
        );
        check(
            &Scale::time(65.0),
            &["0", "10 s", "20 s", "30 s", "40 s", "50 s", "60 s"],
        );
        check(
            &Scale::time(7_200.0),
            &["0", "30 min", "60 min", "90 min", "120 min"],
        );
        check(&Scale::nines(1_500), &["0%", "90%", "99%", "99.9%"]);
        let decades = [
            "1 \u{b5}s",
            "10 \u{b5}s",
            "100 \u{b5}s",
            "1 ms",
            "10 ms",
            "100 ms",
            "1 s",
        ];
        check(&Scale::log_millis(0.0, 512.0), &decades);
        check(
            &Scale::log_millis(2.0, 9.0),
            &["1 ms", "2 ms", "5 ms", "10 ms"],
        );
    }

    #[test]
    fn values_lie_between_the_ends() {
        let log = Scale::log_millis(1.0, 1_000.0);
        let shares = [0.0, 1.0, 10.0, 1_000.0, 1e9].map(|value| log.share(value));
        assert_eq!(shares[0], 0.0);
        assert!((shares[2] - 1.0 / 3.0).abs() < 1e-9);
        assert_eq!(shares[4], 1.0);
        assert_eq!(Scale::linear(10.0).share(5.0), 0.5);
        // Nothing but zeros, and a run of no length.
        assert_eq!(Scale::linear(0.0).share(0.0), 0.0);
        assert_eq!(Scale::time(0.0).share(0.0), 0.0);
    }
}
