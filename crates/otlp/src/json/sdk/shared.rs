//! What a text `[Circular]` stands for, as far as one frame tells.
//!
//! A writer with a set of all objects seen writes each object once per frame. The SDK shares between the
//! points of a collection: the array of its time, which is the end of every point, the start of what was
//! observed for the first time, and the start of all delta points after the first collection; and the
//! bounds of histograms that have the same ones. Each point that counts calls itself has a start of its own.

use bumpalo::Bump;

use super::time::Time;
use crate::json::fault::{Note, Stop};
use crate::json::reader::Reader;
use crate::problems::LOST_REFERENCE;

/// How many different bounds are remembered; a frame with more is not one of the SDK's.
const MAX_BOUNDS: usize = 64;

/// The values that a cut one may stand for: none, one, or several that differ.
#[derive(Clone, Copy, Default)]
pub(super) struct Candidates {
    first: Option<u64>,
    differ: bool,
}

impl Candidates {
    /// Adds a time if it was written out.
    pub(super) fn add(&mut self, time: Time) {
        if let Time::At(time) = time {
            self.differ |= *self.first.get_or_insert(time) != time;
        }
    }

    fn is_empty(self) -> bool {
        self.first.is_none()
    }

    fn only(self) -> Option<u64> {
        self.first.filter(|_| !self.differ)
    }

    /// The time, where a cut one is the only candidate; 0 with a note if it cannot be told.
    pub(super) fn resolve(self, time: Time, reader: &mut Reader<'_>) -> u64 {
        match time {
            Time::Absent => 0,
            Time::At(time) => time,
            Time::Cut => self.only().unwrap_or_else(|| {
                reader.note(Note::CutReference);
                0
            }),
        }
    }
}

/// How the points of a metric come by their start.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// Each has its own: sums of calls since then.
    Own,
    /// The time of the last collection: sums of calls in between.
    LastCollection,
    /// The time of the collection in which it was seen first, or the last one: observed values.
    Observed,
}

/// What the points of one frame have shown so far.
pub(super) struct Shared<'b> {
    bump: &'b Bump,
    ends: Candidates,
    /// Starts that later points may have too.
    starts: Candidates,
    newest: u64,
    bounds: Vec<&'b [f64]>,
    too_many_bounds: bool,
}

impl<'b> Shared<'b> {
    /// Begins a frame; `bump` lives as long as it does.
    pub(super) fn new(bump: &'b Bump) -> Self {
        Self {
            bump,
            ends: Candidates::default(),
            starts: Candidates::default(),
            newest: 0,
            bounds: Vec::new(),
            too_many_bounds: false,
        }
    }

    /// The start and end of the point at `place`.
    ///
    /// # Errors
    ///
    /// Stops if its end cannot be told.
    pub(super) fn times(
        &mut self,
        how: Start,
        start: Time,
        end: Time,
        place: usize,
        reader: &mut Reader<'_>,
    ) -> Result<(u64, u64), Stop> {
        for time in [start, end] {
            if let Time::At(time) = time {
                self.newest = self.newest.max(time);
            }
        }
        self.ends.add(end);
        let end = match end {
            Time::Absent => 0,
            Time::At(time) => time,
            // No start is later than the end of the collection, which was written before.
            Time::Cut if self.ends.is_empty() && self.newest > 0 => self.newest,
            Time::Cut => match self.ends.only() {
                Some(time) => time,
                None => {
                    let message = "the time of a point is cut out, and which it was cannot be told";
                    return reader.stop(LOST_REFERENCE, place, message);
                }
            },
        };
        if how != Start::Own {
            self.starts.add(start);
        }
        let start = match (start, how) {
            (Time::Absent, _) => 0,
            (Time::At(time), _) => time,
            (Time::Cut, Start::LastCollection) => self.starts.resolve(start, reader),
            (Time::Cut, Start::Observed) if self.starts.is_empty() => end,
            (Time::Cut, _) => {
                reader.note(Note::CutReference);
                0
            }
        };
        Ok((start, end))
    }

    /// Remembers bounds that were written out, and tells where.
    pub(super) fn saw_bounds(&mut self, bounds: &[f64]) -> &'b [f64] {
        if let Some(known) = self.bounds.iter().find(|known| **known == bounds) {
            return known;
        }
        let bounds = self.bump.alloc_slice_copy(bounds);
        if self.bounds.len() == MAX_BOUNDS {
            self.too_many_bounds = true;
        } else {
            self.bounds.push(bounds);
        }
        bounds
    }

    /// The only bounds seen that fit so many buckets.
    pub(super) fn bounds_of(&self, bucket_count: usize) -> Option<&'b [f64]> {
        let mut fitting = self
            .bounds
            .iter()
            .filter(|bounds| bounds.len() + 1 == bucket_count);
        match (fitting.next(), fitting.next()) {
            (Some(bounds), None) if !self.too_many_bounds => Some(bounds),
            _ => None,
        }
    }
}
