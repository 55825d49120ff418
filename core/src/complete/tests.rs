use pretty_assertions::assert_eq;
use proptest::prelude::*;

use super::*;
use crate::edit::{Item, item_at, span_of};
use crate::text::{TextEdit, apply};

const GRAPH: &str = "\
apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {name: small}
spec:
  types:
    Query: {kind: vector, dim: 768, space: BAAI/bge}
  inputs:
    question: {type: text, maxTokens: 64}
  outputs:
    answer: {type: text}
  nodes:
    embedder:
      role: embedder
      model: {id: BAAI/bge}
      outputs: {vector: {type: Query}}
    store: {role: retriever}
    writer: {role: generator}
  edges:
    - {from: inputs.question, to: embedder.text}
    - {from: embedder.vector, to: store.query}
EDGE
  hardware:
    pools: [{name: gpu-a, gpu: L4}]
";

/// The text without its `|`, and where that stood.
fn marked(text: &str) -> (Analysis, usize) {
    let at = text.find('|').unwrap();
    (Analysis::new(text.replacen('|', "", 1)), at)
}

fn completions(text: &str) -> Vec<Completion> {
    let (analysis, at) = marked(text);
    complete(&analysis, at)
}

fn labels(text: &str) -> Vec<String> {
    let found = completions(text).into_iter();
    found.map(|completion| completion.label).collect()
}

/// Lines in place of the last edge of [`GRAPH`].
fn with_edge(lines: &str) -> String {
    GRAPH.replace("EDGE", lines)
}

/// Lines in place of what the writer says.
fn with_writer(lines: &str) -> String {
    with_edge("").replace("    writer: {role: generator}", lines)
}

/// The text after a completion is accepted, its caret marked.
fn accepted(text: &str, label: &str) -> String {
    let (analysis, at) = marked(text);
    let found = complete(&analysis, at);
    let chosen = found.iter().find(|found| found.label == label);
    let chosen = chosen.unwrap_or_else(|| panic!("no {label} in {found:#?}"));
    let (before, after) = chosen.apply.split_at(chosen.caret);
    let edit = TextEdit::replace(chosen.span, format!("{before}|{after}"));
    apply(&analysis.text, &[edit]).unwrap().text
}

fn has(labels: &[String], label: &str) -> bool {
    labels.iter().any(|found| found == label)
}

#[test]
fn an_empty_document_offers_how_it_begins() {
    let found = labels("|");
    assert_eq!(found[..3], ["apiVersion", "kind", "spec"]);
    assert_eq!(labels("apiVersion: |"), ["modelgraph/v1alpha1"]);
    assert_eq!(accepted("kind:|", "ModelGraph"), "kind: ModelGraph|");
}

#[test]
fn keys_are_those_not_stated_yet() {
    for text in [
        "    writer:\n      role: generator\n      |",
        "    writer:\n      role: generator\n      mo|",
        "    writer:\n      |\n      role: generator",
        "    writer:\n      mo|\n      role: generator\n      budget: 3s",
        "    writer: {role: generator, |}",
        "    writer: {role: generator, mo|}",
        "    writer: {role: generator, |",
        "    writer: {mo|: {}, role: generator}",
        "    writer:\n      mo|: {}\n      role: generator",
        "    writer: {role: generator,\n      mo|\n    }",
    ] {
        let found = labels(&with_writer(text));
        assert!(has(&found, "model"), "{text}: {found:?}");
        assert!(!has(&found, "role"), "{text}: {found:?}");
    }
}

