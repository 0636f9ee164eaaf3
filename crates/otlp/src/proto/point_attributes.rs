//! The attributes of a point, which mostly are those of a point before.

use bumpalo::Bump;

use super::attribute::AttributeList;
use super::fault::Fault;
use super::value::Values;
use super::wire::{Field, Fields, Slice};
use crate::model::Attributes;
use crate::sink::Sink;

/// The attributes of a point while it is read.
#[derive(Default)]
pub(super) struct PointAttributes<'b> {
    /// The number of a list that is known, as long as no other attribute follows.
    known: Option<u32>,
    list: AttributeList<'b>,
    /// Where the first one begins and the last one ends in the payload.
    place: Option<(usize, usize)>,
    /// Something else stands between them.
    is_divided: bool,
}

/// The list of attributes of a point.
#[derive(Clone, Copy, Debug)]
pub(super) struct PointList<'b> {
    /// The bytes that say all of them, if they stand together.
    bytes: Option<&'b [u8]>,
    /// Its number, if it is known: the point has no attributes yet.
    known: Option<u32>,
}

impl Values<'_, '_> {
    /// Takes the next attribute of a point, and with it all others if the list is known.
    #[inline]
    pub(super) fn point_attribute<'b>(
        &mut self,
        attributes: &mut PointAttributes<'b>,
        fields: &mut Fields<'b>,
        (field, slice): (Field<'b>, Slice<'b>),
        bump: &'b Bump,
    ) -> Result<(), Fault> {
        let Some((start, end)) = attributes.place else {
            let bytes = fields.since(field.offset);
            // All tags of these fields have one byte.
            let tag = bytes.first().copied();
            if let Some((len, known)) = self.lists.expected(bytes, tag) {
                attributes.known = Some(known);
                attributes.place = Some((field.offset, field.offset + len));
                fields.go_to(field.offset + len);
                return Ok(());
            }
            attributes.place = Some((field.offset, fields.offset()));
            return self.attribute(&mut attributes.list, slice, bump);
        };
        attributes.is_divided |= field.offset != end;
        attributes.place = Some((start, fields.offset()));
        if let Some(known) = attributes.known.take() {
            for attribute in self.lists.attributes(known, bump) {
                self.add(&mut attributes.list, *attribute, slice.offset, bump)?;
            }
        }
        self.attribute(&mut attributes.list, slice, bump)
    }

    /// The attributes of a point as far as they are decoded, and their list.
    #[inline]
    pub(super) fn finish_point<'b>(
        &mut self,
        attributes: PointAttributes<'b>,
        point: Slice<'b>,
    ) -> (Attributes<'b>, PointList<'b>) {
        let place = attributes.place.filter(|_| !attributes.is_divided);
        let bytes = place.and_then(|(start, end)| {
            let place = start - point.offset..end - point.offset;
            point.bytes.get(place)
        });
        let known = attributes.known;
        if known.is_some() {
            return (&[], PointList { bytes, known });
        }
        let list = attributes.list.finish();
        // What was tolerated has to be told again each time.
        let bytes = bytes.filter(|_| self.notes.is_empty());
        if let Some(bytes) = bytes {
            self.lists.keep(bytes, list);
        }
        (list, PointList { bytes, known })
    }

    /// Tells the sink where the attributes of a point stand, if that is all of them, and gives those
    /// that it needs.
    #[inline]
    pub(super) fn needed<'b, S: Sink>(
        &self,
        (attributes, list): (Attributes<'b>, PointList<'b>),
        sink: &mut S,
        bump: &'b Bump,
    ) -> Attributes<'b> {
        let is_needed = !list.bytes.is_some_and(|bytes| sink.point_attributes(bytes));
        match list.known {
            Some(known) if is_needed => self.lists.attributes(known, bump),
            _ => attributes,
        }
    }
}
