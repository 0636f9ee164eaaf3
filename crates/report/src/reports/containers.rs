//! `containers`: CPU and memory per container.

use super::group::{self, Part};
use crate::data::Data;
use crate::error::ReportError;
use crate::hosts::{self, Grouped, Series};
use crate::notes::Notes;
use crate::query::{ContainerOrder, ContainersQuery, Signal};
use crate::report::{Cell, CellType, Column, Report};
use crate::window::{Samples, Window};

/// The containers, greediest first: `host`, `container`, `container_id`, `image`, `first`, `last`
/// (samples), `cpu_cores` (mean number of cores in use over the time of the samples),
/// `cpu_cores_max`, `memory_used_bytes` (mean over time), `memory_used_bytes_max`,
/// `memory_limit_bytes` (the last), `memory_used_share` (of the limit, mean over time), `samples`.
///
/// CPU is that of counters of time, as far as they rose between two samples; else that of
/// percentages of one core. Whatever units emitters declare, values are in those of the columns.
///
/// # Errors
/// When a lake cannot be read.
pub fn containers<'a>(
    data: impl Into<Data<'a>>,
    query: &ContainersQuery,
) -> Result<Report, ReportError> {
    let mut notes = Notes::default();
    let selection = &query.selection;
    let databases = data.into().databases()?;
    let has_metrics = selection.signal.is_none_or(|s| s == Signal::Metrics);
    let sampled = if has_metrics { &*databases } else { &[] };
    let services = selection.services.as_ref();
    let Grouped { labels, groups } =
        hosts::grouped(sampled, hosts::containers(), services, &mut notes)?;
    let mut found = Vec::new();
    for (group, series) in groups {
        let texts = labels.iter().zip(&group);
        let key = texts.map(|(label, number)| Part::of(label.text(*number)));
        let series = series.into_iter().map(|s| s.within(selection));
        if let Some(container) = Container::of(key.collect(), series.collect()) {
            found.push(container);
        }
    }
    found.sort_by(|a, b| {
        let amount = |container: &Container| match query.order {
            ContainerOrder::Cpu => container.cores.map(|w| w.mean),
            ContainerOrder::Memory => container.bytes.map(|w| w.mean),
        };
        let amounts = amount(b)
            .unwrap_or(-1.0)
            .total_cmp(&amount(a).unwrap_or(-1.0));
        amounts.then_with(|| a.key.cmp(&b.key))
    });
    found.truncate(query.top.unwrap_or(usize::MAX));
    let text = |name| Column::new(name, CellType::Text);
    let double = |name, unit| Column::with_unit(name, CellType::Double, unit);
    let mut parameters = group::selection_parameters(selection);
    parameters.insert("order".to_owned(), query.order.as_str().into());
    if let Some(top) = query.top {
        parameters.insert("top".to_owned(), top.into());
    }
    Ok(Report {
        report: "containers".to_owned(),
        parameters,
        columns: vec![
            text("host"),
            text("container"),
            text("container_id"),
            text("image"),
            Column::new("first", CellType::Time),
            Column::new("last", CellType::Time),
            double("cpu_cores", "cores"),
            double("cpu_cores_max", "cores"),
            double("memory_used_bytes", "bytes"),
            double("memory_used_bytes_max", "bytes"),
            double("memory_limit_bytes", "bytes"),
            double("memory_used_share", "share"),
            Column::with_unit("samples", CellType::Int, "samples"),
        ],
        rows: found.into_iter().map(Container::cells).collect(),
        notes: notes.into_vec(),
    })
}

/// What a container used.
struct Container {
    key: Vec<Part>,
    first: i64,
    last: i64,
    cores: Option<Window>,
    bytes: Option<Window>,
    limit: Option<f64>,
    share: Option<Window>,
    samples: usize,
}

impl Container {
    /// None if it has no samples at all.
    fn of(key: Vec<Part>, series: Vec<Series>) -> Option<Self> {
        let ends = |series: &Series| Some((*series.times.first()?, *series.times.last()?));
        let ends = series.iter().filter_map(ends);
        let (first, last) = ends.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))?;
        let samples = series.iter().map(|series| series.times.len()).max();
        let mut series = series.into_iter();
        let [cores, bytes, limit, share] =
            std::array::from_fn(|_| series.next().unwrap_or_default());
        let limit = limit.values.last().copied();
        let whole =
            |series: Series| Samples::new(series.times, series.values).window(i64::MIN, i64::MAX);
        Some(Self {
            key,
            first,
            last,
            cores: whole(cores),
            bytes: whole(bytes),
            limit,
            share: whole(share),
            samples: samples.unwrap_or_default(),
        })
    }

    fn cells(self) -> Vec<Cell> {
        let of = |window: Option<Window>, value: fn(&Window) -> f64| {
            Cell::double(window.as_ref().map(value))
        };
        let mut cells: Vec<Cell> = self.key.into_iter().map(Part::into_cell).collect();
        cells.extend([
            Cell::Time(self.first),
            Cell::Time(self.last),
            of(self.cores, |w| w.mean),
            of(self.cores, |w| w.max),
            of(self.bytes, |w| w.mean),
            of(self.bytes, |w| w.max),
            Cell::double(self.limit),
            of(self.share, |w| w.mean),
            Cell::count(Some(self.samples as u64)),
        ]);
        cells
    }
}
