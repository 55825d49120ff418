use core::fmt::Write as _;

use pretty_assertions::assert_eq;
use proptest::prelude::*;

use super::*;
use crate::Analysis;

const EXAMPLES: [&str; 3] = [
    include_str!("../../../public/examples/rag.modelspec.yaml"),
    include_str!("../../../public/examples/rag-guarded.modelspec.yaml"),
    include_str!("../../../public/examples/cascade.modelspec.yaml"),
];

/// What the documents of a text say, without where they say it.
fn meaning(text: &str) -> Vec<serde_json::Value> {
    let reading = spec::read(text);
    let documents = reading.documents.iter().map(|document| match document {
        Document::Graph(graph) => graph.canonical(),
        Document::ModelSpec(spec) => spec.canonical(),
        Document::Lock(lock) => lock.canonical(),
        Document::Catalogue(file) => file.canonical(),
        Document::Unknown => serde_json::Value::Null,
    });
    documents.filter(|document| !document.is_null()).collect()
}

/// Formats, and holds the laws: the same meaning, and nothing to do a second time.
fn formatted(text: &str) -> String {
    let once = format(text).unwrap_or_else(|found| panic!("{text}\n{found:?}"));
    assert_eq!(meaning(&once), meaning(text), "{text}\n{once}");
    assert_eq!(format(&once).unwrap(), once, "{text}");
    once
}

fn check(text: &str, expected: &str) {
    assert_eq!(formatted(text), expected);
}

const HEAD: &str = "apiVersion: modelgraph/v1alpha1\nkind: ModelGraph\n";

#[test]
fn keys_are_ordered_and_each_has_its_line() {
    check(
        "spec: {edges: [{to: b.in, from: a.text}], nodes: {b: {role: router},\n  a: {x-own: 1, budget: \
         1500ms, role: generator}}}\nkind: ModelGraph\napiVersion: \"modelgraph/v1alpha1\"\n",
        "\
apiVersion: modelgraph/v1alpha1
kind: ModelGraph
spec:
  nodes:
    b:
      role: router
    a:
      role: generator
      budget: 1.5s
      x-own: 1
  edges:
    - from: a.text
      to: b.in
",
    );
}

#[test]
fn quantities_get_their_shortest_exact_writing() {
    let text = |budget: &str, cpu: &str, count: &str, required: &str| {
        format!(
            "{HEAD}spec:\n  nodes:\n    a:\n      role: tool\n      required: {required}\n      index:\n\
             \x20       documents: {count}\n      budget: {budget}\n      placement:\n        cpu: {cpu}\n"
        )
    };
    check(
        &text("\"0.040 s\"", "500m", "1200000", "True"),
        &text("40ms", "0.5", "1.2M", "true"),
    );
    check(
        &text("1234567ns", "8.0", "1024", "false"),
        &text("1234567ns", "8", "1024", "false"),
    );
}

#[test]
fn comments_move_with_what_they_are_about() {
    check(
        "\
# about the graph

kind: ModelGraph # which
apiVersion: modelgraph/v1alpha1
spec:
  # edges first, once
  edges: # all
    # the first
    - {to: b.in, # into b
       # from a
       from: a.text} # so
    # below the edges

  # nodes, then
  nodes:
    a: {role: generator} # a
    b: # b
      # its role
      role: router
      # nothing more of b
# the end
",
        "\
# about the graph

apiVersion: modelgraph/v1alpha1
kind: ModelGraph # which
spec:
  # nodes, then
  nodes:
    a: # a
      role: generator
    b: # b
      # its role
      role: router
      # nothing more of b
  # edges first, once
  edges: # all
    # the first
    # so
    # from a
    - from: a.text
      to: b.in # into b
    # below the edges
# the end
",
    );
}

