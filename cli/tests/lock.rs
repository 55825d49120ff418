//! `modelspec lock` and `modelspec verify`, as a terminal or a CI job runs them.
#![allow(missing_docs)]

mod folder;

use folder::Folder;

const TEAM: &str = "apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {name: team}
spec:
  inputs: {question: {type: text}}
  outputs: {answer: {type: text}}
  nodes:
    generator:
      role: generator
      model: {id: Qwen/Qwen3-8B, revision: b968826}
      tokenizer: {id: Qwen/Qwen3-8B, digest: \"sha256:0f\"}
      specRef: {path: models/qwen.yaml}
      serving: {engine: vllm, image: \"vllm/vllm-openai:v0.19.0\", digest: \"sha256:1e\", port: 8000}
  edges:
    - {from: inputs.question, to: generator.prompt}
    - {from: generator.text, to: outputs.answer}
";

const QWEN: &str = "apiVersion: piqc.ai/v1alpha1
kind: ModelSpec
metadata: {name: qwen}
spec:
  identity: {model: {id: Qwen/Qwen3-8B, family: qwen, task: text-generation, framework: vllm}}
  runtime: {accelerator: {vendor: nvidia, type: L4, count: 1}, batch: {maxSequenceLengthTokens: 8192}}
";

/// A graph and the document that its node refers to.
fn team(name: &str) -> Folder {
    Folder::new(name, &[("team.yaml", TEAM), ("models/qwen.yaml", QWEN)])
}

#[test]
fn a_graph_is_held_to_its_lock() {
    let folder = team("lock-held");
    assert_eq!(
        folder.said(&["lock", "team.yaml"]),
        (Some(0), String::new())
    );
    let lock = folder.read("modelgraph.lock");
    for line in [
        "kind: ModelGraphLock\n",
        "  team:\n    digest: sha256:",
        "      models/qwen.yaml: sha256:",
        "        revision: b968826\n",
        "        tokenizerDigest: sha256:0f\n",
        "        image: vllm/vllm-openai:v0.19.0\n",
        "        imageDigest: sha256:1e\n",
    ] {
        assert!(lock.contains(line), "{line}\n{lock}");
    }
    let (code, said) = folder.said(&["verify", "team.yaml"]);
    assert_eq!(code, Some(0), "{said}");
    folder.said(&["lock", "team.yaml"]);
    assert_eq!(
        folder.read("modelgraph.lock"),
        lock,
        "locking again changes nothing"
    );

    folder.file("team.yaml", &TEAM.replace("b968826", "9c925d6"));
    for command in ["verify", "check"] {
        let (code, said) = folder.said(&[command, "team.yaml", "--format", "github"]);
        assert_eq!(code, Some(1), "{said}");
        let line = "::error file=team.yaml,line=10,col=44,";
        let message =
            "title=MG604::`revision` of `generator` is `9c925d6`, the lockfile has `b968826`";
        assert!(said.contains(line) && said.contains(message), "{said}");
    }
}

#[test]
fn what_a_node_refers_to_is_held_too() {
    let folder = team("lock-spec");
    folder.said(&["lock", "team.yaml"]);
    folder.file("models/qwen.yaml", &QWEN.replace("8192", "4096"));
    let (code, said) = folder.said(&["verify", "team.yaml"]);
    assert_eq!(code, Some(1));
    assert!(
        said.contains("`models/qwen.yaml` has the digest `"),
        "{said}"
    );
    std::fs::remove_file(folder.0.join("models/qwen.yaml")).unwrap();
    let (code, said) = folder.said(&["lock", "team.yaml"]);
    assert_eq!(code, Some(1));
    assert!(
        said.contains("MG111") && said.contains("`models/qwen.yaml` cannot be read: "),
        "{said}"
    );
}

#[test]
fn what_cannot_be_held_says_the_way_out() {
    let folder = team("lock-refused");
    let (code, said) = folder.said(&["verify", "team.yaml"]);
    assert_eq!(code, Some(2));
    assert!(
        said.contains("`modelspec lock team.yaml` writes it"),
        "{said}"
    );
    folder.file("modelgraph.lock", "graphs: {");
    let (code, said) = folder.said(&["verify", "team.yaml"]);
    assert!(
        code == Some(2) && said.contains("modelgraph.lock is no lockfile"),
        "{said}"
    );
    folder.file("team.yaml", "spec: {nodse: {}}\n");
    let (code, said) = folder.said(&["lock", "team.yaml"]);
    assert!(code == Some(1) && said.contains("MG002"), "{said}");
}
