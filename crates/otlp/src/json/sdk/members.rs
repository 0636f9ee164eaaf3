//! The places of an object's members.

use super::time::{Time, time};
use crate::json::fault::{Note, Stop};
use crate::json::reader::Reader;

/// What a writer that cuts circles puts in the place of an object it has written before.
const CUT: &[u8] = b"\"[Circular]\"";

impl Reader<'_> {
    /// Takes the text that stands for an object written before, if it comes next.
    pub(super) fn cut(&mut self) -> bool {
        self.eat_slice(CUT)
    }
}

/// An object whose members were found.
pub(super) struct Object<const N: usize> {
    names: &'static [&'static str; N],
    /// By the index of the name, where the value begins.
    places: [Option<usize>; N],
    end: usize,
}

impl<const N: usize> Object<N> {
    /// Walks the object that comes next, checks its grammar, and keeps the places of members with
    /// these names. `null` is an absent member; of several with one name the last counts, with a note.
    ///
    /// # Errors
    ///
    /// Stops at what is no object, or no JSON.
    pub(super) fn find(
        reader: &mut Reader<'_>,
        names: &'static [&'static str; N],
    ) -> Result<Self, Stop> {
        if reader.peek() != b'{' {
            return reader.wrong_kind("an object");
        }
        reader.object()?;
        let mut places = [None; N];
        let mut first = true;
        while let Some(name) = reader.member(&mut first)? {
            if let Some(index) = names.iter().position(|known| *known == name)
                && reader.peek() != b'n'
                && places[index].replace(reader.offset()).is_some()
            {
                reader.note(Note::DuplicateMember);
            }
            reader.skip_value()?;
        }
        Ok(Self {
            names,
            places,
            end: reader.offset(),
        })
    }

    fn place(&self, name: &str) -> Option<usize> {
        let index = self.names.iter().position(|known| *known == name);
        debug_assert!(index.is_some(), "`{name}` is not looked for");
        self.places[index?]
    }

    /// Whether there is a member of one of these names.
    pub(super) fn has(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.place(name).is_some())
    }

    /// Goes to the value of the first of these names that the object has; false if it has none.
    pub(super) fn enter(&self, reader: &mut Reader<'_>, names: &[&str]) -> bool {
        let place = names.iter().find_map(|name| self.place(name));
        if let Some(place) = place {
            reader.go_to(place);
        }
        place.is_some()
    }

    /// Goes behind the object.
    pub(super) fn leave(&self, reader: &mut Reader<'_>) {
        reader.go_to(self.end);
    }
    /// The count under one of these names; 0 if there is none.
    pub(super) fn count(&self, reader: &mut Reader<'_>, names: &[&str]) -> Result<u32, Stop> {
        if self.enter(reader, names) {
            reader.u32_field()
        } else {
            Ok(0)
        }
    }

    /// The count under this name; 0 if there is none.
    pub(super) fn u64(&self, reader: &mut Reader<'_>, name: &str) -> Result<u64, Stop> {
        if self.enter(reader, &[name]) {
            reader.u64_field()
        } else {
            Ok(0)
        }
    }

    /// The number under this name.
    pub(super) fn double(&self, reader: &mut Reader<'_>, name: &str) -> Result<Option<f64>, Stop> {
        if self.enter(reader, &[name]) {
            reader.double_field()
        } else {
            Ok(None)
        }
    }

    /// The time under one of these names.
    pub(super) fn time(&self, reader: &mut Reader<'_>, names: &[&str]) -> Result<Time, Stop> {
        if self.enter(reader, names) {
            time(reader)
        } else {
            Ok(Time::Absent)
        }
    }
}
