//! The data points of metrics, and their exemplars.

use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;

use super::attribute::AttributeList;
use super::fault::Fault;
use super::list::{Found, varint_list};
use super::point_attributes::{PointAttributes, PointList};
use super::value::{Merged, Values, double, numbered, span_id, trace_id, wrong_wire_type};
use super::wire::{Message, Slice, Wire};
use crate::model::{
    Buckets, Exemplar, ExponentialHistogramPoint, HistogramPoint, Number, NumberPoint,
    QuantileValue, SummaryPoint,
};

impl Values<'_, '_> {
    /// A `NumberDataPoint`.
    pub(super) fn number_point<'b>(
        &mut self,
        slice: Slice<'b>,
        bump: &'b Bump,
    ) -> Result<(NumberPoint<'b>, PointList<'b>), Fault> {
        let message = Message::from(slice);
        let mut point = NumberPoint {
            attributes: &[],
            start_time_unix_nano: 0,
            time_unix_nano: 0,
            value: None,
            exemplars: &[],
            flags: 0,
        };
        let (mut attributes, mut exemplars) = (PointAttributes::default(), 0);
        let mut fields = message.fields();
        // As nearly all points begin. Whatever comes is read below (bench `decode/protobuf`).
        point.start_time_unix_nano = fields.fixed64(2).unwrap_or_default();
        point.time_unix_nano = fields.fixed64(3).unwrap_or_default();
        let int = |v: u64| Number::Int(v as i64);
        point.value = fields.fixed64(4).map(double).or(fields.fixed64(6).map(int));
        while let Some(field) = fields.next()? {
            match (field.number, field.value) {
                (2, Wire::Fixed64(v)) => point.start_time_unix_nano = v,
                (3, Wire::Fixed64(v)) => point.time_unix_nano = v,
                (4, Wire::Fixed64(v)) => point.value = Some(double(v)),
                (5, Wire::Len(_)) => exemplars += 1,
                (6, Wire::Fixed64(v)) => point.value = Some(Number::Int(v as i64)),
                (7, Wire::Len(s)) => {
                    self.point_attribute(&mut attributes, &mut fields, (field, s), bump)?;
                }
                (8, Wire::Varint(v)) => point.flags = v as u32,
                (2..=8, _) => return Err(wrong_wire_type(field)),
                _ => {}
            }
        }
        let list;
        (point.attributes, list) = self.finish_point(attributes, slice);
        point.exemplars = self.exemplars(message, 5, exemplars, bump)?;
        Ok((point, list))
    }

    /// A `HistogramDataPoint`.
    pub(super) fn histogram_point<'b>(
        &mut self,
        slice: Slice<'b>,
        bump: &'b Bump,
    ) -> Result<(HistogramPoint<'b>, PointList<'b>), Fault> {
        let message = Message::from(slice);
        let mut point = HistogramPoint {
            attributes: &[],
            start_time_unix_nano: 0,
            time_unix_nano: 0,
            count: 0,
            sum: None,
            bucket_counts: &[],
            explicit_bounds: &[],
            exemplars: &[],
            flags: 0,
            min: None,
            max: None,
        };
        let (mut attributes, mut exemplars) = (PointAttributes::default(), 0);
        let (mut counts, mut bounds) = (Found::Nothing, Found::Nothing);
        let mut fields = message.fields();
        while let Some(field) = fields.next()? {
            match (field.number, field.value) {
                (2, Wire::Fixed64(v)) => point.start_time_unix_nano = v,
                (3, Wire::Fixed64(v)) => point.time_unix_nano = v,
                (4, Wire::Fixed64(v)) => point.count = v,
                (5, Wire::Fixed64(v)) => point.sum = Some(f64::from_bits(v)),
                (6, Wire::Fixed64(_) | Wire::Len(_)) => counts.push(field.value),
                (7, Wire::Fixed64(_) | Wire::Len(_)) => bounds.push(field.value),
                (8, Wire::Len(_)) => exemplars += 1,
                (9, Wire::Len(s)) => {
                    self.point_attribute(&mut attributes, &mut fields, (field, s), bump)?;
                }
                (10, Wire::Varint(v)) => point.flags = v as u32,
                (11, Wire::Fixed64(v)) => point.min = Some(f64::from_bits(v)),
                (12, Wire::Fixed64(v)) => point.max = Some(f64::from_bits(v)),
                (2..=12, _) => return Err(wrong_wire_type(field)),
                _ => {}
            }
        }
        point.bucket_counts = counts.fixed64_list(message, 6, |bits| bits, bump)?;
        point.explicit_bounds = bounds.fixed64_list(message, 7, f64::from_bits, bump)?;
        let list;
        (point.attributes, list) = self.finish_point(attributes, slice);
        point.exemplars = self.exemplars(message, 8, exemplars, bump)?;
        Ok((point, list))
    }

    /// An `ExponentialHistogramDataPoint`.
    pub(super) fn exponential_histogram_point<'b>(
        &mut self,
        slice: Slice<'b>,
        bump: &'b Bump,
    ) -> Result<(ExponentialHistogramPoint<'b>, PointList<'b>), Fault> {
        let message = Message::from(slice);
        let mut point = ExponentialHistogramPoint {
            attributes: &[],
            start_time_unix_nano: 0,
            time_unix_nano: 0,
            count: 0,
            sum: None,
            scale: 0,
            zero_count: 0,
            positive: None,
            negative: None,
            flags: 0,
            exemplars: &[],
            min: None,
            max: None,
            zero_threshold: 0.0,
        };
        let (mut positive, mut negative) = (Merged::new(bump), Merged::new(bump));
        let (mut attributes, mut exemplars) = (PointAttributes::default(), 0);
        let mut fields = message.fields();
        while let Some(field) = fields.next()? {
            match (field.number, field.value) {
                (1, Wire::Len(s)) => {
                    self.point_attribute(&mut attributes, &mut fields, (field, s), bump)?;
                }
                (2, Wire::Fixed64(v)) => point.start_time_unix_nano = v,
                (3, Wire::Fixed64(v)) => point.time_unix_nano = v,
                (4, Wire::Fixed64(v)) => point.count = v,
                (5, Wire::Fixed64(v)) => point.sum = Some(f64::from_bits(v)),
                (6, Wire::Varint(v)) => point.scale = zigzag(v),
                (7, Wire::Fixed64(v)) => point.zero_count = v,
                (8, Wire::Len(s)) => positive.push(s),
                (9, Wire::Len(s)) => negative.push(s),
                (10, Wire::Varint(v)) => point.flags = v as u32,
                (11, Wire::Len(_)) => exemplars += 1,
                (12, Wire::Fixed64(v)) => point.min = Some(f64::from_bits(v)),
                (13, Wire::Fixed64(v)) => point.max = Some(f64::from_bits(v)),
                (14, Wire::Fixed64(v)) => point.zero_threshold = f64::from_bits(v),
                (1..=14, _) => return Err(wrong_wire_type(field)),
                _ => {}
            }
        }
        point.positive = positive.message().map(|m| buckets(m, bump)).transpose()?;
        point.negative = negative.message().map(|m| buckets(m, bump)).transpose()?;
        let list;
        (point.attributes, list) = self.finish_point(attributes, slice);
        point.exemplars = self.exemplars(message, 11, exemplars, bump)?;
        Ok((point, list))
    }

    /// A `SummaryDataPoint`.
    pub(super) fn summary_point<'b>(
        &mut self,
        slice: Slice<'b>,
        bump: &'b Bump,
    ) -> Result<(SummaryPoint<'b>, PointList<'b>), Fault> {
        let message = Message::from(slice);
        let mut point = SummaryPoint {
            attributes: &[],
            start_time_unix_nano: 0,
            time_unix_nano: 0,
            count: 0,
            sum: 0.0,
            quantile_values: &[],
            flags: 0,
        };
        let (mut attributes, mut quantiles) = (PointAttributes::default(), 0);
        let mut fields = message.fields();
        while let Some(field) = fields.next()? {
            match (field.number, field.value) {
                (2, Wire::Fixed64(v)) => point.start_time_unix_nano = v,
                (3, Wire::Fixed64(v)) => point.time_unix_nano = v,
                (4, Wire::Fixed64(v)) => point.count = v,
                (5, Wire::Fixed64(v)) => point.sum = f64::from_bits(v),
                (6, Wire::Len(_)) => quantiles += 1,
                (7, Wire::Len(s)) => {
                    self.point_attribute(&mut attributes, &mut fields, (field, s), bump)?;
                }
                (8, Wire::Varint(v)) => point.flags = v as u32,
                (2..=8, _) => return Err(wrong_wire_type(field)),
                _ => {}
            }
        }
        point.quantile_values = quantile_values(message, quantiles, bump)?;
        let list;
        (point.attributes, list) = self.finish_point(attributes, slice);
        Ok((point, list))
    }

    fn exemplars<'b>(
        &mut self,
        point: Message<'b>,
        number: u32,
        count: usize,
        bump: &'b Bump,
    ) -> Result<&'b [Exemplar<'b>], Fault> {
        if count == 0 {
            return Ok(&[]);
        }
        let mut exemplars = BumpVec::with_capacity_in(count, bump);
        let mut fields = point.fields();
        while let Some(field) = fields.next()? {
            if let Some(slice) = numbered(field, number)? {
                exemplars.push(self.exemplar(slice.into(), bump)?);
            }
        }
        Ok(exemplars.into_bump_slice())
    }

    fn exemplar<'b>(
        &mut self,
        message: Message<'b>,
        bump: &'b Bump,
    ) -> Result<Exemplar<'b>, Fault> {
        let mut exemplar = Exemplar {
            filtered_attributes: &[],
            time_unix_nano: 0,
            value: None,
            span_id: None,
            trace_id: None,
        };
        let mut attributes = AttributeList::default();
        let mut fields = message.fields();
        while let Some(field) = fields.next()? {
            match (field.number, field.value) {
                (2, Wire::Fixed64(v)) => exemplar.time_unix_nano = v,
                (3, Wire::Fixed64(v)) => exemplar.value = Some(double(v)),
                (4, Wire::Len(s)) => exemplar.span_id = span_id(s)?,
                (5, Wire::Len(s)) => exemplar.trace_id = trace_id(s)?,
                (6, Wire::Fixed64(v)) => exemplar.value = Some(Number::Int(v as i64)),
                (7, Wire::Len(s)) => self.attribute(&mut attributes, s, bump)?,
                (2..=7, _) => return Err(wrong_wire_type(field)),
                _ => {}
            }
        }
        exemplar.filtered_attributes = attributes.finish();
        Ok(exemplar)
    }
}

