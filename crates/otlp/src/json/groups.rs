//! Groups of a resource and of a scope, and their lists.

use bumpalo::Bump;
use otolith_capture::Signal;

use super::fault::Stop;
use super::header;
use super::log::log_record;
use super::metric::metric;
use super::reader::Reader;
use super::request::{Order, Walk, reject_item};
use super::schema_url::Foresight;
use super::span::{see, span};
use crate::Limits;
use crate::arena;
use crate::model::{Resource, Scope};
use crate::sink::Sink;

/// What a member of a resource or scope group is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Header,
    SchemaUrl,
    List,
    Unknown,
}

/// What a group holds beside its list: of a `Resource*` message the resource, of a `Scope*` message the scope.
trait Header<'a>: Copy + Default + PartialEq {
    /// What a member of the group is.
    fn part(name: &str, signal: Signal) -> Part;

    /// Reads the member that is the header; the schema URL, which is no part of it, is empty.
    fn read(reader: &mut Reader<'a>, bump: &'a Bump, limits: &Limits) -> Result<Self, Stop>;

    fn schema_url(&mut self) -> &mut &'a str;

    /// The schema URL of the group whose list begins at `list`, as far as it is foreseen.
    fn foresee(foresight: &mut Foresight<'a>, list: usize) -> &'a str;

    fn push<S: Sink>(&self, signal: Signal, sink: &mut S);

    /// Reads the list of the group.
    fn list<S: Sink>(walk: &mut Walk<'a, '_, S>, signal: Signal) -> Result<(), Stop>;
}

impl<'a> Header<'a> for Resource<'a> {
    fn part(name: &str, signal: Signal) -> Part {
        match (name, signal) {
            ("resource", _) => Part::Header,
            ("schemaUrl" | "schema_url", _) => Part::SchemaUrl,
            (
                "scopeSpans"
                | "scope_spans"
                | "instrumentationLibrarySpans"
                | "instrumentation_library_spans"
                | "deprecatedScopeSpans"
                | "deprecated_scope_spans",
                Signal::Traces,
            )
            | (
                "scopeMetrics"
                | "scope_metrics"
                | "instrumentationLibraryMetrics"
                | "instrumentation_library_metrics"
                | "deprecatedScopeMetrics"
                | "deprecated_scope_metrics",
                Signal::Metrics,
            )
            | (
                "scopeLogs"
                | "scope_logs"
                | "instrumentationLibraryLogs"
                | "instrumentation_library_logs"
                | "deprecatedScopeLogs"
                | "deprecated_scope_logs",
                Signal::Logs,
            ) => Part::List,
            _ => Part::Unknown,
        }
    }

    fn read(reader: &mut Reader<'a>, bump: &'a Bump, limits: &Limits) -> Result<Self, Stop> {
        header::resource(reader, bump, limits)
    }

    fn schema_url(&mut self) -> &mut &'a str {
        &mut self.schema_url
    }

    fn foresee(foresight: &mut Foresight<'a>, list: usize) -> &'a str {
        foresight.of_resource(list)
    }

    fn push<S: Sink>(&self, signal: Signal, sink: &mut S) {
        sink.resource(signal, self);
    }

    fn list<S: Sink>(walk: &mut Walk<'a, '_, S>, signal: Signal) -> Result<(), Stop> {
        walk.groups::<Scope<'a>>(signal)
    }
}

impl<'a> Header<'a> for Scope<'a> {
    fn part(name: &str, signal: Signal) -> Part {
        match (name, signal) {
            ("scope" | "instrumentationLibrary" | "instrumentation_library", _) => Part::Header,
            ("schemaUrl" | "schema_url", _) => Part::SchemaUrl,
            ("spans", Signal::Traces)
            | ("metrics", Signal::Metrics)
            | ("logRecords" | "log_records" | "logs", Signal::Logs) => Part::List,
            _ => Part::Unknown,
        }
    }

    fn read(reader: &mut Reader<'a>, bump: &'a Bump, limits: &Limits) -> Result<Self, Stop> {
        header::scope(reader, bump, limits)
    }

    fn schema_url(&mut self) -> &mut &'a str {
        &mut self.schema_url
    }

    fn foresee(foresight: &mut Foresight<'a>, list: usize) -> &'a str {
        foresight.of_scope(list)
    }

    fn push<S: Sink>(&self, _: Signal, sink: &mut S) {
        sink.scope(self);
    }

    fn list<S: Sink>(walk: &mut Walk<'a, '_, S>, signal: Signal) -> Result<(), Stop> {
        walk.items(signal)
    }
}

