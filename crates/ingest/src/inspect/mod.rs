//! What is in captures, without converting them.

mod named;
mod report;
mod survey;
mod timeline;

use otolith_capture::{Chunk, Entry, Source};
use otolith_otlp::Decoder;

pub use report::{
    Disorder, Gap, Inspection, MetricInspection, ScopeInspection, ServiceInspection,
    SignalInspection, SourceInspection, TimeRange,
};

use crate::account::RejectGroups;
use crate::decode::frame_reject;
use crate::error::ConvertError;
use crate::identity::Identity;
use crate::options::{ConvertOptions, InspectOptions};
use crate::reader::{Order, ReadEnd, Reader, Work};
use crate::repeats::Repeats;
use crate::watch::Watch;
use survey::Survey;

/// Reads and decodes captures and tells what is in them. Writes nothing; memory is bounded.
///
/// # Errors
///
/// If a source cannot be read. What cannot be decoded is part of the answer.
pub fn inspect(
    sources: &[Source],
    options: &InspectOptions,
    watch: &dyn Watch,
) -> Result<Inspection, ConvertError> {
    let order = Order {
        identity: Identity::new(&ConvertOptions::default()),
        repeats: Repeats::new(),
        skip_repeats: false,
    };
    let kept_bytes = options.read.limits.kept_reject_bytes;
    let mut reader = Reader::new(sources, &options.read, watch, order, None);
    let mut decoder = Decoder::new(options.decode);
    let mut survey = Survey::default();
    let mut source_rejects = Vec::new();
    let mut rejects = RejectGroups::default();
    let mut chunk = Chunk::new();
    while let Some(Work { chunk: filled, .. }) = reader.next(chunk)? {
        source_rejects.resize_with(reader.source_index() + 1, RejectGroups::default);
        let of_source = &mut source_rejects[reader.source_index()];
        survey.enter_source(reader.source_index());
        for entry in filled.entries() {
            let refused = match entry {
                Entry::Reject(reject) => {
                    survey.frame_rejected();
                    of_source.add(reject);
                    rejects.add(reject);
                    continue;
                }
                Entry::Frame(frame) => decoder
                    .decode(&frame, &mut survey)
                    .map_err(|reject| frame_reject(&frame, reject, kept_bytes)),
            };
            if let Err(reject) = refused {
                survey.frame_rejected();
                of_source.add(&reject);
                rejects.add(&reject);
            }
            for reject in survey.take_item_rejects() {
                of_source.add(&reject);
                rejects.add(&reject);
            }
        }
        chunk = filled;
    }
    let ReadEnd {
        accounts, order, ..
    } = reader.finish();
    source_rejects.resize_with(accounts.len(), RejectGroups::default);
    let sources = accounts.into_iter().zip(source_rejects);
    let inspection = Inspection {
        sources: sources
            .map(|(account, rejects)| SourceInspection::new(account, rejects))
            .collect(),
        duplicate_requests: order.repeats.repeated,
        rejects: rejects.into_groups(),
        ..survey.into_inspection()
    };
    watch.finished();
    Ok(inspection)
}
