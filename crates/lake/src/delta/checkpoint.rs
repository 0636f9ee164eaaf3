//! Checkpoints: the state of a log in one file, so that reading a table does not take longer with
//! every commit.

use std::sync::Arc;

use delta_kernel::checkpoint::LastCheckpointHintStats;
use delta_kernel::engine::arrow_data::EngineDataArrowExt as _;
use delta_kernel::snapshot::SnapshotRef;
use delta_kernel::{Engine, KernelError, KernelResult};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::committer::{other, to_path};
use crate::disk::{self, Aside};

/// Versions from one checkpoint to the next.
const EVERY: u64 = 25;

/// Whether the log of a table with this version is due for a checkpoint.
pub(super) fn is_due(version: u64) -> bool {
    version > 0 && version.is_multiple_of(EVERY)
}

/// Writes the checkpoint of a snapshot, durably: readers take it for the truth as soon as it is
/// there. The kernel's own way does not sync.
pub(super) fn write(
    snapshot: &SnapshotRef,
    engine: &dyn Engine,
    aside: Aside<'_>,
) -> KernelResult<()> {
    let durability = aside.durability;
    let writer = Arc::clone(snapshot).create_checkpoint_writer(engine)?;
    let path = to_path(&writer.checkpoint_path()?)?;
    let aside = aside.directory.join(path.file_name().unwrap_or_default());
    let mut data = writer.checkpoint_data(engine)?;
    let state = data.state();
    let mut file = None;
    for batch in data.by_ref() {
        let batch = batch?.apply_selection_vector()?.try_into_record_batch()?;
        let file = match &mut file {
            Some(file) => file,
            none => {
                let created = disk::create_new(&aside).map_err(other)?;
                let properties = WriterProperties::builder()
                    .set_compression(Compression::ZSTD(ZstdLevel::default()))
                    .build();
                none.insert(ArrowWriter::try_new(
                    created,
                    batch.schema(),
                    Some(properties),
                )?)
            }
        };
        file.write(&batch)?;
    }
    drop(data);
    let Some(file) = file else { return Ok(()) };
    let file = file.into_inner()?;
    durability.sync(&file, &aside).map_err(other)?;
    let len_bytes = file.metadata()?.len();
    // Another writer may have been faster: both are the same state.
    durability.publish(&aside, &path).map_err(other)?;
    let state = Arc::into_inner(state)
        .ok_or_else(|| KernelError::generic("the state of the checkpoint is still in use"))?;
    let stats = LastCheckpointHintStats::from_reconciliation_state(state, len_bytes, 0)?;
    writer.finalize(engine, &stats)
}
