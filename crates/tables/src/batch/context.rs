//! What many rows share: the resource, the scope and the metric they belong to.
//!
//! Each distinct context of a batch is stored once; a row holds its number.

use std::borrow::Cow;
use std::sync::Arc;

use otolith_otlp::{KeyValue, Metric, MetricKind, Resource, Scope, Value};

use crate::part::AttributePlace;
use crate::schema::TemporalityNames;
use crate::schema::codes::name;
use crate::value::json;
use crate::value::series::{AttributesHash, context_hash};
use crate::wanted::Wanted;

use super::cells::{Cells, CellsMark};
use super::interner::Interner;

/// A resource.
#[derive(Debug)]
pub(crate) struct ResourceContext {
    pub service_name: Option<String>,
    pub schema_url: String,
    pub dropped_attributes_count: u32,
    pub entity_refs: Option<String>,
    /// Number of the database in the batch.
    pub database: u32,
    hash: AttributesHash,
}

/// A scope of a resource.
#[derive(Debug)]
pub(crate) struct ScopeContext {
    pub resource: u32,
    pub name: String,
    pub version: String,
    pub schema_url: String,
    pub dropped_attributes_count: u32,
    hash: AttributesHash,
}

/// A metric of a scope.
#[derive(Debug)]
pub(crate) struct MetricContext {
    pub scope: u32,
    pub name: String,
    pub description: String,
    pub unit: String,
    pub kind: MetricKind,
    pub temporality: Option<Cow<'static, str>>,
    pub is_monotonic: Option<bool>,
    pub metadata: Option<String>,
    /// Hash of all that the points of the metric share.
    pub hash: u64,
}

/// The contexts of a row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    pub resource: &'a ResourceContext,
    pub scope: &'a ScopeContext,
    pub scope_number: u32,
    pub metric: Option<&'a MetricContext>,
}

impl<'a> View<'a> {
    pub(crate) fn metric_name(&self) -> &'a str {
        self.metric.map_or("", |metric| &metric.name)
    }
}

/// The distinct contexts of a batch.
#[derive(Debug, Default)]
pub(crate) struct Contexts {
    resource_numbers: Interner,
    scope_numbers: Interner,
    metric_numbers: Interner,
    resources: Vec<ResourceContext>,
    scopes: Vec<ScopeContext>,
    metrics: Vec<MetricContext>,
    /// One row per resource, without `service.name` if it is text.
    pub resource_attributes: Cells,
    /// One row per scope.
    pub scope_attributes: Cells,
    /// The bytes that tell contexts apart, reused.
    identity: Vec<u8>,
}

/// A state to go back to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ContextsMark {
    resources: usize,
    scopes: usize,
    metrics: usize,
    resource_attributes: CellsMark,
    scope_attributes: CellsMark,
}

impl Contexts {
    /// Makes empty contexts that keep what is wanted of the attributes; all if nothing is said.
    pub(crate) fn new(wanted: Option<&Arc<Wanted>>) -> Self {
        Self {
            resource_attributes: Cells::new(wanted, AttributePlace::Resource),
            scope_attributes: Cells::new(wanted, AttributePlace::Scope),
            ..Self::default()
        }
    }

    /// Number of a resource. `database` names the database of a new one, given the service name.
    pub(crate) fn resource(
        &mut self,
        resource: &Resource<'_>,
        database: impl FnOnce(&str) -> u32,
    ) -> u32 {
        self.identity.clear();
        identify_attributes(&mut self.identity, resource.attributes);
        identify(&mut self.identity, resource.schema_url);
        self.identity
            .extend_from_slice(&resource.dropped_attributes_count.to_le_bytes());
        let entity_refs = json::entity_refs(resource.entity_refs);
        identify(
            &mut self.identity,
            entity_refs.as_deref().unwrap_or_default(),
        );
        let (number, new) = self.resource_numbers.intern(&self.identity);
        if new {
            let service_name = resource.attributes.iter().find_map(service_name_of);
            self.resource_attributes.push(
                resource
                    .attributes
                    .iter()
                    .filter(|attribute| service_name_of(attribute).is_none()),
            );
            self.resource_attributes.end_row(&[]);
            self.resources.push(ResourceContext {
                database: database(service_name.unwrap_or_default()),
                service_name: service_name.map(str::to_owned),
                schema_url: resource.schema_url.to_owned(),
                dropped_attributes_count: resource.dropped_attributes_count,
                entity_refs,
                hash: AttributesHash::of(resource.attributes),
            });
        }
        number
    }

    /// Number of a scope of a resource.
    pub(crate) fn scope(&mut self, resource: u32, scope: &Scope<'_>) -> u32 {
        self.identity.clear();
        self.identity.extend_from_slice(&resource.to_le_bytes());
        identify(&mut self.identity, scope.name);
        identify(&mut self.identity, scope.version);
        identify(&mut self.identity, scope.schema_url);
        self.identity
            .extend_from_slice(&scope.dropped_attributes_count.to_le_bytes());
        identify_attributes(&mut self.identity, scope.attributes);
        let (number, new) = self.scope_numbers.intern(&self.identity);
        if new {
            self.scope_attributes.push(scope.attributes);
            self.scope_attributes.end_row(&[]);
            self.scopes.push(ScopeContext {
                resource,
                name: scope.name.to_owned(),
                version: scope.version.to_owned(),
                schema_url: scope.schema_url.to_owned(),
                dropped_attributes_count: scope.dropped_attributes_count,
                hash: AttributesHash::of(scope.attributes),
            });
        }
        number
    }

