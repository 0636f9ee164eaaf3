//! The columns that each row brings, table by table.

use crate::part::Layout;
use crate::restore::Fault;
use crate::table::Table;

use super::buffer::{Buffer, Double, Gathered, Int, Micros};
use super::codes::Codes;
use super::column::{Column, Readable};
use super::context_columns::{ContextColumn, METRIC, METRIC_NAME};
use super::ids::{SpanIds, TraceIds};
use super::names::{BodyKind, SpanKindNames, StatusCodeNames};
use super::number_lists::{Doubles, Ints};
use super::runs::Runs;
use super::strings::Text;
use super::{ColumnDefinition, Rows};

/// Defines one table: its row, its buffers, its columns.
macro_rules! table {
    (
        $(#[$doc:meta])* $table:ident: $row:ident, $rows:ident, $headers:expr;
        $(
            $column:ident: $buffer:ty, $layout:ident, $unit:literal, $meaning:literal, null $null:literal;
        )*
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub(crate) struct $row<'a> {
            $(pub $column: <$buffer as Buffer>::Value<'a>,)*
        }

        $(#[$doc])*
        #[derive(Debug, Default)]
        pub(crate) struct $rows {
            $($column: $buffer,)*
        }

        impl Rows for $rows {
            type Row<'a> = $row<'a>;
            const TABLE: Table = Table::$table;
            const COLUMNS: &'static [ColumnDefinition] = &[$(ColumnDefinition {
                name: stringify!($column),
                r#type: <$buffer as Buffer>::TYPE,
                layout: Layout::$layout,
                unit: $unit,
                meaning: $meaning,
                null: $null,
            }),*];
            const HEADERS: &'static [ContextColumn] = $headers;

            fn push(&mut self, row: $row<'_>) {
                $(self.$column.push(row.$column);)*
            }

            fn truncate(&mut self, rows: usize) {
                $(self.$column.truncate(rows);)*
            }

            fn len_bytes(&self) -> usize {
                [$(self.$column.len_bytes()),*].iter().sum()
            }

            fn row_bytes(&self, row: usize) -> usize {
                [$(self.$column.row_bytes(row)),*].iter().sum()
            }

            fn read<'a>(columns: &[Column<'a>], row: usize) -> Result<$row<'a>, Fault> {
                let mut columns = columns.iter();
                let mut next = || columns.next().expect("there is one per definition");
                Ok($row {
                    $($column: <$buffer as Readable>::read(next(), row)?,)*
                })
            }

            fn gather(buffers: &[&Self], rows: &Runs) -> Vec<Gathered> {
                vec![$({
                    let columns: Vec<_> = buffers.iter().map(|buffer| &buffer.$column).collect();
                    <$buffer as Buffer>::gather(&columns, rows)
                }),*]
            }
        }
    };
}

table! {
    /// A span.
    Traces: TraceRow, TraceRows, &[];
    time: Micros, Rising, "us", "start of the span, UTC", null "the start is unknown (0)";
    time_unix_nano: Int, Rising, "ns", "start of the span, exact", null "the start is 0, or does not fit (then in `attributes`)";
    end_time_unix_nano: Int, Rising, "ns", "end of the span", null "the end is 0, or does not fit (then in `attributes`)";
    duration_nano: Int, Distinct, "ns", "end - start", null "start or end is missing, or the end is before the start";
    trace_id: TraceIds, Repeating, "", "trace id, 32 lower-case hex digits", null "empty or all zero";
    span_id: SpanIds, Distinct, "", "span id, 16 lower-case hex digits", null "empty or all zero";
    parent_span_id: SpanIds, Repeating, "", "span id of the parent", null "a root span";
    trace_state: Text, Repeating, "", "W3C trace state", null "empty";
    span_name: Text, Repeating, "", "name of the span", null "empty";
    span_kind: Codes<SpanKindNames>, Repeating, "", "`UNSPECIFIED`, `INTERNAL`, `SERVER`, `CLIENT`, `PRODUCER`, `CONSUMER`, or an unknown number", null "";
    status_code: Codes<StatusCodeNames>, Repeating, "", "`UNSET`, `OK`, `ERROR`, or an unknown number", null "";
    status_message: Text, Repeating, "", "message of the status", null "empty";
    flags: Int, Repeating, "", "W3C trace flags, and bits 8 and 9 for a remote parent", null "";
    dropped_attributes_count: Int, Repeating, "", "attributes that the emitter dropped", null "";
    dropped_events_count: Int, Repeating, "", "events that the emitter dropped", null "";
    dropped_links_count: Int, Repeating, "", "links that the emitter dropped", null "";
}

