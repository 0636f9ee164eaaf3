//! Where a lake may lie: under any name, and named from anywhere.

use std::path::{Path, PathBuf};

use otolith_lake::{Lake, LakeError, NoWatch};

use crate::parts::{commit, part, time};

/// Writes twice, compacts, verifies and reads.
fn check(dir: &Path) {
    let lake = Lake::create_or_open(dir).unwrap();
    for micros in [1, 2] {
        let run = lake.begin().unwrap();
        run.write(0, part("a", vec![time(vec![micros])])).unwrap();
        commit(run, micros.unsigned_abs().into()).unwrap_or_else(|error| panic!("{error:?}"));
    }
    let lake = Lake::open(dir).unwrap();
    assert_eq!(
        lake.compact(&NoWatch).unwrap().len(),
        1,
        "{}",
        dir.display()
    );
    let tables = lake.tables(&lake.databases().unwrap()[0]).unwrap();
    let part = lake.read(&tables[0].parts[0]).unwrap();
    assert_eq!(part.row_count, 2, "{}", dir.display());
    assert_eq!(
        lake.verify(&NoWatch).unwrap().findings,
        [],
        "{}",
        dir.display()
    );
    assert!(!dir.join("_tmp").exists(), "{}", dir.display());
}

#[test]
fn lakes_may_be_named_relative_to_the_working_directory() {
    let dir = tempfile::tempdir().unwrap();
    let here = std::env::current_dir().unwrap();
    let up: PathBuf = here.components().skip(1).map(|_| "..").collect();
    let below_root = dir.path().strip_prefix("/").unwrap();
    let relative = up.join(below_root);
    check(&relative.join("lake"));
    check(&relative.join("a/../b/./lake/"));
}

#[test]
fn lakes_may_have_any_name() {
    let dir = tempfile::tempdir().unwrap();
    for name in [
        "a b",
        "a%b",
        "a%20b",
        "100%",
        "a#b",
        "a+b",
        "a?b",
        "a&b",
        "a=b",
        "a'b",
        "a\"b",
        "a[b]",
        "a{b}",
        "a*b",
        "a|b",
        "a;b",
        "a:b",
        "a@b",
        "\u{e9}\u{fc}\u{65e5}\u{1f980}",
        "~",
        "date=2026-11-20",
        "..a",
        "-x",
    ] {
        check(&dir.path().join(name).join("lake"));
        check(&dir.path().join(name).join(name));
    }
}

#[test]
fn what_a_log_cannot_name_is_refused_before_anything_is_written() {
    use std::os::unix::ffi::OsStrExt as _;
    let dir = tempfile::tempdir().unwrap();
    for name in [
        b"a\\b".as_slice(),
        b"a\nb",
        b"a%25b",
        b"a\xffb",
        b"_delta_log",
    ] {
        let lake = dir.path().join(std::ffi::OsStr::from_bytes(name));
        let error = Lake::create_or_open(&lake).unwrap_err();
        assert!(matches!(error, LakeError::BadPlace { .. }), "{error:?}");
        assert_eq!(lake.read_dir().unwrap().count(), 0);
    }
}
