use proptest::prelude::*;

use super::*;
use crate::yaml::node::{Mapping, Sequence};

/// The tree in one line: `{key: value}`, `[item]`, scalars by their text, `~` for nothing.
fn shape(node: &Node) -> String {
    match &node.value {
        Value::Scalar(scalar) if scalar.is_null() => "~".to_owned(),
        Value::Scalar(scalar) => match scalar.style {
            ScalarStyle::Plain => scalar.text.clone(),
            _ => format!("{:?}", scalar.text),
        },
        Value::Sequence(Sequence { items, .. }) => {
            format!(
                "[{}]",
                items.iter().map(shape).collect::<Vec<_>>().join(", ")
            )
        }
        Value::Mapping(Mapping { entries, .. }) => {
            let entries = entries
                .iter()
                .map(|entry| format!("{}: {}", entry.key.text, shape(&entry.value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
    }
}

/// Every span lies in the text, on character boundaries, in its parent, and looks like its value.
pub(crate) fn verify(text: &str, node: &Node) {
    let source = text
        .get(node.span.start..node.span.end)
        .unwrap_or_else(|| panic!("{:?} is no span of {text:?}", node.span));
    if node.alias {
        assert!(source.starts_with('*'), "{source:?} in {text:?}");
        return;
    }
    let inside = |span: Span| {
        assert!(
            node.span.start <= span.start && span.end <= node.span.end,
            "{span:?} leaves {:?} in {text:?}",
            node.span
        );
    };
    match &node.value {
        Value::Scalar(scalar) => {
            let begins = match scalar.style {
                ScalarStyle::Plain => {
                    assert_eq!(
                        source.trim_matches([' ', '\t', '\n', '\r']),
                        source,
                        "in {text:?}"
                    );
                    source.is_empty() == scalar.text.is_empty() || source.starts_with('*')
                }
                ScalarStyle::SingleQuoted => source.starts_with('\'') && source.ends_with('\''),
                ScalarStyle::DoubleQuoted => source.starts_with('"') && source.ends_with('"'),
                ScalarStyle::Literal => source.starts_with('|'),
                ScalarStyle::Folded => source.starts_with('>'),
            };
            assert!(begins, "{scalar:?} at {:?} in {text:?}", node.span);
        }
        Value::Sequence(Sequence { items, flow }) => {
            assert!(
                source.starts_with(if *flow { '[' } else { '-' }),
                "{source:?} in {text:?}"
            );
            for item in items {
                inside(item.span);
                verify(text, item);
            }
        }
        Value::Mapping(mapping) => {
            for entry in &mapping.entries {
                assert!(text.get(entry.key.span.start..entry.key.span.end).is_some());
                inside(entry.key.span);
                inside(entry.value.span);
                verify(text, &entry.value);
            }
        }
    }
}

fn ok(text: &str) -> String {
    let parsed = read(text, &Limits::default());
    assert_eq!(parsed.errors, [], "in {text:?}");
    parsed.documents.iter().for_each(|node| verify(text, node));
    let shapes: Vec<String> = parsed.documents.iter().map(shape).collect();
    shapes.join(" --- ")
}

/// The tree, and the errors as `line: message`.
fn broken(text: &str) -> (String, Vec<String>) {
    let parsed = read(text, &Limits::default());
    let errors = parsed.errors.iter().map(|error| {
        assert!(text.get(error.span.start..error.span.end).is_some());
        format!("{}: {}", line_number(text, error.span.start), error.message)
    });
    let errors = errors.collect();
    let shapes: Vec<String> = parsed.documents.iter().map(shape).collect();
    (shapes.join(" --- "), errors)
}

fn check_broken(text: &str, tree: &str, errors: &[&str]) {
    let (found, messages) = broken(text);
    assert_eq!(
        (found.as_str(), messages),
        (tree, errors.iter().map(|&e| e.to_owned()).collect()),
        "in {text:?}"
    );
}

/// The source of the value at a path.
fn source<'a>(text: &'a str, path: &[&str]) -> &'a str {
    let parsed = read(text, &Limits::default());
    let node = parsed.documents[0].at(path.iter().copied());
    node.expect("a value at the path").span.of(text)
}

#[test]
fn reads_block_and_flow() {
    assert_eq!(
        ok("a: 1\nb:\n  - x\n  - y: 2\n    z: 3\n"),
        "{a: 1, b: [x, {y: 2, z: 3}]}"
    );
    assert_eq!(ok("a:\n- x\n- - y\n  - z\nb: c"), "{a: [x, [y, z]], b: c}");
    assert_eq!(
        ok("{a: 1, b: [x, {y: 2}, ], c}"),
        "{a: 1, b: [x, {y: 2}], c: ~}"
    );
    assert_eq!(ok("a: [b: c, d]\n"), "{a: [{b: c}, d]}");
    assert_eq!(ok("a:\nb:\n  -\n  - \n"), "{a: ~, b: [~, ~]}");
    assert_eq!(
        ok("a: \"x # y\" # c\n# d\nb: 'it''s'\n"),
        "{a: \"x # y\", b: \"it's\"}"
    );
    assert_eq!(
        ok("a: |\n  x\n\n  y\nb: >-\n  p\n  q\n"),
        "{a: \"x\\n\\ny\\n\", b: \"p q\"}"
    );
    assert_eq!(
        ok("a: one\n  two\n\n  three\nb: 1\n"),
        "{a: one two\nthree, b: 1}"
    );
    assert_eq!(
        ok("1: a\ntrue: b\nnull: c\n~: d\n"),
        "{1: a, true: b, null: c, ~: d}"
    );
    assert_eq!(ok("\u{FEFF}a: é\r\nb: ü\r\n"), "{a: é, b: ü}");
    assert_eq!(
        ok("é: [ü, \"ö\"] # ß\nb: {ñ: 1}\n"),
        "{é: [ü, \"ö\"], b: {ñ: 1}}"
    );
}

#[test]
fn reads_streams_and_nothing() {
    assert_eq!(
        ok("a: 1\n---\nb: 2\n...\n---\n- c\n"),
        "{a: 1} --- {b: 2} --- [c]"
    );
    assert_eq!(ok("%YAML 1.2\n--- # c\na: 1\n"), "{a: 1}");
    assert_eq!(ok("---\n---\na\n"), "~ --- a");
    assert_eq!(ok(""), "~");
    assert_eq!(ok("# only a comment\n"), "~");
    assert_eq!(ok("--- |\n x\n--- >\n y\n"), "\"x\\n\" --- \"y\\n\"");
}

#[test]
fn spans_are_exact() {
    let text = "# é\na:   \"q\"  # c\nb:\n  - one \n  - {x: [1, 2 ] , y: 3}  # c\n  -\n    k: v\n    l: |\n      text\n      more\n\n# end\nc: &n !x word\nd: *n\ne:\nf: two\n   lines # c\n";
    let parsed = read(text, &Limits::default());
    parsed.documents.iter().for_each(|node| verify(text, node));
    assert_eq!(source(text, &["a"]), "\"q\"");
    assert_eq!(source(text, &["b", "0"]), "one");
    assert_eq!(source(text, &["b", "1"]), "{x: [1, 2 ] , y: 3}");
    assert_eq!(source(text, &["b", "1", "x"]), "[1, 2 ]");
    assert_eq!(
        source(text, &["b", "2"]),
        "k: v\n    l: |\n      text\n      more"
    );
    assert_eq!(source(text, &["b", "2", "l"]), "|\n      text\n      more");
    assert_eq!(source(text, &["b"]).lines().next(), Some("- one "));
    assert_eq!(source(text, &["c"]), "word");
    assert_eq!(source(text, &["d"]), "*n");
    assert_eq!(source(text, &["e"]), "");
    assert_eq!(
        parsed.documents[0].get("e").unwrap().span.start,
        text.find("e:").unwrap() + 2
    );
    assert_eq!(source(text, &["f"]), "two\n   lines");
    assert_eq!(parsed.documents[0].span.end, text.rfind(" # c").unwrap());
    assert!(parsed.documents[0].get("d").unwrap().alias);
}

#[test]
fn reads_json() {
    let text = "{\n\t\"a\": [1, -2.5e3, true, null],\n\t\"b\\/\": \"\\uD83D\\uDE00\\n\",\r\n\t\"c\" : {}\n}\n";
    assert_eq!(ok(text), "{a: [1, -2.5e3, true, ~], b/: \"😀\\n\", c: {}}");
    assert_eq!(source(text, &["a", "1"]), "-2.5e3");
    check_broken(
        "{\"a\": 1, \"a\": 2}",
        "{a: 1}",
        &["1: the key `a` is stated twice"],
    );
    // A comma is missing, or one is too many.
    check_broken(
        "{\n\t\"a\": 1\n\t\"b\": 2,\n\t\"c\": 3\n}\n",
        "{a: 1, c: 3}",
        &["3: expected `,` or `}`"],
    );
}

#[test]
fn aliases_repeat_their_anchor() {
    assert_eq!(ok("a: &x {k: [1]}\nb: *x\n"), "{a: {k: [1]}, b: {k: [1]}}");
    check_broken(
        "a: *x\nb: 1\n",
        "{a: ~, b: 1}",
        &["1: the alias `*x` has no anchor `&x` before it"],
    );
    check_broken(
        "a: &x 1\n---\nb: *x\n",
        "{a: 1} --- {b: ~}",
        &["3: the alias `*x` has no anchor `&x` before it"],
    );
    check_broken(
        "a: &x [*x]\n",
        "{a: [~]}",
        &["1: the alias `*x` stands inside its own anchor"],
    );
}

#[test]
fn keys_are_texts_stated_once() {
    let parsed = read("a: 1\nb: 2\n# c\na: 3\n", &Limits::default());
    assert_eq!(shape(&parsed.documents[0]), "{a: 1, b: 2}");
    assert_eq!(parsed.errors[0].kind, ErrorKind::DuplicateKey);
    assert_eq!(
        parsed.errors[0].help.as_deref(),
        Some("first stated on line 1; that one counts")
    );
    let key = "a key must be a text, not a list, a mapping or an alias";
    check_broken("[a]: 1\nb: 2\n", "{b: 2}", &[&format!("1: {key}")]);
    check_broken("? {a: 1}\n: 1\nb: 2\n", "{b: 2}", &[&format!("1: {key}")]);
    check_broken("a: &x k\n*x : 1\n", "{a: k}", &[&format!("2: {key}")]);
    check_broken(
        "a: &x {k: 1}\nb:\n  <<: *x\n  l: 2\n",
        "{a: {k: 1}, b: {l: 2}}",
        &["3: merge keys are not part of YAML 1.2"],
    );
    check_broken(
        "a: !!str 5\n",
        "{a: 5}",
        &["1: the tag `!!str` is not part of this format"],
    );
    check_broken(
        "? a\n: 1\nb: 2\n",
        "{a: 1, b: 2}",
        &["1: a key with `?` before it is not part of this format"],
    );
    check_broken(": a\n", "{}", &["1: a key is missing before `:`"]);
}

#[test]
fn goes_on_behind_errors() {
    check_broken(
        "a: 1\nb: x: y\nc: 3\n",
        "{a: 1, b: ~, c: 3}",
        &["2: a second `: ` in one entry"],
    );
    check_broken(
        "a: 1\noops\nc: 3\n",
        "{a: 1, c: 3}",
        &["2: this line is not `key: value`"],
    );
    check_broken(
        "a:\n  b: {x: 1\n  c: {y: 2}\nd: 4\n",
        "{a: {b: ~, c: {y: 2}}, d: 4}",
        &["2: `{` is never closed"],
    );
    check_broken(
        "a: \"open\nb: 2\n",
        "{a: ~, b: 2}",
        &["1: the quote `\"` is never closed"],
    );
    check_broken(
        "a: {x: 1, y z: w: 2, v: 3}\nb: 2\n",
        "{a: {x: 1, v: 3}, b: 2}",
        &["1: expected `,` or `}`"],
    );
    check_broken(
        "a:\n\tb: 1\n\tc: 2\nd: 3\n",
        "{a: {b: 1, c: 2}, d: 3}",
        &[
            "2: a tab is used as indentation",
            "3: a tab is used as indentation",
        ],
    );
    check_broken(
        "a: @x\nb: 2\n",
        "{a: ~, b: 2}",
        &["1: a text cannot begin with `@`"],
    );
    check_broken("a: [1, 2\n", "{a: ~}", &["1: `[` is never closed"]);
    check_broken(
        "a: 1]\nb: ]\nc: 2\n",
        "{a: 1], b: ~, c: 2}",
        &["2: `]` closes nothing"],
    );
    check_broken(
        "a:\n   b: 1\n  c: 2\nd: 3\n",
        "{a: {b: 1}, d: 3}",
        &["3: this line does not fit the indentation around it"],
    );
    check_broken(
        "a: 1\n  b: 2\nc: 3\n",
        "{a: 1, c: 3}",
        &["2: this line is indented deeper than the entry before it"],
    );
    check_broken(
        "a: x\0y\nb: 1\rc: 2\n",
        "{a: x y, b: 1, c: 2}",
        &[
            "1: the control character U+0000",
            "2: a carriage return without a line feed",
        ],
    );
    check_broken(
        "a: \"\\q\"\nb: 'x' y\nc: 3\n",
        "{a: ~, b: ~, c: 3}",
        &[
            "1: an escape in this quoted text does not exist",
            "2: there is text behind the closing quote",
        ],
    );
    check_broken(
        "a: 1\n---\nb: x: y\n---\nc: 2\n",
        "{a: 1} --- {b: ~} --- {c: 2}",
        &["3: a second `: ` in one entry"],
    );
    check_broken(
        "nodes:\n  a\n    role: x\n    model: y\n  b:\n    role: z\n",
        "{nodes: {b: {role: z}}}",
        &["2: this line is not `key: value`"],
    );
}

#[test]
fn limits_are_kept() {
    let small = Limits {
        bytes: 100,
        depth: 3,
        values: 20,
        errors: 2,
    };
    let kinds = |text: &str| -> Vec<ErrorKind> {
        let errors = read(text, &small).errors;
        errors.iter().map(|error| error.kind).collect()
    };
    assert_eq!(kinds(&"a".repeat(101)), [ErrorKind::Limit]);
    assert_eq!(kinds("[[[[1]]]]"), [ErrorKind::Limit]);
    assert_eq!(kinds("- - - - 1\n"), [ErrorKind::Limit]);
    assert_eq!(kinds(&"- 1\n".repeat(21)), [ErrorKind::Limit]);
    assert_eq!(
        kinds("a: &x [1,2,3,4,5]\nb: [*x,*x,*x,*x]\n"),
        [ErrorKind::Limit]
    );
    assert_eq!(kinds("a: &x [[1]]\nb: *x\n"), []);
    assert_eq!(kinds("a: &x [[1]]\nb: [*x]\n"), [ErrorKind::Limit]);
    assert_eq!(kinds("a: @\nb: @\nc: @\nd: @\n").len(), 2);
    let deep = read("a: [[[[1]]]]\nb: 2\n", &small);
    assert_eq!(shape(&deep.documents[0]), "{a: [[~]], b: 2}");
    let levels = (1..60).map(|level| {
        let before = level - 1;
        format!("a{level}: &a{level} [*a{before},*a{before}]\n")
    });
    let bomb = format!("a0: &a0 [x]\n{}", levels.collect::<Vec<_>>().concat());
    let parsed = read(&bomb, &Limits::default());
    assert_eq!(parsed.errors.len(), 1);
    assert_eq!(parsed.errors[0].kind, ErrorKind::Limit);
}

#[test]
fn hostile_texts_are_refused_quickly() {
    let million = 1 << 20;
    let texts = [
        "[".repeat(million),
        "{".repeat(million),
        "- ".repeat(million / 2),
        "? ".repeat(million / 2),
        "[{".repeat(million / 2),
        "a: @\n".repeat(million / 5),
        "a: [\n".repeat(million / 5),
        "\"\n".repeat(million / 2),
        "a: '\n".repeat(million / 5),
        "\t\n\tx\n".repeat(million / 5),
        "{a: b c: d}\n".repeat(million / 12),
        format!("{}{}", "[".repeat(200), "1,".repeat(million / 2)),
        format!("{{{}", "a: [1, 2], ".repeat(million / 11)),
        (0..2000)
            .map(|i| " ".repeat(i) + "a:\n")
            .collect::<Vec<_>>()
            .concat(),
        "&a ".repeat(million / 3),
        "!a ".repeat(million / 3),
        "a: &a *a\n".repeat(million / 9),
        "#\n".repeat(million / 2),
        "---\n".repeat(million / 4),
        "\0".repeat(million),
        "\r".repeat(million),
        "a: |\n\n".repeat(million / 6),
    ];
    for text in texts {
        let start = std::time::Instant::now();
        let parsed = read(&text, &Limits::default());
        let head: String = text.chars().take(24).collect();
        eprintln!(
            "{head:?}: {} errors, {:?}",
            parsed.errors.len(),
            start.elapsed()
        );
        assert!(
            start.elapsed().as_secs() < 20,
            "{head:?} took {:?}",
            start.elapsed()
        );
    }
}

/// Texts that look like YAML, good and bad.
fn yamlish(any_character: u32) -> impl Strategy<Value = String> {
    let token = prop_oneof![
        12 => prop::sample::select(vec![
            "a", "b: ", "key: ", "- ", "\n", "\n  ", "\n    ", "  ", " ", "{", "}", "[", "]", ", ",
            ": ", ":", "\"", "'", "\"q\"", "'s'", "#c", " # c\n", "|\n", ">-\n", "|2\n", "&x ", "*x",
            "!t ", "!!str ", "? ", "---\n", "...\n", "\t", "\r\n", "\r", "é", "😀", "\u{FEFF}",
            "\0", "%YAML 1.2\n", "<<: ", "~", "\\", "\\\"", "@", "`", "%", "-", "?", ",", "1",
            "\u{85}", "\u{2028}", "\n\n", "x: [1, {y: z}]\n", "k:\n  - v\n",
        ]).prop_map(str::to_owned),
        any_character => "\\PC{0,3}",
    ];
    prop::collection::vec(token, 0..24).prop_map(|tokens| tokens.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn any_text_is_read(text in yamlish(3)) {
        let parsed = read(&text, &Limits::default());
        prop_assert!(!parsed.documents.is_empty());
        for error in &parsed.errors {
            prop_assert!(text.get(error.span.start..error.span.end).is_some(), "{error:?} in {text:?}");
        }
        for node in &parsed.documents {
            bounded(&text, node);
            if parsed.errors.is_empty() {
                verify(&text, node);
            }
        }
    }

    #[test]
    fn any_characters_are_read(text in any::<String>()) {
        let parsed = read(&text, &Limits::default());
        parsed.documents.iter().for_each(|node| bounded(&text, node));
    }

    /// What `serde_yaml` reads, we read the same.
    #[test]
    fn agrees_with_another_reader(text in yamlish(0)) {
        // How a last line of spaces without a line break counts is in dispute.
        let text = format!("{text}\n");
        let parsed = read(&text, &Limits::default());
        // The other one breaks lines as YAML 1.1 did, and takes byte order marks for text.
        // And it wants block scalars indented that are the whole document.
        let is_block_scalar = parsed.documents[0].as_scalar().is_some_and(|scalar| {
            matches!(scalar.style, ScalarStyle::Literal | ScalarStyle::Folded)
        });
        if parsed.errors.is_empty()
            && parsed.documents.len() == 1
            && !is_block_scalar
            && !text.contains(['\u{85}', '\u{2028}', '\u{2029}', '\u{FEFF}'])
            && let Ok(other) = serde_yaml::from_str::<serde_yaml::Value>(&text)
        {
            prop_assert!(same(&parsed.documents[0], &other), "{text:?}: {} {other:?}", shape(&parsed.documents[0]));
        }
    }
}

/// Spans lie in the text and in their parents, also where the text is broken.
fn bounded(text: &str, node: &Node) {
    assert!(
        text.get(node.span.start..node.span.end).is_some(),
        "{node:?} in {text:?}"
    );
    if node.alias {
        return;
    }
    let inside = |span: Span| {
        assert!(
            node.span.start <= span.start && span.end <= node.span.end,
            "{node:?} in {text:?}"
        );
    };
    match &node.value {
        Value::Scalar(_) => {}
        Value::Sequence(Sequence { items, .. }) => {
            for item in items {
                inside(item.span);
                bounded(text, item);
            }
        }
        Value::Mapping(mapping) => {
            for entry in &mapping.entries {
                inside(entry.key.span);
                inside(entry.value.span);
                bounded(text, &entry.value);
            }
        }
    }
}

fn same(node: &Node, other: &serde_yaml::Value) -> bool {
    use serde_yaml::Value as Other;
    match (&node.value, other) {
        (Value::Sequence(Sequence { items, .. }), Other::Sequence(others)) => {
            items.len() == others.len() && items.iter().zip(others).all(|(a, b)| same(a, b))
        }
        (Value::Mapping(mapping), Other::Mapping(others)) => {
            mapping.entries.len() == others.len()
                && mapping
                    .entries
                    .iter()
                    .zip(others)
                    .all(|(entry, (_, value))| same(&entry.value, value))
        }
        (Value::Scalar(scalar), Other::String(text)) => scalar.text == *text,
        (Value::Scalar(scalar), _) => {
            scalar.style == ScalarStyle::Plain
                && other.as_mapping().is_none()
                && other.as_sequence().is_none()
        }
        _ => false,
    }
}

/// Documents of other projects, when they are at hand: no error, and what `serde_yaml` reads.
#[test]
fn reads_documents_of_other_projects() {
    let root = std::env::var_os("MODELSPEC_SHARED").map_or_else(
        || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"),
        std::path::PathBuf::from,
    );
    let mut folders = vec![root.join("examples"), root.join("schemas")];
    if !folders.iter().any(|folder| folder.is_dir()) {
        eprintln!("skipped: no documents under {}", root.display());
        return;
    }
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let extension = path.extension().and_then(|extension| extension.to_str());
            if !matches!(extension, Some("yaml" | "yml" | "json")) {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let parsed = read(&text, &Limits::default());
            assert_eq!(parsed.errors, [], "in {}", path.display());
            for (index, document) in parsed.documents.iter().enumerate() {
                verify(&text, document);
                let other = serde_yaml::Deserializer::from_str(&text)
                    .nth(index)
                    .unwrap();
                let other = <serde_yaml::Value as serde::Deserialize>::deserialize(other).unwrap();
                assert!(same(document, &other), "in {}", path.display());
            }
        }
    }
}
