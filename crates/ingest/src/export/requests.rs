//! Encoded requests into the output, counted.

use std::io::Write;

use otolith_capture::Signal;
use otolith_otlp::{JsonRequestEncoder, Probe, RequestEncoder, Sink, probe_signal};
use otolith_tables::DatabaseName;
use serde::Serialize;

use super::error::ExportError;
use super::lake::LakeRequest;
use super::options::{ExportFormat, ExportOptions};

/// What was exported. Serialised, it is the JSON summary of an export.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Exported {
    /// Requests written.
    pub requests: u64,
    /// Their bytes, with line ends and length prefixes.
    pub bytes_written: u64,
    /// Spans in them.
    pub spans: u64,
    /// Data points in them.
    pub data_points: u64,
    /// Log records in them.
    pub log_records: u64,
    /// Rows of `span_events`, `span_links` and `exemplars` whose span or point is not in the lake: they
    /// are in no request.
    pub orphan_rows: u64,
}

impl Exported {
    /// Items of all signals.
    pub const fn items(&self) -> u64 {
        self.spans + self.data_points + self.log_records
    }
}

/// A sink that makes requests.
pub(crate) trait Encode: Sink + Default {
    /// Bytes of the request so far.
    fn len_bytes(&self) -> usize;
    /// Takes the requests.
    fn take(&mut self) -> Vec<(Signal, Vec<u8>)>;
}

impl Encode for RequestEncoder {
    fn len_bytes(&self) -> usize {
        self.len_bytes()
    }
    fn take(&mut self) -> Vec<(Signal, Vec<u8>)> {
        self.take()
    }
}

impl Encode for JsonRequestEncoder {
    fn len_bytes(&self) -> usize {
        self.len_bytes()
    }
    fn take(&mut self) -> Vec<(Signal, Vec<u8>)> {
        self.take()
    }
}

/// The output, and what went there.
#[derive(Debug)]
pub(super) struct Requests<'a, W> {
    pub options: &'a ExportOptions,
    pub out: W,
    pub exported: Exported,
}

impl<W: Write> Requests<'_, W> {
    /// Writes a request.
    pub(super) fn write(&mut self, request: &LakeRequest<'_>) -> Result<(), ExportError> {
        let LakeRequest {
            database,
            signal,
            ref payload,
            items,
        } = *request;
        let framing = match self.options.format {
            ExportFormat::JsonLines => {
                self.out.write_all(payload).map_err(ExportError::Write)?;
                self.out.write_all(b"\n").map_err(ExportError::Write)?;
                1
            }
            ExportFormat::LengthPrefixed => {
                self.check_signal(database, signal, payload)?;
                let len =
                    u32::try_from(payload.len()).map_err(|_| ExportError::RequestTooLarge {
                        len_bytes: payload.len(),
                    })?;
                let prefix = len.to_be_bytes();
                self.out.write_all(&prefix).map_err(ExportError::Write)?;
                self.out.write_all(payload).map_err(ExportError::Write)?;
                prefix.len()
            }
        };
        let exported = &mut self.exported;
        exported.requests += 1;
        exported.bytes_written += (payload.len() + framing) as u64;
        *match signal {
            Signal::Traces => &mut exported.spans,
            Signal::Metrics => &mut exported.data_points,
            Signal::Logs => &mut exported.log_records,
        } += items;
        Ok(())
    }

    /// Requests of several signals must show theirs.
    fn check_signal(
        &self,
        database: &DatabaseName,
        signal: Signal,
        request: &[u8],
    ) -> Result<(), ExportError> {
        if self.options.signal.is_some() || probe_signal(request) == Probe::Signal(signal) {
            return Ok(());
        }
        Err(ExportError::UnclearSignal {
            database: database.as_str().to_owned(),
            signal,
        })
    }
}