#[test]
fn a_key_brings_what_must_follow() {
    let text = with_writer("    writer:\n      |");
    let line = |label: &str| {
        let text = accepted(&text, label);
        let at = text.find("writer:").unwrap();
        text[at..].lines().take(3).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(line("role"), "writer:\n      role: |\n  edges:");
    assert_eq!(line("model"), "writer:\n      model:\n        |");
    let text = with_writer("    writer: {pla|}");
    assert!(accepted(&text, "placement").contains("{placement: {|}}"));
    let text = with_writer("    writer:\n      pla|: {}");
    assert!(accepted(&text, "placement").contains("      placement|: {}"));
    assert!(accepted("spec:\n  ed|", "edges").ends_with("  edges:\n    - |"));
}

#[test]
fn a_choice_offers_its_words_and_its_keys() {
    let text = with_writer("    writer: {role: generator, onFailure: |}");
    assert_eq!(labels(&text), ["stop", "skip", "fallback"]);
    assert!(accepted(&text, "fallback").contains("onFailure: {fallback: |}}"));
    let text = with_writer("    writer:\n      onFailure:\n        |");
    assert_eq!(labels(&text), ["fallback", "stop", "skip"]);
    let text = with_writer("    writer: {onFailure: {fallback: |}}");
    assert_eq!(labels(&text), ["embedder", "store"]);
    let text = with_writer("    writer:\n      role: |");
    let found = completions(&text);
    assert_eq!(found.len(), crate::spec::Role::ALL.len());
    assert_eq!(found[0].label, "guardrail");
    assert_eq!(found[0].info, "Stops what must not pass.");
}

#[test]
fn an_edge_offers_the_ports_that_fit_first() {
    let found = labels(&with_edge("    - {from: store.hits, to: |}"));
    assert_eq!(found[0], "writer.context", "{found:?}");
    let found = labels(&with_edge("    - from: inputs.question\n      to: |"));
    assert_eq!(found[..2], ["outputs.answer", "writer.prompt"], "{found:?}");
    assert_eq!(found[2], "embedder.text", "taken already: {found:?}");
    let found = labels(&with_edge("    - {to: store.query, from: em|"));
    assert_eq!(found[0], "embedder.vector", "{found:?}");
    let misfits = completions(&with_edge("    - {from: store.hits, to: |}"));
    let query = misfits.iter().find(|found| found.label == "embedder.text");
    assert_eq!(
        query.unwrap().info,
        "does not fit: candidates is given, text is taken"
    );
    let found = labels(&with_edge("    - {role: control, from: |}"));
    assert_eq!(found, ["embedder", "store", "writer"]);
}

#[test]
fn an_edge_that_is_begun_offers_its_keys() {
    for edge in [
        "    - |",
        "    - fr|",
        "    - {|}",
        "    - {|",
        "    - { | }",
    ] {
        let found = labels(&with_edge(edge));
        assert_eq!(found[..2], ["from", "to"], "{edge}");
    }
    let found = labels(&with_edge("    - from: store.hits\n      |"));
    assert_eq!(found[0], "to");
    assert!(!has(&found, "from"));
    let found = labels(&with_edge("    - {from: store.hits,\n       |}"));
    assert_eq!(found[0], "to");
}

#[test]
fn types_offer_names_and_kinds_and_a_kind_its_parameters() {
    let found = labels(&with_writer("    writer: {outputs: {text: {type: |}}}"));
    assert_eq!(found[..2], ["Query", "text"]);
    let found = labels(&with_writer(
        "    writer: {outputs: {text: {type: Query, |}}}",
    ));
    assert!(has(&found, "dim") && has(&found, "required"), "{found:?}");
    assert!(!has(&found, "maxTokens"), "{found:?}");
    let found = labels(&with_writer("    writer: {role: generator, outputs: {|}}"));
    assert_eq!(found, ["text"]);
    let found = labels(&with_edge("").replace("space: BAAI/bge", "space: |"));
    assert_eq!(found[0], "BAAI/bge");
}

#[test]
fn gpus_pools_and_units_have_their_own_words() {
    let found = completions(&with_writer("    writer: {placement: {gpu: h|}}"));
    let h100 = found.iter().find(|found| found.label == "H100-80GB-SXM");
    assert_eq!(h100.unwrap().detail, "86 GB, 3350 GB/s, 2.95usd/h");
    let found = labels(&with_writer("    writer: {placement: {pool: |}}"));
    assert_eq!(found, ["gpu-a"]);
    let found = labels(&with_writer("    writer: {budget: 40|}"));
    assert_eq!(found, ["40ns", "40us", "40ms", "40s", "40min", "40h"]);
    let found = labels(&with_writer("    writer: {budget: 1.5m|}"));
    assert!(has(&found, "1.5ms") && has(&found, "1.5min"));
    let found = labels(&with_writer(
        "    writer:\n      budget: |\n      role: generator",
    ));
    assert_eq!(found, ["40ms"]);
}

#[test]
fn names_that_stand_elsewhere_are_offered_as_keys() {
    let text = with_edge("    - {from: store.hits, to: judge.in}");
    let text = text.replace("    store:", "    |\n    store:");
    assert_eq!(labels(&text), ["judge"]);
    let text = with_edge("") + "layout:\n  nodes:\n    store: {x: 1, y: 2}\n    |";
    assert_eq!(labels(&text), ["embedder", "writer"]);
    let text = with_edge("").replace("  hardware:", "  workload: {tokens: {|}}\n  hardware:");
    assert_eq!(labels(&text), ["question"]);
    let text = with_writer("    writer: {checks: {MG3|}}");
    assert!(has(&labels(&text), "MG301"));
}

#[test]
fn comments_texts_and_misfit_indentation_offer_nothing() {
    for text in [
        "# |",
        "spec:\n  nodes: # |",
        "metadata:\n  description: some words\n    and mo|re",
        "metadata:\n  description: >\n    here |\n",
        "spec:\n  nodes:\n    a:\n      role: router\n     |",
        "metadata:\n  name: a\n    |",
    ] {
        assert_eq!(labels(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn a_bracket_left_open_does_not_swallow_what_follows() {
    let text = with_writer("    writer: {role: generator\n    other:\n      |");
    assert!(has(&labels(&text), "role"));
    let text = with_edge("    - {from: store.hits\n    - {from: |}");
    assert!(has(&labels(&text), "embedder.vector"));
}

#[test]
fn each_document_of_a_stream_has_its_own_keys() {
    let text = with_edge("") + "---\napiVersion: piqc.ai/v1alpha1\nkind: ModelSpec\nspec:\n  |\n";
    let found = labels(&text);
    assert!(
        has(&found, "identity") && !has(&found, "nodes"),
        "{found:?}"
    );
    let json = "{\"apiVersion\": \"modelgraph/v1alpha1\", \"spec\": {\"nodes\": {}, \"|\"}}";
    assert!(has(&labels(json), "edges"));
    assert!(!has(&labels(json), "nodes"));
}

fn hovered(text: &str) -> Option<String> {
    let (analysis, at) = marked(text);
    hover(&analysis, at)
}

#[test]
fn a_hover_says_what_a_word_means() {
    let text = with_edge("").replace("model: {id", "mod|el: {id");
    assert_eq!(
        hovered(&text).unwrap(),
        "`model`: The model that it runs.\n\nTakes map."
    );
    let text = with_edge("").replace("role: embedder", "role: emb|edder");
    assert_eq!(hovered(&text).unwrap(), "`embedder`: Text to vector.");
    let text = with_edge("").replace("gpu: L4", "gpu: |L4");
    assert!(hovered(&text).unwrap().starts_with("`L4`: 24 GB"));
    let text = with_edge("").replace("type: Query", "type: Qu|ery");
    assert_eq!(
        hovered(&text).unwrap(),
        "`Query`: `{kind: vector, dim: 768, space: BAAI/bge}`"
    );
    assert_eq!(hovered("# no|thing\n"), None);
}

#[test]
fn a_hover_on_a_reference_says_its_inferred_type_and_why() {
    let text = with_edge("").replace("to: store.query", "to: store.qu|ery");
    let said = hovered(&text).unwrap();
    assert!(
        said.starts_with("`store.query`: `{kind: vector, dim: 768"),
        "{said}"
    );
    assert!(
        said.contains("- `embedder.vector` states dim 768"),
        "{said}"
    );
    let text = with_edge("").replace("    store: {", "    st|ore: {");
    let said = hovered(&text).unwrap();
    assert!(
        said.starts_with("`store`: retriever\n- takes `query`"),
        "{said}"
    );
}

#[test]
fn places_and_items_lead_to_each_other() {
    let text = with_edge("") + "layout:\n  nodes: {store: {x: 1, y: 2}}\n";
    let analysis = Analysis::new(text);
    let at = |needle: &str| analysis.text.find(needle).unwrap() + 1;
    let item = |needle: &str| item_at(&analysis, at(needle));
    assert_eq!(item("model: {id"), Some(Item::Node("embedder".to_owned())));
    assert_eq!(item("store: {x"), Some(Item::Node("store".to_owned())));
    assert_eq!(item("answer"), Some(Item::Output("answer".to_owned())));
    assert_eq!(item("metadata"), None);
    let edge = item("{from: embedder").unwrap();
    assert_eq!(edge, Item::Edge("embedder.vector→store.query".to_owned()));
    for item in [
        edge,
        Item::Node("writer".to_owned()),
        Item::Input("question".to_owned()),
    ] {
        let span = span_of(&analysis, &item).unwrap();
        assert_eq!(item_at(&analysis, span.start), Some(item));
    }
    assert_eq!(span_of(&analysis, &Item::Node("nobody".to_owned())), None);
}

proptest! {
    /// Wherever the caret stands, and wherever the text ends, nothing fails, and each completion
    /// can be applied and touches the caret.
    #[test]
    fn completions_touch_the_caret(cut in 0..2000_usize, at in 0..2000_usize) {
        let text = include_str!("../../../public/examples/rag.modelspec.yaml");
        let cut = text.floor_char_boundary(cut);
        let at = text.floor_char_boundary(at.min(cut));
        let analysis = Analysis::new(&text[..cut]);
        hover(&analysis, at);
        for found in complete(&analysis, at) {
            prop_assert!(found.span.touches(at));
            prop_assert!(found.apply.is_char_boundary(found.caret));
            let edit = TextEdit::replace(found.span, found.apply);
            prop_assert!(apply(&analysis.text, &[edit]).is_ok());
        }
    }
}

#[test]
fn models_engines_and_images_come_from_the_catalogue() {
    let labels = |text: &str| -> Vec<String> {
        completions(text)
            .into_iter()
            .map(|found| found.label)
            .collect()
    };
    let node = |words: &str| with_edge("").replace("writer: {role: generator}", words);
    // What the document names itself comes first, then what does the same as the node.
    let models = labels(&node("writer: {role: generator, model: {id: |}}"));
    assert_eq!(models[..2], ["BAAI/bge", "meta-llama/Llama-3.1-8B"]);
    assert!(
        models.contains(&"BAAI/bge-reranker-base".to_owned()),
        "{models:?}"
    );
    let engines = labels(&node("writer: {role: generator, serving: {engine: |}}"));
    assert_eq!(engines, ["vllm", "tei", "tgi", "triton", "qdrant"]);
    let images = labels(&node(
        "writer: {role: generator, serving: {engine: qdrant, image: |}}",
    ));
    assert!(images[0].starts_with("qdrant/qdrant:"), "{images:?}");
}
