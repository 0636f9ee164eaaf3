//! Parts back into items.

use std::collections::BTreeMap;

use super::items::Items;
use crate::{Children, Part, Restorer};

/// Most items of a frame, so that several are made.
const ITEMS: u64 = 3;

/// All items of parts, every row used.
pub(super) fn restored(parts: &[Part]) -> Vec<String> {
    let mut places: BTreeMap<_, Vec<Part>> = BTreeMap::new();
    for part in parts {
        let place = (part.database.clone(), part.date);
        places.entry(place).or_default().push(part.clone());
    }
    let mut items = Items::default();
    for parts in places.values() {
        let mut children = Children::new(parts).unwrap();
        for part in parts {
            let Ok(mut restorer) = Restorer::new(part) else {
                continue;
            };
            let mut count = 0;
            loop {
                let visited = restorer
                    .visit(&mut children, &mut items, |_, items| items == ITEMS)
                    .unwrap();
                count += visited;
                if visited == 0 {
                    break;
                }
            }
            assert_eq!(count, part.row_count as u64);
        }
        assert_eq!(children.orphan_count(), 0);
    }
    items.sorted()
}
