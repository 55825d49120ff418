use pretty_assertions::assert_eq;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::Analysis;
use crate::check::Severity;
use crate::export::{self, Options};
use crate::import::{self, File, ImportError, Imported};
use crate::spec::{self, to_json};
use crate::yaml;

fn import(files: &[(String, String)]) -> Result<Imported, ImportError> {
    let files: Vec<File<'_>> = files
        .iter()
        .map(|(path, text)| File::new(&**path, text))
        .collect();
    import::run(&files)
}

fn documents(text: &str) -> Vec<Value> {
    let reading = spec::read(text);
    assert_eq!(reading.diagnostics, [], "{text}");
    reading.trees.iter().map(to_json).collect()
}

/// Imports files of some documents each, exports the graph, and compares what there is.
fn check_round_trip(files: &[(String, Vec<Value>)]) -> Result<(), TestCaseError> {
    let texts: Vec<(String, String)> = files
        .iter()
        .map(|(path, documents)| {
            let texts: Vec<String> = documents.iter().map(yaml::document).collect();
            (path.clone(), texts.join("---\n"))
        })
        .collect();
    let imported = import(&texts).unwrap_or_else(|error| panic!("{error}\n{texts:?}"));
    let target = export::find("modelspec").unwrap();
    let exported = export::run(target, &Analysis::new(&*imported.text), &Options::default());
    let Ok(exported) = exported else {
        return Err(TestCaseError::fail(imported.text));
    };
    let mut before: Vec<Value> = files.iter().flat_map(|(_, of)| of.clone()).collect();
    let mut after: Vec<Value> = exported
        .files
        .iter()
        .flat_map(|file| documents(&file.text))
        .collect();
    for list in [&mut before, &mut after] {
        // Whatever the order of keys.
        list.sort_by_key(crate::lock::canonical_json);
    }
    prop_assert_eq!(before, after, "{}", imported.text);
    Ok(())
}

/// One with every key that the format has.
fn whole() -> Value {
    json!({
        "apiVersion": "piqc.ai/v1alpha1",
        "kind": "ModelSpec",
        "metadata": {
            "name": "Support Answers",
            "version": "1.4.0",
            "description": "Answers from the handbook.",
            "labels": {"team": "support"},
            "annotations": {"owner": "ada", "note": "[not json"},
        },
        "spec": {
            "identity": {"model": {"id": "meta-llama/Llama-3.1-8B-Instruct", "family": "llama",
                "task": "text-generation", "framework": "vllm", "precision": "bf16",
                "artifacts": {"modelUri": "hf://meta-llama/Llama-3.1-8B-Instruct", "tokenizerUri": "hf://x"}}},
            "runtime": {
                "accelerator": {"vendor": "NVIDIA", "type": "nvidia-a100-80gb", "count": 2},
                "batch": {"maxBatchSize": 32, "maxSequenceLengthTokens": 8192},
                "resources": {"cpuCores": 8, "memoryGb": 64.5, "ephemeralStorageGb": 100},
                "environment": {"variables": {"A": "b", "N": "1", "EMPTY": ""}},
            },
            "operations": {
                "serving": {"protocol": "http", "port": 8000,
                    "readinessProbe": {"path": "/ready", "timeoutSeconds": 2},
                    "livenessProbe": {"path": "/live", "timeoutSeconds": 1.5},
                    "maxConcurrency": 64, "timeoutSeconds": 30},
                "scaling": {"minReplicas": 1, "maxReplicas": 4, "strategy": "predictive",
                    "targetLatencyMsP95": 800, "targetRps": 20.5, "warmPool": {"size": 1, "strategy": "eager"}},
                "observability": {"metrics": {"enabled": true, "provider": "prometheus", "port": 9090},
                    "logging": {"level": "info"}, "tracing": {"enabled": false}},
            },
            "pipeline": {
                "preprocess": {"steps": [{"name": "trim", "type": "text", "enabled": true}]},
                "postprocess": {"steps": [{"name": "cite", "type": "text"}]},
                "dependencies": [
                    {"id": "embedder", "role": "input", "specRef": "./embedder.yaml", "required": true,
                        "interface": {"inputType": "text", "outputType": "embedding", "maxLatencyMs": 12.5}},
                    {"id": "guard", "role": "guardrail", "interface": {"inputType": "text", "outputType": "filtered_text"}},
                    {"id": "ranker", "role": "reranker", "required": false,
                        "interface": {"inputType": "text+documents", "outputType": "ranked_documents"}},
                    {"id": "polish", "role": "postprocess"},
                    {"id": "audit", "role": "custom", "interface": {"outputType": "ledger"}},
                ],
            },
            "governance": {
                "compliance": {"pii": {"allowed": false, "policy": "mask"},
                    "retention": {"logsDays": 30, "artifactsDays": 0},
                    "governance": {"changeApproval": "two", "owner": "ada"}},
                "cost": {"targetCostPer1kTokensUsd": 0.002,
                    "pricingHints": {"cloudProvider": "aws", "instanceType": "p4d", "spotAllowed": true}},
            },
        },
    })
}

