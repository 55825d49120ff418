use std::collections::BTreeMap;

use super::*;
use crate::Analysis;
use crate::export::{self, ExportError, Note, Options};
use crate::spec::to_json;
use crate::yaml::{Limits, read};

const GUARDED: &str = include_str!("../../../../public/examples/rag-guarded.modelspec.yaml");
const CASCADE: &str = include_str!("../../../../public/examples/cascade.modelspec.yaml");

fn export(text: &str) -> Artifacts {
    export::run(&Kubernetes, &Analysis::new(text), &Options::default()).unwrap()
}

/// All objects by `Kind/name`.
fn objects(artifacts: &Artifacts) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for file in &artifacts.files {
        let parsed = read(&file.text, &Limits::default());
        assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
        for object in parsed.documents.iter().map(to_json) {
            let word = |at: &Value| at.as_str().unwrap().to_owned();
            let key = format!(
                "{}/{}",
                word(&object["kind"]),
                word(&object["metadata"]["name"])
            );
            assert!(found.insert(key.clone(), object).is_none(), "two of {key}");
        }
    }
    found
}

fn codes<'a>(notes: &'a [Note], node: &str) -> Vec<&'a str> {
    let about = notes
        .iter()
        .filter(|note| note.node.as_deref() == Some(node));
    about
        .map(|note| note.kind.code.strip_prefix("TG-KUBERNETES-").unwrap())
        .collect()
}

#[test]
fn a_guarded_graph_as_manifests() {
    let artifacts = export(GUARDED);
    for name in ["guard", "store", "orchestrator"] {
        let path = format!("support-rag-{name}.yaml");
        let file = artifacts
            .files
            .iter()
            .find(|file| file.path == path)
            .unwrap();
        insta::assert_snapshot!(name, file.text);
    }
}

#[test]
fn each_node_has_all_that_belongs_to_it() {
    let objects = objects(&export(GUARDED));
    for node in [
        "guard",
        "embedder",
        "store",
        "reranker",
        "generator",
        "orchestrator",
    ] {
        let workload = if node == "store" {
            "StatefulSet"
        } else {
            "Deployment"
        };
        for kind in [
            "ConfigMap",
            "NetworkPolicy",
            "Service",
            workload,
            "PodDisruptionBudget",
        ] {
            assert!(
                objects.contains_key(&format!("{kind}/support-rag-{node}")),
                "{kind} {node}"
            );
        }
    }
    let scaled: Vec<&String> = objects
        .keys()
        .filter(|key| key.starts_with("Horizontal"))
        .collect();
    let wanted = ["generator", "guard", "orchestrator"];
    assert_eq!(
        scaled,
        wanted
            .map(|node| format!("HorizontalPodAutoscaler/support-rag-{node}"))
            .iter()
            .collect::<Vec<_>>()
    );
}

#[test]
fn the_orchestrator_alone_is_admitted() {
    let objects = objects(&export(GUARDED));
    let label = "modelgraph/orchestrator";
    let mut policies = 0;
    for (key, object) in &objects {
        if key.starts_with("NetworkPolicy/") && !key.ends_with("-orchestrator") {
            let from = &object["spec"]["ingress"][0]["from"];
            assert_eq!(from.as_array().unwrap().len(), 1, "{key}");
            let labels = &from[0]["podSelector"]["matchLabels"];
            assert_eq!(
                (&labels[label], &labels["app.kubernetes.io/part-of"]),
                (&json!("true"), &json!("support-rag"))
            );
            assert_eq!(object["spec"]["ingress"].as_array().unwrap().len(), 1);
            policies += 1;
        }
        let labels = &object["spec"]["template"]["metadata"]["labels"];
        assert_eq!(
            labels[label] == "true",
            key == "Deployment/support-rag-orchestrator",
            "{key}"
        );
    }
    assert_eq!(policies, 5);
}

