//! Points of metrics and their exemplars into rows.

use otolith_otlp::{
    Exemplar, ExponentialHistogramPoint, HistogramPoint, NumberPoint, SummaryPoint,
};

use crate::schema::{
    ExemplarRow, ExemplarRows, HistogramRow, HistogramRows, MetricRow, MetricRows, Rows as _,
    SummaryRow, SummaryRows,
};
use crate::table::Table;
use crate::value::series::series_id;
use crate::value::time::Moment;

use super::Batches;
use super::context::Contexts;
use super::fields::{Reserved, counts, double, exact, int, time};

impl Batches {
    pub(super) fn add_number_point(&mut self, point: &NumberPoint<'_>) {
        let list = self.list.take();
        let mut reserved = Reserved::new();
        let moment = Moment::of(point.time_unix_nano);
        if self.passes_point(Table::Metrics, moment, point.attributes) {
            let numbers = [point.time_unix_nano, point.start_time_unix_nano];
            return self.pass_point(moment, numbers, point.time_unix_nano, point.exemplars);
        }
        let Some((table, context, contexts, _)) = self.place::<MetricRows>(moment, moment) else {
            return;
        };
        let hash = table.append_hashed(point.attributes, list);
        let series = series_id(Self::context_hash(contexts, context.context), hash);
        table.rows.push(MetricRow {
            time: moment.micros,
            time_unix_nano: time(point.time_unix_nano, "time_unix_nano", &mut reserved),
            start_time_unix_nano: time(
                point.start_time_unix_nano,
                "start_time_unix_nano",
                &mut reserved,
            ),
            value: point.value.map(double),
            value_int: point.value.and_then(exact),
            series_id: Some(series),
            flags: Some(point.flags.into()),
        });
        table.finish(context, contexts, &reserved);
        self.note_row(moment, &reserved);
        self.exemplars(series, point.time_unix_nano, point.exemplars);
    }

    pub(super) fn add_histogram_point(&mut self, point: &HistogramPoint<'_>) {
        let list = self.list.take();
        let mut reserved = Reserved::new();
        let moment = Moment::of(point.time_unix_nano);
        if self.passes_point(Table::Histograms, moment, point.attributes) {
            let numbers = [
                point.time_unix_nano,
                point.start_time_unix_nano,
                point.count,
            ];
            let numbers = numbers
                .into_iter()
                .chain(point.bucket_counts.iter().copied());
            return self.pass_point(moment, numbers, point.time_unix_nano, point.exemplars);
        }
        let Some((table, context, contexts, scratch)) = self.place::<HistogramRows>(moment, moment)
        else {
            return;
        };
        let hash = table.append_hashed(point.attributes, list);
        let series = series_id(Self::context_hash(contexts, context.context), hash);
        table.rows.push(HistogramRow {
            time: moment.micros,
            time_unix_nano: time(point.time_unix_nano, "time_unix_nano", &mut reserved),
            start_time_unix_nano: time(
                point.start_time_unix_nano,
                "start_time_unix_nano",
                &mut reserved,
            ),
            count: int(point.count, "count", &mut reserved),
            sum: point.sum,
            min: point.min,
            max: point.max,
            explicit_bounds: Some(point.explicit_bounds),
            bucket_counts: counts(
                point.bucket_counts,
                "bucket_counts",
                &mut scratch.first,
                &mut reserved,
            ),
            scale: None,
            zero_count: None,
            zero_threshold: None,
            positive_offset: None,
            positive_counts: None,
            negative_offset: None,
            negative_counts: None,
            series_id: Some(series),
            flags: Some(point.flags.into()),
        });
        table.finish(context, contexts, &reserved);
        self.note_row(moment, &reserved);
        self.exemplars(series, point.time_unix_nano, point.exemplars);
    }

