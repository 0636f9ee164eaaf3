//! Resources, scopes and span contexts.

use std::collections::HashSet;

use bumpalo::Bump;

use super::members::Object;
use super::value::{List, attributes, value};
use crate::Limits;
use crate::json::fault::{Note, Stop};
use crate::json::reader::Reader;
use crate::model::{Attributes, KeyValue, Resource, Scope, SpanId, TraceId, Value};

/// Reads a resource; a cut one is empty, with a note.
pub(super) fn resource<'a: 'b, 'b>(
    reader: &mut Reader<'a>,
    bump: &'b Bump,
    limits: &Limits,
) -> Result<Resource<'b>, Stop> {
    let mut resource = Resource::default();
    if reader.cut() {
        reader.note(Note::CutReference);
        return Ok(resource);
    }
    let object = Object::find(
        reader,
        &[
            "attributes",
            "_rawAttributes",
            "_attributes",
            "schemaUrl",
            "_schemaUrl",
        ],
    )?;
    if object.enter(reader, &["_rawAttributes"]) && reader.peek() == b'[' {
        resource.attributes = pairs(reader, bump, limits)?;
    } else if object.enter(reader, &["attributes", "_attributes"]) {
        resource.attributes = attributes(reader, bump, limits)?;
    }
    if object.enter(reader, &["schemaUrl", "_schemaUrl"]) {
        resource.schema_url = reader.text_field(bump)?;
    }
    object.leave(reader);
    Ok(resource)
}

/// Reads the attributes of a resource of SDK 2.x: pairs of key and value, of which the first of a key
/// counts. A value that is still being found out is a promise, which becomes `{}`.
fn pairs<'a: 'b, 'b>(
    reader: &mut Reader<'a>,
    bump: &'b Bump,
    limits: &Limits,
) -> Result<Attributes<'b>, Stop> {
    let mut list = List::new(reader.offset(), bump, limits);
    let mut seen = HashSet::new();
    reader.list()?;
    let mut first = true;
    while reader.element(&mut first)? {
        let (key, value) = pair(reader, bump, limits)?;
        let is_known = !matches!(value, Value::Empty | Value::KeyValueList([]));
        if is_known && seen.insert(key) {
            list.push(KeyValue { key, value }, reader)?;
        }
    }
    Ok(list.finish())
}

fn pair<'a: 'b, 'b>(
    reader: &mut Reader<'a>,
    bump: &'b Bump,
    limits: &Limits,
) -> Result<(&'b str, Value<'b>), Stop> {
    let mut pair = ("", Value::Empty);
    if !reader.list()? {
        return Ok(pair);
    }
    let (mut first, mut count) = (true, 0_usize);
    while reader.element(&mut first)? {
        match count {
            0 => pair.0 = reader.text_field(bump)?,
            1 => pair.1 = value(reader, bump, limits.value_depth)?,
            _ => reader.skip_value()?,
        }
        count += 1;
    }
    Ok(pair)
}

/// Reads an instrumentation scope; a cut one is empty, with a note.
pub(super) fn scope<'a: 'b, 'b>(
    reader: &mut Reader<'a>,
    bump: &'b Bump,
    limits: &Limits,
) -> Result<Scope<'b>, Stop> {
    let mut scope = Scope::default();
    if reader.cut() {
        reader.note(Note::CutReference);
        return Ok(scope);
    }
    let object = Object::find(reader, &["name", "version", "schemaUrl", "attributes"])?;
    if object.enter(reader, &["name"]) {
        scope.name = reader.text_field(bump)?;
    }
    if object.enter(reader, &["version"]) {
        scope.version = reader.text_field(bump)?;
    }
    if object.enter(reader, &["schemaUrl"]) {
        scope.schema_url = reader.text_field(bump)?;
    }
    if object.enter(reader, &["attributes"]) {
        scope.attributes = attributes(reader, bump, limits)?;
    }
    object.leave(reader);
    Ok(scope)
}

/// A span context.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Context<'b> {
    pub(super) trace_id: Option<TraceId>,
    pub(super) span_id: Option<SpanId>,
    /// The flags of the trace, if they are written.
    pub(super) trace_flags: Option<u32>,
    pub(super) is_remote: bool,
    pub(super) trace_state: &'b str,
}

/// Bits of the flags of spans and links: whether it is known if the context they mean is remote, and
/// whether it is.
const REMOTE_IS_KNOWN: u32 = 0x100;
const IS_REMOTE: u32 = 0x200;

impl Context<'_> {
    /// The flags of a span or link as the protocol has them; `is_remote` is none if it is not known.
    pub(super) fn flags(&self, is_remote: Option<bool>) -> u32 {
        let Some(flags) = self.trace_flags else {
            return 0;
        };
        flags
            | match is_remote {
                None => 0,
                Some(false) => REMOTE_IS_KNOWN,
                Some(true) => REMOTE_IS_KNOWN | IS_REMOTE,
            }
    }
}

/// Members of a span context; spans of some programs have them as their own.
const CONTEXT: [&str; 5] = ["traceId", "spanId", "traceFlags", "isRemote", "traceState"];

/// Reads a span context.
pub(super) fn context<'a: 'b, 'b>(
    reader: &mut Reader<'a>,
    bump: &'b Bump,
) -> Result<Context<'b>, Stop> {
    let object = Object::find(reader, &CONTEXT)?;
    let context = context_of(&object, reader, bump)?;
    object.leave(reader);
    Ok(context)
}

/// Reads the span context whose members an object has as its own.
pub(super) fn context_of<'a: 'b, 'b, const N: usize>(
    object: &Object<N>,
    reader: &mut Reader<'a>,
    bump: &'b Bump,
) -> Result<Context<'b>, Stop> {
    let mut context = Context::default();
    if object.enter(reader, &["traceId"]) {
        context.trace_id = reader.id_field()?;
    }
    if object.enter(reader, &["spanId"]) {
        context.span_id = reader.id_field()?;
    }
    if object.enter(reader, &["traceFlags"]) {
        context.trace_flags = Some(reader.u32_field()?);
    }
    if object.enter(reader, &["isRemote"]) {
        context.is_remote = reader.bool_field()?.unwrap_or(false);
    }
    // As the SDK holds it, it is a map, and its entries are not written.
    if object.enter(reader, &["traceState"]) && reader.peek() == b'"' && !reader.cut() {
        context.trace_state = reader.string(bump)?;
    }
    Ok(context)
}
