//! Foresees the schema URL of a resource or scope while its list, which comes first, is not read.
//!
//! Collectors and SDKs write `{"resource": .., "scopeSpans": [ .. ], "schemaUrl": ".."}`. To skip
//! each list for the sake of that member would cost a pass per level. Instead the next member
//! named `schemaUrl` is found by substring search, and what follows it tells whose it is. The
//! answer is a guess: the walk compares it with the truth, and reads the frame again in the rare
//! case that it was wrong. Where no frame for a while had any, none is looked for: that is the guess then.

use std::collections::VecDeque;

use memchr::memmem;

/// Whether schema URLs are worth to be looked for, by the frames before. To search a frame that has none takes
/// 4 % of the instructions of decoding it (callgrind of `report summary`), to read a frame again that has one
/// as much as to decode it.
#[derive(Debug)]
pub(crate) struct Prospect {
    /// Frames in a row without any.
    without: u32,
    /// So many are taken for a sign; more after each time that it deceived.
    sign: u32,
}

impl Default for Prospect {
    fn default() -> Self {
        Self {
            without: 0,
            sign: 16,
        }
    }
}

impl Prospect {
    /// Whether the next frame shall be searched.
    pub(crate) fn looks(&self) -> bool {
        self.without < self.sign
    }

    /// A frame has some or none.
    pub(crate) fn learn(&mut self, has_some: bool) {
        self.without = match has_some {
            true => 0,
            false => self.without.saturating_add(1),
        };
    }

    /// A frame was not searched that had to be.
    pub(crate) fn was_deceived(&mut self) {
        self.without = 0;
        self.sign = self.sign.saturating_mul(2);
    }
}

/// The schema URL members that lie ahead. Each part of the text is searched at most once per
/// name, so the cost is linear however many resources and scopes there are.
pub(super) struct Foresight<'a> {
    text: &'a str,
    /// Where the search for members named `schemaUrl` goes on.
    searched: usize,
    /// The members found and not yet passed.
    of_resources: VecDeque<Member<'a>>,
    of_scopes: VecDeque<Member<'a>>,
    /// The next member of these names at or after the last place asked for.
    next_resource: NextName,
    next_scope: NextName,
}

/// A member named `schemaUrl` that ends a resource or scope group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Member<'a> {
    offset: usize,
    value: &'a str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    Resource,
    Scope,
}

impl<'a> Foresight<'a> {
    /// `looks` says whether the text is searched; if not, no schema URL is foreseen.
    pub(super) fn new(text: &'a str, looks: bool) -> Self {
        Self {
            text,
            searched: if looks { 0 } else { text.len() },
            of_resources: VecDeque::new(),
            of_scopes: VecDeque::new(),
            next_resource: NextName::new("\"resource\""),
            next_scope: NextName::new("\"scope\""),
        }
    }

    /// The schema URL of the resource whose scope list begins at `list`, or `""`.
    pub(super) fn of_resource(&mut self, list: usize) -> &'a str {
        drop_passed(&mut self.of_resources, list);
        while self.of_resources.is_empty() && self.search(list) {}
        match self.of_resources.front() {
            Some(member) if !self.next_resource.is_within(self.text, list, member.offset) => {
                member.value
            }
            _ => "",
        }
    }

    /// The schema URL of the scope whose item list begins at `list`, or `""`.
    pub(super) fn of_scope(&mut self, list: usize) -> &'a str {
        drop_passed(&mut self.of_resources, list);
        drop_passed(&mut self.of_scopes, list);
        while self.of_resources.is_empty() && self.of_scopes.is_empty() && self.search(list) {}
        let Some(member) = self.of_scopes.front() else {
            return "";
        };
        let resource_ends_first = self
            .of_resources
            .front()
            .is_some_and(|other| other.offset < member.offset);
        if resource_ends_first || self.next_scope.is_within(self.text, list, member.offset) {
            return "";
        }
        member.value
    }

    /// Finds one more member at or after `list`; false when there is none.
    fn search(&mut self, list: usize) -> bool {
        const NAME: &str = "\"schemaUrl\"";
        let from = self.searched.max(list);
        let Some(offset) = find(self.text, NAME, from) else {
            self.searched = self.text.len();
            return false;
        };
        self.searched = offset + NAME.len();
        if let Some((value, owner)) = value_and_owner(self.text, self.searched) {
            let queue = match owner {
                Owner::Resource => &mut self.of_resources,
                Owner::Scope => &mut self.of_scopes,
            };
            queue.push_back(Member { offset, value });
        }
        true
    }
}

fn drop_passed(queue: &mut VecDeque<Member<'_>>, list: usize) {
    while queue.front().is_some_and(|member| member.offset < list) {
        queue.pop_front();
    }
}

/// Where a member name occurs next.
struct NextName {
    /// The name in its quotes.
    quoted: &'static str,
    found: Option<usize>,
}

impl NextName {
    fn new(quoted: &'static str) -> Self {
        Self {
            quoted,
            found: Some(0),
        }
    }

    /// Whether a member of this name begins in `from..to`. `from` never goes back.
    fn is_within(&mut self, text: &str, from: usize, to: usize) -> bool {
        if self.found.is_some_and(|found| found < from) {
            self.found = self.find_member(text, from);
        }
        self.found.is_some_and(|found| found < to)
    }

    fn find_member(&self, text: &str, mut from: usize) -> Option<usize> {
        loop {
            let offset = find(text, self.quoted, from)?;
            from = offset + self.quoted.len();
            if after_space(text, from).starts_with(':') {
                return Some(offset);
            }
        }
    }
}

