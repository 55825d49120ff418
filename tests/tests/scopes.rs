//! A rule that looks beyond the thing it speaks of is asked again when what it looks at changes:
//! for each of them a document of which it has nothing to say, and an edit elsewhere that makes it
//! speak. With a narrower scope the rule would stay silent, and the row fails.
#![allow(missing_docs)]

use std::collections::BTreeSet;

use modelspec_core::Analysis;
use modelspec_core::check::{RULES, Scope};
use modelspec_core::text::{Span, TextEdit, apply};

struct Row {
    code: &'static str,
    /// Behind `spec:`.
    graph: &'static str,
    /// What stands there, and what is written in its place.
    edit: (&'static str, &'static str),
}

const ROWS: &[Row] = &[
    // Of two values that meet one may be missing, as long as the other is certain.
    Row {
        code: "MG205",
        graph: "
  inputs: {question: {type: text}}
  outputs: {answer: {type: {kind: list, of: text}}}
  nodes:
    first: {role: transformer, required: false}
    second: {role: transformer}
    meet: {role: join}
  edges:
    - {from: inputs.question, to: first.in}
    - {from: inputs.question, to: second.in}
    - {from: first.out, to: meet.in}
    - {from: second.out, to: meet.in}
    - {from: meet.out, to: outputs.answer}
",
        edit: ("second: {role: transformer}", "second: {role: transformer, required: false}"),
    },
    // The embedder's revision, not stated in any type, counts for an index behind another node.
    Row {
        code: "MG302",
        graph: "
  inputs: {question: {type: text}}
  outputs: {hits: {type: candidates}}
  nodes:
    embedder: {role: embedder, model: {id: m, revision: a1}}
    turn: {role: transformer, inputs: {in: {type: vector}}, outputs: {out: {type: vector}}}
    keep: {role: transformer, inputs: {in: {type: vector}}, outputs: {out: {type: vector}}}
    store: {role: retriever, index: {embedder: m, revision: a1}}
  edges:
    - {from: inputs.question, to: embedder.text}
    - {from: embedder.vector, to: turn.in}
    - {from: turn.out, to: keep.in}
    - {from: keep.out, to: store.query}
    - {from: store.hits, to: outputs.hits}
",
        edit: ("{id: m, revision: a1}", "{id: m, revision: b2}"),
    },
    // Another model that states the same space, likewise.
    Row {
        code: "MG304",
        graph: "
  inputs: {question: {type: text}}
  outputs: {hits: {type: candidates}}
  nodes:
    embedder: {role: embedder, model: {id: m}, outputs: {vector: {type: vector, space: house}}}
    turn: {role: transformer, inputs: {in: {type: vector}}, outputs: {out: {type: vector}}}
    keep: {role: transformer, inputs: {in: {type: vector}}, outputs: {out: {type: vector}}}
    store: {role: retriever, index: {embedder: m}}
  edges:
    - {from: inputs.question, to: embedder.text}
    - {from: embedder.vector, to: turn.in}
    - {from: turn.out, to: keep.in}
    - {from: keep.out, to: store.query}
    - {from: store.hits, to: outputs.hits}
",
        edit: ("model: {id: m}", "model: {id: other}"),
    },
    // How long the passages of an index are is stated at the index, whatever they pass.
    Row {
        code: "MG305",
        graph: "
  inputs: {question: {type: text, maxTokens: 64}, vector: {type: vector}}
  outputs: {ranked: {type: candidates}}
  nodes:
    store: {role: retriever, index: {chunkTokens: 300}}
    turn: {role: transformer, inputs: {in: {type: candidates}}, outputs: {out: {type: candidates}}}
    keep: {role: transformer, inputs: {in: {type: candidates}}, outputs: {out: {type: candidates}}}
    reranker: {role: reranker, tokenizer: {maxInputTokens: 512}}
  edges:
    - {from: inputs.vector, to: store.query}
    - {from: store.hits, to: turn.in}
    - {from: turn.out, to: keep.in}
    - {from: inputs.question, to: reranker.query}
    - {from: keep.out, to: reranker.candidates}
    - {from: reranker.ranked, to: outputs.ranked}
",
        edit: ("chunkTokens: 300", "chunkTokens: 500"),
    },
    // What the embedder takes counts for an index that names it, with no edge between them.
    Row {
        code: "MG306",
        graph: "
  inputs: {documents: {type: text}, vector: {type: vector}}
  outputs: {hits: {type: candidates}, made: {type: vector}}
  nodes:
    writer: {role: embedder, model: {id: m}, tokenizer: {maxInputTokens: 512}}
    store: {role: retriever, index: {embedder: m, chunkTokens: 300}}
  edges:
    - {from: inputs.documents, to: writer.text}
    - {from: writer.vector, to: outputs.made}
    - {from: inputs.vector, to: store.query}
    - {from: store.hits, to: outputs.hits}
",
        edit: ("maxInputTokens: 512", "maxInputTokens: 256"),
    },
    Row {
        code: "MG307",
        graph: "
  inputs: {question: {type: text, maxTokens: 64}, vector: {type: vector}}
  outputs: {answer: {type: text}}
  nodes:
    store: {role: retriever, index: {chunkTokens: 300}, outputs: {hits: {type: candidates, maxItems: 4}}}
    turn: {role: transformer, inputs: {in: {type: candidates}}, outputs: {out: {type: candidates, maxItems: 4}}}
    keep: {role: transformer, inputs: {in: {type: candidates}}, outputs: {out: {type: candidates, maxItems: 4}}}
    generator: {role: generator, limits: {maxModelLen: 2048, maxOutputTokens: 512}}
  edges:
    - {from: inputs.vector, to: store.query}
    - {from: store.hits, to: turn.in}
    - {from: turn.out, to: keep.in}
    - {from: inputs.question, to: generator.prompt}
    - {from: keep.out, to: generator.context}
    - {from: generator.text, to: outputs.answer}
",
        edit: ("chunkTokens: 300", "chunkTokens: 900"),
    },
    // How many candidates arrive is said by the one that gives them.
    Row {
        code: "MG309",
        graph: "
  inputs: {question: {type: text}, vector: {type: vector}}
  outputs: {ranked: {type: candidates}}
  nodes:
    store: {role: retriever, outputs: {hits: {type: candidates, maxItems: 50}}}
    reranker:
      role: reranker
      inputs: {query: {type: text}, candidates: {type: candidates, maxItems: 100}}
      outputs: {ranked: {type: candidates, maxItems: 20}}
  edges:
    - {from: inputs.vector, to: store.query}
    - {from: inputs.question, to: reranker.query}
    - {from: store.hits, to: reranker.candidates}
    - {from: reranker.ranked, to: outputs.ranked}
",
        edit: ("maxItems: 50", "maxItems: 10"),
    },
    // The model that a branch leads to, behind a node without one.
    Row {
        code: "MG313",
        graph: "
  inputs: {question: {type: text}}
  outputs: {answer: {type: text}}
  nodes:
    route: {role: router}
    turn: {role: transformer}
    easy: {role: generator, model: {id: small}}
    hard: {role: generator, model: {id: large}}
  edges:
    - {from: inputs.question, to: route.in}
    - {from: route.out, to: turn.in, when: \"size(output) < 200\"}
    - {from: turn.out, to: easy.prompt}
    - {from: route.out, to: hard.prompt, when: default}
    - {from: easy.text, to: outputs.answer}
    - {from: hard.text, to: outputs.answer}
",
        edit: ("id: small", "id: large"),
    },
    // A node waits for those that it calls.
    Row {
        code: "MG403",
        graph: "
  inputs: {question: {type: text}}
  outputs: {answer: {type: text}}
  nodes:
    front: {role: transformer, serving: {timeout: 2s}}
    back: {role: transformer, serving: {timeout: 1s}}
  edges:
    - {from: inputs.question, to: front.in}
    - {from: front.out, to: back.in}
    - {from: back.out, to: outputs.answer}
  execution: chained
",
        edit: ("timeout: 1s", "timeout: 9s"),
    },
    // How often a node is visited is decided far upstream.
    Row {
        code: "MG406",
        graph: "
  inputs: {question: {type: text}}
  outputs: {answer: {type: text}}
  nodes:
    route: {role: splitter}
    turn: {role: transformer}
    keep: {role: transformer}
    slow: {role: transformer, service: {fixed: 100ms}}
    quick: {role: transformer}
  edges:
    - {from: inputs.question, to: route.in}
    - {from: route.out, to: turn.in, weight: 10%}
    - {from: route.out, to: quick.in, weight: 90%}
    - {from: turn.out, to: keep.in}
    - {from: keep.out, to: slow.in}
    - {from: slow.out, to: outputs.answer}
    - {from: quick.out, to: outputs.answer}
  workload: {arrivals: {poisson: {rate: 10rps}}}
",
        edit: ("weight: 10%", "weight: 95%"),
    },
];

fn says(analysis: &Analysis, code: &str) -> bool {
    analysis
        .diagnostics
        .iter()
        .any(|found| found.code.0 == code)
}

#[test]
fn rules_are_asked_again_when_what_they_look_at_changes() {
    for row in ROWS {
        let graph = row.graph;
        let text = format!(
            "apiVersion: modelgraph/v1alpha1\nkind: ModelGraph\nmetadata: {{name: g}}\nspec:{graph}"
        );
        let (what, by) = row.edit;
        let start = text
            .find(what)
            .expect("what is to be replaced stands there");
        let edits = [TextEdit::replace(Span::new(start, start + what.len()), by)];
        let edited = apply(&text, &edits).expect("the edit can be applied");
        let (silent, whole) = (Analysis::new(&*text), Analysis::new(&*edited.text));
        assert!(!says(&silent, row.code), "{} speaks before", row.code);
        assert!(says(&whole, row.code), "{} has nothing to say", row.code);
        let after = silent.after(&*edited.text, &edits);
        assert!(after.is_incremental, "{}: everything was asked", row.code);
        assert_eq!(after.diagnostics, whole.diagnostics, "{}", row.code);
        let back = after.after(&*text, &edited.inverse);
        assert_eq!(
            back.diagnostics, silent.diagnostics,
            "{} and back",
            row.code
        );
    }
}

#[test]
fn each_rule_that_looks_further_has_a_row() {
    let looks = |scope: Scope| matches!(scope, Scope::Near | Scope::Reach | Scope::Visits);
    let further = RULES
        .iter()
        .filter(|rule| rule.parts.iter().any(|part| looks(part.scope)));
    let further: BTreeSet<&str> = further.map(|rule| rule.code.0).collect();
    let rows: BTreeSet<&str> = ROWS.iter().map(|row| row.code).collect();
    assert_eq!(rows, further);
}
