//! Resources and scopes: what the items of a group have in common.

use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;

use super::attribute::AttributeList;
use super::fault::Fault;
use super::value::{Values, numbered, text, wrong_wire_type};
use super::wire::{Message, Wire};
use crate::model::{EntityRef, Resource, Scope};

impl Values<'_, '_> {
    /// A `Resource` with the schema URL of its group.
    pub(super) fn resource<'b>(
        &mut self,
        message: Option<Message<'b>>,
        schema_url: &'b str,
        bump: &'b Bump,
    ) -> Result<Resource<'b>, Fault> {
        let mut resource = Resource {
            schema_url,
            ..Resource::default()
        };
        let Some(message) = message else {
            return Ok(resource);
        };
        let (mut attributes, mut entities) = (AttributeList::default(), 0);
        let mut fields = message.fields();
        while let Some(field) = fields.next()? {
            match (field.number, field.value) {
                (1, Wire::Len(s)) => self.attribute(&mut attributes, s, bump)?,
                (2, Wire::Varint(v)) => resource.dropped_attributes_count = v as u32,
                (3, Wire::Len(_)) => entities += 1,
                (1..=3, _) => return Err(wrong_wire_type(field)),
                _ => {}
            }
        }
        resource.attributes = attributes.finish();
        resource.entity_refs = entity_refs(message, entities, bump)?;
        Ok(resource)
    }

    /// An `InstrumentationScope` with the schema URL of its group.
    pub(super) fn scope<'b>(
        &mut self,
        message: Option<Message<'b>>,
        schema_url: &'b str,
        bump: &'b Bump,
    ) -> Result<Scope<'b>, Fault> {
        let mut scope = Scope {
            schema_url,
            ..Scope::default()
        };
        let Some(message) = message else {
            return Ok(scope);
        };
        let mut attributes = AttributeList::default();
        let mut fields = message.fields();
        while let Some(field) = fields.next()? {
            match (field.number, field.value) {
                (1, Wire::Len(s)) => scope.name = text(field, s)?,
                (2, Wire::Len(s)) => scope.version = text(field, s)?,
                (3, Wire::Len(s)) => self.attribute(&mut attributes, s, bump)?,
                (4, Wire::Varint(v)) => scope.dropped_attributes_count = v as u32,
                (1..=4, _) => return Err(wrong_wire_type(field)),
                _ => {}
            }
        }
        scope.attributes = attributes.finish();
        Ok(scope)
    }
}

fn entity_refs<'b>(
    resource: Message<'b>,
    count: usize,
    bump: &'b Bump,
) -> Result<&'b [EntityRef<'b>], Fault> {
    if count == 0 {
        return Ok(&[]);
    }
    let mut entities = BumpVec::with_capacity_in(count, bump);
    let mut fields = resource.fields();
    while let Some(field) = fields.next()? {
        let Some(slice) = numbered(field, 3)? else {
            continue;
        };
        let (mut schema_url, mut kind) = ("", "");
        let (mut id_keys, mut description_keys) = (BumpVec::new_in(bump), BumpVec::new_in(bump));
        let mut fields = Message::from(slice).fields();
        while let Some(field) = fields.next()? {
            match (field.number, field.value) {
                (1, Wire::Len(s)) => schema_url = text(field, s)?,
                (2, Wire::Len(s)) => kind = text(field, s)?,
                (3, Wire::Len(s)) => id_keys.push(text(field, s)?),
                (4, Wire::Len(s)) => description_keys.push(text(field, s)?),
                (1..=4, _) => return Err(wrong_wire_type(field)),
                _ => {}
            }
        }
        entities.push(EntityRef {
            schema_url,
            r#type: kind,
            id_keys: id_keys.into_bump_slice(),
            description_keys: description_keys.into_bump_slice(),
        });
    }
    Ok(entities.into_bump_slice())
}
