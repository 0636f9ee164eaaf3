//! The tables that a query can name, and their registration.

use super::Unions;
use super::greptime;
use super::metrics;
use super::rewrite::Rewritten;
use super::views;
use crate::error::ReportError;
use crate::notes::Notes;
use crate::query::Selection;
use crate::usage::usage;
use otolith_lake::{Lake, TableInfo};
use otolith_tables::Table;
use polars::prelude::LazyFrame;
use polars::sql::SQLContext;
use std::collections::BTreeSet;

/// The name of the usage model.
pub(super) const USAGE: &str = "usage";

/// How many metrics an error names.
const LISTED_METRICS: usize = 20;

/// All tables of all databases.
pub(super) struct Catalogue {
    infos: Vec<TableInfo>,
}

impl Catalogue {
    pub(super) fn read(lake: &Lake) -> Result<Self, ReportError> {
        let mut infos = Vec::new();
        for database in lake.databases()? {
            infos.extend(lake.tables(&database)?);
        }
        Ok(Self { infos })
    }

    /// True when a database has a table. Every database has the eight tables; those without rows
    /// are empty.
    pub(super) fn holds(&self, database: &str, table: &str) -> bool {
        let known = |info: &TableInfo| info.database.as_str() == database;
        Table::parse(table).is_some() && self.infos.iter().any(known)
    }

    /// The databases' tables of one kind that have rows.
    pub(super) fn of_table(&self, table: Table) -> Vec<&TableInfo> {
        let infos = self.infos.iter();
        infos
            .filter(|info| info.table == table && !info.parts.is_empty())
            .collect()
    }

    /// Registers the tables that a query mentions, and no others. Returns the error for the first
    /// name that stands where a table stands and is none: should the engine miss it, too, that
    /// error tells more than the engine's.
    pub(super) fn register(
        &self,
        lake: &Lake,
        query: &Rewritten,
        unions: Unions,
        context: &mut SQLContext,
        notes: &mut Notes,
    ) -> Result<Option<ReportError>, ReportError> {
        let mut unknown: BTreeSet<&str> = query.sources.iter().map(String::as_str).collect();
        for name in &query.defined {
            unknown.remove(name.as_str());
        }
        for name in &query.names {
            let Some(frame) = self.frame(lake, name, query, unions, notes)? else {
                continue;
            };
            context.register(name, frame);
            unknown.remove(name.as_str());
        }
        if unknown.is_empty() {
            return Ok(None);
        }
        let views = metrics::views_of(self)?;
        for name in unknown.clone() {
            let Some(view) = views.get(name) else {
                continue;
            };
            let frame = metrics::points(self, view, unions, notes)?;
            context.register(name, frame);
            unknown.remove(name);
        }
        Ok(unknown.first().map(|name| self.unknown(name, views.keys())))
    }

    /// The table of a name, unless it is the view of a metric or no table at all.
    pub(super) fn frame(
        &self,
        lake: &Lake,
        name: &str,
        query: &Rewritten,
        unions: Unions,
        notes: &mut Notes,
    ) -> Result<Option<LazyFrame>, ReportError> {
        let frame = if let Some(table) = Table::parse(name) {
            views::union(table, &self.of_table(table), unions, notes)?
        } else if name == USAGE {
            views::usage(&usage(lake, &Selection::default())?.records)?
        } else if name == greptime::TRACES {
            greptime::traces(self, query, unions, notes)?
        } else if name == greptime::LOGS {
            greptime::logs(self, unions)?
        } else if let Some((database, table)) = name.split_once('.')
            && let Some(table) = Table::parse(table)
        {
            let of_table = self.of_table(table).into_iter();
            let of_database = of_table.filter(|info| info.database.as_str() == database);
            views::of_database(table, of_database.collect::<Vec<_>>().first().copied())?
        } else {
            return Ok(None);
        };
        Ok(Some(frame))
    }

    /// The view of a metric.
    ///
    /// # Errors
    /// [`ReportError::UnknownTable`] when no metric has the name.
    pub(super) fn metric(
        &self,
        name: &str,
        unions: Unions,
        notes: &mut Notes,
    ) -> Result<LazyFrame, ReportError> {
        let views = metrics::views_of(self)?;
        match views.get(name) {
            Some(view) => metrics::points(self, view, unions, notes),
            None => Err(self.unknown(name, views.keys())),
        }
    }

    fn unknown<'a>(&self, name: &str, metrics: impl Iterator<Item = &'a String>) -> ReportError {
        let mut known: Vec<String> = Table::ALL.iter().map(|t| t.as_str().to_owned()).collect();
        known.extend([USAGE, greptime::TRACES, greptime::LOGS].map(str::to_owned));
        let databases: BTreeSet<&str> = self.infos.iter().map(|i| i.database.as_str()).collect();
        known.extend(databases.iter().map(|database| format!("{database}.TABLE")));
        let mut metrics: Vec<&String> = metrics.collect();
        let more = metrics.len().saturating_sub(LISTED_METRICS);
        metrics.truncate(LISTED_METRICS);
        known.extend(metrics.into_iter().cloned());
        if more > 0 {
            known.push(format!("and {more} more metrics"));
        }
        ReportError::UnknownTable {
            name: name.to_owned(),
            known: known.join(", "),
        }
    }
}