    /// Number of a metric of a scope.
    pub(crate) fn metric(&mut self, scope: u32, metric: &Metric<'_>) -> u32 {
        self.identity.clear();
        self.identity.extend_from_slice(&scope.to_le_bytes());
        identify(&mut self.identity, metric.name);
        identify(&mut self.identity, metric.description);
        identify(&mut self.identity, metric.unit);
        self.identity
            .extend_from_slice(&metric.aggregation_temporality.to_le_bytes());
        self.identity
            .extend_from_slice(&[u8::from(metric.is_monotonic), metric.kind as u8]);
        identify_attributes(&mut self.identity, metric.metadata);
        let (number, new) = self.metric_numbers.intern(&self.identity);
        if new {
            let scope_context = &self.scopes[scope as usize];
            let resource = &self.resources[scope_context.resource as usize];
            let hash = context_hash(
                resource.hash,
                scope_context.hash,
                &scope_context.name,
                &scope_context.version,
                metric,
            );
            let has_temporality = !matches!(metric.kind, MetricKind::Gauge | MetricKind::Summary);
            self.metrics.push(MetricContext {
                scope,
                name: metric.name.to_owned(),
                description: metric.description.to_owned(),
                unit: metric.unit.to_owned(),
                kind: metric.kind,
                temporality: has_temporality
                    .then(|| name::<TemporalityNames>(metric.aggregation_temporality)),
                is_monotonic: (metric.kind == MetricKind::Sum).then_some(metric.is_monotonic),
                metadata: json::object(metric.metadata),
                hash,
            });
        }
        number
    }

    /// The contexts of a row of a table that is not of points.
    pub(crate) fn of_scope(&self, scope_number: u32) -> View<'_> {
        let scope = &self.scopes[scope_number as usize];
        View {
            resource: &self.resources[scope.resource as usize],
            scope,
            scope_number,
            metric: None,
        }
    }

    /// The contexts of a row of a table of points.
    pub(crate) fn of_metric(&self, metric: u32) -> View<'_> {
        let metric = &self.metrics[metric as usize];
        View {
            metric: Some(metric),
            ..self.of_scope(metric.scope)
        }
    }

    /// The attributes of resources or scopes.
    pub(crate) fn attributes(&self, place: AttributePlace) -> &Cells {
        match place {
            AttributePlace::Scope => &self.scope_attributes,
            AttributePlace::Item | AttributePlace::Resource => &self.resource_attributes,
        }
    }

    pub(crate) fn get_resource(&self, resource: u32) -> &ResourceContext {
        &self.resources[resource as usize]
    }

    pub(crate) fn get_scope(&self, scope: u32) -> &ScopeContext {
        &self.scopes[scope as usize]
    }

    pub(crate) fn get_metric(&self, metric: u32) -> &MetricContext {
        &self.metrics[metric as usize]
    }

    pub(crate) fn len_bytes(&self) -> usize {
        self.resource_numbers.len_bytes()
            + self.scope_numbers.len_bytes()
            + self.metric_numbers.len_bytes()
            + self.resource_attributes.len_bytes()
            + self.scope_attributes.len_bytes()
    }

    pub(crate) fn mark(&self) -> ContextsMark {
        ContextsMark {
            resources: self.resources.len(),
            scopes: self.scopes.len(),
            metrics: self.metrics.len(),
            resource_attributes: self.resource_attributes.mark(),
            scope_attributes: self.scope_attributes.mark(),
        }
    }

    pub(crate) fn truncate(&mut self, mark: ContextsMark) {
        self.resource_numbers.truncate(mark.resources);
        self.scope_numbers.truncate(mark.scopes);
        self.metric_numbers.truncate(mark.metrics);
        self.resources.truncate(mark.resources);
        self.scopes.truncate(mark.scopes);
        self.metrics.truncate(mark.metrics);
        self.resource_attributes.truncate(mark.resource_attributes);
        self.scope_attributes.truncate(mark.scope_attributes);
    }
}

/// The text of `service.name`, if the attribute is that.
fn service_name_of<'a>(attribute: &KeyValue<'a>) -> Option<&'a str> {
    match attribute {
        KeyValue {
            key: "service.name",
            value: Value::String(name),
        } => Some(name),
        _ => None,
    }
}

/// Appends a text so that it cannot run into the next.
fn identify(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(&(text.len() as u64).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

fn identify_attributes(out: &mut Vec<u8>, attributes: &[KeyValue<'_>]) {
    out.extend_from_slice(&(attributes.len() as u64).to_le_bytes());
    for attribute in attributes {
        identify(out, attribute.key);
        identify_value(out, &attribute.value);
    }
}

fn identify_value(out: &mut Vec<u8>, value: &Value<'_>) {
    match value {
        Value::Empty => out.push(0),
        Value::String(text) => {
            out.push(1);
            identify(out, text);
        }
        Value::Bool(truth) => out.extend_from_slice(&[2, u8::from(*truth)]),
        Value::Int(int) => {
            out.push(3);
            out.extend_from_slice(&int.to_le_bytes());
        }
        Value::Double(double) => {
            out.push(4);
            out.extend_from_slice(&double.to_bits().to_le_bytes());
        }
        Value::Bytes(bytes) => {
            out.push(5);
            out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
            out.extend_from_slice(bytes);
        }
        Value::Array(items) => {
            out.push(6);
            out.extend_from_slice(&(items.len() as u64).to_le_bytes());
            for item in *items {
                identify_value(out, item);
            }
        }
        Value::KeyValueList(entries) => {
            out.push(7);
            identify_attributes(out, entries);
        }
    }
}
