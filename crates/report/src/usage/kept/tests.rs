//! What is kept comes back, and no bytes do harm.

use super::*;
use crate::money::NanoDollars;
use crate::usage::item::Tokens;
use proptest::prelude::*;

/// Agent, source, session, time in seconds, tokens, cost, outcome.
type Row = (
    usize,
    usize,
    Option<u8>,
    i64,
    Option<u64>,
    Option<i64>,
    usize,
);

fn item((agent, source, session, time, tokens, cost, outcome): &Row) -> Item {
    let agent = agent % MAPPING.agents.len();
    let source = source % MAPPING.agents[agent].sources.len();
    let told = Told {
        agent_name: MAPPING.agents[agent].name.as_str().into(),
        service: "a service".into(),
        session: session.map(|number| number.to_string().into()),
        outcome: OUTCOMES[outcome % OUTCOMES.len()],
        ..Told::nothing(agent, source)
    };
    Item {
        time: *time,
        start: *time,
        tokens: Tokens {
            input: *tokens,
            ..Tokens::default()
        },
        cost: cost.map(NanoDollars),
        calls: 1,
        ..Item::of(Arc::new(told))
    }
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let row = (
        any::<usize>(),
        any::<usize>(),
        any::<Option<u8>>(),
        any::<i64>(),
        any::<Option<u64>>(),
        any::<Option<i64>>(),
        any::<usize>(),
    );
    prop::collection::vec(row, 0..20)
}

fn bytes_of(rows: &[Row]) -> Vec<u8> {
    let items: Vec<Item> = rows.iter().map(item).collect();
    make::make(&items, &MAPPING, Notes::timed()).expect("it has no notes")
}

proptest! {
    #[test]
    fn every_amount_comes_back_for_the_role_that_chose_it(rows in rows()) {
        let items: Vec<Item> = rows.iter().map(item).collect();
        let groups = crate::usage::authority::Groups::of(&items);
        let all = Selection::default();
        let (kept, _) = Kept::of(bytes_of(&rows), &MAPPING, &all).expect("it is whole");
        for role in ROLES {
            let among = crate::usage::authority::Among::All;
            let mut notes = Notes::timed();
            let chosen = crate::usage::authority::chosen(
                (&items, &groups), &MAPPING, role, among, &all, &mut notes,
            );
            let shown = |item: &Item| {
                format!("{:?} {} {:?} {:?}", item.told, item.time, item.tokens, item.cost)
            };
            let mut expected: Vec<_> = chosen.iter().map(|i| shown(&items[*i])).collect();
            let mut found = Vec::new();
            for run in kept.runs(&[role]) {
                kept.each(run, [role], &all, |item, _| found.push(shown(item)));
            }
            expected.sort();
            found.sort();
            prop_assert_eq!(found, expected);
        }
    }

    /// Whoever can write a lake can write these bytes, with the right checksum.
    #[test]
    fn no_bytes_make_it_panic(
        rows in rows(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = bytes_of(&rows);
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        let all = Selection::default();
        for bytes in [bytes[..cut.index(bytes.len())].to_vec(), bytes] {
            if let Some((kept, _)) = Kept::of(bytes, &MAPPING, &all) {
                for run in kept.runs(&ROLES) {
                    kept.each(run, ROLES, &all, |_, _| {});
                }
            }
        }
    }
}
