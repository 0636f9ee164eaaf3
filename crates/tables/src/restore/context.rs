//! Resource, scope and metric of a row.

use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;
use otolith_otlp::{EntityRef, KeyValue, Metric, MetricKind, Resource, Scope, Value};

use super::attributes::AttributeColumns;
use super::error::{Fault, RestoreError};
use super::json::{Json, parse, parse_object};
use super::reserved::narrow;
use super::value;
use crate::part::{AttributePlace, Part};
use crate::schema::codes::code;
use crate::schema::{CommonColumns, EndingColumns, MetricColumns, TemporalityNames, metric_kind};

/// The columns of what rows share.
#[derive(Debug)]
pub(crate) struct ContextReader<'a> {
    common: CommonColumns<'a>,
    metric: MetricColumns<'a>,
    resource_attributes: AttributeColumns<'a>,
    scope_attributes: AttributeColumns<'a>,
}

impl<'a> ContextReader<'a> {
    pub(crate) fn find(part: &'a Part, ending: &EndingColumns<'a>) -> Result<Self, RestoreError> {
        let attributes = |place| AttributeColumns::find(part, place, ending);
        Ok(Self {
            common: CommonColumns::find(part)?,
            metric: MetricColumns::find(part)?,
            resource_attributes: attributes(AttributePlace::Resource),
            scope_attributes: attributes(AttributePlace::Scope),
        })
    }

    /// The resource of a row; `service.name` comes first.
    pub(crate) fn resource<'b>(&self, row: usize, bump: &'b Bump) -> Result<Resource<'b>, Fault>
    where
        'a: 'b,
    {
        let common = &self.common;
        let (found, _) = self.resource_attributes.read(row, bump)?;
        let mut attributes = BumpVec::with_capacity_in(found.len() + 1, bump);
        if let Some(name) = common.service_name.text(row) {
            attributes.push(KeyValue {
                key: "service.name",
                value: Value::String(name),
            });
        }
        attributes.extend(found);
        let column = &common.resource_entity_refs;
        let entity_refs = match column.text(row) {
            Some(text) => entity_refs(text, bump).map_err(|reason| column.fault(reason))?,
            None => &[],
        };
        let count = &common.resource_dropped_attributes_count;
        Ok(Resource {
            attributes: attributes.into_bump_slice(),
            dropped_attributes_count: narrow(count.int(row), count.name)?,
            entity_refs,
            schema_url: common.resource_schema_url.text(row).unwrap_or_default(),
        })
    }

    pub(crate) fn is_same_resource(&self, one: usize, other: usize, bump: &Bump) -> bool {
        let common = &self.common;
        [
            common.service_name,
            common.resource_schema_url,
            common.resource_dropped_attributes_count,
            common.resource_entity_refs,
        ]
        .iter()
        .all(|column| column.is_same(one, other))
            && self.resource_attributes.is_same(one, other, bump)
    }

    /// The scope of a row.
    pub(crate) fn scope<'b>(&self, row: usize, bump: &'b Bump) -> Result<Scope<'b>, Fault>
    where
        'a: 'b,
    {
        let common = &self.common;
        let (attributes, _) = self.scope_attributes.read(row, bump)?;
        let count = &common.scope_dropped_attributes_count;
        Ok(Scope {
            name: common.scope_name.text(row).unwrap_or_default(),
            version: common.scope_version.text(row).unwrap_or_default(),
            attributes: attributes.into_bump_slice(),
            dropped_attributes_count: narrow(count.int(row), count.name)?,
            schema_url: common.scope_schema_url.text(row).unwrap_or_default(),
        })
    }

    pub(crate) fn is_same_scope(&self, one: usize, other: usize, bump: &Bump) -> bool {
        let common = &self.common;
        [
            common.scope_name,
            common.scope_version,
            common.scope_schema_url,
            common.scope_dropped_attributes_count,
        ]
        .iter()
        .all(|column| column.is_same(one, other))
            && self.scope_attributes.is_same(one, other, bump)
    }

    /// The metric of a row in a table of points.
    pub(crate) fn metric<'b>(&self, row: usize, bump: &'b Bump) -> Result<Metric<'b>, Fault>
    where
        'a: 'b,
    {
        let columns = &self.metric;
        let kind = columns.metric_type.text(row).and_then(metric_kind);
        let temporality = match columns.temporality.text(row) {
            None => Some(0),
            Some(name) => code::<TemporalityNames>(name),
        };
        let column = &columns.metric_metadata;
        let metadata = match column.text(row) {
            Some(text) => metadata(text, bump).map_err(|reason| column.fault(reason))?,
            None => &[],
        };
        Ok(Metric {
            name: columns.metric_name.text(row).unwrap_or_default(),
            description: columns.description.text(row).unwrap_or_default(),
            unit: columns.unit.text(row).unwrap_or_default(),
            metadata,
            kind: kind.ok_or_else(|| columns.metric_type.fault("expected a type of metrics"))?,
            aggregation_temporality: temporality.ok_or_else(|| {
                let column = &columns.temporality;
                column.fault("expected one of the names, or a number")
            })?,
            is_monotonic: columns.is_monotonic.boolean(row).unwrap_or_default(),
        })
    }

    /// True if the metric of a row is an exponential histogram.
    pub(crate) fn is_exponential(&self, row: usize) -> bool {
        let kind = self.metric.metric_type.text(row).and_then(metric_kind);
        kind == Some(MetricKind::ExponentialHistogram)
    }

    pub(crate) fn is_same_metric(&self, one: usize, other: usize) -> bool {
        let metric = &self.metric;
        [
            metric.metric_name,
            metric.metric_type,
            metric.unit,
            metric.description,
            metric.temporality,
            metric.is_monotonic,
            metric.metric_metadata,
        ]
        .iter()
        .all(|column| column.is_same(one, other))
    }
}

