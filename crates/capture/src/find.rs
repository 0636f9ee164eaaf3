//! Finds the capture files behind the paths that a user names.

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::io;
use std::mem;
use std::path::{Path, PathBuf};

use thiserror::Error;
use walkdir::WalkDir;

use crate::rotated::RotatedName;
use crate::source::Source;

/// Paths could not be turned into sources.
#[derive(Debug, Error)]
pub enum FindError {
    /// A named path does not exist or cannot be looked at.
    #[error("failed to look at `{}`", path.display())]
    Look {
        /// The path as named.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// A directory could not be walked.
    #[error("failed to walk `{}`", path.display())]
    Walk {
        /// The directory as named.
        path: PathBuf,
        /// The cause.
        #[source]
        source: walkdir::Error,
    },
}

/// Finds the files behind `paths`: files as they are, directories walked, `-` for standard
/// input.
///
/// Files keep the order of `paths`, those of a directory are sorted by path; the files of a
/// rotated set (`data-<timestamp>.json`, .., `data.json`) are brought into the order of writing.
/// Walks skip hidden files and directories and whatever is not a file; symbolic links to files
/// are followed, those to directories are not. A file that is reached twice is taken once.
///
/// # Errors
///
/// If a named path is missing, or a directory cannot be read.
pub fn find_sources(paths: &[PathBuf]) -> Result<Vec<Source>, FindError> {
    let mut found = Found::default();
    for path in paths {
        if path.as_os_str() == "-" {
            found.add(path.clone());
            continue;
        }
        let look = |source| FindError::Look {
            path: path.clone(),
            source,
        };
        if path.metadata().map_err(look)?.is_dir() {
            walk(path, &mut found)?;
        } else {
            found.add(path.clone());
        }
    }
    let mut paths = found.paths;
    order_rotated(&mut paths);
    Ok(paths.into_iter().map(source).collect())
}

/// Files, each of them once.
#[derive(Default)]
struct Found {
    paths: Vec<PathBuf>,
    /// Canonical paths. As texts, because a path is hashed and compared part by part.
    seen: HashSet<OsString>,
}

impl Found {
    fn add(&mut self, path: PathBuf) {
        let canonical = canonical(&path);
        self.add_known(path, canonical);
    }

    fn add_known(&mut self, path: PathBuf, canonical: PathBuf) {
        if self.seen.insert(canonical.into_os_string()) {
            self.paths.push(path);
        }
    }
}

fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

fn source(path: PathBuf) -> Source {
    match path.as_os_str() == "-" {
        true => Source::standard_input(),
        false => Source::from_path(path),
    }
}

fn walk(directory: &Path, found: &mut Found) -> Result<(), FindError> {
    let hidden = |name: &OsStr| name.as_encoded_bytes().starts_with(b".");
    // Paths of one directory differ in their names, and names in order at each level are paths in
    // order. Comparing names would look for them in both paths each time.
    let entries = WalkDir::new(directory)
        .sort_by(|a, b| a.path().as_os_str().cmp(b.path().as_os_str()))
        .into_iter()
        .filter_entry(|entry| entry.depth() == 0 || !hidden(entry.file_name()));
    // Canonical paths of the directories that the walk is in, the outermost first. No link leads
    // from one to the next, so that only the first is looked up: to look each part of a path up again
    // for each of ten thousand files takes 3 % of the time of converting them (`cargo xtask bench
    // 10,000`).
    let mut directories: Vec<PathBuf> = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|source| FindError::Walk {
            path: directory.to_owned(),
            source,
        })?;
        directories.truncate(entry.depth());
        let canonical_entry = || match directories.last() {
            None => canonical(directory),
            Some(directory) => directory.join(entry.file_name()),
        };
        if entry.path_is_symlink() && entry.depth() > 0 {
            if entry.path().is_file() {
                found.add(entry.into_path());
            }
        } else if entry.file_type().is_dir() || entry.depth() == 0 {
            directories.push(canonical_entry());
        } else if entry.file_type().is_file() {
            let canonical = canonical_entry();
            found.add_known(entry.into_path(), canonical);
        }
    }
    Ok(())
}

