use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::text::apply;
use crate::yaml::read::tests::verify;
use crate::yaml::{Limits, read};

fn tree(text: &str) -> Node {
    let parsed = read(text, &Limits::default());
    assert_eq!(parsed.errors, [], "in {text:?}");
    verify(text, &parsed.documents[0]);
    parsed.documents[0].clone()
}

fn done(text: &str, edits: Result<Vec<TextEdit>, EditError>) -> String {
    let edited = apply(text, &edits.expect("an edit"))
        .expect("edits apart")
        .text;
    tree(&edited);
    edited
}

fn path(path: &str) -> Vec<&str> {
    path.split('.')
        .filter(|segment| !segment.is_empty())
        .collect()
}

fn set_to(text: &str, at: &str, value: &Fragment) -> String {
    done(
        text,
        set(text, &tree(text), &path(at), value, &Options::default()),
    )
}

fn word(text: &str) -> Fragment {
    Fragment::text(text)
}

fn removed(text: &str, at: &str) -> String {
    done(
        text,
        remove(text, &tree(text), &path(at), &Options::default()),
    )
}

fn pruned(text: &str, at: &str) -> String {
    let options = Options {
        prune: true,
        ..Options::default()
    };
    done(text, remove(text, &tree(text), &path(at), &options))
}

fn pushed(text: &str, at: &str, item: &Fragment) -> String {
    done(
        text,
        push(text, &tree(text), &path(at), item, &Options::default()),
    )
}

#[test]
fn sets_a_value_and_keeps_all_else() {
    let one = Fragment::raw(&1);
    assert_eq!(set_to("a: 0 # c\nb: 2", "a", &one), "a: 1 # c\nb: 2");
    assert_eq!(set_to("a: 'x'\n", "a", &word("it's")), "a: 'it''s'\n");
    assert_eq!(set_to("a: \"x\"\n", "a", &word("y")), "a: \"y\"\n");
    assert_eq!(set_to("a: x\n", "a", &word("5")), "a: \"5\"\n");
    assert_eq!(set_to("a: x\n", "a", &word("b: c")), "a: \"b: c\"\n");
    assert_eq!(
        set_to("a: {b: x}\n", "a.b", &word("p, q")),
        "a: {b: \"p, q\"}\n"
    );
    assert_eq!(
        set_to("a:\n  - x # c\n  - y\n", "a.0", &one),
        "a:\n  - 1 # c\n  - y\n"
    );
    assert_eq!(
        set_to("a: # c\n  b: 1\n  c: 2\nd: 3\n", "a", &one),
        "a: 1 # c\nd: 3\n"
    );
    assert_eq!(set_to("a: # c\nb: 2\n", "a", &one), "a: 1 # c\nb: 2\n");
    assert_eq!(set_to("a: {b, c: 1}\n", "a.b", &one), "a: {b: 1, c: 1}\n");
    assert_eq!(set_to("- \n- 2\n", "0", &one), "- 1 \n- 2\n");
    assert_eq!(
        set_to("a: |\n  x\n  y\n\nb: 1\n", "a", &word("p\n\nq\n")),
        "a: |\n  p\n\n  q\n\nb: 1\n"
    );
    assert_eq!(set_to("a: |\n  x\nb: 1\n", "a", &word("p")), "a: p\nb: 1\n");
    assert_eq!(set_to("a: &n x\nb: *n\n", "b", &one), "a: &n x\nb: 1\n");
}

