//! `container-tokens`: the CPU of containers beside the tokens of the agents in them.

use super::group::{self, Part};
use crate::calendar::{Bucket, Buckets};
use crate::data::Data;
use crate::error::ReportError;
use crate::hosts::{self, Grouped, Series};
use crate::notes::{NoteCode, Notes};
use crate::query::{ContainerTokensQuery, Selection, Signal};
use crate::report::{Cell, CellType, Column, Report};
use crate::usage::{Amounts, Tokens, UsageRecord};
use std::collections::{BTreeMap, BTreeSet};

/// Per bucket of time and agent what its containers used, beside what it spent: the columns of
/// buckets, `agent`, `service`, `host`, `containers` (their names), `matched_by` (`label` or
/// `name`), `cpu_cores` and `memory_used_bytes` (mean of the samples of each container, added up),
/// the token columns, `tokens_per_s`.
///
/// A container belongs to the agent whose service or name its label holds, else to the one whose
/// service or name is in the container's name: as whole words, the longest first; and not to one of
/// another host where both name one. Samples and tokens are added up per bucket before they are
/// joined, so that each counts once. Nothing reported is null.
///
/// # Errors
/// When a lake cannot be read.
pub fn container_tokens<'a>(
    data: impl Into<Data<'a>>,
    query: &ContainerTokensQuery,
) -> Result<Report, ReportError> {
    let mut notes = Notes::default();
    let selection = &query.selection;
    let data = data.into();
    let amounts = Amounts::read(data, selection, &mut notes)?;
    let databases = data.databases()?;
    let has_metrics = selection.signal.is_none_or(|s| s == Signal::Metrics);
    let sampled = if has_metrics { &*databases } else { &[] };
    // Containers of all services: it is another one that watches them.
    let wish = hosts::labelled_containers(query.label.as_deref());
    let containers = hosts::grouped(sampled, wish, None, &mut notes)?;
    let mut joined = Joined::new(Buckets::new(&query.calendar, query.every));
    amounts.each_record(&mut notes, |record| joined.add_usage(record));
    joined.add_containers(containers, selection, &mut notes);
    let mut parameters = group::selection_parameters(selection);
    group::calendar_parameters(&query.calendar, &mut parameters);
    parameters.insert("every".to_owned(), query.every.to_string().into());
    if let Some(label) = &query.label {
        parameters.insert("label".to_owned(), label.as_str().into());
    }
    Ok(Report {
        report: "container-tokens".to_owned(),
        parameters,
        columns: columns(),
        rows: joined.rows(selection, &mut notes),
        notes: notes.into_vec(),
    })
}

fn columns() -> Vec<Column> {
    let text = |name| Column::new(name, CellType::Text);
    let double = |name, unit| Column::with_unit(name, CellType::Double, unit);
    let mut columns = group::bucket_columns();
    columns.extend(["agent", "service", "host", "containers", "matched_by"].map(text));
    columns.extend([
        double("cpu_cores", "cores"),
        double("memory_used_bytes", "bytes"),
    ]);
    columns.extend(group::token_columns());
    columns.push(double("tokens_per_s", "tokens/s"));
    columns
}

/// Who spends tokens, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Spender {
    agent: String,
    service: String,
    host: Part,
}

/// The containers of a spender.
#[derive(Default)]
struct Containers {
    names: BTreeSet<String>,
    matched_by: BTreeSet<&'static str>,
}

/// What a spender and its containers used in a bucket.
#[derive(Default)]
struct Used {
    tokens: Tokens,
    cores: Option<f64>,
    bytes: Option<f64>,
}

/// Both sides, added up.
struct Joined {
    buckets: Buckets,
    used: BTreeMap<(Bucket, Spender), Used>,
    spenders: BTreeMap<Spender, Containers>,
}

impl Joined {
    fn new(buckets: Buckets) -> Self {
        Self {
            buckets,
            used: BTreeMap::new(),
            spenders: BTreeMap::new(),
        }
    }

    fn add_usage(&mut self, record: &UsageRecord) {
        if !record.tokens.any() {
            return;
        }
        let spender = Spender {
            agent: record.agent.to_string(),
            service: record.service.to_string(),
            host: Part::of(record.host.as_deref()),
        };
        self.spenders.entry(spender.clone()).or_default();
        let key = (self.buckets.of(record.time), spender);
        self.used.entry(key).or_default().tokens.add(&record.tokens);
    }

