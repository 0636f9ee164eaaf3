//! Captures into memory: what one question wants of them, without a lake.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::env;
use std::sync::{Arc, OnceLock};

use otolith_capture::Source;
use otolith_lake::KnownCaptures;
use otolith_tables::{Assembler, AssemblerOptions, Drain, Extract, Part, Wanted};

use crate::account::Account;
use crate::decode::{DecodedLoad, LoadDecoder};
use crate::error::ConvertError;
use crate::identity::Identity;
use crate::intake::Intake;
use crate::options::{ConvertOptions, Dedup};
use crate::pipeline::{self, Take};
use crate::reader::{KnownContent, Order, Reader};
use crate::repeats::Repeats;
use crate::watch::Watch;
use crate::workers::Workers;

/// Fewer rows are built sooner than threads are woken.
const ROWS_FOR_THREADS: usize = 2_000;

/// Payload bytes of a chunk. Few rows are kept of each, so that more chunks cost little; one of this size
/// fits the cache of a processor (3 % of a report, `cargo xtask bench report`).
const CHUNK_BYTES: usize = 1 << 20;

/// What was collected.
#[derive(Clone, Debug)]
pub struct Collected {
    /// What is wanted.
    pub extract: Extract,
    /// What became of everything, wanted or not: that of a conversion into a new lake, but that
    /// nothing was written. `rows_written` are the rows that a conversion would have written.
    pub account: Account,
}

/// Reads captures as [`convert`](crate::convert()) does, and keeps in memory what a question wants
/// of them. Every frame and item is decoded, checked and accounted for all the same.
///
/// Memory is bounded by what is wanted: the wanted rows of all captures are in it at once.
/// [`ConvertOptions::known`] and [`ConvertOptions::buffer_bytes`] have no meaning here.
///
/// # Errors
///
/// If a source cannot be read, or something is rejected and the options are strict.
pub fn collect(
    sources: &[Source],
    wanted: &Arc<Wanted>,
    options: &ConvertOptions,
    watch: &dyn Watch,
) -> Result<Collected, ConvertError> {
    let spool = env::temp_dir();
    let order = Order {
        identity: Identity::new(options),
        repeats: Repeats::new(),
        skip_repeats: options.dedup == Dedup::Requests,
    };
    // What one source holds is asked by those behind it.
    let known = (sources.len() > 1).then(|| KnownContent {
        captures: KnownCaptures::default(),
        spool: &spool,
    });
    let workers = Workers::new(options.threads)?;
    let reader = Reader::new(sources, &options.read, watch, order, known);
    let reader = reader.with_chunks_of(CHUNK_BYTES);
    let decoder = || LoadDecoder::of(options, Some(wanted));
    let mut collector = Collector::new(options);
    let end = pipeline::run(reader, &workers, decoder, &mut collector)?;
    let Collector {
        intake,
        mut assembler,
        mut extract,
    } = collector;
    let account = intake.finish(end.accounts, &end.order.repeats, assembler.notes());
    extract.parts = build(&assembler.drain(), &workers);
    watch.finished();
    Ok(Collected { extract, account })
}

/// Builds all parts, on several threads where that pays.
fn build(drain: &Drain<'_>, workers: &Workers) -> Vec<Part> {
    let numbers = drain.parts();
    let rows: usize = numbers.iter().map(|number| number.row_count).sum();
    if rows < ROWS_FOR_THREADS {
        let parts = numbers.into_iter().map(|number| drain.build(number));
        return parts.collect();
    }
    let parts: Vec<OnceLock<Part>> = numbers.iter().map(|_| OnceLock::new()).collect();
    let places: Vec<usize> = (0..numbers.len()).collect();
    let built = workers.each(&places, |place| {
        parts[*place].get_or_init(|| drain.build(numbers[*place]));
        Ok::<(), Infallible>(())
    });
    let Ok(()) = built;
    let built = |part: OnceLock<Part>| part.into_inner().expect("every part was built");
    parts.into_iter().map(built).collect()
}

/// Takes loads in input order.
struct Collector<'a> {
    intake: Intake<'a>,
    assembler: Assembler,
    extract: Extract,
}

impl<'a> Collector<'a> {
    fn new(options: &'a ConvertOptions) -> Self {
        let columns = AssemblerOptions {
            columns_per_table: options.columns_per_table,
        };
        Self {
            intake: Intake::new(options),
            assembler: Assembler::new(columns, BTreeMap::new()),
            extract: Extract::default(),
        }
    }
}

impl Take<DecodedLoad> for Collector<'_> {
    type Error = ConvertError;

    fn take(&mut self, decoded: DecodedLoad) -> Result<(), ConvertError> {
        self.intake.count(&decoded, |_| Ok(()))?;
        self.extract.add_times(decoded.batches.times());
        self.assembler.push(decoded.batches);
        Ok(())
    }
}