#[test]
fn makes_keys_and_their_parents() {
    let one = Fragment::raw(&1);
    assert_eq!(set_to("", "a.b", &one), "a: {b: 1}\n");
    assert_eq!(set_to("# c\n", "a", &one), "# c\na: 1\n");
    assert_eq!(set_to("# c", "a", &one), "# c\na: 1");
    assert_eq!(set_to("a: 1", "b", &one), "a: 1\nb: 1");
    assert_eq!(
        set_to("a: 1\r\nb: 2\r\n", "c", &one),
        "a: 1\r\nb: 2\r\nc: 1\r\n"
    );
    assert_eq!(set_to("a: {b: 1}\n", "a.c", &one), "a: {b: 1, c: 1}\n");
    assert_eq!(set_to("a: {}\n", "a.c", &one), "a: {c: 1}\n");
    assert_eq!(
        set_to("a: {} # c\nb: 1\n", "a.c.d", &one),
        "a: # c\n  c: {d: 1}\nb: 1\n"
    );
    assert_eq!(
        set_to("a:\nb: 1\n", "a.c.d", &one),
        "a:\n  c: {d: 1}\nb: 1\n"
    );
    assert_eq!(
        set_to("a:\n  b: 1 # c\n  # of b?\n\n# of d\nd: 2\n", "a.c", &one),
        "a:\n  b: 1 # c\n  c: 1\n  # of b?\n\n# of d\nd: 2\n"
    );
    assert_eq!(
        set_to("a:\n  b:\n    x: 1\n    # y: 2\n\nd: 2\n", "a.c", &one),
        "a:\n  b:\n    x: 1\n    # y: 2\n  c: 1\n\nd: 2\n"
    );
    assert_eq!(
        set_to("- a: 1\n- b: 2\n", "0.c", &one),
        "- a: 1\n  c: 1\n- b: 2\n"
    );
    assert_eq!(
        set_to("{\"a\": 1}", "b", &word("x")),
        "{\"a\": 1, \"b\": \"x\"}"
    );
    assert_eq!(
        set_to("{\n  \"a\": 1\n}\n", "b.c", &one),
        "{\n  \"a\": 1,\n  \"b\": {\"c\": 1}\n}\n"
    );
    assert_eq!(
        set_to("a: {\n  b: 1, # b\n  c: 2 # c\n}\n", "a.d", &one),
        "a: {\n  b: 1, # b\n  c: 2, # c\n  d: 1\n}\n"
    );
    assert_eq!(set_to("a: [b: 1]\n", "a.0.c", &one), "a: [{b: 1, c: 1}]\n");
    assert_eq!(set_to("a: [x]\n", "a.1", &one), "a: [x, 1]\n");
    assert_eq!(
        set_to("a: |+\n  x\n\n\nb: 1\n", "c", &one),
        "a: |+\n  x\n\n\nb: 1\nc: 1\n"
    );
    assert_eq!(set_to("a: |+\n  x\n\n", "c", &one), "a: |+\n  x\n\nc: 1\n");
    assert_eq!(set_to("---\n", "c", &one), "---\nc: 1\n");
    assert_eq!(set_to("--- {}\n", "c.d", &one), "---\nc: {d: 1}\n");
}

#[test]
fn keeps_the_canonical_order() {
    let order = ["role", "model", "outputs", "serving"];
    let put = |text: &str, key: &str| {
        let options = Options {
            order: &order,
            ..Options::default()
        };
        done(text, set(text, &tree(text), &[key], &word("x"), &options))
    };
    assert_eq!(
        put("role: a\nserving: b\n", "model"),
        "role: a\nmodel: x\nserving: b\n"
    );
    assert_eq!(
        put("# head\n\n# m\nmodel: a\n", "role"),
        "# head\n\nrole: x\n# m\nmodel: a\n"
    );
    assert_eq!(
        put("# head\nmodel: a\n", "role"),
        "# head\nrole: x\nmodel: a\n"
    );
    assert_eq!(put("x-a: 1\n", "role"), "x-a: 1\nrole: x\n");
    assert_eq!(put("role: 1\n", "x-a"), "role: 1\nx-a: x\n");
    assert_eq!(put("{model: a}\n", "role"), "{role: x, model: a}\n");
    assert_eq!(
        put("{role: a, serving: b}\n", "model"),
        "{role: a, model: x, serving: b}\n"
    );
}

