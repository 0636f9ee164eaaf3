//! Which requests are sent, in which order, and when, counted from the start of the run.

use std::io;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::index::{Entries, Entry, Index};
use crate::options::ReplayOptions;
use crate::pace::{Pace, RateUnit};

/// A request of a run: which one of the plan, in which loop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Turn {
    /// The loop, from 0.
    pub(crate) pass: u64,
    /// Number in the plan.
    pub(crate) request: u32,
}

impl Turn {
    /// The request of this number in a run, from 0, with so many in a loop.
    pub(crate) fn numbered(number: u64, in_loop: u64) -> Self {
        Self {
            pass: number / in_loop,
            request: (number % in_loop) as u32,
        }
    }

    /// Its number in a run, from 0.
    pub(crate) fn number(self, in_loop: u64) -> u64 {
        let before = self.pass.saturating_mul(in_loop);
        before.saturating_add(u64::from(self.request))
    }
}

/// When to send what. Fixed before the run begins, so that nothing a receiver does moves it.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    pace: Pace,
    /// Requests of a loop.
    in_loop: u64,
    max_gap: Option<Duration>,
    /// How often all of it is sent; without an end if not given.
    loops: Option<u64>,
    max_requests: Option<u64>,
    /// Nothing is due then or later.
    end: Option<Duration>,
    first_unix_nano: u64,
    /// Recorded time from the first request of a loop to that of the next one.
    loop_nanos: u64,
    /// What a loop adds to the amount that is before a request, in the unit of the pace.
    loop_amount: u64,
}

/// A request and its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) turn: Turn,
    /// From the start of the run; `None` where there is no pace to keep.
    pub(crate) at: Option<Duration>,
    pub(crate) entry: Entry,
}

impl Schedule {
    /// For requests in the order of their times.
    pub(crate) fn new(options: &ReplayOptions, index: &Index) -> io::Result<Self> {
        let pace = options.pace.clone();
        let (mut first_unix_nano, mut last_unix_nano, mut rated) = (None, 0, 0);
        for entry in index.entries() {
            let entry = entry?;
            first_unix_nano.get_or_insert(entry.time_unix_nano);
            last_unix_nano = entry.time_unix_nano;
            if let Pace::Rate(unit, _) = pace {
                rated += amount(unit, &entry);
            }
        }
        let first_unix_nano = first_unix_nano.unwrap_or(0);
        let span = last_unix_nano - first_unix_nano;
        // A loop begins one mean gap after the one before it has ended: the rate stays the same.
        let gaps = index.len().saturating_sub(1);
        let loop_nanos = span.saturating_add(span.checked_div(gaps).unwrap_or(0));
        let loop_amount = match &pace {
            Pace::Recorded(_) => loop_nanos,
            Pace::Rate(..) => rated,
            Pace::Max => 0,
        };
        let stages = pace.profile().and_then(|profile| profile.end());
        let end = match (stages, options.duration) {
            (Some(stages), Some(duration)) => Some(stages.min(duration)),
            (stages, duration) => stages.or(duration),
        };
        Ok(Self {
            in_loop: index.len(),
            max_gap: options.max_gap,
            loops: options.loops.map(|loops| u64::from(loops.get())),
            max_requests: options.requests.map(|requests| requests.get()),
            end,
            first_unix_nano,
            loop_nanos,
            loop_amount,
            pace,
        })
    }

    /// Whether time does not go on while requests are sent for ever.
    pub(crate) fn stands_still(&self) -> bool {
        let is_endless = self.loops.is_none() && self.max_requests.is_none();
        let stands = self.loop_amount == 0 || self.max_gap == Some(Duration::ZERO);
        is_endless && stands && matches!(self.pace, Pace::Recorded(_))
    }

    /// When nothing more begins, if that is told beforehand.
    pub(crate) fn end(&self) -> Option<Duration> {
        self.end
    }

    /// Recorded time from the first request of a loop to that of the next one.
    pub(crate) fn loop_nanos(&self) -> u64 {
        self.loop_nanos
    }

    /// Requests that go out at most; `None` without a bound.
    pub(crate) fn most_requests(&self) -> Option<u64> {
        let loops = self.loops.map(|loops| loops.saturating_mul(self.in_loop));
        match (loops, self.max_requests) {
            (Some(loops), Some(requests)) => Some(loops.min(requests)),
            _ if self.in_loop == 0 => Some(0),
            (loops, requests) => loops.or(requests),
        }
    }

