//! Some rows of a part.

use otolith_tables::{Part, PartColumn, Strings, Values};

/// The part with the rows that are chosen, in their order.
pub(super) fn rows(part: Part, chosen: &[bool]) -> Part {
    let column = |column: PartColumn| PartColumn {
        field: column.field,
        values: values(column.values, chosen),
        validity: column.validity.map(|valid| some(valid, chosen)),
    };
    Part {
        row_count: chosen.iter().filter(|chosen| **chosen).count(),
        columns: part.columns.into_iter().map(column).collect(),
        ..part
    }
}

fn values(values: Values, chosen: &[bool]) -> Values {
    match values {
        Values::Int64(values) => Values::Int64(some(values, chosen)),
        Values::Double(values) => Values::Double(some(values, chosen)),
        Values::Boolean(values) => Values::Boolean(some(values, chosen)),
        Values::Dictionary {
            indices,
            dictionary,
        } => Values::Dictionary {
            indices: some(indices, chosen),
            dictionary,
        },
        Values::String(Strings { offsets, bytes }) => {
            let (offsets, bytes) = lists(&offsets, &bytes, chosen);
            Values::String(Strings { offsets, bytes })
        }
        Values::Int64List { offsets, items } => {
            let (offsets, items) = lists(&offsets, &items, chosen);
            Values::Int64List { offsets, items }
        }
        Values::DoubleList { offsets, items } => {
            let (offsets, items) = lists(&offsets, &items, chosen);
            Values::DoubleList { offsets, items }
        }
    }
}

fn some<T>(values: Vec<T>, chosen: &[bool]) -> Vec<T> {
    let mut kept = values;
    let mut chosen = chosen.iter();
    kept.retain(|_| chosen.next() == Some(&true));
    // What is left out may be most of it.
    kept.shrink_to_fit();
    kept
}

/// Lists of items between offsets.
fn lists<T: Copy>(offsets: &[i32], items: &[T], chosen: &[bool]) -> (Vec<i32>, Vec<T>) {
    let (mut kept, mut of_kept, mut end) = (vec![0], Vec::new(), 0);
    for (ends, _) in offsets.windows(2).zip(chosen).filter(|(_, c)| **c) {
        // Offsets of a part rise from 0.
        let range = ends[0].unsigned_abs() as usize..ends[1].unsigned_abs() as usize;
        of_kept.extend_from_slice(&items[range]);
        end += ends[1] - ends[0];
        kept.push(end);
    }
    (kept, of_kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chosen_rows_of_every_type_are_kept() {
        let chosen = [true, false, true];
        let strings = |offsets: &[i32], text: &str| Strings {
            offsets: offsets.to_vec(),
            bytes: text.as_bytes().to_vec(),
        };
        let check = |all, expected| assert_eq!(values(all, &chosen), expected);
        check(Values::Int64(vec![1, 2, 3]), Values::Int64(vec![1, 3]));
        check(
            Values::Double(vec![1.0, 2.0, 3.0]),
            Values::Double(vec![1.0, 3.0]),
        );
        check(
            Values::Boolean(vec![true, true, false]),
            Values::Boolean(vec![true, false]),
        );
        check(
            Values::String(strings(&[0, 2, 3, 3], "abc")),
            Values::String(strings(&[0, 2, 2], "ab")),
        );
        let dictionary = strings(&[0, 1, 2], "xy");
        check(
            Values::Dictionary {
                indices: vec![0, 0, 1],
                dictionary: dictionary.clone(),
            },
            Values::Dictionary {
                indices: vec![0, 1],
                dictionary,
            },
        );
        check(
            Values::Int64List {
                offsets: vec![0, 1, 1, 3],
                items: vec![7, 8, 9],
            },
            Values::Int64List {
                offsets: vec![0, 1, 3],
                items: vec![7, 8, 9],
            },
        );
        check(
            Values::DoubleList {
                offsets: vec![0, 1, 2, 2],
                items: vec![7.0, 8.0],
            },
            Values::DoubleList {
                offsets: vec![0, 1, 1],
                items: vec![7.0],
            },
        );
    }
}
