//! Names of models, as emitters and gateways spell them.

/// What gateways put before a name: regions and makers.
const PREFIXES: [&str; 17] = [
    "us.",
    "eu.",
    "apac.",
    "global.",
    "jp.",
    "au.",
    "us-gov.",
    "anthropic.",
    "openai.",
    "google.",
    "qwen.",
    "amazon.",
    "meta.",
    "mistral.",
    "deepseek.",
    "moonshot.",
    "cohere.",
];

/// The spellings under which a model may be in a table, the most special first: as sent (in lower
/// case), then step by step without what follows the model's own name or precedes it:
///
/// 1. a marker in brackets: `claude-sonnet-4-5[1m]`
/// 2. a path: `openrouter/anthropic/claude-sonnet-4.5`
/// 3. regions and makers: `us.anthropic.claude-...`
/// 4. a version of the gateway: `...-v1:0`
/// 5. what follows `@`: `claude-haiku-4-5@20251001`
/// 6. a day or `latest`: `gpt-5-2025-08-07`, `claude-haiku-4-5-20251001`
pub(super) fn spellings(name: &str) -> Vec<String> {
    let name = name.trim().to_ascii_lowercase();
    let mut found = vec![name.clone()];
    let steps = [
        without_marker,
        without_path,
        without_prefixes,
        without_version,
        without_place,
        without_day,
    ];
    let mut rest = name.as_str();
    for step in steps {
        let shorter = step(rest);
        if shorter != rest && !shorter.is_empty() {
            rest = shorter;
            found.push(rest.to_owned());
        }
    }
    found
}

/// The part of a key after its last `/`, if it has one.
pub(super) fn after_path(key: &str) -> Option<&str> {
    key.rsplit_once('/').map(|(_, name)| name)
}

fn without_marker(name: &str) -> &str {
    let marked = name
        .strip_suffix(']')
        .and_then(|rest| rest.rsplit_once('['));
    marked.map_or(name, |(name, _)| name)
}

fn without_path(name: &str) -> &str {
    after_path(name).unwrap_or(name)
}

fn without_prefixes(name: &str) -> &str {
    let mut rest = name;
    while let Some(shorter) = PREFIXES.iter().find_map(|prefix| rest.strip_prefix(prefix)) {
        rest = shorter;
    }
    rest
}

fn without_version(name: &str) -> &str {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    // Without the second number a version is part of the name: `deepseek-v3`.
    let Some((rest, second)) = name.rsplit_once(':') else {
        return name;
    };
    match rest.rsplit_once("-v") {
        Some((shorter, first)) if digits(first) && digits(second) => shorter,
        _ => name,
    }
}

fn without_place(name: &str) -> &str {
    name.split_once('@').map_or(name, |(name, _)| name)
}

fn without_day(name: &str) -> &str {
    if let Some(rest) = name.strip_suffix("-latest") {
        return rest;
    }
    for form in ["-00000000", "-0000-00-00"] {
        let Some(at) = name.len().checked_sub(form.len()) else {
            continue;
        };
        let fits = |(byte, like): (u8, u8)| match like {
            b'0' => byte.is_ascii_digit(),
            like => byte == like,
        };
        let tail = &name.as_bytes()[at..];
        if tail.iter().copied().zip(form.bytes()).all(fits) {
            // The tail is ASCII, so it begins where a character does.
            return &name[..at];
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, expected: &[&str]) {
        assert_eq!(spellings(name), expected, "{name}");
    }

    #[test]
    fn spellings_end_in_the_models_own_name() {
        check("gpt-5", &["gpt-5"]);
        check(
            "claude-sonnet-4-5-20250929[1m]",
            &[
                "claude-sonnet-4-5-20250929[1m]",
                "claude-sonnet-4-5-20250929",
                "claude-sonnet-4-5",
            ],
        );
        check("gpt-5-2025-08-07", &["gpt-5-2025-08-07", "gpt-5"]);
        check(
            "us.anthropic.claude-haiku-4-5-20251001-v1:0",
            &[
                "us.anthropic.claude-haiku-4-5-20251001-v1:0",
                "claude-haiku-4-5-20251001-v1:0",
                "claude-haiku-4-5-20251001",
                "claude-haiku-4-5",
            ],
        );
        check(
            "openrouter/anthropic/Claude-Sonnet-4.5",
            &[
                "openrouter/anthropic/claude-sonnet-4.5",
                "claude-sonnet-4.5",
            ],
        );
        check(
            "vertex_ai/claude-haiku-4-5@20251001",
            &[
                "vertex_ai/claude-haiku-4-5@20251001",
                "claude-haiku-4-5@20251001",
                "claude-haiku-4-5",
            ],
        );
        check("gpt-4o-latest", &["gpt-4o-latest", "gpt-4o"]);
    }

    #[test]
    fn what_is_part_of_the_name_stays() {
        check("gpt-5.1-codex", &["gpt-5.1-codex"]);
        check("model:free", &["model:free"]);
        check("deepseek-v3", &["deepseek-v3"]);
        check("-20250101", &["-20250101"]);
        check("[1m]", &["[1m]"]);
        check("", &[""]);
        check("\u{e9}-2025010", &["\u{e9}-2025010"]);
    }
}
