//! The way through a lake: databases by name, dates, signals.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use otolith_capture::Signal;
use otolith_lake::{Lake, PartFile, TableInfo};
use otolith_otlp::{JsonRequestEncoder, RequestEncoder};
use otolith_tables::{Children, DatabaseName, Part, Restorer, Table};

use super::error::ExportError;
use super::options::{ExportFormat, ExportOptions};
use super::requests::{Encode, Exported, Requests};
use crate::watch::Watch;

/// Writes the items of a lake as requests, equal field by field to those that were converted; how items
/// are grouped into requests, and the order of attributes, are not kept.
///
/// The order is that of the databases' names, then dates, then traces, metrics, logs, then tables and
/// parts, then pieces of about 64 MiB of a part, then `source` and `item`. Takes memory for one piece
/// of items, and for all span events and links, or exemplars, of its database and date.
///
/// # Errors
///
/// If the lake cannot be read or holds something else than its tables should, a protobuf request
/// would not show its signal, `out` fails, or the watch asks to stop.
pub fn export(
    lake: &Lake,
    options: &ExportOptions,
    out: impl Write,
    watch: &dyn Watch,
) -> Result<Exported, ExportError> {
    match options.format {
        ExportFormat::JsonLines => run::<JsonRequestEncoder>(lake, options, out, watch),
        ExportFormat::LengthPrefixed => run::<RequestEncoder>(lake, options, out, watch),
    }
}

fn run<E: Encode>(
    lake: &Lake,
    options: &ExportOptions,
    out: impl Write,
    watch: &dyn Watch,
) -> Result<Exported, ExportError> {
    let mut exporter = Exporter {
        lake,
        watch,
        encoder: E::default(),
        requests: Requests {
            options,
            out,
            exported: Exported::default(),
        },
    };
    for database in lake.databases()? {
        let tables = lake.tables(&database)?;
        let dates: BTreeSet<i32> = tables
            .iter()
            .flat_map(|table| &table.parts)
            .map(|part| part.date)
            .collect();
        for date in dates {
            for signal in Signal::ALL {
                if options.signal.is_none_or(|only| only == signal) {
                    exporter.export_date(&database, &tables, date, signal)?;
                }
            }
        }
    }
    let mut requests = exporter.requests;
    requests.out.flush().map_err(ExportError::Write)?;
    Ok(requests.exported)
}

/// The tables of a signal: those with items, and those with what belongs to them.
const fn tables_of(signal: Signal) -> (&'static [Table], &'static [Table]) {
    match signal {
        Signal::Traces => (&[Table::Traces], &[Table::SpanEvents, Table::SpanLinks]),
        Signal::Metrics => (
            &[Table::Metrics, Table::Histograms, Table::Summaries],
            &[Table::Exemplars],
        ),
        Signal::Logs => (&[Table::Logs], &[]),
    }
}

/// The parts of tables on a date.
fn parts_of<'a>(
    tables: &'a [TableInfo],
    wanted: &'a [Table],
    date: i32,
) -> impl Iterator<Item = &'a PartFile> {
    let of_table = |wanted: &'a Table| tables.iter().filter(move |info| info.table == *wanted);
    wanted
        .iter()
        .flat_map(of_table)
        .flat_map(|info| &info.parts)
        .filter(move |part| part.date == date)
}

struct Exporter<'a, E, W> {
    lake: &'a Lake,
    watch: &'a dyn Watch,
    encoder: E,
    requests: Requests<'a, W>,
}

impl<E: Encode, W: Write> Exporter<'_, E, W> {
    fn export_date(
        &mut self,
        database: &DatabaseName,
        tables: &[TableInfo],
        date: i32,
        signal: Signal,
    ) -> Result<(), ExportError> {
        let (of_items, of_children) = tables_of(signal);
        let mut parts = Vec::new();
        for part in parts_of(tables, of_children, date) {
            for piece in self.lake.pieces(part)? {
                parts.push(piece?);
            }
        }
        let mut children = Children::new(&parts).map_err(|source| ExportError::Children {
            database: database.as_str().to_owned(),
            date,
            signal,
            source,
        })?;
        for part in parts_of(tables, of_items, date) {
            for piece in self.lake.pieces(part)? {
                self.export_piece(&part.path, &piece?, signal, &mut children)?;
            }
        }
        self.requests.exported.orphan_rows += children.orphan_count();
        Ok(())
    }

    fn export_piece(
        &mut self,
        path: &Path,
        piece: &Part,
        signal: Signal,
        children: &mut Children<'_>,
    ) -> Result<(), ExportError> {
        let failed = |source| ExportError::Part {
            path: path.to_owned(),
            source,
        };
        let mut restorer = Restorer::new(piece).map_err(failed)?;
        let options = self.requests.options;
        let is_full = |encoder: &E, items| {
            items >= options.request_items || encoder.len_bytes() >= options.request_bytes
        };
        loop {
            if self.watch.is_stopped() {
                return Err(ExportError::Interrupted);
            }
            let items = restorer
                .visit(children, &mut self.encoder, is_full)
                .map_err(failed)?;
            if items == 0 {
                return Ok(());
            }
            for (_, request) in self.encoder.take() {
                self.requests
                    .write(&piece.database, signal, &request, items)?;
            }
        }
    }
}