    fn add_containers(&mut self, containers: Grouped, selection: &Selection, notes: &mut Notes) {
        let Grouped { labels, groups } = containers;
        for (group, series) in groups {
            let text = |index: usize| labels.get(index)?.text(*group.get(index)?);
            let (host, name, label) = (text(0), text(1).or_else(|| text(2)), text(3));
            let spenders = self.spenders.keys();
            let Some((spender, matched_by)) = spender_of(spenders, host, name, label) else {
                let name = name.unwrap_or("a container without a name");
                notes.add_about(NoteCode::UnmatchedContainer, name, 1);
                continue;
            };
            let spender = spender.clone();
            if let Some(found) = self.spenders.get_mut(&spender) {
                found.names.extend(name.map(str::to_owned));
                found.matched_by.insert(matched_by);
            }
            let mut series = series.into_iter().map(|series| series.within(selection));
            let cores = series.next().unwrap_or_default();
            for (bucket, mean) in means(&self.buckets, &cores) {
                let used = self.used.entry((bucket, spender.clone())).or_default();
                *used.cores.get_or_insert(0.0) += mean;
            }
            let bytes = series.next().unwrap_or_default();
            for (bucket, mean) in means(&self.buckets, &bytes) {
                let used = self.used.entry((bucket, spender.clone())).or_default();
                *used.bytes.get_or_insert(0.0) += mean;
            }
        }
    }

    fn rows(self, selection: &Selection, notes: &mut Notes) -> Vec<Vec<Cell>> {
        let lonely = |containers: &Containers| containers.matched_by.is_empty();
        for (spender, _) in self.spenders.iter().filter(|(_, found)| lonely(found)) {
            notes.add_about(NoteCode::UnmatchedAgent, &spender.service, 1);
        }
        let mut rows = Vec::new();
        for ((bucket, spender), used) in self.used {
            let containers = &self.spenders[&spender];
            if lonely(containers) {
                continue;
            }
            let names: Vec<&str> = containers.names.iter().map(String::as_str).collect();
            let ways: Vec<&str> = containers.matched_by.iter().copied().collect();
            let covered = group::covered(bucket, selection).seconds();
            let mut row = group::bucket_cells(&self.buckets, bucket, selection).to_vec();
            row.extend([
                Cell::Text(spender.agent),
                Cell::Text(spender.service),
                spender.host.into_cell(),
                Cell::Text(names.join(", ")),
                Cell::Text(ways.join(", ")),
                Cell::double(used.cores),
                Cell::double(used.bytes),
            ]);
            row.extend(group::token_cells(&used.tokens));
            let total = used.tokens.total().map(|total| total as f64);
            row.push(Cell::double(total.map(|total| total / covered)));
            rows.push(row);
        }
        rows
    }
}

/// Whom a container belongs to, and what tells it.
fn spender_of<'s>(
    spenders: impl Iterator<Item = &'s Spender>,
    host: Option<&str>,
    name: Option<&str>,
    label: Option<&str>,
) -> Option<(&'s Spender, &'static str)> {
    let near = spenders.filter(|spender| match (&spender.host, host) {
        (Part::Known(own), Some(host)) => own == host,
        _ => true,
    });
    let (label, name) = (label.map(words), name.map(words));
    let mut longest: Option<(usize, &Spender)> = None;
    for spender in near {
        let names = [&spender.service, &spender.agent].map(|name| words(name));
        if label.as_ref().is_some_and(|label| names.contains(label)) {
            return Some((spender, "label"));
        }
        let fits = names
            .iter()
            .filter(|words| holds(name.as_deref().unwrap_or_default(), words));
        // Of equally long names the first.
        if let Some(length) = fits.map(Vec::len).max()
            && longest.is_none_or(|(known, _)| length > known)
        {
            longest = Some((length, spender));
        }
    }
    longest.map(|(_, spender)| (spender, "name"))
}

/// The words of a name in small letters: runs of letters and digits.
fn words(name: &str) -> Vec<String> {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric());
    let words = words.filter(|word| !word.is_empty());
    words.map(str::to_ascii_lowercase).collect()
}

/// Whether some words, at least one, follow each other in a name.
fn holds(name: &[String], words: &[String]) -> bool {
    !words.is_empty() && name.windows(words.len()).any(|part| part == words)
}

/// The mean of the samples of each bucket that has some.
fn means(buckets: &Buckets, series: &Series) -> Vec<(Bucket, f64)> {
    let mut found = Vec::new();
    let mut first = 0;
    while let Some(time) = series.times.get(first) {
        let bucket = buckets.of(*time);
        let rest = &series.times[first..];
        let count = rest.partition_point(|time| *time < bucket.end).max(1);
        let sum: f64 = series.values[first..first + count].iter().sum();
        found.push((bucket, sum / count as f64));
        first += count;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{holds, words};

    fn check(container: &str, service: &str, expected: bool) {
        assert_eq!(holds(&words(container), &words(service)), expected);
    }

    #[test]
    fn names_are_matched_by_whole_words() {
        check("claude-code", "claude-code", true);
        check("agents_Claude-Code_1", "claude-code", true);
        check("claude-codex", "claude-code", false);
        check("codex-1", "codex", true);
        check("codex-1", "", false);
        check("", "codex", false);
    }
}