/// Sorts the members of each rotated set among the places that they hold.
fn order_rotated(found: &mut [PathBuf]) {
    let names = found.iter().enumerate().filter_map(|(place, path)| {
        let name = path.file_name().and_then(OsStr::to_str)?;
        Some((place, path, RotatedName::of(name)))
    });
    let names: Vec<_> = names.collect();
    if names.iter().all(|(_, _, name)| name.is_live()) {
        return;
    }
    let mut sets: HashMap<(&OsStr, &str), Vec<(&RotatedName<'_>, usize)>> = HashMap::new();
    for (place, path, name) in &names {
        let directory = path.parent().map(Path::as_os_str).unwrap_or_default();
        let set = sets.entry((directory, name.plain())).or_default();
        set.push((name, *place));
    }
    // Where each place gets its path from. Sets hold different places: their own order does not
    // matter.
    let mut from: Vec<usize> = (0..found.len()).collect();
    for members in sets.into_values() {
        let places: Vec<usize> = members.iter().map(|(_, place)| *place).collect();
        let mut sorted = members;
        sorted.sort();
        for (place, (_, origin)) in places.into_iter().zip(sorted) {
            from[place] = origin;
        }
    }
    let mut paths: Vec<PathBuf> = found.iter_mut().map(mem::take).collect();
    for (place, origin) in from.into_iter().enumerate() {
        found[place] = mem::take(&mut paths[origin]);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::{FindError, find_sources};

    /// Makes `files` in a directory and expects them to be found as `expected`.
    fn check(files: &[&str], paths: &[&str], expected: &[&str]) {
        let directory = tempfile::tempdir().unwrap();
        for file in files {
            let path = directory.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, b"{}").unwrap();
        }
        let paths: Vec<PathBuf> = paths
            .iter()
            .map(|path| directory.path().join(path))
            .collect();
        let root = format!("{}/", directory.path().display());
        let found: Vec<String> = find_sources(&paths)
            .unwrap()
            .iter()
            .map(|source| source.name().replace(&root, "").replace("./", ""))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn directories_are_walked_in_order_of_path() {
        check(
            &["b.json", "a/z.json", "a/.hidden", ".git/x", "c.pb"],
            &["."],
            &["a/z.json", "b.json", "c.pb"],
        );
    }

    #[test]
    fn named_files_keep_their_order_and_are_taken_once() {
        check(
            &["b.json", "a.json"],
            &["b.json", "a.json", ".", "b.json"],
            &["b.json", "a.json"],
        );
    }

    #[cfg(unix)]
    #[test]
    fn links_to_a_file_are_the_file() {
        use std::os::unix::fs::symlink;

        let directory = tempfile::tempdir().unwrap();
        let [files, links, all] = ["a", "b", "c"].map(|name| directory.path().join(name));
        fs::create_dir(&files).unwrap();
        fs::create_dir(&links).unwrap();
        fs::write(files.join("x.json"), b"{}").unwrap();
        symlink(files.join("x.json"), links.join("y.json")).unwrap();
        symlink(&files, &all).unwrap();
        let check = |paths: &[&PathBuf], expected: &[PathBuf]| {
            let paths: Vec<PathBuf> = paths.iter().map(|path| (*path).clone()).collect();
            let found = find_sources(&paths).unwrap();
            let names: Vec<PathBuf> = found.iter().map(|f| PathBuf::from(&**f.name())).collect();
            assert_eq!(names, expected);
        };
        check(&[&files, &links], &[files.join("x.json")]);
        check(&[&links, &files], &[links.join("y.json")]);
        check(&[&all, &files], &[all.join("x.json")]);
    }

    #[test]
    fn rotated_sets_are_read_in_order_of_writing() {
        check(
            &[
                "data.json",
                "data-2022-09-14T05-02-14.173.json",
                "data-2022-09-14T05-02-13.900-size.json",
                "data-2021-01-01T00-00-00.000.json.gz",
                "data-b.json",
                "other.json",
            ],
            &["."],
            &[
                "data-2021-01-01T00-00-00.000.json.gz",
                "data-2022-09-14T05-02-13.900-size.json",
                "data-2022-09-14T05-02-14.173.json",
                "data-b.json",
                "data.json",
                "other.json",
            ],
        );
        check(
            &["d.json", "d-2022-09-14T05-02-14.173.json"],
            &["d.json", "d-2022-09-14T05-02-14.173.json"],
            &["d-2022-09-14T05-02-14.173.json", "d.json"],
        );
    }

    #[test]
    fn a_missing_path_is_an_error() {
        let error = find_sources(&[PathBuf::from("/no/such/file")]).unwrap_err();
        assert!(matches!(error, FindError::Look { .. }));
        assert_eq!(error.to_string(), "failed to look at `/no/such/file`");
    }

    #[test]
    fn standard_input_is_named_by_a_dash() {
        let found = find_sources(&[PathBuf::from("-"), PathBuf::from("-")]).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(&**found[0].name(), "-");
    }
}