#[test]
fn pushes_items() {
    let edge = Fragment::map([("from", word("a.b")), ("to", word("c.d"))]);
    assert_eq!(
        pushed(
            "edges:\n  - {from: x, to: y} # c\n\n# n\nz: 1\n",
            "edges",
            &edge
        ),
        "edges:\n  - {from: x, to: y} # c\n  - {from: a.b, to: c.d}\n\n# n\nz: 1\n"
    );
    assert_eq!(
        pushed("edges: []\n", "edges", &edge),
        "edges:\n  - {from: a.b, to: c.d}\n"
    );
    assert_eq!(
        pushed("edges:\n", "edges", &edge),
        "edges:\n  - {from: a.b, to: c.d}\n"
    );
    assert_eq!(
        pushed("a: 1\n", "edges", &edge),
        "a: 1\nedges:\n  - {from: a.b, to: c.d}\n"
    );
    assert_eq!(pushed("a: [x]\n", "a", &word("y")), "a: [x, y]\n");
    assert_eq!(pushed("a: [x,]\n", "a", &word("y")), "a: [x, y,]\n");
    assert_eq!(
        pushed("a:\n- x\nb: 1\n", "a", &word("y")),
        "a:\n- x\n- y\nb: 1\n"
    );
    assert_eq!(pushed("[]", "", &word("y")), "[\"y\"]");
    let text = "a:\n  - x\n  - y\n";
    let first = insert_at(text, &tree(text), &["a"], 0, &edge, &Options::default());
    assert_eq!(
        done(text, first),
        "a:\n  - {from: a.b, to: c.d}\n  - x\n  - y\n"
    );
    let block = Options {
        style: Style::Block,
        ..Options::default()
    };
    let last = insert_at(text, &tree(text), &["a"], 1, &edge, &block);
    assert_eq!(
        done(text, last),
        "a:\n  - x\n  - from: a.b\n    to: c.d\n  - y\n"
    );
}

#[test]
fn removes_entries_with_their_comments() {
    assert_eq!(removed("a: 1\n# b\nb: 2 # c\nd: 3\n", "b"), "a: 1\nd: 3\n");
    assert_eq!(
        removed("a: 1\n# x\n\nb: 2 # c\nd: 3\n", "b"),
        "a: 1\n# x\n\nd: 3\n"
    );
    assert_eq!(removed("a: 1\nb: 2", "b"), "a: 1");
    assert_eq!(removed("a:\n  b: 1\nc: 2\n", "a.b"), "a: {}\nc: 2\n");
    assert_eq!(pruned("a:\n  b: 1\nc: 2\n", "a.b"), "c: 2\n");
    assert_eq!(removed("a:\n  - x\n  # y\n  - y\n", "a.1"), "a:\n  - x\n");
    assert_eq!(removed("- a: 1\n  b: 2\n", "0.a"), "- b: 2\n");
    assert_eq!(
        removed("- a: 1\n  # b\n  b: 2\n", "0.a"),
        "- \n  # b\n  b: 2\n"
    );
    assert_eq!(removed("{a: 1, b: 2, c: 3}", "a"), "{b: 2, c: 3}");
    assert_eq!(removed("{a: 1, b: 2, c: 3}", "b"), "{a: 1, c: 3}");
    assert_eq!(removed("{a: 1, b: 2, c: 3}", "c"), "{a: 1, b: 2}");
    assert_eq!(removed("{a: 1,}", "a"), "{}");
    assert_eq!(
        removed("{\n  \"a\": 1,\n  \"b\": 2\n}\n", "b"),
        "{\n  \"a\": 1\n}\n"
    );
    assert_eq!(removed("a: 1\n", "a"), "{}\n");
    assert_eq!(pruned("a: {b: {c: 1}}\nd: 1\n", "a.b.c"), "d: 1\n");
    assert_eq!(removed("a: [x, y]\n", "a.0"), "a: [y]\n");
}

#[test]
fn renames_keys() {
    let rename =
        |text: &str, at: &str, new: &str| done(text, rename_key(text, &tree(text), &path(at), new));
    assert_eq!(rename("a : 1 # c\nb: 2\n", "a", "x"), "x : 1 # c\nb: 2\n");
    assert_eq!(rename("{\"a\":1}", "a", "x"), "{\"x\":1}");
    assert_eq!(
        rename("a:\n  'b': {c: 1}\n", "a.b", "it's"),
        "a:\n  'it''s': {c: 1}\n"
    );
    let text = "a: 1\nb: 2\n";
    assert_eq!(
        rename_key(text, &tree(text), &["a"], "b"),
        Err(EditError::KeyExists {
            key: "b".to_owned()
        })
    );
}

