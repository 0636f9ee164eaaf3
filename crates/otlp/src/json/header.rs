//! The headers of resource and scope groups.

use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;

use super::fault::Stop;
use super::reader::Reader;
use super::span::{objects, see};
use super::value::attributes;
use crate::Limits;
use crate::model::{EntityRef, Resource, Scope};

/// Reads a `Resource`; `null` is an empty one.
pub(super) fn resource<'a: 'b, 'b>(
    reader: &mut Reader<'a>,
    bump: &'b Bump,
    limits: &Limits,
) -> Result<Resource<'b>, Stop> {
    let mut resource = Resource::default();
    if !reader.object()? {
        return Ok(resource);
    }
    let (mut first, mut seen) = (true, 0);
    while let Some(name) = reader.member(&mut first)? {
        let bit = match name {
            "attributes" => {
                resource.attributes = attributes(reader, bump, limits)?;
                0
            }
            "droppedAttributesCount" | "dropped_attributes_count" => {
                resource.dropped_attributes_count = reader.u32_field()?;
                1
            }
            "entityRefs" | "entity_refs" => {
                resource.entity_refs = objects(reader, bump, limits, entity_ref)?;
                2
            }
            _ => {
                reader.skip_value()?;
                continue;
            }
        };
        see(reader, &mut seen, bit);
    }
    Ok(resource)
}

/// Reads a `InstrumentationScope`; `null` is an empty one.
pub(super) fn scope<'a: 'b, 'b>(
    reader: &mut Reader<'a>,
    bump: &'b Bump,
    limits: &Limits,
) -> Result<Scope<'b>, Stop> {
    let mut scope = Scope::default();
    if !reader.object()? {
        return Ok(scope);
    }
    let (mut first, mut seen) = (true, 0);
    while let Some(name) = reader.member(&mut first)? {
        let bit = match name {
            "name" => {
                scope.name = reader.text_field(bump)?;
                0
            }
            "version" => {
                scope.version = reader.text_field(bump)?;
                1
            }
            "attributes" => {
                scope.attributes = attributes(reader, bump, limits)?;
                2
            }
            "droppedAttributesCount" | "dropped_attributes_count" => {
                scope.dropped_attributes_count = reader.u32_field()?;
                3
            }
            _ => {
                reader.skip_value()?;
                continue;
            }
        };
        see(reader, &mut seen, bit);
    }
    Ok(scope)
}

fn entity_ref<'a: 'b, 'b>(
    reader: &mut Reader<'a>,
    bump: &'b Bump,
    _: &Limits,
) -> Result<EntityRef<'b>, Stop> {
    let mut entity = EntityRef {
        schema_url: "",
        r#type: "",
        id_keys: &[],
        description_keys: &[],
    };
    if !reader.object()? {
        return Ok(entity);
    }
    let (mut first, mut seen) = (true, 0);
    while let Some(name) = reader.member(&mut first)? {
        let bit = match name {
            "schemaUrl" | "schema_url" => {
                entity.schema_url = reader.text_field(bump)?;
                0
            }
            "type" => {
                entity.r#type = reader.text_field(bump)?;
                1
            }
            "idKeys" | "id_keys" => {
                entity.id_keys = texts(reader, bump)?;
                2
            }
            "descriptionKeys" | "description_keys" => {
                entity.description_keys = texts(reader, bump)?;
                3
            }
            _ => {
                reader.skip_value()?;
                continue;
            }
        };
        see(reader, &mut seen, bit);
    }
    Ok(entity)
}

fn texts<'a: 'b, 'b>(reader: &mut Reader<'a>, bump: &'b Bump) -> Result<&'b [&'b str], Stop> {
    if !reader.list()? {
        return Ok(&[]);
    }
    let mut list = BumpVec::new_in(bump);
    let mut first = true;
    while reader.element(&mut first)? {
        list.push(reader.string(bump)?);
    }
    Ok(list.into_bump_slice())
}
