//! Gives the resources of a protobuf request other names.

use crate::FrameReject;
use crate::encode::put_len_prefixed;
use crate::proto::fault::Fault;
use crate::proto::wire::{Field, Message, Slice, Wire};

/// Attributes that tell one service or host from another.
const IDENTITY: [&[u8]; 4] = [
    b"service.name",
    b"service.instance.id",
    b"host.name",
    b"host.id",
];

/// A protobuf request, of any signal, whose services and hosts have a suffix to their names: the
/// texts of `service.name`, `service.instance.id`, `host.name` and `host.id` in its resources. A
/// resource with none of them gets the suffix as its `service.instance.id`.
///
/// Everything else, unknown fields included, is copied.
///
/// # Errors
///
/// When the bytes on the way to the attributes of resources are broken.
pub fn suffix_resources(bytes: &[u8], suffix: &str) -> Result<Vec<u8>, FrameReject> {
    let writer = Writer {
        payload: bytes,
        suffix,
    };
    let mut written = Vec::with_capacity(bytes.len() + 64);
    let payload = Slice { bytes, offset: 0 };
    // In all signals field 1 of a request is a group, and field 1 of a group its resource.
    writer.message(payload, &mut written, |field, written| match field {
        (1, group) => writer.group(group, written).map(|()| true),
        _ => Ok(false),
    })?;
    Ok(written)
}

struct Writer<'a> {
    payload: &'a [u8],
    suffix: &'a str,
}

impl Writer<'_> {
    /// Copies a message but for the fields that `change` writes itself.
    fn message(
        &self,
        slice: Slice<'_>,
        written: &mut Vec<u8>,
        mut change: impl FnMut((u32, Slice<'_>), &mut Vec<u8>) -> Result<bool, Fault>,
    ) -> Result<(), Fault> {
        let mut fields = Message::from(slice).fields();
        while let Some(Field {
            number,
            value,
            offset,
        }) = fields.next()?
        {
            let is_changed = match value {
                Wire::Len(content) => change((number, content), written)?,
                _ => false,
            };
            if !is_changed {
                written.extend_from_slice(&self.payload[offset..fields.offset()]);
            }
        }
        Ok(())
    }

    fn group(&self, group: Slice<'_>, written: &mut Vec<u8>) -> Result<(), Fault> {
        let mut has_name = false;
        each(group, |number, resource| match number {
            1 => each(resource, |number, attribute| {
                has_name |= number == 1 && is_name(attribute)?;
                Ok(())
            }),
            _ => Ok(()),
        })?;
        let mut inner = Vec::with_capacity(group.bytes.len() + 64);
        if !has_name {
            // Protobuf joins it with what there is of a resource.
            let mut resource = Vec::new();
            put_len_prefixed(&mut resource, 1, &self.attribute());
            put_len_prefixed(&mut inner, 1, &resource);
        }
        self.message(group, &mut inner, |field, inner| match field {
            (1, resource) => {
                let mut changed = Vec::with_capacity(resource.bytes.len() + 64);
                self.resource(resource, &mut changed)?;
                put_len_prefixed(inner, 1, &changed);
                Ok(true)
            }
            _ => Ok(false),
        })?;
        put_len_prefixed(written, 1, &inner);
        Ok(())
    }

    fn resource(&self, resource: Slice<'_>, written: &mut Vec<u8>) -> Result<(), Fault> {
        self.message(resource, written, |field, written| match field {
            (1, attribute) if is_name(attribute)? => {
                let mut changed = Vec::with_capacity(attribute.bytes.len() + 16);
                self.message(attribute, &mut changed, |field, changed| match field {
                    (2, value) => {
                        let mut text = Vec::with_capacity(value.bytes.len() + 16);
                        self.value(value, &mut text)?;
                        put_len_prefixed(changed, 2, &text);
                        Ok(true)
                    }
                    _ => Ok(false),
                })?;
                put_len_prefixed(written, 1, &changed);
                Ok(true)
            }
            _ => Ok(false),
        })
    }

    fn value(&self, value: Slice<'_>, written: &mut Vec<u8>) -> Result<(), Fault> {
        self.message(value, written, |field, written| match field {
            (1, text) => {
                let name = [text.bytes, self.suffix.as_bytes()].concat();
                put_len_prefixed(written, 1, &name);
                Ok(true)
            }
            _ => Ok(false),
        })
    }

    /// The attribute of a resource that has no name.
    fn attribute(&self) -> Vec<u8> {
        let mut value = Vec::new();
        put_len_prefixed(&mut value, 1, self.suffix.as_bytes());
        let mut attribute = Vec::new();
        put_len_prefixed(&mut attribute, 1, b"service.instance.id");
        put_len_prefixed(&mut attribute, 2, &value);
        attribute
    }
}

/// Visits the fields with a length.
fn each(
    slice: Slice<'_>,
    mut visit: impl FnMut(u32, Slice<'_>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut fields = Message::from(slice).fields();
    while let Some(field) = fields.next()? {
        if let Wire::Len(content) = field.value {
            visit(field.number, content)?;
        }
    }
    Ok(())
}

/// Whether an attribute is one of [`IDENTITY`] and holds a text.
fn is_name(attribute: Slice<'_>) -> Result<bool, Fault> {
    let (mut is_identity, mut is_text) = (false, false);
    each(attribute, |number, content| {
        match number {
            1 => is_identity = IDENTITY.contains(&content.bytes),
            2 => each(content, |number, _| {
                is_text |= number == 1;
                Ok(())
            })?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(is_identity && is_text)
}
