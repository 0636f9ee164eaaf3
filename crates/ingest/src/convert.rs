//! The conversion of captures into a lake.

use otolith_capture::Source;
use otolith_lake::Lake;

use crate::account::Account;
use crate::error::ConvertError;
use crate::identity::Identity;
use crate::options::{ConvertOptions, Dedup};
use crate::pipeline;
use crate::reader::{Order, Reader};
use crate::repeats::Repeats;
use crate::sequencer::Sequencer;
use crate::watch::Watch;

/// Converts captures into rows of a lake, all or nothing, and accounts for every frame.
///
/// The same sources and options replace the files that they gave before. Rejects are kept with
/// their bytes in the lake's directory `_rejects`. Memory is bounded by the options, not by the
/// input.
///
/// # Errors
///
/// If a source cannot be read, the lake cannot be written, or something is rejected and the
/// options are strict. The lake is then as it was before.
pub fn convert(
    sources: &[Source],
    lake: &Lake,
    options: &ConvertOptions,
    watch: &dyn Watch,
) -> Result<Account, ConvertError> {
    let mut sequencer = Sequencer::new(lake, options, watch)?;
    let order = Order {
        identity: Identity::new(options),
        repeats: Repeats::new(),
        skip_repeats: options.dedup == Dedup::Requests,
    };
    let reader = Reader::new(sources, &options.read, watch, order);
    let (accounts, order) = match options.threads.get() {
        1 => pipeline::inline(reader, options, &mut sequencer)?,
        threads => pipeline::threaded(reader, threads, options, &mut sequencer)?,
    };
    sequencer.finish(accounts, &order)
}
