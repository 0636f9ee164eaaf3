//! `token-rate`: tokens per bucket of time.

use super::group::{self, Keys, Part};
use crate::calendar::{Bucket, Buckets};
use crate::data::Data;
use crate::error::ReportError;
use crate::notes::Notes;
use crate::query::{TokenFill, TokenRateQuery};
use crate::report::{Cell, CellType, Column, Report};
use crate::usage::{Amounts, Tokens, UsageRecord};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The most rows that filling may make.
const MOST_ROWS: usize = 1_000_000;

/// Tokens per bucket and group: `bucket` (its name in the zone), `bucket_start`, `bucket_s` (how much
/// of it lies in the selected time), the dimensions, the token columns, `tokens_per_s` and
/// `tokens_per_min` (`total_tokens` by `bucket_s`), `source`.
///
/// Events count when they happened, metrics when they were exported. Without filling there are
/// only buckets in which a group used tokens. Filled with zeros, every group has all buckets from
/// that of the first usage to that of the last one of any group; classes that a group never reports
/// stay null.
///
/// # Errors
/// When a lake cannot be read, or filling would make more than a million rows.
pub fn token_rate<'a>(
    data: impl Into<Data<'a>>,
    query: &TokenRateQuery,
) -> Result<Report, ReportError> {
    let selection = &query.selection;
    let mut notes = Notes::default();
    let amounts = Amounts::read(data.into(), selection, &mut notes)?;
    let buckets = Buckets::new(&query.calendar, query.every);
    let mut groups = Groups::default();
    let mut keys = Keys::new(&query.by, &query.calendar);
    amounts.each_record(&mut notes, |record| groups.add(record, &buckets, &mut keys));
    if query.fill == TokenFill::Zero {
        groups.fill(&buckets, query)?;
    }
    let mut columns = group::bucket_columns();
    columns.extend(group::dimension_columns(&query.by));
    columns.extend(group::token_columns());
    columns.extend([
        Column::with_unit("tokens_per_s", CellType::Double, "tokens/s"),
        Column::with_unit("tokens_per_min", CellType::Double, "tokens/min"),
        Column::new("source", CellType::Text),
    ]);
    let rows = groups.sums.into_iter().map(|((bucket, key), sums)| {
        let covered = group::covered(bucket, selection).seconds();
        let mut row = group::bucket_cells(&buckets, bucket, selection).to_vec();
        row.extend(key.into_iter().map(Part::into_cell));
        row.extend(group::token_cells(&sums.tokens));
        let total = sums.tokens.total();
        let per_second = total.map(|total| total as f64 / covered);
        row.push(Cell::double(per_second));
        row.push(Cell::double(per_second.map(|rate| rate * 60.0)));
        row.push(group::source_cell(&sums.sources));
        row
    });
    let mut parameters = group::group_parameters(&query.by, &query.calendar, selection);
    parameters.insert("every".to_owned(), Value::from(query.every.to_string()));
    parameters.insert("fill".to_owned(), Value::from(query.fill.as_str()));
    Ok(Report {
        report: "token-rate".to_owned(),
        parameters,
        columns,
        rows: rows.collect(),
        notes: notes.into_vec(),
    })
}

#[derive(Default)]
struct Sums {
    tokens: Tokens,
    sources: BTreeSet<&'static str>,
}

#[derive(Default)]
struct Groups {
    sums: BTreeMap<(Bucket, Vec<Part>), Sums>,
    last: Option<Bucket>,
}

impl Groups {
    fn add(&mut self, record: &UsageRecord, buckets: &Buckets, keys: &mut Keys) {
        if !record.tokens.any() {
            return;
        }
        let last = self.last.filter(|bucket| bucket.holds(record.time));
        let bucket = last.unwrap_or_else(|| buckets.of(record.time));
        self.last = Some(bucket);
        let sums = self.sums.entry((bucket, keys.of(record))).or_default();
        sums.tokens.add(&record.tokens);
        sums.sources.insert(record.source);
    }

    /// Adds zeros where a group used nothing while others did, or between its own usage.
    fn fill(&mut self, buckets: &Buckets, query: &TokenRateQuery) -> Result<(), ReportError> {
        let mut zeros: BTreeMap<Vec<Part>, Tokens> = BTreeMap::new();
        for ((_, key), sums) in &self.sums {
            zeros
                .entry(key.clone())
                .or_default()
                .add(&sums.tokens.zeros());
        }
        let (Some((first, _)), Some((last, _))) =
            (self.sums.keys().next(), self.sums.keys().next_back())
        else {
            return Ok(());
        };
        let most = MOST_ROWS / zeros.len();
        let mut all = Vec::new();
        for bucket in buckets.between(first.start, last.end) {
            if all.len() == most {
                return Err(ReportError::TooManyBuckets {
                    every: query.every,
                    limit: MOST_ROWS,
                });
            }
            all.push(bucket);
        }
        for bucket in all {
            for (key, zeros) in &zeros {
                let sums = self.sums.entry((bucket, key.clone())).or_default();
                sums.tokens.add(zeros);
            }
        }
        Ok(())
    }
}
