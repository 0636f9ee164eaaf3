//! What must hold of the columns of a part before they are encoded.

use arrow_schema::ArrowError;
use otolith_tables::Strings;

/// Checks that codes of rows that have one are within the dictionary.
pub(super) fn check_codes(
    indices: &[i32],
    validity: Option<&[bool]>,
    dictionary: &Strings,
    row_count: usize,
) -> Result<(), ArrowError> {
    check_texts(dictionary)?;
    if indices.len() != row_count {
        return Err(length("values", row_count, indices.len()));
    }
    let texts = dictionary.offsets.len() - 1;
    // Without looking at validity first: several rows at a time. Negative ones become great.
    let greatest = indices.iter().map(|index| index.cast_unsigned()).max();
    if greatest.is_none_or(|greatest| (greatest as usize) < texts) {
        return Ok(());
    }
    let is_outside = |index: &i32| usize::try_from(*index).map_or(true, |index| index >= texts);
    let outside = match validity {
        None => indices.iter().find(|index| is_outside(index)),
        Some(valid) => {
            let mut valid = indices.iter().zip(valid).filter(|(_, valid)| **valid);
            valid.find_map(|(index, _)| is_outside(index).then_some(index))
        }
    };
    match outside {
        None => Ok(()),
        Some(index) => Err(ArrowError::InvalidArgumentError(format!(
            "index {index} in a dictionary of {texts} texts"
        ))),
    }
}

/// Offsets rise from at least 0.
pub(super) fn check_offsets(offsets: &[i32]) -> Result<(), ArrowError> {
    let rising = offsets.is_sorted() && offsets.first().is_some_and(|first| *first >= 0);
    if !rising {
        return Err(ArrowError::InvalidArgumentError(
            "offsets are empty or fall".to_owned(),
        ));
    }
    Ok(())
}

/// Checks that texts are where their offsets say, and are texts.
pub(super) fn check_texts(strings: &Strings) -> Result<(), ArrowError> {
    check_offsets(&strings.offsets)?;
    let ends = strings
        .offsets
        .iter()
        .map(|end| end.unsigned_abs() as usize);
    let text = str::from_utf8(&strings.bytes);
    // One look at all of them, then one at each end where some characters are longer than a byte.
    let are_texts = text.is_ok_and(|text| match text.is_ascii() {
        true => ends.clone().max() <= Some(text.len()),
        false => ends.clone().all(|end| text.is_char_boundary(end)),
    });
    are_texts.then_some(()).ok_or_else(|| {
        ArrowError::InvalidArgumentError("offsets that are not of texts in UTF-8".to_owned())
    })
}

pub(super) fn length(what: &str, expected: usize, found: usize) -> ArrowError {
    ArrowError::InvalidArgumentError(format!("expected {expected} {what}, found {found}"))
}