/// The bytes that the orchestrator reads are those that the digest is of.
#[test]
fn the_orchestrator_can_prove_which_graph_it_runs() {
    let artifacts = export(GUARDED);
    let objects = objects(&artifacts);
    let graph = &objects["ConfigMap/support-rag-orchestrator"]["data"]["graph.json"];
    let digest = crate::lock::Digest::of(graph.as_str().unwrap().as_bytes()).to_string();
    assert_eq!(
        digest,
        crate::lock::digest(Analysis::new(GUARDED).graph.as_ref().unwrap()).to_string()
    );
    for file in &artifacts.files {
        assert!(
            file.text
                .starts_with(&format!("# support-rag 1.4.0\n# {digest}\n")),
            "{}",
            file.path
        );
    }
}

#[test]
fn a_pod_is_ready_when_its_model_is_loaded_and_not_killed_before() {
    let objects = objects(&export(GUARDED));
    let container = |node: &str| {
        objects[&format!("Deployment/support-rag-{node}")]["spec"]["template"]["spec"]["containers"]
            [0]
        .clone()
    };
    let generator = container("generator");
    assert_eq!(generator["readinessProbe"]["httpGet"]["path"], "/health");
    let startup = &generator["startupProbe"];
    let wait =
        startup["failureThreshold"].as_u64().unwrap() * startup["periodSeconds"].as_u64().unwrap();
    // 16 GB of weights at 100 MB a second, and five minutes.
    assert_eq!(wait, 470);
    let deadline = &objects["Deployment/support-rag-generator"]["spec"]["progressDeadlineSeconds"];
    assert!(deadline.as_u64().unwrap() > wait);
    // Nobody knows how one's own program is asked.
    let own = GUARDED.replace(
        "engine: vllm, image: \"vllm/vllm-openai:v0.19.0\", port: 8000, protocol: http",
        "engine: ours, port: 8000, protocol: http",
    );
    let artifacts = export(&own);
    assert!(codes(&artifacts.losses, "guard").contains(&"READINESS"));
}

#[test]
fn what_is_not_stated_is_assumed_and_told() {
    let artifacts = export(GUARDED);
    assert_eq!(
        codes(&artifacts.assumptions, "generator"),
        [
            "METRIC",
            "RESOURCES",
            "RESOURCES",
            "STARTUP",
            "WEIGHTS",
            "SELECTOR"
        ]
    );
    assert!(codes(&artifacts.assumptions, "embedder").contains(&"ENGINE"));
    let image = artifacts
        .assumptions
        .iter()
        .find(|note| note.node.as_deref() == Some("embedder") && note.kind == &kinds::IMAGE);
    assert_eq!(
        image.unwrap().value.as_deref(),
        Some("ghcr.io/huggingface/text-embeddings-inference:89-1.9")
    );
    for note in artifacts.assumptions.iter().chain(&artifacts.losses) {
        assert!(
            kinds::ALL.contains(&note.kind) && !note.span.is_empty(),
            "{}",
            note.message
        );
    }
}

