//! One side: captures and lakes into sorted records.

use std::collections::HashMap;
use std::sync::Arc;

use otolith_capture::Source;
use otolith_lake::Lake;

use super::error::CompareError;
use super::hasher::{Hashed, ItemHasher, LoadHasher};
use super::options::CompareOptions;
use super::record::{Class, MAX_SERVICE};
use super::report::SideSummary;
use super::sorter::{Sorted, Sorter};
use crate::account::RejectGroups;
use crate::export::{ExportFormat, ExportOptions, Visit};
use crate::identity::Identity;
use crate::options::ConvertOptions;
use crate::pipeline::{self, Take};
use crate::reader::{Order, Reader};
use crate::repeats::Repeats;
use crate::watch::Watch;
use crate::workers::Workers;

/// What is compared on one side: all of it together.
#[derive(Clone, Debug, Default)]
pub struct Side {
    /// Captures.
    pub sources: Vec<Source>,
    /// Lakes.
    pub lakes: Vec<Lake>,
}

/// Names of services, by number, of both sides.
#[derive(Debug, Default)]
pub(super) struct Services {
    names: Vec<String>,
    numbers: HashMap<String, u32>,
}

/// Services that are told apart.
const MAX_SERVICES: u32 = 100_000;
const _: () = assert!(MAX_SERVICES <= MAX_SERVICE, "a record holds their numbers");
/// Longest name of a service, in bytes, that is kept.
const MAX_NAME: usize = 1024;

impl Services {
    fn number(&mut self, name: &str) -> u32 {
        let name = &name[..name.floor_char_boundary(MAX_NAME)];
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.names.len() as u32;
        if number >= MAX_SERVICES {
            return MAX_SERVICES;
        }
        self.names.push(name.to_owned());
        self.numbers.insert(name.to_owned(), number);
        number
    }

    /// The name of a service; `None` for those beyond the bound.
    pub fn name(&self, class: Class) -> Option<&str> {
        self.names.get(class.service as usize).map(String::as_str)
    }
}

/// A side, read.
pub(super) struct SideRead {
    pub sorted: Sorted,
    pub files: Vec<Arc<str>>,
    pub summary: SideSummary,
}

/// Takes records of loads and sorts them.
struct Collector<'a> {
    sorter: Sorter<'a>,
    services: &'a mut Services,
    files: Vec<Arc<str>>,
    file_numbers: HashMap<Arc<str>, u32>,
    rejects: RejectGroups,
    summary: SideSummary,
}

impl Collector<'_> {
    fn collect(&mut self, hashed: Hashed) -> Result<(), CompareError> {
        let files: Vec<u32> = hashed
            .files
            .into_iter()
            .map(|file| self.file(file))
            .collect();
        let names = hashed.services.iter();
        let services: Vec<u32> = names.map(|name| self.services.number(name)).collect();
        for record in hashed.records {
            let file = files[record.file as usize];
            let service = services[record.class().service as usize];
            self.sorter
                .push(record.renumbered(file, service))
                .map_err(CompareError::Spool)?;
            self.summary.items += 1;
        }
        self.summary.frames += hashed.frames;
        self.summary.frames_rejected += hashed.frames_rejected;
        self.summary.items_rejected += hashed.items_rejected;
        for reject in &hashed.rejects {
            self.rejects.add(reject);
        }
        Ok(())
    }

    fn file(&mut self, file: Arc<str>) -> u32 {
        if let Some(number) = self.file_numbers.get(&file) {
            return *number;
        }
        let number = self.files.len() as u32;
        self.files.push(Arc::clone(&file));
        self.file_numbers.insert(file, number);
        number
    }
}

impl Take<Hashed> for Collector<'_> {
    type Error = CompareError;

    fn take(&mut self, hashed: Hashed) -> Result<(), CompareError> {
        self.collect(hashed)
    }
}

impl Side {
    pub(super) fn read(
        &self,
        options: &CompareOptions,
        workers: &Workers,
        services: &mut Services,
        watch: &dyn Watch,
    ) -> Result<SideRead, CompareError> {
        let mut collector = Collector {
            sorter: Sorter::new(options.buffer_bytes, options.spool_dir.as_deref()),
            services,
            files: Vec::new(),
            file_numbers: HashMap::new(),
            rejects: RejectGroups::default(),
            summary: SideSummary {
                files: self.sources.len() as u64,
                lakes: self.lakes.len() as u64,
                ..SideSummary::default()
            },
        };
        if !self.sources.is_empty() {
            let order = Order {
                identity: Identity::new(&ConvertOptions::default()),
                repeats: Repeats::new(),
                skip_repeats: false,
            };
            let reader = Reader::new(&self.sources, &options.read, watch, order, None);
            let hasher = || LoadHasher::new(options);
            pipeline::run(reader, workers, hasher, &mut collector)?;
        }
        for lake in &self.lakes {
            read_lake(lake, options, &mut collector, watch)?;
        }
        collector.summary.rejects = collector.rejects.into_groups();
        Ok(SideRead {
            sorted: collector.sorter.finish().map_err(CompareError::Spool)?,
            files: collector.files,
            summary: collector.summary,
        })
    }
}

/// Records of a lake that are made before they are sorted.
const LAKE_RECORDS: usize = 10_000;

fn read_lake(
    lake: &Lake,
    options: &CompareOptions,
    collector: &mut Collector<'_>,
    watch: &dyn Watch,
) -> Result<(), CompareError> {
    let visit = Visit {
        lake,
        options: &ExportOptions::new(ExportFormat::LengthPrefixed),
        keeps_date: &|_| true,
        watch,
    };
    let mut hasher = ItemHasher::new(options, false);
    // A frame per item, so that each has its own origin.
    let is_full = |_: &ItemHasher, _| true;
    let orphans = visit.items(&mut hasher, &is_full, &mut |hasher, _| {
        if hasher.hashed.records.len() < LAKE_RECORDS {
            return Ok::<(), CompareError>(());
        }
        collector.collect(hasher.take()).map(drop)
    })?;
    collector.collect(hasher.take())?;
    collector.summary.orphan_rows += orphans;
    Ok(())
}
