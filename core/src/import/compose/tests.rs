use pretty_assertions::assert_eq;
use proptest::prelude::*;

use super::*;
use crate::import::services::tests::{
    NONE, analysis, edges, errors, example, import, nodes, refused,
};

const SMALL: &str = include_str!("../samples/compose.yaml");

#[test]
fn services_become_nodes_and_hosts_edges() {
    let imported = import(&[("shop/compose.yaml", SMALL)]).unwrap();
    insta::assert_snapshot!(imported.text);
    let guesses = imported.notes.iter().filter(|note| note.value.is_some());
    let guesses: Vec<String> = guesses
        .map(|note| format!("{} {}", note.kind.code, note.value.as_deref().unwrap_or("")))
        .collect();
    assert_eq!(
        guesses,
        [
            "IM-COMPOSE-VARIABLE BAAI/bge-small-en-v1.5",
            "IM-SERVICE-PATH embed → store → llm",
            "IM-SERVICE-ROLE embedder",
            "IM-SERVICE-ROLE retriever",
            "IM-SERVICE-ROLE generator",
        ]
    );
    assert!(!imported.text.contains("abc"), "a secret is copied");
}

#[test]
fn a_file_of_variables_fills_what_is_open() {
    let imported = import(&[
        ("shop/compose.yaml", SMALL),
        (
            "shop/.env",
            "# models\nexport MODEL=\"intfloat/e5-small\"\n",
        ),
    ])
    .unwrap();
    assert!(
        imported.text.contains("id: intfloat/e5-small"),
        "{}",
        imported.text
    );
}

#[test]
fn opea_s_files_become_graphs_that_differ_in_the_reranker() {
    let names =
        ["", "_without_rerank"].map(|end| format!("opea-compose/chatqna-xeon-compose{end}.yaml"));
    let (Some(with), Some(without)) = (example(&names[0]), example(&names[1])) else {
        return;
    };
    let with = import(&[("compose.yaml", &with)]).unwrap();
    let without = import(&[("compose.yaml", &without)]).unwrap();
    let mut before = nodes(&with);
    before.retain(|node| !nodes(&without).contains(node));
    assert_eq!(before, ["tei-reranking-service reranker"]);
    let path = |imported: &Imported| -> Vec<String> {
        let mut edges = edges(imported);
        edges.retain(|edge| edge.contains('.'));
        edges
    };
    assert_eq!(
        path(&with),
        [
            "inputs.question tei-embedding-service.text",
            "tei-embedding-service.vector retriever.query",
            "inputs.question tei-reranking-service.query",
            "retriever.hits tei-reranking-service.candidates",
            "tei-reranking-service.ranked vllm-service.context",
            "inputs.question vllm-service.prompt",
            "vllm-service.text outputs.answer",
        ]
    );
    assert_eq!(
        path(&without),
        [
            "inputs.question tei-embedding-service.text",
            "tei-embedding-service.vector retriever.query",
            "retriever.hits vllm-service.context",
            "inputs.question vllm-service.prompt",
            "vllm-service.text outputs.answer",
        ]
    );
    for imported in [&with, &without] {
        assert_eq!(errors(imported), NONE);
    }
}

use crate::import::Imported;

#[test]
fn what_is_not_whole_is_refused() {
    let unknown = SMALL.replace("depends_on: [llm]", "depends_on: [lm]");
    assert_eq!(refused(&[("c.yaml", &unknown)]), ["IM-COMPOSE-UNKNOWN"]);
    let form = SMALL.replace(
        "  web:\n    image: nginx\n    environment: {HF_TOKEN: abc, API: http://app:1}\n",
        "  web: nginx\n",
    );
    assert_eq!(refused(&[("c.yaml", &form)]), ["IM-COMPOSE-FORM"]);
    let syntax = SMALL.replace("  app:", "  app: [");
    assert!(
        refused(&[("c.yaml", &syntax)])
            .iter()
            .all(|code| *code == "IM-SYNTAX")
    );
    assert_eq!(refused(&[(".env", "A=1")]), ["IM-COMPOSE-NOTHING"]);
}

#[test]
fn variables_are_filled_as_compose_fills_them() {
    let text = "A=1
E=
"
    .to_owned();
    let file = File::new(".env", &text);
    let mut reader = Variables::read(&[&file], &mut Draft::default());
    for (text, filled) in [
        ("$A-${A}", "1-1"),
        ("$$A", "$A"),
        ("${B:-x${C}y}", "x${C}y"),
        ("${E:-x}${E-x}", "x"),
        ("${B}", "${B}"),
        ("$B/", "$B/"),
        ("${B:?no}", "${B:?no}"),
        ("$ {A}", "$ {A}"),
        ("${A", "${A"),
        ("${B:-${A}}", "1"),
        ("${A $A", "${A $A"),
        ("100%$", "100%$"),
    ] {
        assert_eq!(reader.fill(text), filled, "{text}");
    }
}

proptest! {
    /// Whatever changes in a file, there is a graph that reads without an error, or a refusal.
    #[test]
    fn a_mutated_file_is_read_or_refused(
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..12, "[ -~\n]{0,6}"), 1..6)
    ) {
        let text = crate::import::services::tests::mutated(SMALL, &edits);
        if let Ok(imported) = import(&[("compose.yaml", &text)]) {
            analysis(&imported);
        }
    }
}