#[test]
fn a_document_with_every_key_comes_back_as_it_was() {
    check_round_trip(&[("answers.yaml".to_owned(), vec![whole()])]).unwrap();
}

#[test]
fn its_graph_says_what_a_graph_has_words_for() {
    let files = [("a/answers.yaml".to_owned(), yaml::document(&whole()))];
    let imported = import(&files).unwrap();
    let analysis = Analysis::new(&*imported.text);
    assert_eq!(analysis.reading.diagnostics, []);
    let node = |name: &str| {
        let tree = analysis.tree().unwrap();
        to_json(tree.at(["spec", "nodes", name]).unwrap())
    };
    let answers = node("support-answers");
    assert_eq!(answers["role"], "generator");
    assert_eq!(
        answers["placement"]["replicas"],
        json!({"min": 1, "max": 4})
    );
    assert_eq!(
        answers["placement"]["batch"],
        json!({"continuous": {"maxSequences": 32}})
    );
    assert_eq!(answers["serving"]["timeout"], "30s");
    assert_eq!(answers["serving"]["probes"]["live"]["timeout"], "1.5s");
    assert_eq!(
        answers["annotations"]["piqc.ai/spec"]["governance"]["cost"]["targetCostPer1kTokensUsd"],
        0.002
    );
    assert_eq!(node("embedder")["budget"], "12.5ms");
    assert_eq!(node("ranker")["required"], false);
    assert_eq!(node("polish")["role"], "postprocessor");
    for edge in [
        "guard.text→support-answers.prompt",
        "ranker.ranked→support-answers.context",
        "support-answers→polish",
        "audit→support-answers",
    ] {
        let graph = analysis.graph.as_ref().unwrap();
        assert!(
            graph.edges.iter().any(|found| found.id == edge),
            "{edge}\n{}",
            imported.text
        );
    }
    let codes: Vec<&str> = imported.notes.iter().map(|note| note.kind.code).collect();
    for code in ["ABSENT", "SIDE", "TYPE", "KEPT", "NODE", "ENDS"] {
        assert!(
            codes.contains(&&*format!("IM-MODELSPEC-{code}")),
            "{code}: {codes:?}"
        );
    }
}

#[test]
fn files_that_name_each_other_are_joined() {
    let mut embedder = whole();
    embedder["metadata"]["name"] = json!("e");
    embedder["spec"]["identity"]["model"]["task"] = json!("feature-extraction");
    embedder["spec"]["pipeline"] =
        json!({"dependencies": [{"id": "Support Answers", "role": "input"}]});
    let files = [
        ("x/answers.yaml".to_owned(), vec![whole()]),
        ("x/embedder.yaml".to_owned(), vec![embedder]),
    ];
    check_round_trip(&files).unwrap();
    let texts = files
        .clone()
        .map(|(path, of)| (path, yaml::document(&of[0])));
    let imported = import(&texts).unwrap();
    let cycle = imported
        .notes
        .iter()
        .find(|note| note.kind.code == "IM-MODELSPEC-CYCLE");
    assert!(cycle.is_some(), "{:?}", imported.notes);
    assert_eq!(
        Analysis::new(&*imported.text)
            .graph
            .unwrap()
            .find("embedder"),
        None
    );
}