#[test]
fn refuses_what_it_cannot_say() {
    let text = "a: &x {k: [1]}\nb: *x\nc: word\n";
    let root = tree(text);
    let options = Options::default();
    let one = Fragment::raw(&1);
    let alias = || {
        Err(EditError::Alias {
            path: "b".to_owned(),
        })
    };
    assert_eq!(set(text, &root, &["b", "k"], &one, &options), alias());
    assert_eq!(set(text, &root, &["b", "new"], &one, &options), alias());
    assert_eq!(remove(text, &root, &["b", "k"], &options), alias());
    assert_eq!(push(text, &root, &["b", "k"], &one, &options), alias());
    assert_eq!(
        set(text, &root, &["c", "d"], &one, &options),
        Err(EditError::NotAMapping {
            path: "c".to_owned()
        })
    );
    assert_eq!(
        set(text, &root, &["a", "k", "7"], &one, &options),
        Err(EditError::NoItem {
            path: "a.k.7".to_owned(),
            length: 1
        })
    );
    assert_eq!(
        remove(text, &root, &["z"], &options),
        Err(EditError::Missing {
            path: "z".to_owned()
        })
    );
    assert_eq!(
        remove(text, &root, &[], &options),
        Err(EditError::WholeDocument)
    );
    assert_eq!(
        set(text, &root, &["c"], &Fragment::raw(&"a\nb"), &options),
        Err(EditError::RawLines)
    );
}

/// A document in memory.
#[derive(Clone, Debug, PartialEq)]
enum Model {
    Null,
    Text(String),
    Other(String),
    Map(Vec<(String, Model)>),
    List(Vec<Model>),
}

fn model(node: &Node) -> Model {
    match &node.value {
        Value::Scalar(scalar) if scalar.is_null() => Model::Null,
        Value::Scalar(scalar) if scalar.as_number().is_some() || scalar.as_bool().is_some() => {
            Model::Other(scalar.text.clone())
        }
        Value::Scalar(scalar) => Model::Text(scalar.text.clone()),
        Value::Sequence(list) => Model::List(list.items.iter().map(model).collect()),
        Value::Mapping(mapping) => Model::Map(
            mapping
                .entries
                .iter()
                .map(|entry| (entry.key.text.clone(), model(&entry.value)))
                .collect(),
        ),
    }
}

fn meaning(fragment: &Fragment) -> Model {
    match fragment {
        Fragment::Scalar(text) => Model::Text(text.clone()),
        Fragment::Raw(raw) => Model::Other(raw.clone()),
        Fragment::Map(entries) => Model::Map(
            entries
                .iter()
                .map(|(key, value)| (key.clone(), meaning(value)))
                .collect(),
        ),
        Fragment::List(items) => Model::List(items.iter().map(meaning).collect()),
    }
}

impl Model {
    fn at(&mut self, path: &[String]) -> &mut Model {
        path.iter().fold(self, |model, segment| match model {
            Model::Map(entries) => {
                let found = entries.iter_mut().find(|(key, _)| key == segment);
                &mut found.expect("a key").1
            }
            Model::List(items) => &mut items[segment.parse::<usize>().unwrap()],
            _ => panic!("no collection at {segment}"),
        })
    }

    /// Every path in it.
    fn paths(&self) -> Vec<Vec<String>> {
        let mut paths = vec![Vec::new()];
        let children: Vec<(String, &Model)> = match self {
            Model::Map(entries) => entries.iter().map(|(k, v)| (k.clone(), v)).collect(),
            Model::List(items) => {
                let items = items.iter().enumerate();
                items.map(|(i, v)| (i.to_string(), v)).collect()
            }
            _ => Vec::new(),
        };
        for (segment, child) in children {
            for inner in child.paths() {
                let mut path = vec![segment.clone()];
                path.extend(inner);
                paths.push(path);
            }
        }
        paths
    }
}

