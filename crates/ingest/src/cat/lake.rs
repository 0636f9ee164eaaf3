//! A lake into captures, with all that can be done to captures.

use std::sync::Arc;

use otolith_capture::{CaptureFiles, Encoding, Frame, Framer, Origin, SignalHint};
use otolith_lake::Lake;
use otolith_otlp::{JsonRequestEncoder, RequestEncoder};

use super::account::CatAccount;
use super::error::CatError;
use super::options::{CatOptions, Slice};
use super::run::Writer;
use super::transcode::Transcoder;
use crate::export::{ExportFormat, ExportOptions, LakeRequest, Visit};
use crate::pipeline::Take as _;
use crate::repeats::Repeats;
use crate::watch::Watch;

const NANOS_PER_DAY: i64 = 86_400_000_000_000;

/// Writes a lake as a capture: requests as [`export`](crate::export()) makes them, to which all options
/// apply but those of reading captures, and one thread is used. Times of arrival are not in a lake.
///
/// # Errors
///
/// If the lake cannot be read, the output not be written, or a request cannot be written and the options
/// are strict. Files are then not there, or as they were before.
pub fn cat_lake(
    lake: &Lake,
    options: &CatOptions,
    out: CaptureFiles,
    watch: &dyn Watch,
) -> Result<CatAccount, CatError> {
    let options = Arc::new(options.clone());
    let format = match options.dialect.encoding() {
        Encoding::Protobuf => ExportFormat::LengthPrefixed,
        Encoding::Json | Encoding::JavaScriptSdk => ExportFormat::JsonLines,
    };
    let visit = Visit {
        lake,
        options: &ExportOptions {
            signal: options.slice.signal,
            ..ExportOptions::new(format)
        },
        keeps_date: &|date| may_hold(&options.slice, date),
        watch,
    };
    let mut transcoder = Transcoder::new(&options, Framer::new(options.dialect)?);
    let mut writer = Writer::new(&options, out)?;
    let mut last: Option<Origin> = None;
    let encoding = match format {
        ExportFormat::LengthPrefixed => Encoding::Protobuf,
        ExportFormat::JsonLines => Encoding::Json,
    };
    let mut take = |request: LakeRequest<'_>| {
        let (file, number) = match &last {
            Some(last) if *last.file == *request.database.as_str() => {
                (Arc::clone(&last.file), last.frame + 1)
            }
            _ => (request.database.as_str().into(), 1),
        };
        let origin = Origin {
            file,
            frame: number,
            offset: 0,
        };
        last = Some(origin.clone());
        let mut load = transcoder.empty();
        load.counts.frames_read = 1;
        let frame = Frame {
            bytes: &request.payload,
            origin,
            encoding,
            signal: SignalHint::Declared(request.signal),
            arrival_unix_nano: None,
        };
        transcoder.frame(&frame, &mut load);
        transcoder.end(&mut load);
        writer.take(load).map(drop)
    };
    let orphan_rows = match format {
        ExportFormat::LengthPrefixed => visit.requests::<RequestEncoder, CatError>(&mut take),
        ExportFormat::JsonLines => visit.requests::<JsonRequestEncoder, CatError>(&mut take),
    }?;
    let account = writer.finish(&Repeats::new(), watch)?;
    watch.finished();
    Ok(CatAccount {
        orphan_rows,
        ..account
    })
}

/// Whether items of a date can be of a slice. The first day of 1970 stands for odd times, too.
fn may_hold(slice: &Slice, date: i32) -> bool {
    let start = i64::from(date).saturating_mul(NANOS_PER_DAY);
    let end = start.saturating_add(NANOS_PER_DAY);
    date == 0
        || slice.since.is_none_or(|since| since < end)
            && slice.until.is_none_or(|until| until > start)
}