#[test]
fn a_graph_that_was_changed_goes_out_with_the_change() {
    let mut guarded = whole();
    guarded["spec"]["pipeline"]["dependencies"] =
        json!([{"id": "input-guard", "role": "guardrail"}]);
    let files = [("answers.yaml".to_owned(), yaml::document(&guarded))];
    let text = import(&files).unwrap().text;
    let changed = text.replace("port: 8000", "port: 9000");
    assert_ne!(text, changed);
    let target = export::find("modelspec").unwrap();
    let analysis = Analysis::new(&*changed);
    assert_eq!(
        analysis.count(Severity::Error),
        0,
        "{changed}\n{:?}",
        analysis.diagnostics
    );
    let artifacts = export::run(
        target,
        &analysis,
        &Options {
            accept: vec!["TG-MODELSPEC-GUARD".to_owned()],
            ..Options::default()
        },
    )
    .unwrap();
    let document = documents(&artifacts.files[0].text).remove(0);
    assert_eq!(document["spec"]["operations"]["serving"]["port"], 9000);
    assert_eq!(
        document["spec"]["governance"],
        whole()["spec"]["governance"]
    );
    assert_eq!(document["metadata"]["annotations"]["owner"], "ada");
}

/// What an export wrote of a graph gives the graph again.
#[test]
fn the_files_of_an_export_give_their_graph() {
    for name in ["rag-guarded", "cascade", "agent-tools"] {
        let path = format!(
            "{}/../public/examples/{name}.modelspec.yaml",
            env!("CARGO_MANIFEST_DIR")
        );
        let text = std::fs::read_to_string(path).unwrap();
        let target = export::find("modelspec").unwrap();
        let analysis = Analysis::new(&*text);
        // Some guardrails stand where no chain of files leads.
        let options = Options {
            accept: vec!["TG-MODELSPEC-GUARD".to_owned()],
            ..Options::default()
        };
        let artifacts = export::run(target, &analysis, &options).unwrap();
        let files: Vec<(String, String)> = artifacts
            .files
            .iter()
            .map(|file| (file.path.clone(), file.text.clone()))
            .collect();
        let imported = import(&files).unwrap();
        let again = Analysis::new(&*imported.text);
        assert_eq!(
            again.count(Severity::Error),
            0,
            "{:?}\n{}",
            again.diagnostics,
            imported.text
        );
        let (before, after) = (analysis.graph.unwrap(), again.graph.unwrap());
        let edges = |graph: &crate::graph::Graph| {
            let mut ids: Vec<String> = graph.edges.iter().map(|edge| edge.id.clone()).collect();
            ids.sort();
            ids
        };
        assert_eq!(edges(&before), edges(&after));
        let twice = export::run(target, &Analysis::new(&*imported.text), &options).unwrap();
        let strip = |artifacts: &export::Artifacts| -> Vec<Value> {
            let all = artifacts
                .files
                .iter()
                .flat_map(|file| documents(&file.text));
            all.map(|mut document| {
                document["metadata"]["annotations"] = Value::Null;
                document
            })
            .collect()
        };
        assert_eq!(strip(&artifacts), strip(&twice));
    }
}

#[test]
fn what_is_not_valid_is_refused_with_its_place() {
    let mut long = whole();
    long["spec"]["runtime"]["batch"]
        .as_object_mut()
        .unwrap()
        .shift_remove("maxSequenceLengthTokens");
    let mut closed = whole();
    closed["spec"]["goverment"] = json!({});
    let mut kind = whole();
    kind["spec"]["runtime"]["accelerator"]["count"] = json!(0);
    for (document, wanted) in [
        (long, "maxSequenceLengthTokens"),
        (closed, "goverment"),
        (kind, "count"),
    ] {
        let error = import(&[("a.yaml".to_owned(), yaml::document(&document))]).unwrap_err();
        let refusal = error.refusals().next().unwrap();
        assert_eq!(refusal.kind.code, "IM-MODELSPEC-FORM");
        assert!(refusal.message.contains(wanted), "{}", refusal.message);
        assert!(!refusal.place.span.is_empty() && refusal.help.is_some());
    }
}