/// Keys stand as sent here, whatever they begin with.
fn metadata<'b>(text: &'b str, bump: &'b Bump) -> Result<&'b [KeyValue<'b>], &'static str> {
    let mut attributes = BumpVec::new_in(bump);
    for (key, json) in parse_object(text, bump)? {
        let value = value::plain(*json, bump)?;
        attributes.push(KeyValue { key, value });
    }
    Ok(attributes.into_bump_slice())
}

fn entity_refs<'b>(text: &'b str, bump: &'b Bump) -> Result<&'b [EntityRef<'b>], &'static str> {
    const NO_REFS: &str = "expected a list of OTLP JSON `EntityRef`";
    let Json::List(refs) = parse(text, bump)? else {
        return Err(NO_REFS);
    };
    let mut found = BumpVec::with_capacity_in(refs.len(), bump);
    for json in refs {
        let Json::Object(members) = json else {
            return Err(NO_REFS);
        };
        let mut entity = EntityRef {
            schema_url: "",
            r#type: "",
            id_keys: &[],
            description_keys: &[],
        };
        for (name, value) in *members {
            match (*name, value) {
                ("schemaUrl", Json::Text(text)) => entity.schema_url = text,
                ("type", Json::Text(text)) => entity.r#type = text,
                ("idKeys", Json::List(keys)) => entity.id_keys = texts(keys, bump)?,
                ("descriptionKeys", Json::List(keys)) => {
                    entity.description_keys = texts(keys, bump)?;
                }
                _ => return Err(NO_REFS),
            }
        }
        found.push(entity);
    }
    Ok(found.into_bump_slice())
}

fn texts<'b>(list: &[Json<'b>], bump: &'b Bump) -> Result<&'b [&'b str], &'static str> {
    let mut found = BumpVec::with_capacity_in(list.len(), bump);
    for json in list {
        match json {
            Json::Text(text) => found.push(*text),
            _ => return Err("expected a list of texts"),
        }
    }
    Ok(found.into_bump_slice())
}
