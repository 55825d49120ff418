//! The simulation of the graph in shares, and the answer of the whole run out of them.

use serde_json::{Value, json};

use super::{Cx, FOLDER, container, kinds, retries};

/// The annotation of the graph that names the image of `modelspec`.
const IMAGE: &str = "modelgraph/modelspec-image";
/// Where shares lie in the artifact repository.
const PARTS: &str = "{{workflow.name}}/parts";

/// What may be said when a sweep is started.
pub(super) fn parameters() -> Vec<Value> {
    vec![
        json!({"name": "requests", "value": "1000000", "description": "Requests that are simulated."}),
        json!({"name": "shards", "value": "8", "description": "Pods that share them."}),
    ]
}

/// The DAG and its two steps.
pub(super) fn templates(cx: &mut Cx<'_>) -> Vec<Value> {
    let what = "an image of yours has the program `modelspec`";
    let image = cx.image(IMAGE, &kinds::SIMULATOR, "modelspec:0.1.0", what);
    let share = [
        "simulate".to_owned(),
        format!("{FOLDER}/document.json"),
        "--requests={{workflow.parameters.requests}}".to_owned(),
        "--shard={{inputs.parameters.shard}}/{{workflow.parameters.shards}}".to_owned(),
        "--output=/tmp/part.json".to_owned(),
    ];
    let merge = ["-c", "modelspec merge /tmp/parts/*.json > /tmp/result.json"];
    vec![
        json!({
            "name": "sweep",
            "dag": {"tasks": [
                {
                    "name": "simulate",
                    "template": "simulate",
                    "arguments": {"parameters": [{"name": "shard", "value": "{{item}}"}]},
                    "withSequence": {"start": "1", "end": "{{workflow.parameters.shards}}"},
                },
                {"name": "merge", "template": "merge", "depends": "simulate.Succeeded"},
            ]},
        }),
        json!({
            "name": "simulate",
            "inputs": {"parameters": [{"name": "shard"}]},
            "outputs": {"artifacts": [{
                "name": "part",
                "path": "/tmp/part.json",
                "archive": {"none": {}},
                "s3": {"key": format!("{PARTS}/{{{{inputs.parameters.shard}}}}.json")},
            }]},
            "retryStrategy": retries(),
            "container": container(&image, &json!(["modelspec"]), &json!(share), &[]),
        }),
        json!({
            "name": "merge",
            "inputs": {"artifacts": [{"name": "parts", "path": "/tmp/parts", "s3": {"key": PARTS}}]},
            "outputs": {"artifacts": [{
                "name": "result",
                "path": "/tmp/result.json",
                "archive": {"none": {}},
            }]},
            "retryStrategy": retries(),
            "container": container(&image, &json!(["sh"]), &json!(merge), &[]),
        }),
    ]
}