#[test]
fn a_node_without_anything_to_run_is_the_orchestrators() {
    let artifacts = export(CASCADE);
    assert_eq!(codes(&artifacts.assumptions, "first"), ["IN-ORCHESTRATOR"]);
    let objects = objects(&artifacts);
    assert!(!objects.contains_key("Deployment/cascade-first"));
    let args =
        &objects["Deployment/cascade-large"]["spec"]["template"]["spec"]["containers"][0]["args"];
    assert!(
        args.as_array()
            .unwrap()
            .contains(&json!("--tensor-parallel-size=4")),
        "{args}"
    );
    let volumes = &objects["Deployment/cascade-large"]["spec"]["template"]["spec"]["volumes"];
    assert!(
        volumes.to_string().contains(r#""medium":"Memory""#),
        "{volumes}"
    );
}

/// Each node calls its successors, and waits for them.
fn chained() -> String {
    GUARDED
        .replace("spec:\n  types:", "spec:\n  execution: chained\n  types:")
        .replace("timeout: 200ms", "timeout: 11s")
}

#[test]
fn a_chain_follows_the_edges_and_stops_at_its_guardrail() {
    let chained = chained();
    let stopped = export::run(&Kubernetes, &Analysis::new(&*chained), &Options::default());
    let Err(ExportError::Stopped(artifacts)) = stopped else {
        panic!("a guardrail in a chain stops the export")
    };
    assert_eq!(codes(&artifacts.losses, "guard"), ["CHAINED-GUARD"]);
    let options = Options {
        accept: vec!["TG-KUBERNETES-CHAINED-GUARD".to_owned()],
        ..Options::default()
    };
    let artifacts = export::run(&Kubernetes, &Analysis::new(&*chained), &options).unwrap();
    assert!(
        artifacts.files[0]
            .text
            .contains("# Accepted loss TG-KUBERNETES-CHAINED-GUARD: ")
    );
    let objects = objects(&artifacts);
    assert!(!objects.contains_key("Deployment/support-rag-orchestrator"));
    let from = |node: &str| {
        let from =
            &objects[&format!("NetworkPolicy/support-rag-{node}")]["spec"]["ingress"][0]["from"];
        let names = from
            .as_array()
            .unwrap()
            .iter()
            .map(|peer| peer["podSelector"]["matchLabels"]["app.kubernetes.io/name"].clone());
        names.collect::<Vec<Value>>()
    };
    assert_eq!(
        from("generator"),
        ["support-rag-guard", "support-rag-reranker"]
    );
    assert_eq!(from("guard"), [Value::Null]);
    let successors = &objects["ConfigMap/support-rag-embedder"]["data"]["MODELGRAPH_SUCCESSORS"];
    assert_eq!(
        successors,
        r#"{"embedder.vector→store.query":"http://support-rag-store:6333"}"#
    );
}

#[test]
fn names_fit_and_never_meet() {
    let long = "a".repeat(60);
    let text = GUARDED
        .replace("name: support-rag ", &format!("name: {long} "))
        .replace("guard:", "orchestrator:")
        .replace("guard.text", "orchestrator.text");
    let artifacts = export(&text);
    let objects = objects(&artifacts);
    assert_eq!(
        objects
            .keys()
            .filter(|key| key.starts_with("Service/"))
            .count(),
        6
    );
    for key in objects.keys() {
        assert!(
            key.split('/').nth(1).unwrap().len() <= LONGEST_NAME,
            "{key}"
        );
    }
}

#[test]
fn parts_and_shares_of_gpus_become_what_the_device_plugin_hands_out() {
    let with = |share: &str| {
        let text = GUARDED.replace(
            "{gpu: L40S, replicas: 1}",
            &format!("{{gpu: H100, replicas: 1, share: {share}}}"),
        );
        let artifacts = export(&text);
        let objects = objects(&artifacts);
        let pod = objects["Deployment/support-rag-reranker"]["spec"]["template"]["spec"].clone();
        (pod, codes(&artifacts.losses, "reranker").contains(&"SHARE"))
    };
    let (pod, told) = with("{mig: {fraction: 3/7}}");
    assert_eq!(
        pod["containers"][0]["resources"]["limits"]["nvidia.com/mig-3g.40gb"],
        "1"
    );
    assert!(!told);
    let (pod, told) = with("{mig: {fraction: 5/7}}");
    assert_eq!(
        pod["containers"][0]["resources"]["limits"]["nvidia.com/gpu"],
        "1"
    );
    assert!(told);
    let (_, told) = with("{timeSlice: {with: [embedder], priority: 1}}");
    assert!(told);
    let (pod, told) = with("{timeSlice: {with: [embedder]}}");
    assert_eq!(
        pod["nodeSelector"]["nvidia.com/gpu.product"],
        "NVIDIA-H100-80GB-HBM3-SHARED"
    );
    assert!(told);
}

#[test]
fn an_autoscaler_is_written_as_it_is_simulated() {
    let scaled = |autoscale: &str| {
        let replicas = format!("replicas: {{min: 3, max: 6, autoscale: {{{autoscale}}}}}");
        let artifacts = export(&GUARDED.replace("replicas: {min: 3, max: 6}", &replicas));
        let told = codes(&artifacts.losses, "generator").join(" ");
        let objects = objects(&artifacts);
        let probes = &objects["Deployment/support-rag-generator"]["spec"]["template"]["spec"];
        let probe = probes["containers"][0]["startupProbe"].clone();
        let spec = objects["HorizontalPodAutoscaler/support-rag-generator"]["spec"].clone();
        let words: Vec<String> = artifacts
            .losses
            .iter()
            .map(|it| it.message.clone())
            .collect();
        (spec, probe, told, words.join("\n"))
    };
    let stated = "target: {waiting: 7}, every: 30s, coldStart: 90s, scaleDownAfter: 5min";
    let (spec, probe, _, words) = scaled(stated);
    assert_eq!(spec["metrics"][0]["pods"]["target"]["averageValue"], "7");
    let up = serde_json::json!({
        "stabilizationWindowSeconds": 0,
        "policies": [{"type": "Pods", "value": 6, "periodSeconds": 15}],
    });
    assert_eq!(spec["behavior"]["scaleUp"], up);
    let calm = &spec["behavior"]["scaleDown"]["stabilizationWindowSeconds"];
    assert_eq!(calm, 300);
    // Twice as long as loading is said to take.
    let loading =
        probe["failureThreshold"].as_u64().unwrap() * probe["periodSeconds"].as_u64().unwrap();
    assert_eq!(loading, 180);
    // How often it looks is the cluster's.
    assert!(words.contains("its `every` is left out"), "{words}");

    let stated = "target: {utilisation: 55%}, coldStart: 90s, scaleDownAfter: 2h";
    let (spec, _, told, words) = scaled(stated);
    let cores = &spec["metrics"][0]["resource"]["target"]["averageUtilization"];
    assert_eq!(cores, 55);
    let calm = &spec["behavior"]["scaleDown"]["stabilizationWindowSeconds"];
    assert_eq!(calm, 3_600);
    assert!(told.contains("SCALE"), "{told}");
    assert!(words.contains("after an hour of calm"), "{words}");
}

#[test]
fn nodes_that_stand_together_do_not_wait_for_each_other() {
    let text = GUARDED
        .replace(
            "{gpu: L40S, replicas: 1}",
            "{gpu: L40S, replicas: 1, coLocate: [store]}",
        )
        .replace(
            "memory: 16GiB, replicas: 2}",
            "memory: 16GiB, replicas: 2, coLocate: [reranker]}",
        );
    let objects = objects(&export(&text));
    let affinity = |key: &str| objects[key]["spec"]["template"]["spec"]["affinity"].clone();
    assert!(affinity("StatefulSet/support-rag-store").is_null());
    assert!(
        affinity("Deployment/support-rag-reranker")
            .to_string()
            .contains("support-rag-store")
    );
}

#[test]
fn secrets_labels_and_variables_are_kept_where_they_fit() {
    let text = GUARDED
        .replace("labels: {team: support}", "labels: {team: support, 'no label': x}")
        .replace(
            "api: openai-chat, timeout: 10s}",
            "api: openai-chat, timeout: 10s, env: {VLLM_LOGGING_LEVEL: INFO, '9=': x}, secrets: {HF_TOKEN: {name: hub, key: token}}, probes: {ready: {path: ready, port: 9000, period: 1500ms, startup: 20min}}}",
        );
    let artifacts = export(&text);
    assert_eq!(
        codes(&artifacts.losses, "generator"),
        ["VARIABLE", "SECONDS"]
    );
    assert!(
        artifacts
            .losses
            .iter()
            .any(|loss| loss.kind == &kinds::LABEL)
    );
    let objects = objects(&artifacts);
    let container =
        &objects["Deployment/support-rag-generator"]["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(
        container["env"][0]["valueFrom"]["secretKeyRef"],
        json!({"name": "hub", "key": "token"})
    );
    assert_eq!(
        container["readinessProbe"]["httpGet"],
        json!({"path": "/ready", "port": 9000})
    );
    assert_eq!(
        (
            &container["readinessProbe"]["periodSeconds"],
            &container["startupProbe"]["failureThreshold"]
        ),
        (&json!(2), &json!(120))
    );
    let data = &objects["ConfigMap/support-rag-generator"]["data"];
    assert_eq!(
        (&data["VLLM_LOGGING_LEVEL"], &data["9="]),
        (&json!("INFO"), &Value::Null)
    );
}

#[test]
fn what_runs_elsewhere_is_not_run_here() {
    let text = GUARDED
        .replace(
            "    generator:\n      role: generator\n",
            "    generator:\n      role: generator\n      external: true\n",
        )
        .replace(
            "api: openai-chat, timeout: 10s}",
            "api: openai-chat, timeout: 10s, secrets: {API_KEY: {name: provider, key: key}}}",
        );
    let artifacts = export(&text);
    assert_eq!(codes(&artifacts.losses, "generator"), ["EXTERNAL"]);
    let objects = objects(&artifacts);
    assert!(!objects.contains_key("Deployment/support-rag-generator"));
    let orchestrator = objects["Deployment/support-rag-orchestrator"].to_string();
    assert!(orchestrator.contains(r#""secretKeyRef":{"name":"provider","key":"key"}"#));
    assert!(
        objects["NetworkPolicy/support-rag-orchestrator"]
            .to_string()
            .contains("443")
    );
}

/// Comments and the order of keys do not show in the files.
#[test]
fn equal_graphs_give_equal_bytes() {
    let other = GUARDED
        .replace(
            "labels: {team: support}",
            "labels: {\"team\": 'support'}   # whose",
        )
        .replace("p95: 8s, p99: 12s", "p99: 12000ms, p95: 8s");
    assert_eq!(export(GUARDED).files, export(&other).files);
}

#[test]
fn a_guardrail_elsewhere_stops_a_chain_too() {
    let text = chained().replace(
        "role: guardrail\n",
        "role: guardrail\n      external: true\n",
    );
    let stopped = export::run(&Kubernetes, &Analysis::new(text), &Options::default());
    let Err(ExportError::Stopped(artifacts)) = stopped else {
        panic!("a guardrail in a chain stops the export")
    };
    assert_eq!(
        codes(&artifacts.losses, "guard"),
        ["CHAINED-GUARD", "EXTERNAL"]
    );
}

#[test]
fn a_graph_that_no_config_map_holds_stops_the_export() {
    let long = "x".repeat(1_000_000);
    let text = GUARDED.replace("task: text-classification", &format!("task: {long}"));
    let stopped = export::run(&Kubernetes, &Analysis::new(text), &Options::default());
    let Err(ExportError::Stopped(artifacts)) = stopped else {
        panic!("it must stop")
    };
    assert!(
        artifacts
            .losses
            .iter()
            .any(|loss| loss.kind == &kinds::SIZE)
    );
}

#[test]
fn what_another_document_says_is_told_to_be_missing() {
    let referring = |reference: &str| {
        let reference = format!("role: embedder\n      specRef: {{{reference}}}\n");
        GUARDED.replace("role: embedder\n", &reference)
    };
    let digest = "0".repeat(64);
    let absent = referring(&format!("path: embedder.yaml, digest: \"sha256:{digest}\""));
    let artifacts = export(&absent);
    assert!(codes(&artifacts.losses, "embedder").contains(&"SPEC-REF"));
    let mut beside = referring("name: embedder-spec");
    beside.push_str(
        "---\napiVersion: piqc.ai/v1alpha1\nkind: ModelSpec\nmetadata: {name: embedder-spec}\nspec:\n  identity: {model: {id: BAAI/bge-large-en-v1.5, family: bert, task: feature-extraction, framework: tei}}\n  runtime: {accelerator: {vendor: nvidia, type: L4, count: 1}}\n",
    );
    let artifacts = export(&beside);
    assert!(!codes(&artifacts.losses, "embedder").contains(&"SPEC-REF"));
}
