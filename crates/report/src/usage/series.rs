//! From points to amounts: what a series counted, whatever its temporality.

use crate::notes::{NoteCode, Notes};
use crate::query::Duplicates;
use std::collections::{BTreeMap, HashSet};

/// A point of a series.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point {
    /// Which row of the caller it is.
    pub(crate) row: usize,
    /// The series.
    pub(crate) series: i64,
    /// Since when it counts, in nanoseconds; absent when unknown.
    pub(crate) start: Option<i64>,
    /// When it was taken, in nanoseconds.
    pub(crate) time: i64,
    /// Its value; absent when not recorded.
    pub(crate) value: Option<f64>,
    pub(crate) temporality: Temporality,
}

/// How points of one series relate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Temporality {
    /// Each counts from the one before.
    Delta,
    /// Each counts from the start.
    Cumulative,
    /// Not told, or not a word of the protocol.
    Unspecified,
}

impl Temporality {
    pub(crate) fn of(word: &str) -> Self {
        match word {
            "DELTA" => Self::Delta,
            "CUMULATIVE" => Self::Cumulative,
            _ => Self::Unspecified,
        }
    }
}

/// What a series counted between two times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Increase {
    /// Row of the point that told it.
    pub(crate) row: usize,
    /// Begin of the time it covers, in nanoseconds.
    pub(crate) start: i64,
    /// End of the time it covers, in nanoseconds.
    pub(crate) time: i64,
    pub(crate) amount: f64,
}

/// Turns points into increases, in order of time, then row.
///
/// Delta points count as they are. Cumulative points are taken per series and start time, so that
/// a restart and two processes under one identity are told apart: the first counts in full if its
/// start lies at or after `capture_begin` (nanoseconds), else it is unknown; each further one
/// counts the difference; a fall without a new start is a restart and counts in full. Points of
/// no known temporality do not count. Identical points (series, start, time, value) count once.
pub(crate) fn increases(
    mut points: Vec<Point>,
    capture_begin: Option<i64>,
    duplicates: Duplicates,
    notes: &mut Notes,
) -> Vec<Increase> {
    points.sort_by_key(|p| (p.time, p.row));
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    let mut last: BTreeMap<(i64, Option<i64>), (f64, i64)> = BTreeMap::new();
    for point in points {
        let Some(value) = point.value else {
            continue;
        };
        if !value.is_finite() || value < 0.0 {
            notes.add(NoteCode::BadNumber, 1);
            continue;
        }
        if point.temporality == Temporality::Unspecified {
            notes.add(NoteCode::UnspecifiedTemporality, 1);
            continue;
        }
        let cumulative = point.temporality == Temporality::Cumulative;
        if !seen.insert((point.series, point.start, point.time, value.to_bits())) {
            let kept = duplicates == Duplicates::Keep && !cumulative;
            notes.add(
                if kept {
                    NoteCode::DuplicatesKept
                } else {
                    NoteCode::DuplicatesRemoved
                },
                1,
            );
            if !kept {
                continue;
            }
        }
        let mut increase = Increase {
            row: point.row,
            start: point.start.unwrap_or(point.time),
            time: point.time,
            amount: value,
        };
        if cumulative {
            let run = (point.series, point.start);
            match last.insert(run, (value, point.time)) {
                Some((before, since)) if value >= before => {
                    increase.start = since;
                    increase.amount = value - before;
                }
                Some((_, since)) => {
                    notes.add(NoteCode::CounterReset, 1);
                    increase.start = since;
                }
                None => {
                    let inside = point.start >= capture_begin && point.start.is_some();
                    if !inside && value > 0.0 {
                        notes.add(NoteCode::UnknownStart, 1);
                    }
                    if !inside {
                        continue;
                    }
                }
            }
        }
        found.push(increase);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGIN: i64 = 100;

    fn point(series: i64, start: i64, time: i64, value: f64, word: &str) -> Point {
        Point {
            row: 0,
            series,
            start: (start > 0).then_some(start),
            time,
            value: (!value.is_sign_negative()).then_some(value),
            temporality: Temporality::of(word),
        }
    }

    fn check(points: &[Point], amounts: &[f64], codes: &[(&str, u64)]) {
        let mut notes = Notes::default();
        let found = increases(points.to_vec(), Some(BEGIN), Duplicates::Remove, &mut notes);
        let found: Vec<f64> = found.iter().map(|i| i.amount).collect();
        assert_eq!(found, amounts);
        let notes = notes.into_vec();
        let notes: Vec<_> = notes.iter().map(|n| (n.code.as_str(), n.count)).collect();
        assert_eq!(notes, codes);
    }

    fn cumulative(series: i64, start: i64, time: i64, value: f64) -> Point {
        point(series, start, time, value, "CUMULATIVE")
    }

    #[test]
    fn deltas_count_as_they_are() {
        let delta = |time, value| point(1, time - 10, time, value, "DELTA");
        check(&[delta(200, 3.0), delta(210, 4.0)], &[3.0, 4.0], &[]);
        // A first delta needs no start inside the capture.
        check(&[point(1, 5, 110, 7.0, "DELTA")], &[7.0], &[]);
    }

    #[test]
    fn identical_points_count_once() {
        let delta = point(1, 190, 200, 3.0, "DELTA");
        check(&[delta, delta, delta], &[3.0], &[("duplicates_removed", 2)]);
        let mut notes = Notes::default();
        let kept = increases(vec![delta, delta], None, Duplicates::Keep, &mut notes);
        assert_eq!(kept.len(), 2);
    }

    #[test]
    fn cumulative_points_are_differenced() {
        let points = [
            cumulative(1, 150, 200, 5.0),
            cumulative(1, 150, 220, 9.0),
            cumulative(1, 150, 210, 5.0),
        ];
        check(&points, &[5.0, 0.0, 4.0], &[]);
    }

    #[test]
    fn a_first_point_from_before_the_capture_is_unknown() {
        let points = [cumulative(1, 50, 200, 5.0), cumulative(1, 50, 210, 6.0)];
        check(&points, &[1.0], &[("unknown_start", 1)]);
        let points = [cumulative(1, 0, 200, 5.0), cumulative(1, 0, 210, 6.0)];
        check(&points, &[1.0], &[("unknown_start", 1)]);
    }

    #[test]
    fn a_new_start_or_a_fall_is_a_restart() {
        let points = [
            cumulative(1, 150, 200, 5.0),
            cumulative(1, 205, 210, 7.0),
            cumulative(1, 205, 220, 2.0),
        ];
        check(&points, &[5.0, 7.0, 2.0], &[("counter_reset", 1)]);
    }

    #[test]
    fn two_processes_on_one_series_are_told_apart() {
        let points = [
            cumulative(1, 150, 200, 10.0),
            cumulative(1, 160, 201, 3.0),
            cumulative(1, 150, 210, 12.0),
            cumulative(1, 160, 211, 8.0),
        ];
        check(&points, &[10.0, 3.0, 2.0, 5.0], &[]);
    }

    #[test]
    fn what_cannot_be_known_is_a_note() {
        check(
            &[point(1, 150, 200, 5.0, "UNSPECIFIED")],
            &[],
            &[("unspecified_temporality", 1)],
        );
        check(&[point(1, 150, 200, -1.0, "DELTA")], &[], &[]);
        check(
            &[point(1, 150, 200, f64::NAN, "DELTA")],
            &[],
            &[("bad_number", 1)],
        );
    }
}
