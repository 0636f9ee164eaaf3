//! What is kept of tables, and until when.

use std::fs;

use otolith_lake::{Lake, NoWatch};

use crate::parts::{commit, lake, part, time};

const NAME: &str = "answer";

fn write(lake: &Lake, identity: u128, service: &str) {
    let run = lake.begin().unwrap();
    run.write(0, part(service, vec![time(vec![1, 2])])).unwrap();
    commit(run, identity).unwrap();
}

fn keep(lake: &Lake, bytes: &[u8]) {
    let state = lake.state().unwrap().unwrap();
    assert!(lake.keep_derived(NAME, state, bytes).unwrap());
}

fn kept(lake: &Lake) -> Option<Vec<u8>> {
    lake.derived(NAME).unwrap()
}

#[test]
fn it_is_there_until_the_lake_changes() {
    let (_dir, lake) = lake();
    assert_eq!(kept(&lake), None);
    write(&lake, 1, "a");
    keep(&lake, b"1");
    keep(&lake, b"2");
    assert_eq!(kept(&lake).as_deref(), Some(&b"2"[..]));
    // Nothing to compact, nothing to drop: nothing changes.
    lake.compact(&NoWatch).unwrap();
    lake.drop_before(-1).unwrap();
    assert_eq!(kept(&lake).as_deref(), Some(&b"2"[..]));
    assert_eq!(lake.databases().unwrap().len(), 1, "it is no database");
    write(&lake, 2, "b");
    assert_eq!(kept(&lake), None);
    assert!(!lake.dir().join("_derived").join(NAME).exists());
}

#[test]
fn what_was_made_of_another_state_is_not_kept() {
    let (_dir, lake) = lake();
    write(&lake, 1, "a");
    let state = lake.state().unwrap().unwrap();
    write(&lake, 2, "a");
    assert!(!lake.keep_derived(NAME, state, b"1").unwrap());
    assert_eq!(kept(&lake), None);
}

#[test]
fn a_lake_of_the_same_names_has_another_state() {
    let [(_a, a), (_b, b)] = [lake(), lake()];
    write(&a, 1, "a");
    write(&b, 2, "a");
    keep(&a, b"1");
    fs::create_dir(b.dir().join("_derived")).unwrap();
    let of = |lake: &Lake| lake.dir().join("_derived").join(NAME);
    fs::copy(of(&a), of(&b)).unwrap();
    assert_eq!(kept(&b), None);
}

#[test]
fn damage_is_found_and_not_read() {
    let (_dir, lake) = lake();
    write(&lake, 1, "a");
    keep(&lake, b"an answer");
    let path = lake.dir().join("_derived").join(NAME);
    let whole = fs::read(&path).unwrap();
    assert_eq!(lake.verify(&NoWatch).unwrap().findings, []);
    for len in 0..whole.len() {
        fs::write(&path, &whole[..len]).unwrap();
        assert_eq!(kept(&lake), None, "{len} bytes");
    }
    let findings = lake.verify(&NoWatch).unwrap().findings;
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].code, "derived_damaged");
    for place in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[place] ^= 1;
        fs::write(&path, &bytes).unwrap();
        assert_eq!(kept(&lake), None, "byte {place}");
    }
}