table! {
    /// An event of a span.
    SpanEvents: SpanEventRow, SpanEventRows, &[];
    time: Micros, Rising, "us", "time of the event, UTC", null "the time is unknown (0)";
    time_unix_nano: Int, Rising, "ns", "time of the event, exact", null "the time is 0, or does not fit (then in `attributes`)";
    trace_id: TraceIds, Repeating, "", "trace id of the span", null "empty or all zero";
    span_id: SpanIds, Repeating, "", "span id of the span", null "empty or all zero";
    event_name: Text, Repeating, "", "name of the event, as sent", null "empty";
    event_index: Int, Repeating, "", "position among the events of the span, from 0", null "";
    dropped_attributes_count: Int, Repeating, "", "attributes that the emitter dropped", null "";
}

table! {
    /// A link of a span.
    SpanLinks: SpanLinkRow, SpanLinkRows, &[];
    trace_id: TraceIds, Repeating, "", "trace id of the span that has the link", null "empty or all zero";
    span_id: SpanIds, Repeating, "", "span id of the span that has the link", null "empty or all zero";
    linked_trace_id: TraceIds, Repeating, "", "trace id of the linked span", null "empty or all zero";
    linked_span_id: SpanIds, Distinct, "", "span id of the linked span", null "empty or all zero";
    trace_state: Text, Repeating, "", "W3C trace state of the link", null "empty";
    flags: Int, Repeating, "", "W3C trace flags of the link", null "";
    link_index: Int, Repeating, "", "position among the links of the span, from 0", null "";
    dropped_attributes_count: Int, Repeating, "", "attributes that the emitter dropped", null "";
}

table! {
    /// A log record.
    Logs: LogRow, LogRows, &[];
    time: Micros, Rising, "us", "time of the record, else the observed time, else attribute `event.timestamp`; UTC", null "none of these is known";
    time_unix_nano: Int, Rising, "ns", "time of the record as sent", null "the time is 0, or does not fit (then in `attributes`)";
    observed_time_unix_nano: Int, Rising, "ns", "when the record was observed", null "the time is 0, or does not fit (then in `attributes`)";
    trace_id: TraceIds, Repeating, "", "trace id", null "empty or all zero";
    span_id: SpanIds, Repeating, "", "span id", null "empty or all zero";
    severity_number: Int, Repeating, "", "severity 1-24, 0 unspecified", null "";
    severity_text: Text, Repeating, "", "severity as text", null "empty";
    event_name: Text, Repeating, "", "event: attribute `event.name`, else `event_name_field` unless it is a source location, else a body that names a known event; a known emitter prefix is removed", null "no event is named";
    event_name_field: Text, Repeating, "", "field `event_name` of the record, as sent", null "empty";
    body: Text, Distinct, "", "text, or the OTLP JSON `AnyValue` when the body is not text", null "the record has no body";
    body_kind: Codes<BodyKind>, Repeating, "", "`string`, `bool`, `int`, `double`, `bytes`, `array` or `kvlist`", null "the record has no body, or an empty one";
    flags: Int, Repeating, "", "W3C trace flags", null "";
    dropped_attributes_count: Int, Repeating, "", "attributes that the emitter dropped", null "";
}

table! {
    /// A point of a gauge or sum.
    Metrics: MetricRow, MetricRows, METRIC;
    time: Micros, Rising, "us", "time of the point, UTC", null "the time is unknown (0)";
    time_unix_nano: Int, Rising, "ns", "time of the point, exact", null "the time is 0, or does not fit (then in `attributes`)";
    start_time_unix_nano: Int, Rising, "ns", "start of the series", null "the start is 0, or does not fit (then in `attributes`)";
    value: Double, Distinct, "unit", "value, whether sent as integer or double", null "the point has no value";
    value_int: Int, Distinct, "unit", "value, exact", null "the value was not sent as integer";
    series_id: Int, Repeating, "", "stable hash of resource, scope, metric and attributes", null "";
    flags: Int, Repeating, "", "bit 0: no recorded value", null "";
}

