//! What decides which usage data tells of: what was kept by other rules is of no use.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// The sources of the rules. Whatever changes in them, even a comment, makes what was kept before
/// worthless, which costs a run of `compact`; what they take for granted (how columns are read,
/// which dialects there are) goes by the version of the program.
const SOURCES: [&str; 25] = [
    include_str!("../address.rs"),
    include_str!("../amounts.rs"),
    include_str!("../authority.rs"),
    include_str!("../detect.rs"),
    include_str!("../distinct.rs"),
    include_str!("../eval.rs"),
    include_str!("../fit.rs"),
    include_str!("../idle.rs"),
    include_str!("../item.rs"),
    include_str!("../key_cells.rs"),
    include_str!("../mapping.json"),
    include_str!("../mapping.rs"),
    include_str!("../mod.rs"),
    include_str!("../model.rs"),
    include_str!("../parse.rs"),
    include_str!("../points.rs"),
    include_str!("../read.rs"),
    include_str!("../record.rs"),
    include_str!("../rows.rs"),
    include_str!("../series.rs"),
    include_str!("form.rs"),
    include_str!("make.rs"),
    include_str!("mod.rs"),
    include_str!("varint.rs"),
    include_str!("../../money.rs"),
];

/// A number that other rules do not have.
pub(super) fn rules() -> u64 {
    let mut hasher = DefaultHasher::new();
    env!("CARGO_PKG_VERSION").hash(&mut hasher);
    SOURCES.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::Path;

    #[test]
    fn all_sources_of_usage_are_among_them() {
        let usage = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/usage");
        for directory in [usage.clone(), usage.join("kept")] {
            for entry in fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                let is_other = ["kept/rules.rs", "kept/tests.rs"];
                let is_rule = path.is_file() && !is_other.iter().any(|end| path.ends_with(end));
                let is_text = path.extension().is_some_and(|e| e == "rs" || e == "json");
                if is_rule && is_text {
                    let text = fs::read_to_string(&path).unwrap();
                    assert!(SOURCES.contains(&&*text), "{} is missing", path.display());
                }
            }
        }
    }
}