#[test]
fn texts_of_several_lines_stay_as_they_are_broken() {
    let text = format!(
        "{HEAD}metadata:\n  name: a\n  description: | # why\n        one\n          two\n\n        three\n\
         spec:\n  nodes:\n    a:\n      description: >-\n        folded\n        here\n      role: tool\n"
    );
    check(
        &text,
        &format!(
            "{HEAD}metadata:\n  name: a\n  description: | # why\n    one\n      two\n\n    three\nspec:\n  nodes:\n    \
             a:\n      role: tool\n      description: >-\n        folded\n        here\n"
        ),
    );
    let quoted = format!("{HEAD}metadata: {{name: a, description: \"one\\ntwo\"}}\nspec: {{}}\n");
    check(
        &quoted,
        &format!("{HEAD}metadata:\n  name: a\n  description: |-\n    one\n    two\nspec: {{}}\n"),
    );
}

#[test]
fn streams_aliases_and_empty_documents() {
    check(
        &format!(
            "# first\n---\n{HEAD}spec:\n  nodes: {{a: &a {{role: tool}} , b: *a}} # both\n# between\n---\n# \
             nothing\n--- # second\nkind: ModelSpec\napiVersion: piqc.ai/v1alpha1\nmetadata: {{name: \
             a}}\nspec: {{runtime: {{accelerator: {{vendor: v, type: t, count: 1}}}}, identity: \
             {{model: {{id: a, family: b, task: c, framework: d}}}}}}\n"
        ),
        &format!(
            "# first\n{HEAD}spec:\n  nodes: # both\n    a:\n      role: tool\n    b:\n      role: tool\n# \
             between\n---\n# nothing\n# second\napiVersion: piqc.ai/v1alpha1\nkind: ModelSpec\nmetadata:\n  \
             name: a\nspec:\n  identity:\n    model:\n      id: a\n      family: b\n      task: c\n      \
             framework: d\n  runtime:\n    accelerator:\n      vendor: v\n      type: t\n      count: 1\n"
        ),
    );
}

#[test]
fn json_stays_json() {
    let text = "{\"kind\": \"ModelGraph\", \"apiVersion\": \"modelgraph/v1alpha1\",\n\"spec\": \
                {\"nodes\": {\"a\": {\"budget\": \"1500ms\", \"role\": \"tool\", \"index\": \
                {\"documents\": 12}}}, \"edges\": []}}";
    check(
        text,
        "{\n  \"apiVersion\": \"modelgraph/v1alpha1\",\n  \"kind\": \"ModelGraph\",\n  \"spec\": {\n    \
         \"nodes\": {\n      \"a\": {\n        \"role\": \"tool\",\n        \"index\": {\n          \
         \"documents\": 12\n        },\n        \"budget\": \"1.5s\"\n      }\n    },\n    \"edges\": \
         []\n  }\n}\n",
    );
}

#[test]
fn line_breaks_stay_of_their_kind() {
    let text = format!("{HEAD}spec: # all\n  nodes: {{}}\n").replace('\n', "\r\n");
    check(&text, &text);
}

#[test]
fn a_broken_document_comes_back_with_what_is_wrong() {
    let found = format(&format!("{HEAD}spec: {{nodes: {{a: {{rôle: tool}}}}}}\n")).unwrap_err();
    assert_eq!(found[0].code, Code::UNKNOWN_KEY);
    let found = format("a: [").unwrap_err();
    assert!(found.iter().any(|found| found.code == Code::SYNTAX));
}

#[test]
fn an_older_document_gets_the_names_of_today() {
    let old =
        "apiVersion: modelgraph/v1alpha0\nkind: ModelGraph\nspec:\n  nodes: {a: {rôle: tool}}\n";
    assert!(format(old).is_err());
    let new = upgrade(old).unwrap();
    assert_eq!(
        new,
        format!("{HEAD}spec:\n  nodes:\n    a:\n      role: tool\n")
    );
    assert!(upgrade("a: [").is_err());
    assert!(upgrade(&format!("{HEAD}spec: {{unheardOf: 1}}\n")).is_err());
}