fn find(text: &str, what: &str, from: usize) -> Option<usize> {
    let rest = text.as_bytes().get(from..)?;
    Some(from + memmem::find(rest, what.as_bytes())?)
}

fn after_space(text: &str, from: usize) -> &str {
    space(text.get(from..).unwrap_or_default())
}

fn space(text: &str) -> &str {
    text.trim_start_matches([' ', '\n', '\r', '\t'])
}

/// Reads the value of the member whose name ends at `from`, and tells from what follows whose
/// last member it is. `None` where it is not the last one, or has escapes.
fn value_and_owner(text: &str, from: usize) -> Option<(&str, Owner)> {
    let rest = after_space(text, from).strip_prefix(':')?;
    let (value, rest) = space(rest).strip_prefix('"')?.split_once('"')?;
    if value.contains('\\') {
        return None;
    }
    let rest = space(space(rest).strip_prefix('}')?);
    let owner = if let Some(rest) = rest.strip_prefix(',') {
        // A sibling follows: a resource group begins with the resource or its list.
        match name(space(space(rest).strip_prefix('{')?)) {
            Some("resource" | "scopeSpans" | "scopeMetrics" | "scopeLogs") => Owner::Resource,
            _ => Owner::Scope,
        }
    } else {
        // The list of groups ends. Behind the last scope comes more of its resource, behind the
        // last resource the end of the request or another signal.
        let rest = space(rest.strip_prefix(']')?);
        match (rest.strip_prefix('}'), rest.strip_prefix(',')) {
            (Some(rest), _) if space(rest).is_empty() => Owner::Resource,
            (_, Some(rest)) if name(space(rest)).is_some_and(|n| n.starts_with("resource")) => {
                Owner::Resource
            }
            _ => Owner::Scope,
        }
    };
    Some((value, owner))
}

/// The member name at the start of `text`.
fn name(text: &str) -> Option<&str> {
    text.strip_prefix('"')?
        .split_once('"')
        .map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks as the walk does, at each `[` of the lists, and compares the answers.
    #[track_caller]
    fn check(text: &str, expected: &[(&str, &str)]) {
        let mut foresight = Foresight::new(text, true);
        let lists: Vec<_> = text
            .match_indices("scopeLogs\":")
            .map(|(at, _)| (at, "resource"))
            .chain(
                text.match_indices("logRecords\":")
                    .map(|(at, _)| (at, "scope")),
            )
            .collect();
        let mut sorted = lists.clone();
        sorted.sort_unstable();
        let answers: Vec<_> = sorted
            .into_iter()
            .map(|(at, level)| match level {
                "resource" => (level, foresight.of_resource(at)),
                _ => (level, foresight.of_scope(at)),
            })
            .collect();
        assert_eq!(answers, expected);
    }

    #[test]
    fn no_schema_url_at_all() {
        check(
            r#"{"resourceLogs":[{"resource":{},"scopeLogs":[{"scope":{},"logRecords":[{}]}]}]}"#,
            &[("resource", ""), ("scope", "")],
        );
    }

    #[test]
    fn both_levels_and_siblings() {
        check(
            r#"{"resourceLogs":[
                {"resource":{},"scopeLogs":[
                    {"scope":{},"logRecords":[{}],"schemaUrl":"s1"},
                    {"scope":{},"logRecords":[{}]},
                    {"scope":{},"logRecords":[{}],"schemaUrl":"s3"}],"schemaUrl":"r1"},
                {"resource":{},"scopeLogs":[{"scope":{},"logRecords":[{}],"schemaUrl":"s4"}]},
                {"resource":{},"scopeLogs":[{"scope":{},"logRecords":[{}]}],"schemaUrl":"r3"}]}
            "#,
            &[
                ("resource", "r1"),
                ("scope", "s1"),
                ("scope", ""),
                ("scope", "s3"),
                ("resource", ""),
                ("scope", "s4"),
                ("resource", "r3"),
                ("scope", ""),
            ],
        );
    }

    #[test]
    fn a_second_signal_behind_the_resource() {
        check(
            r#"{"resourceLogs":[{"resource":{},"scopeLogs":[{"scope":{},"logRecords":[]}],"schemaUrl":"r"}],"resourceSpans":[]}"#,
            &[("resource", "r"), ("scope", "")],
        );
    }

    #[test]
    fn words_inside_strings_are_no_members() {
        check(
            r#"{"resourceLogs":[{"resource":{},"scopeLogs":[{"scope":{},"logRecords":[{"body":{"stringValue":"{\"scope\":{},\"schemaUrl\":\"x\"}]}"}},{"attributes":[{"key":"scope"},{"key":"resource"}]}],"schemaUrl":"s"}],"schemaUrl":"r"}]}"#,
            &[("resource", "r"), ("scope", "s")],
        );
    }

    #[test]
    fn nothing_is_looked_for_where_nothing_was_and_later_after_each_time_that_it_was_wrong() {
        let mut prospect = Prospect::default();
        let searched = |prospect: &mut Prospect| {
            let mut frames = 0;
            while prospect.looks() {
                prospect.learn(false);
                frames += 1;
            }
            frames
        };
        assert_eq!(searched(&mut prospect), 16);
        prospect.was_deceived();
        assert_eq!(searched(&mut prospect), 32);
        prospect.learn(true);
        assert_eq!(searched(&mut prospect), 32);
    }
}
