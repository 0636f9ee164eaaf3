//! Histograms of times, and what is drawn from them.

use std::time::Duration;

use hdrhistogram::Histogram;

use crate::outcome::Spread;

const DAY_NANOS: u64 = 86_400 * 1_000_000_000;

/// Nanoseconds from 1 microsecond to a day, to two digits, in some 40 kB.
pub(crate) fn coarse_histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1_000, DAY_NANOS, 2).expect("the bounds are valid")
}

/// Nanoseconds from 1 microsecond to a day, to three digits, in some 230 kB.
pub(crate) fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1_000, DAY_NANOS, 3).expect("the bounds are valid")
}

/// Longer than a day counts as a day.
pub(crate) fn record(histogram: &mut Histogram<u64>, time: Duration) {
    histogram.saturating_record(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
}

/// How the values are spread; nothing if there are none.
pub(crate) fn spread(histogram: &Histogram<u64>) -> Option<Spread> {
    let ms = |nanos: f64| (nanos / 1_000.0).round() / 1_000.0;
    // A value stands for those that are equal to as many digits, of which a percentile is the greatest:
    // without a bound it could be above the greatest one measured.
    let max = histogram.max();
    let at = |quantile| ms(histogram.value_at_quantile(quantile).min(max) as f64);
    (!histogram.is_empty()).then(|| Spread {
        count: histogram.len(),
        min_ms: ms(histogram.min() as f64),
        mean_ms: ms(histogram.mean()),
        p50_ms: at(0.5),
        p75_ms: at(0.75),
        p90_ms: at(0.9),
        p95_ms: at(0.95),
        p99_ms: at(0.99),
        p99_9_ms: at(0.999),
        max_ms: ms(max as f64),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_percentile_is_above_the_greatest_value() {
        for nanos in [0, 1, 1_000, 1_234_567, 77 * DAY_NANOS] {
            for mut histogram in [histogram(), coarse_histogram()] {
                record(&mut histogram, Duration::from_nanos(nanos));
                let spread = spread(&histogram).unwrap();
                assert!(spread.p50_ms <= spread.max_ms, "{spread:?}");
                assert!(spread.min_ms <= spread.p50_ms, "{spread:?}");
            }
        }
        assert_eq!(spread(&histogram()), None);
    }
}