#[test]
fn examples_keep_their_meaning_their_findings_and_their_comments() {
    for text in EXAMPLES {
        let once = formatted(text);
        let messages = |text: &str| {
            let mut found: Vec<String> = Analysis::new(text)
                .diagnostics
                .into_iter()
                .map(|found| found.message)
                .collect();
            found.sort();
            found
        };
        assert_eq!(messages(&once), messages(text));
        assert_eq!(comments(&once), comments(text));
    }
}

/// The comments of a text that has no `#` elsewhere, sorted.
fn comments(text: &str) -> Vec<String> {
    let found = text.lines().filter_map(|line| line.split_once('#'));
    let mut found: Vec<String> = found
        .map(|(_, comment)| comment.trim().to_owned())
        .collect();
    found.sort();
    found
}

/// Where a comment may stand in a text: behind each line, on a line of its own above it, and in
/// brackets behind each comma.
fn commented(text: &str, at: &[(prop::sample::Index, u8)]) -> String {
    let mut places: Vec<(usize, u8)> = at
        .iter()
        .map(|(index, how)| (index.index(text.len()), *how))
        .collect();
    places.sort_unstable();
    places.dedup_by_key(|&mut (at, _)| at);
    let mut out = String::new();
    for (at, found) in text.char_indices() {
        let here = places.iter().position(|&(place, _)| place == at);
        out.push(found);
        let Some(number) = here else { continue };
        let how = places[number].1;
        match found {
            '\n' => {
                let indent = " ".repeat(usize::from(how % 9));
                let blank = if how > 127 { "\n" } else { "" };
                let _ = writeln!(out, "{blank}{indent}# c{number}");
            }
            ',' | '{' | '[' if how.is_multiple_of(2) => {
                let indent = " ".repeat(usize::from(8 + how % 5));
                let _ = write!(out, " # c{number}\n{indent}");
            }
            _ => {}
        }
    }
    // Behind the lines too.
    let mut behind = String::new();
    for (number, line) in out.lines().enumerate() {
        behind.push_str(line);
        let how = at.get(number % at.len().max(1)).map_or(1, |(_, how)| *how);
        if how.is_multiple_of(3) && !line.contains('#') && !line.trim().is_empty() {
            let _ = write!(behind, " # b{number}");
        }
        behind.push('\n');
    }
    behind
}

/// Small documents with every kind of value, in block and in brackets.
fn document() -> impl Strategy<Value = String> {
    let node = prop_oneof![
        Just("{role: tool}".to_owned()),
        Just("{budget: 90s, role: generator, onFailure: {fallback: a}}".to_owned()),
        Just("\n      x-a: [1, {b: two, c: []}]\n      role: join\n      join: {quorum: 2}".to_owned()),
        Just("\n      placement:\n        replicas: {max: 2, min: 1}\n        cpu: 1500m".to_owned()),
        Just("\n      annotations:\n        a/b: 'it''s'\n        \"c: d\": [x, y]".to_owned()),
        Just("\n      outputs: {out: {maxTokens: 1000, type: text}}\n      role: custom".to_owned()),
        Just("\n      service:\n        points:\n        - {time: 5ms, batch: 1}\n        - time: 9ms\n          batch: 8".to_owned()),
        Just("\n      description: \"a: b\"\n      model: {id: m, parameters: 7000M, revision: '12'}".to_owned()),
        Just(String::new()),
    ];
    let nodes = prop::collection::vec(node, 1..5);
    (nodes, any::<bool>(), any::<bool>()).prop_map(|(nodes, compact, flow)| {
        let mut text = String::from("kind: ModelGraph\nspec:\n");
        let dash = if compact { "  -" } else { "    -" };
        text.push_str("  edges:\n");
        for number in 0..nodes.len() {
            if flow {
                let _ = writeln!(text, "{dash} {{to: n{number}.in, from: n0.out}}");
            } else {
                let indent = if compact { "    " } else { "      " };
                let _ = writeln!(text, "{dash} to: n{number}.in\n{indent}from: n0.out");
            }
        }
        text.push_str("  nodes:\n");
        for (number, node) in nodes.iter().enumerate() {
            let gap = if node.is_empty() || node.starts_with('\n') {
                ""
            } else {
                " "
            };
            let _ = writeln!(text, "    n{number}:{gap}{node}");
        }
        text.push_str("apiVersion: modelgraph/v1alpha1\n");
        text
    })
}