/// The number of a zigzag varint (sint32).
fn zigzag(value: u64) -> i32 {
    let value = value as u32;
    ((value >> 1) as i32) ^ -((value & 1) as i32)
}

fn buckets<'b>(message: Message<'b>, bump: &'b Bump) -> Result<Buckets<'b>, Fault> {
    let mut offset = 0;
    let mut fields = message.fields();
    while let Some(field) = fields.next()? {
        match (field.number, field.value) {
            (1, Wire::Varint(v)) => offset = zigzag(v),
            (2, Wire::Varint(_) | Wire::Len(_)) => {}
            (1 | 2, _) => return Err(wrong_wire_type(field)),
            _ => {}
        }
    }
    let bucket_counts = varint_list(message, 2, bump)?;
    Ok(Buckets {
        offset,
        bucket_counts,
    })
}

fn quantile_values<'b>(
    point: Message<'b>,
    count: usize,
    bump: &'b Bump,
) -> Result<&'b [QuantileValue], Fault> {
    let mut quantiles = BumpVec::with_capacity_in(count, bump);
    let mut fields = point.fields();
    while let Some(field) = fields.next()? {
        let Some(slice) = numbered(field, 6)? else {
            continue;
        };
        let mut quantile = QuantileValue {
            quantile: 0.0,
            value: 0.0,
        };
        let mut fields = Message::from(slice).fields();
        while let Some(field) = fields.next()? {
            match (field.number, field.value) {
                (1, Wire::Fixed64(v)) => quantile.quantile = f64::from_bits(v),
                (2, Wire::Fixed64(v)) => quantile.value = f64::from_bits(v),
                (1 | 2, _) => return Err(wrong_wire_type(field)),
                _ => {}
            }
        }
        quantiles.push(quantile);
    }
    Ok(quantiles.into_bump_slice())
}

#[cfg(test)]
mod tests {
    use super::zigzag;

    #[test]
    fn zigzag_numbers() {
        let cases = [
            (0, 0),
            (1, -1),
            (2, 1),
            (4_294_967_294, i32::MAX),
            (4_294_967_295, i32::MIN),
        ];
        for (wire, expected) in cases {
            assert_eq!(zigzag(wire), expected, "{wire}");
        }
    }
}