    /// Whether which requests go out is known before the run.
    pub(crate) fn is_known(&self) -> bool {
        match self.pace {
            Pace::Max => self.end.is_none() && self.most_requests().is_some(),
            _ => self.end.is_some() || self.most_requests().is_some(),
        }
    }

    /// All requests in the order of sending, with their times.
    pub(crate) fn walk<'a>(&'a self, index: &'a Index) -> Walk<'a> {
        Walk {
            schedule: self,
            index,
            entries: index.entries(),
            turn: Turn::default(),
            walked: 0,
            most: self.most_requests(),
            before: 0,
            left_out_amount: 0.0,
            last: Duration::ZERO,
            cut_gaps: 0,
            left_out: Duration::ZERO,
        }
    }
}

/// Goes through a schedule.
pub(crate) struct Walk<'a> {
    schedule: &'a Schedule,
    index: &'a Index,
    /// Those of the loop that come.
    entries: Entries<'a>,
    turn: Turn,
    walked: u64,
    most: Option<u64>,
    /// What is sent before the next request in its loop, in the unit of the rate.
    before: u64,
    /// What cut gaps have left out, in the unit of the profile.
    left_out_amount: f64,
    last: Duration,
    /// Gaps that were made shorter so far.
    pub(crate) cut_gaps: u64,
    /// What that has left out of the run.
    pub(crate) left_out: Duration,
}

impl Iterator for Walk<'_> {
    type Item = io::Result<Due>;

    fn next(&mut self) -> Option<io::Result<Due>> {
        if self.most.is_some_and(|most| self.walked >= most) {
            return None;
        }
        let entry = match self.entries.next()? {
            Ok(entry) => entry,
            Err(error) => return Some(Err(error)),
        };
        let turn = self.turn;
        let at = match self.at(&entry) {
            Ok(at) => at,
            Err(Over) => return None,
        };
        self.walked += 1;
        self.turn.request += 1;
        if u64::from(self.turn.request) == self.schedule.in_loop {
            self.before = 0;
            self.entries = self.index.entries();
            self.turn = Turn {
                pass: turn.pass + 1,
                request: 0,
            };
        }
        Some(Ok(Due { turn, at, entry }))
    }
}

/// The run is over before the request is due.
struct Over;

impl Walk<'_> {
    /// When the next request is due. Beyond what a clock can count (584 years) it is that.
    fn at(&mut self, entry: &Entry) -> Result<Option<Duration>, Over> {
        let schedule = self.schedule;
        let (profile, in_loop, scale) = match &schedule.pace {
            Pace::Max => return Ok(None),
            Pace::Recorded(profile) => {
                let since = entry.time_unix_nano - schedule.first_unix_nano;
                (profile, since, 1.0)
            }
            Pace::Rate(unit, profile) => {
                let before = self.before;
                self.before += amount(*unit, entry);
                (profile, before, 1e9)
            }
        };
        // Exact up to 2^53: of recorded times, 104 days in nanoseconds.
        let loops = self.turn.pass as f64 * schedule.loop_amount as f64;
        let amount = (loops + in_loop as f64) * scale - self.left_out_amount;
        let time = profile.time(amount).ok_or(Over)?;
        // Casts to integers saturate, and rounding must not turn times round.
        let mut at = Duration::from_nanos(time as u64).max(self.last);
        let longest = schedule
            .max_gap
            .filter(|_| matches!(schedule.pace, Pace::Recorded(_)));
        if let Some(longest) = longest
            && at - self.last > longest
        {
            let until = self.last.saturating_add(longest);
            self.left_out_amount += amount - profile.amount(until.as_nanos() as f64);
            self.left_out = self.left_out.saturating_add(at - until);
            self.cut_gaps += 1;
            at = until;
        }
        if schedule.end.is_some_and(|end| at >= end) {
            return Err(Over);
        }
        self.last = at;
        Ok(Some(at))
    }
}

fn amount(unit: RateUnit, entry: &Entry) -> u64 {
    match unit {
        RateUnit::Requests => 1,
        RateUnit::Items => u64::from(entry.items),
        RateUnit::Bytes => u64::from(entry.len_bytes),
    }
}

#[cfg(test)]
mod tests;
