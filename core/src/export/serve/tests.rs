use super::{TEI, TGI, VLLM};
use crate::Analysis;
use crate::export::{self, Artifacts, ExportError, Options, Target};

const GUARDED: &str = include_str!("../../../../public/examples/rag-guarded.modelspec.yaml");

fn export(target: &dyn Target, text: &str) -> Result<Artifacts, ExportError> {
    export::run(target, &Analysis::new(text), &Options::default())
}

fn text<'a>(artifacts: &'a Artifacts, path: &str) -> &'a str {
    let file = artifacts.files.iter().find(|file| file.path == path);
    &file.unwrap().text
}

fn codes(artifacts: &Artifacts) -> Vec<&str> {
    let notes = artifacts.losses.iter().chain(&artifacts.assumptions);
    notes.map(|note| note.kind.code).collect()
}

#[test]
fn each_program_starts_its_own_nodes() {
    let vllm = export(&VLLM, GUARDED).unwrap();
    let paths: Vec<&str> = vllm.files.iter().map(|file| &*file.path).collect();
    assert_eq!(
        paths,
        [
            "support-rag-generator.sh",
            "support-rag-generator.yaml",
            "support-rag-guard.sh",
            "support-rag-guard.yaml"
        ]
    );
    insta::assert_snapshot!("vllm", text(&vllm, "support-rag-generator.yaml"));
    insta::assert_snapshot!("vllm-script", text(&vllm, "support-rag-generator.sh"));
    let tei = export(&TEI, GUARDED).unwrap();
    insta::assert_snapshot!("tei", text(&tei, "support-rag-embedder.sh"));
    assert!(codes(&tei).contains(&"TG-TEI-OTHER"));
}

#[test]
fn tgi_takes_generators_that_name_no_program_and_says_how_it_stands() {
    assert!(matches!(export(&TGI, GUARDED), Err(ExportError::Empty(_))));
    let open = GUARDED
        .replace("framework: vllm, ", "")
        .replace("engine: vllm, ", "");
    // A stated image is of a program that nobody names.
    let open = open.replace("image: \"vllm/vllm-openai:v0.19.0\", ", "");
    let tgi = export(&TGI, &open).unwrap();
    assert!(codes(&tgi).contains(&"TG-TGI-MAINTENANCE"));
    assert!(codes(&tgi).contains(&"TG-TGI-ENGINE"));
    insta::assert_snapshot!("tgi", text(&tgi, "support-rag-generator.sh"));
}

#[test]
fn what_a_program_refuses_stops_the_export() {
    for (from, to, code) in [
        (
            "maxBatchedTokens: 2048",
            "maxBatchedTokens: 16",
            "TG-VLLM-BATCH",
        ),
        ("gpusPerReplica: 1", "gpusPerReplica: 3", "TG-VLLM-HEADS"),
    ] {
        assert!(GUARDED.contains(from), "{from}");
        // A rule finds the second too, unless it may only warn.
        let checks = "spec:\n  checks: {MG502: {severity: warning, reason: tried}}\n";
        let text = GUARDED.replace(from, to).replacen("spec:\n", checks, 1);
        // Three replicas of three GPUs are more than its pool has.
        let text = text.replace("count: 8", "count: 9");
        let Err(ExportError::Stopped(told)) = export(&VLLM, &text) else {
            panic!("{code}")
        };
        assert!(codes(&told).contains(&code), "{:?}", codes(&told));
    }
}

#[test]
fn variables_and_secrets_stand_before_the_program() {
    let text_of = "
apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {name: g}
spec:
  inputs: {q: {type: text}}
  outputs: {a: {type: text}}
  nodes:
    writer:
      role: generator
      model: {id: Qwen/Qwen2.5-7B-Instruct, revision: \"2048\", kvPrecision: fp8}
      serving:
        engine: vllm
        env: {GREETING: \"it's $HOME\", no-name: x}
        secrets: {HF_TOKEN: {name: hub, key: token}}
      placement: {gpu: H100, gpusPerReplica: 2}
  edges:
    - {from: inputs.q, to: writer.prompt}
    - {from: writer.text, to: outputs.a}
";
    let artifacts = export(&VLLM, text_of).unwrap();
    let script = text(&artifacts, "g-writer.sh");
    for line in [
        ": \"${HF_TOKEN:?set HF_TOKEN}\"",
        "export HF_TOKEN",
        r"export GREETING='it'\''s $HOME'",
        "exec vllm serve \\",
        "  --config \"$(dirname -- \"$0\")/g-writer.yaml\" \\",
    ] {
        assert!(
            script.lines().any(|known| known == line),
            "{line}\n{script}"
        );
    }
    assert!(codes(&artifacts).contains(&"TG-VLLM-VARIABLE"));
    let config = text(&artifacts, "g-writer.yaml");
    for line in [
        "revision: \"2048\"",
        "tensor-parallel-size: 2",
        "kv-cache-dtype: fp8",
    ] {
        assert!(
            config.lines().any(|known| known == line),
            "{line}\n{config}"
        );
    }
}