/// A document with its layout.
#[derive(Clone, Debug)]
enum Doc {
    Word(&'static str),
    Map(Layout, Vec<(String, Around, Doc)>),
    List(Layout, Vec<(Around, Doc)>),
}

#[derive(Clone, Copy, Debug)]
struct Layout {
    flow: bool,
    /// Flow over several lines, or a list not indented under its key, or lines behind a bare dash.
    other: bool,
    comma: bool,
}

/// What stands around an entry.
#[derive(Clone, Copy, Debug)]
struct Around {
    blank: bool,
    above: bool,
    trailing: bool,
}

fn doc() -> impl Strategy<Value = Doc> {
    let words = prop::sample::select(vec![
        "x",
        "1",
        "true",
        "~",
        "",
        "'s q'",
        "\"d \\\" # q\"",
        "two words",
        "a:b",
        "http://h/x#y",
        "\"\"",
        "-1.5",
        "|\n  lines\n   more\n\n  end",
        ">-\n  folded\n  text",
        "|+\n  kept\n\n",
        "é",
        "plain\n  over lines",
    ]);
    let around =
        (any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(blank, above, trailing)| Around {
            blank,
            above,
            trailing,
        });
    let layout = (any::<bool>(), any::<bool>(), any::<bool>())
        .prop_map(|(flow, other, comma)| Layout { flow, other, comma });
    words.prop_map(Doc::Word).prop_recursive(4, 24, 4, move |inner| {
        let keys = prop::sample::select(vec!["a", "b", "key", "c-d", "'q k'", "\"e\"", "é", "f"]);
        let entries = prop::collection::vec((keys, around.clone(), inner.clone()), 0..5);
        let entries = entries.prop_map(|entries| {
            let mut seen = Vec::new();
            let entries = entries.into_iter().filter(|(key, ..)| {
                let is_new = !seen.contains(key);
                seen.push(*key);
                is_new
            });
            entries.map(|(k, a, d)| (k.to_owned(), a, d)).collect::<Vec<_>>()
        });
        let items = prop::collection::vec((around.clone(), inner), 0..4);
        prop_oneof![
            3 => (layout.clone(), entries).prop_map(|(layout, entries)| Doc::Map(layout, entries)),
            2 => (layout.clone(), items).prop_map(|(layout, items)| Doc::List(layout, items)),
        ]
    })
}

/// Writes documents, with numbered comments.
struct Writer {
    out: String,
    comments: usize,
}

impl Writer {
    fn put(&mut self, text: &str) {
        self.out += text;
    }

    fn comment(&mut self) -> String {
        self.comments += 1;
        format!("# c{}.", self.comments)
    }

    fn above(&mut self, around: Around, indent: usize) {
        if around.blank {
            self.out.push('\n');
        }
        if around.above {
            let comment = self.comment();
            self.put(&format!("{}{comment}\n", " ".repeat(indent)));
        }
    }

    fn trailing(&mut self, around: Around) {
        if around.trailing {
            let comment = self.comment();
            self.put(&format!(" {comment}"));
        }
        self.out.push('\n');
    }

    /// A value behind `key:` or `-`, to the end of its last line; its lines are indented by `indent`.
    fn value(&mut self, doc: &Doc, around: Around, indent: usize, behind_dash: bool) {
        let pad = " ".repeat(indent);
        match doc {
            Doc::Word(word) => {
                let (head, rest) = word
                    .split_once('\n')
                    .map_or((*word, None), |(h, r)| (h, Some(r)));
                if !head.is_empty() {
                    self.put(&format!(" {head}"));
                }
                match rest {
                    None => self.trailing(around),
                    Some(rest) => {
                        self.out.push('\n');
                        for line in rest.split('\n') {
                            if !line.is_empty() {
                                self.put(&format!("{pad}{line}"));
                            }
                            self.out.push('\n');
                        }
                    }
                }
            }
            Doc::Map(layout, entries) if !layout.flow && !entries.is_empty() => {
                if behind_dash && !layout.other {
                    self.out.push(' ');
                    self.entries(entries, indent, true);
                } else {
                    self.trailing(around);
                    self.entries(entries, indent, false);
                }
            }
            Doc::List(layout, items) if !layout.flow && !items.is_empty() => {
                if behind_dash && !layout.other {
                    self.out.push(' ');
                    self.items(items, indent, true);
                } else {
                    self.trailing(around);
                    let back = if layout.other && !behind_dash { 2 } else { 0 };
                    self.items(items, indent - back, false);
                }
            }
            _ => {
                self.out.push(' ');
                self.flow(doc, indent);
                self.trailing(around);
            }
        }
    }