proptest! {
    /// Formatting keeps the meaning and every comment, and once is enough.
    #[test]
    fn formatting_is_idempotent_and_loses_nothing(
        text in document(),
        at in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..24),
    ) {
        let text = commented(&text, &at);
        let reading = spec::read(&text);
        prop_assume!(reading.is_well_formed());
        prop_assert!(errors(&reading).is_empty(), "{text}\n{:?}", reading.diagnostics);
        let once = format(&text).unwrap();
        prop_assert_eq!(meaning(&once), meaning(&text), "{}\n{}", text, once);
        prop_assert_eq!(comments(&once), comments(&text), "{}\n{}", text, once);
        let twice = format(&once).unwrap();
        prop_assert_eq!(&twice, &once, "{}", text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// So it is with comments anywhere in the examples.
    #[test]
    fn examples_with_comments_anywhere(
        which in 0..EXAMPLES.len(),
        at in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..40),
    ) {
        let text = commented(EXAMPLES[which], &at);
        prop_assume!(errors(&spec::read(&text)).is_empty());
        let once = format(&text).unwrap();
        prop_assert_eq!(meaning(&once), meaning(&text));
        prop_assert_eq!(comments(&once), comments(&text), "{}\n{}", text, once);
        let twice = format(&once).unwrap();
        prop_assert_eq!(&twice, &once, "{}", text);
    }
}

/// Lines of any YAML, good and bad.
fn yamlish() -> impl Strategy<Value = String> {
    let token = prop::sample::select(vec![
        "a",
        "b: ",
        "key: ",
        "- ",
        "- ",
        "\n",
        "\n",
        "\n  ",
        "\n    ",
        " ",
        "{",
        "}",
        "[",
        "]",
        ", ",
        ": ",
        "\"q\"",
        "'s'",
        " # c\n",
        " # c\n",
        "# c\n",
        "|\n  ",
        ">-\n  ",
        "|2\n   ",
        "|+\n  ",
        "&x ",
        "*x",
        "? ",
        "\t",
        "é",
        "~",
        "\"\\n\"",
        "1",
        "0x1F",
        "true",
        "-",
        "\n\n",
        "x: [1, {y: z}]\n",
        "k:\n  - v\n",
        "d: {e: 1, # c\n  f: 2}\n",
    ]);
    prop::collection::vec(token, 0..24).prop_map(|tokens| tokens.concat())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1000,
        max_global_rejects: 100_000,
        ..ProptestConfig::default()
    })]

    /// What tools put into annotations may be any YAML.
    #[test]
    fn any_yaml_keeps_its_meaning(text in yamlish()) {
        let mut whole = format!("{HEAD}spec: {{}}\nmetadata:\n  name: a\n  annotations:\n    any:\n");
        for line in text.lines() {
            let _ = writeln!(whole, "      {line}");
        }
        prop_assume!(errors(&spec::read(&whole)).is_empty());
        let once = format(&whole).unwrap();
        prop_assert_eq!(meaning(&once), meaning(&whole), "{}\n{}", whole, once);
        let twice = format(&once).unwrap();
        prop_assert_eq!(&twice, &once, "{}", whole);
        let count = |text: &str| text.matches("# c").count();
        prop_assert!(count(&once) >= count(&whole), "{}\n{}", whole, once);
    }
}
