//! What is known of items beside their rows: what is strange about them, and of those that leave no
//! rows, because nobody wants them, that they were there and when.

use otolith_otlp::{Attributes, Exemplar, NoteCode};

use crate::problems::OUT_OF_RANGE;
use crate::table::Table;
use crate::value::time::{self, Moment};
use crate::wanted::{Wanted, join_times};

use super::fields::Reserved;
use super::{Batches, RunningFrame};

/// What a frame holds in one table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    /// Number of the database.
    database: u32,
    table: Table,
    /// Items that leave no rows.
    passed: u64,
    /// Least and greatest time of all items in microseconds.
    times: Option<(i64, i64)>,
}

impl Batches {
    pub(super) fn add_note(&mut self, code: NoteCode) {
        if let Some(frame) = &mut self.frame {
            *frame.notes.entry(code).or_default() += 1;
        }
    }

    /// Notes what is strange about a row.
    pub(super) fn note_row(&mut self, moment: Moment, reserved: &Reserved) {
        self.note_moment(moment);
        if !reserved.is_empty() {
            self.add_note(OUT_OF_RANGE);
        }
    }

    pub(super) fn note_moment(&mut self, moment: Moment) {
        if let Some(code) = moment.note() {
            self.add_note(code);
        }
    }

    /// Whether an item, or something of an item that happened at `of_item`, leaves no row. It is
    /// counted then, and has to be noted still.
    pub(super) fn passes(
        &mut self,
        table: Table,
        moment: Moment,
        of_item: Moment,
        is_wanted: impl FnOnce(&Wanted) -> bool,
    ) -> bool {
        let (Some(wanted), Some(frame)) = (&self.wanted, &mut self.frame) else {
            return false;
        };
        if frame.scope.is_none() {
            return false;
        }
        let database = self.contexts.get_resource(frame.resource).database;
        let passes = !is_wanted(wanted);
        let seen = frame.seen(database, table);
        seen.passed += u64::from(passes);
        // Parts of the first date of all hold what has no credible time.
        if let Some(micros) = moment.micros
            && time::date(of_item.nanos) != 0
        {
            let (first, last) = seen.times.unwrap_or((micros, micros));
            seen.times = Some((first.min(micros), last.max(micros)));
        }
        if passes && frame.passed_resources.last() != Some(&frame.resource) {
            frame.passed_resources.push(frame.resource);
        }
        passes
    }

    /// As [`Self::passes`], of a point of the running metric.
    pub(super) fn passes_point(
        &mut self,
        table: Table,
        moment: Moment,
        attributes: Attributes<'_>,
    ) -> bool {
        let (Some(wanted), Some(frame)) = (&self.wanted, &self.frame) else {
            return false;
        };
        let is_wanted = frame.metric.is_some_and(|metric| {
            let name = &self.contexts.get_metric(metric).name;
            wanted.takes(table, name, attributes)
        });
        self.passes(table, moment, moment, |_| is_wanted)
    }

    /// Notes what is strange about a point that leaves no row, given its numbers that a row would
    /// hold as signed ones, and counts its exemplars.
    pub(super) fn pass_point(
        &mut self,
        moment: Moment,
        numbers: impl IntoIterator<Item = u64>,
        point_time: u64,
        exemplars: &[Exemplar<'_>],
    ) {
        self.note_moment(moment);
        if numbers.into_iter().any(|n| i64::try_from(n).is_err()) {
            self.add_note(OUT_OF_RANGE);
        }
        // Nobody reads the series of what leaves no rows either.
        self.exemplars(0, point_time, exemplars);
    }

    /// Counts what a committed frame holds.
    pub(super) fn commit_seen(&mut self, frame: &RunningFrame) {
        for seen in &frame.seen {
            let database = &self.databases[seen.database as usize].name;
            if seen.passed > 0 {
                let rows = &mut self.counts.rows;
                *rows.entry((database.clone(), seen.table)).or_default() += seen.passed;
            }
            if let Some(times) = seen.times {
                join_times(&mut self.times, database, seen.table, times);
            }
        }
        for resource in &frame.passed_resources {
            let resource = self.contexts.get_resource(*resource);
            let database = &self.databases[resource.database as usize].name;
            let Some(service) = &resource.service_name else {
                continue;
            };
            let services = self.passed_services.entry(database.clone()).or_default();
            if !services.contains(service) {
                services.insert(service.clone());
            }
        }
    }
}

impl RunningFrame {
    fn seen(&mut self, database: u32, table: Table) -> &mut Seen {
        let is_it = |seen: &Seen| seen.database == database && seen.table == table;
        // What comes next is mostly like what came last.
        let index = self.seen.iter().rposition(is_it).unwrap_or_else(|| {
            self.seen.push(Seen {
                database,
                table,
                passed: 0,
                times: None,
            });
            self.seen.len() - 1
        });
        &mut self.seen[index]
    }
}
