//! The conversion of captures into a lake.

use std::collections::BTreeSet;

use otolith_capture::Source;
use otolith_lake::Lake;

use crate::account::Account;
use crate::captures;
use crate::decode::LoadDecoder;
use crate::error::ConvertError;
use crate::identity::Identity;
use crate::options::{ConvertOptions, Dedup, Known};
use crate::pipeline;
use crate::reader::{KnownContent, Order, Reader};
use crate::repeats::Repeats;
use crate::sequencer::Sequencer;
use crate::watch::Watch;
use crate::workers::Workers;

/// Converts captures into rows of a lake, all or nothing, and accounts for every frame.
///
/// What the lake has already is passed over, however the files are named by now; of files that
/// have grown, what is new is converted. Rejects are kept with their bytes in the lake's directory
/// `_rejects`. Memory is bounded by the options, not by the input.
///
/// # Errors
///
/// If a source cannot be read, the lake cannot be written, something is rejected and the options
/// are strict, or another run has meanwhile converted the same. The lake is then as it was before.
pub fn convert(
    sources: &[Source],
    lake: &Lake,
    options: &ConvertOptions,
    watch: &dyn Watch,
) -> Result<Account, ConvertError> {
    let workers = Workers::new(options.threads)?;
    let mut sequencer = Sequencer::new(lake, options, watch, &workers)?;
    let spool = sequencer.scratch().to_owned();
    let known = sequencer.captures();
    let replaces = match options.known {
        Known::PassOver => BTreeSet::new(),
        Known::Replace => captures::runs_of(&known, sources, &options.read, &spool)?,
    };
    let known = known.without(&replaces);
    let mut identity = Identity::new(options);
    identity.replaces(&replaces);
    let order = Order {
        identity,
        repeats: Repeats::new(),
        skip_repeats: options.dedup == Dedup::Requests,
    };
    let known = KnownContent {
        captures: known,
        spool: &spool,
    };
    let reader = Reader::new(sources, &options.read, watch, order, Some(known));
    let decoder = || LoadDecoder::of(options, None);
    let end = pipeline::run(reader, &workers, decoder, &mut sequencer)?;
    sequencer.finish(sources, end, replaces)
}