fn text() -> impl Strategy<Value = Value> {
    select(
        &[
            "a",
            "Some Text",
            "x/y-1.0",
            "true",
            "12",
            "line\nline",
            "ä: #",
            "null",
            "nvidia-l4",
        ][..],
    )
    .prop_map(Value::from)
}

fn whole_number() -> impl Strategy<Value = Value> {
    (1_u32..100_000).prop_map(Value::from)
}

fn number() -> impl Strategy<Value = Value> {
    prop_oneof![
        (0_u32..100_000).prop_map(Value::from),
        (1_u32..100_000).prop_map(|value| json!(f64::from(value) / 8.0)),
    ]
}

fn flag() -> impl Strategy<Value = Value> {
    any::<bool>().prop_map(Value::from)
}

/// A map of some of the keys.
fn some(fields: Vec<(&'static str, BoxedStrategy<Value>)>) -> BoxedStrategy<Value> {
    let fields: Vec<_> = fields
        .into_iter()
        .map(|(key, value)| prop::option::weighted(0.6, value).prop_map(move |value| (key, value)))
        .collect();
    fields
        .prop_map(|fields| {
            let stated = fields
                .into_iter()
                .filter_map(|(key, value)| Some((key.to_owned(), value?)));
            stated.collect()
        })
        .boxed()
}

fn words(words: &'static [&'static str]) -> BoxedStrategy<Value> {
    select(words).prop_map(Value::from).boxed()
}

fn free_map() -> BoxedStrategy<Value> {
    prop::collection::btree_map("[a-zA-Z][a-z/.]{0,6}[a-z]", text(), 0..3)
        .prop_map(|map| map.into_iter().collect())
        .boxed()
}

fn dependency() -> BoxedStrategy<Value> {
    let interface = some(vec![
        (
            "inputType",
            words(&["text", "text+documents", "documents", "ledger", "vector"]),
        ),
        (
            "outputType",
            words(&[
                "text",
                "embedding",
                "documents",
                "ranked_documents",
                "filtered_text",
            ]),
        ),
        ("maxLatencyMs", number().boxed()),
    ]);
    let beside = some(vec![
        (
            "specRef",
            words(&["./m0.yaml", "../m1.yaml", "m2.yaml", "missing.yaml"]),
        ),
        ("required", flag().boxed()),
        ("interface", interface),
    ]);
    let id = words(&[
        "m0",
        "m1",
        "m2",
        "guard-in",
        "output guard",
        "polish",
        "inputs",
    ]);
    let role = words(&["input", "guardrail", "reranker", "postprocess", "custom"]);
    (id, role, beside)
        .prop_map(|(id, role, mut dependency)| {
            dependency["id"] = id;
            dependency["role"] = role;
            dependency
        })
        .boxed()
}