    fn entries(&mut self, entries: &[(String, Around, Doc)], indent: usize, mut inline: bool) {
        for (key, around, value) in entries {
            if !core::mem::take(&mut inline) {
                self.above(*around, indent);
                self.out += &" ".repeat(indent);
            }
            self.put(&format!("{key}:"));
            self.value(value, *around, indent + 2, false);
        }
    }

    fn items(&mut self, items: &[(Around, Doc)], indent: usize, mut inline: bool) {
        for (around, value) in items {
            if !core::mem::take(&mut inline) {
                self.above(*around, indent);
                self.out += &" ".repeat(indent);
            }
            self.out.push('-');
            self.value(value, *around, indent + 2, true);
        }
    }

    fn flow(&mut self, doc: &Doc, indent: usize) {
        let (layout, brackets, parts): (_, _, Vec<(Option<&str>, Around, &Doc)>) = match doc {
            Doc::Word(word) => {
                let word = word.split('\n').next().unwrap_or("");
                let word = if word.starts_with(['|', '>']) {
                    "x"
                } else {
                    word
                };
                self.out += word;
                return;
            }
            Doc::Map(layout, entries) => {
                let parts = entries.iter().map(|(k, a, d)| (Some(k.as_str()), *a, d));
                (layout, ["{", "}"], parts.collect())
            }
            Doc::List(layout, items) => (
                layout,
                ["[", "]"],
                items.iter().map(|(a, d)| (None, *a, d)).collect(),
            ),
        };
        self.out += brackets[0];
        let count = parts.len();
        for (index, (key, around, part)) in parts.into_iter().enumerate() {
            if layout.other {
                self.out.push('\n');
                self.above(around, indent + 2);
                self.out += &" ".repeat(indent + 2);
            } else if index > 0 {
                self.out.push(' ');
            }
            if let Some(key) = key {
                self.put(&format!("{key}: "));
            }
            if matches!(part, Doc::Word("")) && key.is_none() {
                self.out.push('~');
            } else {
                self.flow(part, indent + 2);
            }
            if index + 1 < count || layout.comma {
                self.out.push(',');
            }
            if layout.other && around.trailing {
                let comment = self.comment();
                self.put(&format!(" {comment}"));
            }
        }
        if layout.other && count > 0 {
            self.put(&format!("\n{}", " ".repeat(indent)));
        }
        self.out += brackets[1];
    }
}

/// The text of a document.
fn written(doc: &Doc, crlf: bool, cut: bool) -> String {
    let mut writer = Writer {
        out: String::new(),
        comments: 0,
    };
    match doc {
        Doc::Map(layout, entries) if !layout.flow && !entries.is_empty() => {
            writer.entries(entries, 0, false);
        }
        Doc::List(layout, items) if !layout.flow && !items.is_empty() => {
            writer.items(items, 0, false);
        }
        Doc::Word(_) => writer.out += "# c1.\n",
        _ => {
            writer.flow(doc, 0);
            writer.out.push('\n');
        }
    }
    let mut text = writer.out;
    if cut && !text.ends_with("\n\n") {
        text.pop();
    }
    if crlf {
        text = text.replace('\n', "\r\n");
    }
    text
}

fn comments(text: &str) -> Vec<String> {
    let mut found: Vec<String> = text
        .split("# c")
        .skip(1)
        .filter_map(|rest| rest.split_once('.').map(|(number, _)| number.to_owned()))
        .filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
        .collect();
    found.sort();
    found
}

fn fragment() -> impl Strategy<Value = Fragment> {
    let leaf = prop_oneof![
        prop::sample::select(vec![
            "x", "true", "5", "", " s", "a: b", "a, b", "# n", "'", "\"", "-", "- a", "~", "é",
            "a #b", "a\nb", "\u{7}", "{", "*a", "0x1F", "1e3", "null", "end:", "\\", "?", "...",
            "---", "a b",
        ])
        .prop_map(Fragment::text),
        prop::sample::select(vec!["1", "-2.5", "true"]).prop_map(|raw| Fragment::raw(&raw)),
        ".{0,8}".prop_map(Fragment::text),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        let keys = prop::sample::select(vec!["p", "q r", "5", "x: y", "{"]);
        prop_oneof![
            prop::collection::btree_map(keys, inner.clone(), 0..3).prop_map(Fragment::map),
            prop::collection::vec(inner, 0..3).prop_map(Fragment::list),
        ]
    })
}