impl<'a, S: Sink> Walk<'a, '_, S> {
    /// The list of `Resource*` messages of a request.
    pub(super) fn resources(&mut self, signal: Signal) -> Result<(), Stop> {
        self.groups::<Resource<'a>>(signal)
    }

    fn groups<H: Header<'a>>(&mut self, signal: Signal) -> Result<(), Stop> {
        if !self.reader.list()? {
            return Ok(());
        }
        let mut first = true;
        while self.reader.element(&mut first)? {
            self.group::<H>(signal)?;
        }
        Ok(())
    }

    /// A `Resource*` or `Scope*` message.
    fn group<H: Header<'a>>(&mut self, signal: Signal) -> Result<(), Stop> {
        if !self.reader.object()? {
            return Ok(());
        }
        let mut header = H::default();
        let mut guess = None;
        let mut waiting = Vec::new();
        let (mut first, mut seen) = (true, 0);
        while let Some(name) = self.reader.member(&mut first)? {
            let part = H::part(name, signal);
            match part {
                Part::Header => {
                    let schema_url = *header.schema_url();
                    header = H::read(&mut self.reader, self.header, self.limits)?;
                    *header.schema_url() = schema_url;
                }
                Part::SchemaUrl => {
                    *header.schema_url() = self.reader.text_field(self.header)?;
                    self.has_schema_url = true;
                }
                Part::List => {
                    if guess.is_none() {
                        let mut early = header;
                        if seen & 1 << Part::SchemaUrl as u32 == 0 {
                            let list = self.reader.offset();
                            *early.schema_url() = H::foresee(&mut self.foresight, list);
                        }
                        if self.order == Order::Usual {
                            early.push(signal, self.out.sink);
                        }
                        guess = Some(early);
                    }
                    if self.order == Order::Usual {
                        H::list(self, signal)?;
                    } else {
                        waiting.push(self.reader.offset());
                        self.reader.skip_value()?;
                    }
                }
                Part::Unknown => {
                    self.reader.skip_value()?;
                    continue;
                }
            }
            see(&mut self.reader, &mut seen, part as u32);
        }
        let is_guess_right = guess.is_none_or(|early| early == header);
        if self.order == Order::Any || guess.is_none() {
            header.push(signal, self.out.sink);
            self.is_usual &= is_guess_right;
        } else if !is_guess_right {
            // What was pushed is not what the frame says.
            self.again = true;
            return Err(Stop);
        }
        let end = self.reader.offset();
        for offset in waiting {
            self.reader.go_to(offset);
            H::list(self, signal)?;
        }
        self.reader.go_to(end);
        Ok(())
    }

    /// The items of a scope. Repeated lists add up.
    fn items(&mut self, signal: Signal) -> Result<(), Stop> {
        if !self.reader.list()? {
            return Ok(());
        }
        let mut first = true;
        while self.reader.element(&mut first)? {
            let start = self.reader.mark();
            let is_good = match signal {
                Signal::Metrics => {
                    metric(self)?;
                    continue;
                }
                Signal::Traces => match span(&mut self.reader, self.item, self.limits) {
                    Ok(span) => {
                        self.out.sink.span(&span);
                        true
                    }
                    Err(Stop) => false,
                },
                Signal::Logs => match log_record(&mut self.reader, self.item, self.limits) {
                    Ok(record) => {
                        self.out.sink.log_record(&record);
                        true
                    }
                    Err(Stop) => false,
                },
            };
            if is_good {
                self.out.decoded.items += 1;
            } else {
                reject_item(signal, start, &mut self.reader, &mut self.out)?;
            }
            arena::reset(self.item);
        }
        Ok(())
    }
}