table! {
    /// A point of a histogram or exponential histogram.
    Histograms: HistogramRow, HistogramRows, METRIC;
    time: Micros, Rising, "us", "time of the point, UTC", null "the time is unknown (0)";
    time_unix_nano: Int, Rising, "ns", "time of the point, exact", null "the time is 0, or does not fit (then in `attributes`)";
    start_time_unix_nano: Int, Rising, "ns", "start of the series", null "the start is 0, or does not fit (then in `attributes`)";
    count: Int, Distinct, "", "number of values", null "the count does not fit (then in `attributes`)";
    sum: Double, Distinct, "unit", "sum of the values", null "not sent";
    min: Double, Distinct, "unit", "smallest value", null "not sent";
    max: Double, Distinct, "unit", "largest value", null "not sent";
    explicit_bounds: Doubles, Repeating, "unit", "upper bounds of all buckets but the last", null "an exponential histogram";
    bucket_counts: Ints, Distinct, "", "number of values per bucket", null "an exponential histogram, or a count does not fit (then in `attributes`)";
    scale: Int, Repeating, "", "the base is 2^(2^-scale)", null "not an exponential histogram";
    zero_count: Int, Repeating, "", "number of values near zero", null "not an exponential histogram, or it does not fit (then in `attributes`)";
    zero_threshold: Double, Repeating, "unit", "width of the zero bucket", null "not an exponential histogram";
    positive_offset: Int, Repeating, "", "index of the first positive bucket", null "there are no positive buckets";
    positive_counts: Ints, Distinct, "", "number of values per positive bucket", null "there are no positive buckets, or a count does not fit (then in `attributes`)";
    negative_offset: Int, Repeating, "", "index of the first negative bucket", null "there are no negative buckets";
    negative_counts: Ints, Distinct, "", "number of values per negative bucket", null "there are no negative buckets, or a count does not fit (then in `attributes`)";
    series_id: Int, Repeating, "", "stable hash of resource, scope, metric and attributes", null "";
    flags: Int, Repeating, "", "bit 0: no recorded value", null "";
}

table! {
    /// A point of a summary.
    Summaries: SummaryRow, SummaryRows, METRIC;
    time: Micros, Rising, "us", "time of the point, UTC", null "the time is unknown (0)";
    time_unix_nano: Int, Rising, "ns", "time of the point, exact", null "the time is 0, or does not fit (then in `attributes`)";
    start_time_unix_nano: Int, Rising, "ns", "start of the series", null "the start is 0, or does not fit (then in `attributes`)";
    count: Int, Distinct, "", "number of values", null "the count does not fit (then in `attributes`)";
    sum: Double, Distinct, "unit", "sum of the values", null "";
    quantiles: Doubles, Repeating, "", "quantiles, 0 to 1", null "";
    quantile_values: Doubles, Distinct, "unit", "value at each of `quantiles`", null "";
    series_id: Int, Repeating, "", "stable hash of resource, scope, metric and attributes", null "";
    flags: Int, Repeating, "", "bit 0: no recorded value", null "";
}

table! {
    /// An exemplar of a point; its attributes are those that the point lacks.
    Exemplars: ExemplarRow, ExemplarRows, METRIC_NAME;
    time: Micros, Rising, "us", "time of the exemplar, UTC", null "the time is unknown (0)";
    time_unix_nano: Int, Rising, "ns", "time of the exemplar, exact", null "the time is 0, or does not fit (then in `attributes`)";
    series_id: Int, Repeating, "", "`series_id` of the point", null "";
    point_time_unix_nano: Int, Rising, "ns", "time of the point", null "the time is 0, or does not fit (then in `attributes`)";
    value: Double, Distinct, "unit", "value, whether sent as integer or double", null "the exemplar has no value";
    value_int: Int, Distinct, "unit", "value, exact", null "the value was not sent as integer";
    trace_id: TraceIds, Distinct, "", "trace id of the recording span", null "empty or all zero";
    span_id: SpanIds, Distinct, "", "span id of the recording span", null "empty or all zero";
    exemplar_index: Int, Repeating, "", "position among the exemplars of the point, from 0", null "";
}
