//! `cpu`, `memory`, `load` and `processes`: what hosts reported, bucket by bucket.

use super::bucketed::{Bucketed, Measure, Shown};
use super::group;
use crate::data::Data;
use crate::error::ReportError;
use crate::hosts::{self, Grouped, Hosts, LOAD, MEMORY, Quantities, Series};
use crate::notes::Notes;
use crate::query::{HostSeriesQuery, Selection, Signal};
use crate::report::{Cell, CellType, Column, Report};
use std::collections::BTreeMap;

/// How busy hosts were per bucket of time: the columns of buckets, `host`, `cpu_busy` (mean of
/// the samples: 1 - idle, averaged over cores), `cpu_busy_min`, `cpu_busy_max`, `samples`, `filled`.
///
/// A bucket without samples has no row, unless it is filled: with what the bucket before it has,
/// or what lies on the line between its neighbours. `filled` tells these rows apart; only the mean
/// is filled, and only between the first and the last sample of a host.
///
/// # Errors
/// When a lake cannot be read, or filling would make more than a million rows.
pub fn cpu<'a>(data: impl Into<Data<'a>>, query: &HostSeriesQuery) -> Result<Report, ReportError> {
    let measures = [share("cpu_busy", Shown::Extremes)];
    let quantities = Quantities {
        busy: true,
        levels: &[],
    };
    of_hosts("cpu", data.into(), query, quantities, &measures)
}

/// Memory in use by hosts per bucket of time, like [`cpu`]: `memory_used_bytes` with `_min` and
/// `_max`, `memory_used_share`.
///
/// # Errors
/// Those of [`cpu`].
pub fn memory<'a>(
    data: impl Into<Data<'a>>,
    query: &HostSeriesQuery,
) -> Result<Report, ReportError> {
    let measures = [
        bytes("memory_used_bytes", Shown::Extremes),
        share("memory_used_share", Shown::Mean),
    ];
    let quantities = Quantities {
        busy: false,
        levels: &MEMORY,
    };
    of_hosts("memory", data.into(), query, quantities, &measures)
}

/// The load averages of hosts per bucket of time, like [`cpu`]: `load_1m` with `_min` and `_max`,
/// `load_5m`, `load_15m`.
///
/// # Errors
/// Those of [`cpu`].
pub fn load<'a>(data: impl Into<Data<'a>>, query: &HostSeriesQuery) -> Result<Report, ReportError> {
    let measure = |name, shown| Measure {
        name,
        unit: "processes",
        shown,
    };
    let measures = [
        measure("load_1m", Shown::Extremes),
        measure("load_5m", Shown::Mean),
        measure("load_15m", Shown::Mean),
    ];
    let quantities = Quantities {
        busy: false,
        levels: &LOAD,
    };
    of_hosts("load", data.into(), query, quantities, &measures)
}

/// CPU and memory of processes per bucket of time, like [`cpu`]: `host`, `process` (name of the
/// executable, else the command, else the service), `process_id` (else the instance of the
/// service), `cpu_cores` (mean number of cores in use, from counters of time), `cpu_cores_max`,
/// `cpu_share` (share of all cores, as gauges tell it), `memory_bytes`, `memory_bytes_max`.
///
/// # Errors
/// Those of [`cpu`].
pub fn processes<'a>(
    data: impl Into<Data<'a>>,
    query: &HostSeriesQuery,
) -> Result<Report, ReportError> {
    let mut notes = Notes::default();
    let selection = &query.selection;
    let databases = data.into().databases()?;
    let sampled = if has_metrics(selection) {
        &*databases
    } else {
        &[]
    };
    let services = selection.services.as_ref();
    let Grouped { labels, groups } =
        hosts::grouped(sampled, hosts::processes(), services, &mut notes)?;
    let key = |group: &[u32]| {
        let texts = labels.iter().zip(group);
        let texts = texts.map(|(label, number)| group::Part::of(label.text(*number)));
        texts.collect::<Vec<_>>()
    };
    let groups = groups.into_iter();
    let groups = groups
        .map(|(group, series)| (key(&group), series))
        .collect();
    let measures = [
        Measure {
            name: "cpu_cores",
            unit: "cores",
            shown: Shown::Max,
        },
        share("cpu_share", Shown::Mean),
        bytes("memory_bytes", Shown::Max),
    ];
    let columns = ["host", "process", "process_id"];
    report("processes", query, &columns, &measures, groups, notes)
}

fn share(name: &'static str, shown: Shown) -> Measure {
    Measure {
        name,
        unit: "share",
        shown,
    }
}

fn bytes(name: &'static str, shown: Shown) -> Measure {
    Measure {
        name,
        unit: "bytes",
        shown,
    }
}

fn has_metrics(selection: &Selection) -> bool {
    selection.signal.is_none_or(|s| s == Signal::Metrics)
}

fn of_hosts(
    name: &str,
    data: Data<'_>,
    query: &HostSeriesQuery,
    quantities: Quantities<'_>,
    measures: &[Measure],
) -> Result<Report, ReportError> {
    let mut notes = Notes::default();
    let selection = &query.selection;
    let databases = data.databases()?;
    let sampled = if has_metrics(selection) {
        &*databases
    } else {
        &[]
    };
    let services = selection.services.as_ref();
    let hosts = Hosts::read(sampled, quantities, services, &mut notes)?;
    let mut groups: BTreeMap<Vec<group::Part>, Vec<Series>> = BTreeMap::new();
    let busy = quantities.busy.then_some(hosts.busy);
    for (place, of_hosts) in busy.into_iter().chain(hosts.levels).enumerate() {
        for (host, series) in of_hosts {
            let key = vec![group::Part::of(hosts.names.text(host))];
            let all = groups.entry(key).or_default();
            all.resize_with(measures.len(), Series::default);
            all[place] = series;
        }
    }
    report(name, query, &["host"], measures, groups, notes)
}

/// The rows of groups that have a series for each measure.
fn report(
    name: &str,
    query: &HostSeriesQuery,
    keys: &[&str],
    measures: &[Measure],
    groups: BTreeMap<Vec<group::Part>, Vec<Series>>,
    notes: Notes,
) -> Result<Report, ReportError> {
    let mut columns = group::bucket_columns();
    let text = |key: &&str| Column::new(*key, CellType::Text);
    columns.extend(keys.iter().map(text));
    columns.extend(measures.iter().flat_map(Measure::columns));
    columns.push(Column::with_unit("samples", CellType::Int, "samples"));
    columns.push(Column::new("filled", CellType::Bool));
    let mut parameters = group::selection_parameters(&query.selection);
    group::calendar_parameters(&query.calendar, &mut parameters);
    parameters.insert("every".to_owned(), query.every.to_string().into());
    parameters.insert("fill".to_owned(), query.fill.as_str().into());
    let mut bucketed = Bucketed::new(query);
    for (key, series) in groups {
        bucketed.add(key, series)?;
    }
    let rows = bucketed.rows(measures);
    let row = |(bucket, key, values): (_, Vec<group::Part>, Vec<Cell>)| {
        let mut row = group::bucket_cells(&bucketed.buckets, bucket, &query.selection).to_vec();
        row.extend(key.into_iter().map(group::Part::into_cell));
        row.extend(values);
        row
    };
    Ok(Report {
        report: name.to_owned(),
        parameters,
        columns,
        rows: rows.into_iter().map(row).collect(),
        notes: notes.into_vec(),
    })
}
