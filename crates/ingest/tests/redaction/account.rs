//! What is told of redacted values, and what the options change.

use otolith_ingest::{Redacted, RedactedKind};
use otolith_tables::ColumnOrigin;

use crate::lake_content::{Content, parts, rows};
use crate::support::{TestLake, attribute, lines, logs, options};
use crate::{MODES, Mode, redacting};

fn text(key: &str, value: &str) -> String {
    attribute(key, &format!(r#"{{"stringValue":"{value}"}}"#))
}

#[test]
fn values_are_counted_by_class_and_key() {
    let records = [
        text("prompt", "why"),
        text("user.id", "u"),
        text("x", "from ann@example.org to bob@example.org"),
        text("my.key", "1"),
    ];
    let records: Vec<&str> = records.iter().map(String::as_str).collect();
    for mode in MODES {
        let lake = TestLake::new();
        let options = redacting("prompts,my.*,emails,ids,gone", mode, 1);
        let account = lake
            .convert(&[lines(&[logs("a", 1, &records)])], &options)
            .unwrap();
        let told: Vec<_> = account
            .redacted
            .iter()
            .map(|entry| (entry.kind, entry.what.as_str(), entry.values))
            .collect();
        use RedactedKind::{Class, Key};
        let expected = [
            (Class, "emails", 2),
            (Class, "ids", 1),
            (Class, "prompts", 1),
            (Key, "gone", 0),
            (Key, "my.*", 1),
        ];
        assert_eq!(told, expected);
        let how = match mode {
            Mode::Remove => Redacted::Removed,
            Mode::Hash => Redacted::Hashed,
        };
        assert!(account.redacted.iter().all(|entry| entry.how == how));
        let json = serde_json::to_value(&account.redacted[0]).unwrap();
        assert_eq!(
            (&json["kind"], &json["what"]),
            (&"class".into(), &"emails".into())
        );
    }
}

#[test]
fn abandoned_frames_do_not_count() {
    let good = logs("a", 1, &[&text("prompt", "why")]);
    let torn = logs("a", 2, &[&text("prompt", "why")]).replace("}]}]}]}", "}]}]}],\"x\":}");
    let lake = TestLake::new();
    let account = lake
        .convert(
            &[lines(&[good, torn])],
            &redacting("prompts", Mode::Remove, 1),
        )
        .unwrap();
    assert_eq!((account.frames_converted, account.frames_rejected), (1, 1));
    assert_eq!(account.redacted[0].values, 1);
}

#[test]
fn nothing_redacted_changes_nothing() {
    let source = || [lines(&[logs("a", 1, &[&text("x", "y")])])];
    let (plain, redacted) = (TestLake::new(), TestLake::new());
    let account = plain.convert(&source(), &options(1)).unwrap();
    assert_eq!(account.redacted, []);
    redacted
        .convert(&source(), &redacting("prompts,emails,ids", Mode::Hash, 1))
        .unwrap();
    assert_eq!(rows(&plain), rows(&redacted));
    // But it is another run.
    assert_ne!(
        plain.files().keys().collect::<Vec<_>>(),
        redacted.files().keys().collect::<Vec<_>>()
    );
}

#[test]
fn the_database_follows_a_redacted_service_name() {
    let source = || [lines(&[logs("Project X", 1, &[&text("x", "y")])])];
    let databases = |mode| {
        let lake = TestLake::new();
        lake.convert(&source(), &redacting("service.name", mode, 1))
            .unwrap();
        assert_eq!(Content::of(&lake).find("project"), None);
        let databases = lake.lake.databases().unwrap();
        databases
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    assert_eq!(databases(Mode::Remove), ["unknown_service"]);
    let hashed = databases(Mode::Hash);
    assert!(
        hashed[0].starts_with("redacted_") && hashed[0].len() == 41,
        "{hashed:?}"
    );
}

#[test]
fn hashes_join_and_fit_no_number_column() {
    let same = [
        text("user.id", "ann@example.org"),
        text("x", "ann@example.org"),
        attribute("cost_usd", r#"{"doubleValue":1.5}"#),
        text("cost_usd", "1.5"),
    ];
    let same: Vec<&str> = same.iter().map(String::as_str).collect();
    let lake = TestLake::new();
    let source = [lines(&[logs("a", 1, &same)])];
    lake.convert(&source, &redacting("ids,emails,cost_usd", Mode::Hash, 1))
        .unwrap();
    let part = parts(&lake).remove(0);
    let column = |name: &str| {
        let column = part.columns.iter().find(|column| column.field.name == name);
        format!("{:?}", column.unwrap().values)
    };
    let token = |name| {
        let values = column(name);
        let bytes = values.split("bytes: ").nth(1).unwrap();
        bytes
            .split(|c: char| !c.is_ascii_digit())
            .filter(|n| !n.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(token("user_id"), token("x"));
    let side = part
        .columns
        .iter()
        .find(|column| column.field.name == "cost_usd__string");
    assert!(
        matches!(&side.unwrap().field.origin, ColumnOrigin::Attribute { key, .. } if key == "cost_usd")
    );
}

#[test]
fn bodies_of_messages_go_and_others_stay() {
    let message = r#""eventName":"gen_ai.user.message","body":{"kvlistValue":{"values":[{"key":"text","value":{"stringValue":"hush"}}]}}"#;
    let other = r#""eventName":"started","body":{"stringValue":"hello"}"#;
    let by_attribute = format!(
        r#"{},"body":{{"stringValue":"hush"}}"#,
        text("event.name", "gen_ai.choice")
    );
    for mode in MODES {
        let lake = TestLake::new();
        let source = [lines(&[logs("a", 1, &[message, other, &by_attribute])])];
        let account = lake
            .convert(&source, &redacting("prompts", mode, 1))
            .unwrap();
        assert_eq!(account.redacted[0].values, 2);
        let content = Content::of(&lake);
        assert_eq!(content.find("hush"), None);
        assert!(content.find("hello").is_some());
    }
}