    pub(super) fn add_exponential_histogram_point(
        &mut self,
        point: &ExponentialHistogramPoint<'_>,
    ) {
        let list = self.list.take();
        let mut reserved = Reserved::new();
        let moment = Moment::of(point.time_unix_nano);
        if self.passes_point(Table::Histograms, moment, point.attributes) {
            let numbers = [
                point.time_unix_nano,
                point.start_time_unix_nano,
                point.count,
                point.zero_count,
            ];
            let buckets = [point.positive, point.negative].into_iter().flatten();
            let counts = buckets.flat_map(|buckets| buckets.bucket_counts.iter().copied());
            let numbers = numbers.into_iter().chain(counts);
            return self.pass_point(moment, numbers, point.time_unix_nano, point.exemplars);
        }
        let Some((table, context, contexts, scratch)) = self.place::<HistogramRows>(moment, moment)
        else {
            return;
        };
        let hash = table.append_hashed(point.attributes, list);
        let series = series_id(Self::context_hash(contexts, context.context), hash);
        let (first, second) = (&mut scratch.first, &mut scratch.second);
        table.rows.push(HistogramRow {
            time: moment.micros,
            time_unix_nano: time(point.time_unix_nano, "time_unix_nano", &mut reserved),
            start_time_unix_nano: time(
                point.start_time_unix_nano,
                "start_time_unix_nano",
                &mut reserved,
            ),
            count: int(point.count, "count", &mut reserved),
            sum: point.sum,
            min: point.min,
            max: point.max,
            explicit_bounds: None,
            bucket_counts: None,
            scale: Some(point.scale.into()),
            zero_count: int(point.zero_count, "zero_count", &mut reserved),
            zero_threshold: Some(point.zero_threshold),
            positive_offset: point.positive.map(|buckets| buckets.offset.into()),
            positive_counts: point.positive.and_then(|buckets| {
                counts(
                    buckets.bucket_counts,
                    "positive_counts",
                    first,
                    &mut reserved,
                )
            }),
            negative_offset: point.negative.map(|buckets| buckets.offset.into()),
            negative_counts: point.negative.and_then(|buckets| {
                counts(
                    buckets.bucket_counts,
                    "negative_counts",
                    second,
                    &mut reserved,
                )
            }),
            series_id: Some(series),
            flags: Some(point.flags.into()),
        });
        table.finish(context, contexts, &reserved);
        self.note_row(moment, &reserved);
        self.exemplars(series, point.time_unix_nano, point.exemplars);
    }

    pub(super) fn add_summary_point(&mut self, point: &SummaryPoint<'_>) {
        let list = self.list.take();
        let mut reserved = Reserved::new();
        let moment = Moment::of(point.time_unix_nano);
        if self.passes_point(Table::Summaries, moment, point.attributes) {
            let numbers = [
                point.time_unix_nano,
                point.start_time_unix_nano,
                point.count,
            ];
            return self.pass_point(moment, numbers, point.time_unix_nano, &[]);
        }
        let Some((table, context, contexts, scratch)) = self.place::<SummaryRows>(moment, moment)
        else {
            return;
        };
        let hash = table.append_hashed(point.attributes, list);
        let series = series_id(Self::context_hash(contexts, context.context), hash);
        scratch.quantiles.clear();
        scratch.values.clear();
        for pair in point.quantile_values {
            scratch.quantiles.push(pair.quantile);
            scratch.values.push(pair.value);
        }
        table.rows.push(SummaryRow {
            time: moment.micros,
            time_unix_nano: time(point.time_unix_nano, "time_unix_nano", &mut reserved),
            start_time_unix_nano: time(
                point.start_time_unix_nano,
                "start_time_unix_nano",
                &mut reserved,
            ),
            count: int(point.count, "count", &mut reserved),
            sum: Some(point.sum),
            quantiles: Some(&scratch.quantiles),
            quantile_values: Some(&scratch.values),
            series_id: Some(series),
            flags: Some(point.flags.into()),
        });
        table.finish(context, contexts, &reserved);
        self.note_row(moment, &reserved);
    }

    pub(super) fn exemplars(
        &mut self,
        series_id: i64,
        point_time: u64,
        exemplars: &[Exemplar<'_>],
    ) {
        let of_point = Moment::of(point_time);
        for (index, exemplar) in exemplars.iter().enumerate() {
            let mut reserved = Reserved::new();
            let moment = Moment::of(exemplar.time_unix_nano);
            let row = ExemplarRow {
                time: moment.micros,
                time_unix_nano: time(exemplar.time_unix_nano, "time_unix_nano", &mut reserved),
                series_id: Some(series_id),
                point_time_unix_nano: time(point_time, "point_time_unix_nano", &mut reserved),
                value: exemplar.value.map(double),
                value_int: exemplar.value.and_then(exact),
                trace_id: exemplar.trace_id,
                span_id: exemplar.span_id,
                exemplar_index: i64::try_from(index).ok(),
            };
            if self.passes(Table::Exemplars, moment, of_point, |_| false) {
                self.note_row(moment, &reserved);
                continue;
            }
            let Some((table, context, contexts, _)) = self.place::<ExemplarRows>(moment, of_point)
            else {
                return;
            };
            table.rows.push(row);
            table.append(context, contexts, exemplar.filtered_attributes, &reserved);
            self.note_row(moment, &reserved);
        }
    }

    fn context_hash(contexts: &Contexts, metric: u32) -> u64 {
        contexts.get_metric(metric).hash
    }
}
