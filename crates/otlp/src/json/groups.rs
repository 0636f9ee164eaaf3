//! Groups of a resource and of a scope, and their lists.

use otolith_capture::Signal;

use super::fault::Stop;
use super::header;
use super::log::log_record;
use super::metric::metric;
use super::request::{Order, Walk, reject_item};
use super::span::{see, span};
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

/// A member of a `Resource*` message.
fn resource_part(name: &str, signal: Signal) -> Part {
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

/// A member of a `Scope*` message.
fn scope_part(name: &str, signal: Signal) -> Part {
    match (name, signal) {
        ("scope" | "instrumentationLibrary" | "instrumentation_library", _) => Part::Header,
        ("schemaUrl" | "schema_url", _) => Part::SchemaUrl,
        ("spans", Signal::Traces)
        | ("metrics", Signal::Metrics)
        | ("logRecords" | "log_records" | "logs", Signal::Logs) => Part::List,
        _ => Part::Unknown,
    }
}

impl<S: Sink> Walk<'_, '_, S> {
    /// The list of groups of resources, which may be `null`.
    pub(super) fn resources(&mut self, signal: Signal) -> Result<(), Stop> {
        if !self.reader.list()? {
            return Ok(());
        }
        let mut first = true;
        while self.reader.element(&mut first)? {
            self.resource_group(signal)?;
        }
        Ok(())
    }

    /// A `ResourceSpans`, `ResourceMetrics` or `ResourceLogs`.
    fn resource_group(&mut self, signal: Signal) -> Result<(), Stop> {
        if !self.reader.object()? {
            return Ok(());
        }
        let mut resource = Resource {
            attributes: &[],
            dropped_attributes_count: 0,
            entity_refs: &[],
            schema_url: "",
        };
        let mut guess = None;
        let mut waiting = Vec::new();
        let (mut first, mut seen) = (true, 0);
        while let Some(name) = self.reader.member(&mut first)? {
            let part = resource_part(name, signal);
            match part {
                Part::Header => {
                    let schema_url = resource.schema_url;
                    resource = header::resource(&mut self.reader, self.header, self.limits)?;
                    resource.schema_url = schema_url;
                }
                Part::SchemaUrl => {
                    resource.schema_url = self.reader.text_field(self.header)?;
                    self.has_schema_url = true;
                }
                Part::List => {
                    if guess.is_none() {
                        let mut early = resource;
                        if seen & 1 << Part::SchemaUrl as u32 == 0 {
                            early.schema_url = self.foresight.of_resource(self.reader.offset());
                        }
                        if self.order == Order::Usual {
                            self.out.sink.resource(signal, &early);
                        }
                        guess = Some(early);
                    }
                    if self.order == Order::Usual {
                        self.scopes(signal)?;
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
        let is_guess_right = guess.is_none_or(|early| early == resource);
        if self.order == Order::Any || guess.is_none() {
            self.out.sink.resource(signal, &resource);
            self.is_usual &= is_guess_right;
        } else if !is_guess_right {
            return self.again();
        }
        let end = self.reader.offset();
        for offset in waiting {
            self.reader.go_to(offset);
            self.scopes(signal)?;
        }
        self.reader.go_to(end);
        Ok(())
    }

    /// What was pushed is not what the frame says.
    #[cold]
    fn again<T>(&mut self) -> Result<T, Stop> {
        self.again = true;
        Err(Stop)
    }

    fn scopes(&mut self, signal: Signal) -> Result<(), Stop> {
        if !self.reader.list()? {
            return Ok(());
        }
        let mut first = true;
        while self.reader.element(&mut first)? {
            self.scope_group(signal)?;
        }
        Ok(())
    }

    /// A `ScopeSpans`, `ScopeMetrics` or `ScopeLogs`.
    fn scope_group(&mut self, signal: Signal) -> Result<(), Stop> {
        if !self.reader.object()? {
            return Ok(());
        }
        let mut scope = Scope {
            name: "",
            version: "",
            attributes: &[],
            dropped_attributes_count: 0,
            schema_url: "",
        };
        let mut guess = None;
        let mut waiting = Vec::new();
        let (mut first, mut seen) = (true, 0);
        while let Some(name) = self.reader.member(&mut first)? {
            let part = scope_part(name, signal);
            match part {
                Part::Header => {
                    let schema_url = scope.schema_url;
                    scope = header::scope(&mut self.reader, self.header, self.limits)?;
                    scope.schema_url = schema_url;
                }
                Part::SchemaUrl => {
                    scope.schema_url = self.reader.text_field(self.header)?;
                    self.has_schema_url = true;
                }
                Part::List => {
                    if guess.is_none() {
                        let mut early = scope;
                        if seen & 1 << Part::SchemaUrl as u32 == 0 {
                            early.schema_url = self.foresight.of_scope(self.reader.offset());
                        }
                        if self.order == Order::Usual {
                            self.out.sink.scope(&early);
                        }
                        guess = Some(early);
                    }
                    if self.order == Order::Usual {
                        self.items(signal)?;
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
        let is_guess_right = guess.is_none_or(|early| early == scope);
        if self.order == Order::Any || guess.is_none() {
            self.out.sink.scope(&scope);
            self.is_usual &= is_guess_right;
        } else if !is_guess_right {
            return self.again();
        }
        let end = self.reader.offset();
        for offset in waiting {
            self.reader.go_to(offset);
            self.items(signal)?;
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
