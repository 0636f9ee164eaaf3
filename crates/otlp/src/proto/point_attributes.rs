//! The attributes of a point, which mostly are those of a point before.

use bumpalo::Bump;

use super::fault::Fault;
use super::value::{AttributeList, Values};
use super::wire::{Field, Fields, Slice};
use crate::model::Attributes;

/// The attributes of a point while it is read.
#[derive(Default)]
pub(super) struct PointAttributes<'b> {
    /// Those of a list that is known, as long as no other one follows.
    known: Attributes<'b>,
    list: AttributeList<'b>,
    /// Where the first one begins and the last one ends in the payload.
    place: Option<(usize, usize)>,
    /// Something else stands between them.
    is_divided: bool,
}

impl Values<'_> {
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
            if let Some((len, known)) = self.lists.expected(bytes, tag, bump) {
                attributes.known = known;
                attributes.place = Some((field.offset, field.offset + len));
                fields.go_to(field.offset + len);
                return Ok(());
            }
            attributes.place = Some((field.offset, fields.offset()));
            return self.attribute(&mut attributes.list, slice, bump);
        };
        attributes.is_divided |= field.offset != end;
        attributes.place = Some((start, fields.offset()));
        for known in std::mem::take(&mut attributes.known) {
            self.add(&mut attributes.list, *known, slice.offset, bump)?;
        }
        self.attribute(&mut attributes.list, slice, bump)
    }

    /// The attributes of a point, and the bytes that say all of them, if they stand together.
    #[inline]
    pub(super) fn finish_point<'b>(
        &mut self,
        attributes: PointAttributes<'b>,
        point: Slice<'b>,
    ) -> (Attributes<'b>, Option<&'b [u8]>) {
        let place = attributes.place.filter(|_| !attributes.is_divided);
        let bytes = place.and_then(|(start, end)| {
            let place = start - point.offset..end - point.offset;
            point.bytes.get(place)
        });
        if !attributes.known.is_empty() {
            return (attributes.known, bytes);
        }
        let list = attributes.list.finish();
        // What was tolerated has to be told again each time.
        let bytes = bytes.filter(|_| self.notes.is_empty());
        if let Some(bytes) = bytes {
            self.lists.keep(bytes, list);
        }
        (list, bytes)
    }
}