fn model_spec() -> impl Strategy<Value = Value> {
    let metadata = some(vec![
        ("version", words(&["1.0.0", "of ours", "1.10"])),
        ("description", text().boxed()),
        ("labels", free_map()),
        ("annotations", free_map()),
    ]);
    let model = some(vec![
        ("precision", words(&["bf16", "FP16", "awq", "int4"])),
        (
            "artifacts",
            some(vec![
                ("modelUri", text().boxed()),
                ("tokenizerUri", text().boxed()),
            ]),
        ),
    ]);
    let named = (
        words(&["a/b", "12", "Qwen/Qwen2.5-7B-Instruct"]),
        text(),
        words(&[
            "text-generation",
            "embedding",
            "reranking",
            "classification",
            "other",
        ]),
        words(&["tei", "triton", "custom", "vllm"]),
    );
    let runtime = some(vec![
        (
            "batch",
            some(vec![
                ("maxBatchSize", whole_number().boxed()),
                ("maxSequenceLengthTokens", whole_number().boxed()),
            ]),
        ),
        (
            "resources",
            some(vec![
                ("cpuCores", whole_number().boxed()),
                ("memoryGb", number().boxed()),
                ("ephemeralStorageGb", number().boxed()),
            ]),
        ),
        ("environment", some(vec![("variables", free_map())])),
    ]);
    let accelerator = (
        text(),
        words(&["L4", "nvidia-a100-80gb", "H100", "tpu-v5e"]),
        whole_number(),
    );
    let probe = || {
        some(vec![
            ("path", text().boxed()),
            ("timeoutSeconds", number().boxed()),
        ])
    };
    let operations = some(vec![
        (
            "serving",
            some(vec![
                ("protocol", words(&["http", "grpc"])),
                ("port", whole_number().boxed()),
                ("readinessProbe", probe()),
                ("livenessProbe", probe()),
                ("maxConcurrency", whole_number().boxed()),
                ("timeoutSeconds", number().boxed()),
            ]),
        ),
        (
            "scaling",
            some(vec![
                ("minReplicas", (0_u32..9).prop_map(Value::from).boxed()),
                ("maxReplicas", (1_u32..9).prop_map(Value::from).boxed()),
                ("strategy", words(&["reactive", "predictive", "manual"])),
                ("targetRps", number().boxed()),
                (
                    "warmPool",
                    some(vec![
                        ("size", whole_number().boxed()),
                        ("strategy", text().boxed()),
                    ]),
                ),
            ]),
        ),
        (
            "observability",
            some(vec![(
                "metrics",
                some(vec![
                    ("enabled", flag().boxed()),
                    ("port", whole_number().boxed()),
                ]),
            )]),
        ),
    ]);
    let steps = prop::collection::vec(
        (text(), text()).prop_map(|(name, ty)| json!({"name": name, "type": ty})),
        0..3,
    )
    .prop_map(|steps| json!({"steps": steps}));
    let pipeline = some(vec![
        ("preprocess", steps.boxed()),
        (
            "dependencies",
            prop::collection::vec(dependency(), 0..4)
                .prop_map(Value::from)
                .boxed(),
        ),
    ]);
    let governance = some(vec![
        (
            "compliance",
            some(vec![("pii", some(vec![("allowed", flag().boxed())]))]),
        ),
        (
            "cost",
            some(vec![("targetCostPer1kTokensUsd", number().boxed())]),
        ),
    ]);
    let body = some(vec![
        ("operations", operations),
        ("pipeline", pipeline),
        ("governance", governance),
    ]);
    (metadata, model, named, runtime, accelerator, body).prop_map(
        |(metadata, mut model, (id, family, task, framework), mut runtime, (vendor, ty, count), mut body)| {
            if framework == "vllm" && runtime["batch"]["maxSequenceLengthTokens"].is_null() {
                runtime["batch"] = json!({"maxSequenceLengthTokens": 4096});
            }
            for (key, value) in [("id", id), ("family", family), ("task", task), ("framework", framework)] {
                model[key] = value;
            }
            runtime["accelerator"] = json!({"vendor": vendor, "type": ty, "count": count});
            body["identity"] = json!({"model": model});
            body["runtime"] = runtime;
            json!({"apiVersion": "piqc.ai/v1alpha1", "kind": "ModelSpec", "metadata": metadata, "spec": body})
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn random_documents_come_back_as_they_were(
        mut documents in prop::collection::vec(model_spec(), 1..4),
        names in prop::collection::vec(select(&["m0", "m1", "m2", "Some Name", "m0", "outputs"][..]), 3),
        stream in any::<bool>(),
    ) {
        for (document, name) in documents.iter_mut().zip(names) {
            document["metadata"]["name"] = json!(name);
        }
        let files = if stream {
            vec![("of/stream.yaml".to_owned(), documents)]
        } else {
            let of = |(at, document): (usize, Value)| (format!("of/folder{}/m{at}.yaml", at / 2), vec![document]);
            documents.into_iter().enumerate().map(of).collect()
        };
        check_round_trip(&files)?;
    }
}