#[derive(Clone, Debug)]
enum Op {
    Set(Index, Fragment),
    Add(Index, Fragment, bool),
    Push(Index, Index, Fragment),
    Remove(Index, bool),
    Rename(Index),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        (any::<Index>(), fragment()).prop_map(|(at, value)| Op::Set(at, value)),
        (any::<Index>(), fragment(), any::<bool>())
            .prop_map(|(at, value, deep)| Op::Add(at, value, deep)),
        (any::<Index>(), any::<Index>(), fragment())
            .prop_map(|(at, index, item)| Op::Push(at, index, item)),
        (any::<Index>(), any::<bool>()).prop_map(|(at, prune)| Op::Remove(at, prune)),
        any::<Index>().prop_map(Op::Rename),
    ]
}

/// Removes from the model as [`remove`] promises.
fn forget(expected: &mut Model, path: &[String], prune: bool) {
    let (last, above) = path.split_last().unwrap();
    let parent = expected.at(above);
    let left = match parent {
        Model::Map(entries) => {
            entries.retain(|(key, _)| key != last);
            entries.len()
        }
        Model::List(items) => {
            items.remove(last.parse().unwrap());
            items.len()
        }
        _ => unreachable!(),
    };
    if left == 0 && prune && !above.is_empty() {
        forget(expected, above, prune);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn an_edited_text_says_what_the_edited_tree_says(
        doc in doc(), op in op(), style in prop::sample::select(vec![Style::Auto, Style::Block, Style::Flow]),
        crlf in any::<bool>(), cut in any::<bool>(), ordered in any::<bool>(),
    ) {
        let text = written(&doc, crlf, cut);
        let parsed = read(&text, &Limits::default());
        prop_assert_eq!(&parsed.errors, &[], "in {:?}", text);
        let root = &parsed.documents[0];
        verify(&text, root);
        let mut expected = model(root);
        let order: &[&str] = if ordered { &["a", "new", "b", "key"] } else { &[] };
        let options = Options { style, order, prune: matches!(op, Op::Remove(_, true)) };
        let paths = expected.paths();
        let choose = |index: &Index, keep: &dyn Fn(&Model) -> bool| {
            let kept: Vec<_> = paths.iter().filter(|path| keep(expected.clone().at(path))).cloned().collect();
            (!kept.is_empty()).then(|| index.get(&kept).clone())
        };
        let keys = |path: &[String]| path.to_vec();
        let mut comments_stay = true;
        let mut only_inserts = false;
        let edits = match &op {
            Op::Set(at, value) => {
                let path = choose(at, &|_| true).unwrap();
                let old = root.at(path.iter().map(String::as_str)).unwrap();
                // Comments inside the old value go with it.
                comments_stay = matches!(old.value, Value::Scalar(_));
                *expected.at(&path) = meaning(value);
                set(&text, root, &keys(&path).iter().map(String::as_str).collect::<Vec<_>>(), value, &options)
            }
            Op::Add(at, value, deep) => {
                let Some(mut path) = choose(at, &|model| matches!(model, Model::Map(_) | Model::Null)) else { return Ok(()) };
                let mut whole = meaning(value);
                if *deep {
                    whole = Model::Map(vec![("deep".to_owned(), whole)]);
                }
                let parent = expected.at(&path);
                only_inserts = matches!(parent, Model::Map(entries) if !entries.is_empty());
                match parent {
                    Model::Map(entries) => entries.push(("new".to_owned(), whole)),
                    parent => *parent = Model::Map(vec![("new".to_owned(), whole)]),
                }
                path.push("new".to_owned());
                if *deep {
                    path.push("deep".to_owned());
                }
                set(&text, root, &path.iter().map(String::as_str).collect::<Vec<_>>(), value, &options)
            }
            Op::Push(at, index, item) => {
                let Some(path) = choose(at, &|model| matches!(model, Model::List(_) | Model::Null)) else { return Ok(()) };
                let path_refs: Vec<&str> = path.iter().map(String::as_str).collect();
                match expected.at(&path) {
                    Model::List(items) => {
                        only_inserts = !items.is_empty();
                        let index = index.index(items.len() + 1);
                        items.insert(index, meaning(item));
                        insert_at(&text, root, &path_refs, index, item, &options)
                    }
                    parent => {
                        *parent = Model::List(vec![meaning(item)]);
                        push(&text, root, &path_refs, item, &options)
                    }
                }
            }
            Op::Remove(at, prune) => {
                comments_stay = false;
                let path = choose(at, &|_| true).unwrap();
                if path.is_empty() {
                    return Ok(());
                }
                forget(&mut expected, &path, *prune);
                remove(&text, root, &path.iter().map(String::as_str).collect::<Vec<_>>(), &options)
            }
            Op::Rename(at) => {
                let path = choose(at, &|_| true).unwrap();
                let Some((last, above)) = path.split_last() else { return Ok(()) };
                let Model::Map(entries) = expected.at(above) else { return Ok(()) };
                for (key, _) in entries {
                    if key == last {
                        "re named".clone_into(key);
                    }
                }
                rename_key(&text, root, &path.iter().map(String::as_str).collect::<Vec<_>>(), "re named")
            }
        };
        let edits = edits.unwrap();
        if only_inserts {
            prop_assert!(edits.iter().all(|edit| edit.span.is_empty()), "{edits:?} in {text:?}");
        }
        let edited = apply(&text, &edits).unwrap().text;
        let again = read(&edited, &Limits::default());
        prop_assert_eq!(&again.errors, &[], "in {:?}\nfrom {:?}", edited, text);
        prop_assert_eq!(again.documents.len(), 1);
        verify(&edited, &again.documents[0]);
        let mut found = model(&again.documents[0]);
        sort(&mut found);
        sort(&mut expected);
        prop_assert_eq!(&found, &expected, "{:?}\nfrom {:?}", edited, text);
        if comments_stay {
            prop_assert_eq!(comments(&edited), comments(&text), "{:?}\nfrom {:?}", edited, text);
        }
        if crlf && text.contains('\n') {
            prop_assert_eq!(edited.matches('\n').count(), edited.matches("\r\n").count(), "{:?}", edited);
        }
    }

    #[test]
    fn a_written_scalar_reads_back(text in prop_oneof![".{0,12}", "[-?:,\\[\\]{}#&*!|>'\"%@` a0.\\n\t\\\\~=]{0,6}"]) {
        for document in [
            format!("k: {}\n", write::scalar_in(&text, Place::Block)),
            format!("{{k: {}}}\n", scalar(&text)),
            format!("[{}]\n", scalar(&text)),
            format!("- {}\n", scalar(&text)),
            format!("{{\"k\": {}}}", write::scalar_in(&text, Place::Json)),
            format!("{}: the value\n", scalar(&text)),
        ] {
            let root = tree(&document);
            let found = match model(&root) {
                Model::Map(mut entries) => {
                    let (key, value) = entries.pop().unwrap();
                    if key == "k" && value != Model::Text("the value".to_owned()) { value } else { Model::Text(key) }
                }
                Model::List(mut items) => items.pop().unwrap(),
                other => other,
            };
            prop_assert_eq!(found, Model::Text(text.clone()), "{:?}", document);
        }
    }
}

/// Order of keys is no meaning.
fn sort(model: &mut Model) {
    match model {
        Model::Map(entries) => {
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            for (_, value) in entries {
                sort(value);
            }
        }
        Model::List(items) => items.iter_mut().for_each(sort),
        _ => {}
    }
}
