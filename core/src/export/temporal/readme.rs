//! What stands beside the worker's modules.

use core::fmt::Write as _;

use super::{Cx, nodes};
use crate::export::Subject;

/// What the worker needs, each at the version that it is tested with.
const REQUIREMENTS: &[&str] = &[
    "common-expression-language==0.10.0",
    "httpx==0.28.1",
    "temporalio==1.35.0",
];

/// `requirements.txt`.
pub(super) fn requirements(subject: &Subject<'_>) -> String {
    let version = subject.version.map_or(String::new(), |it| format!(" {it}"));
    let name = format!("{}{version}", subject.name).replace(|c: char| c.is_control(), " ");
    let mut text = format!("# {name}\n# {}\n", subject.digest);
    for line in REQUIREMENTS {
        let _ = writeln!(text, "{line}");
    }
    text
}

/// `README.md`.
pub(super) fn text(cx: &Cx<'_, '_>) -> String {
    let graph = cx.subject.graph;
    let name = crate::export::dns_label(cx.subject.name);
    let inputs = graph.node(crate::graph::NodeIx::INPUTS);
    let ports = inputs.map_or(&[][..], |node| &node.outputs);
    let request: serde_json::Map<String, serde_json::Value> = ports
        .iter()
        .filter_map(|&port| graph.port(port))
        .map(|port| (port.name.clone(), serde_json::json!("…")))
        .collect();
    let request = serde_json::Value::Object(request);
    let mut text = format!(
        "# {name}

A worker for Temporal, in Python 3.10 or later. Its workflow runs the graph of `graph.py`, its
activities call the nodes.

```sh
pip install -r requirements.txt
python worker.py
temporal workflow execute --type {name} --task-queue {name} --input '{request}'
```

| file | what |
|---|---|
| `graph.py` | the graph: its nodes, how they are called, for how long, and the edges |
| `workflow.py`, `flow.py`, `branches.py`, `conditions.py`, `values.py` | which nodes run, on what, and what becomes of failures |
| `activities.py`, `apis.py` | how each kind of server is asked, and how its answer is read |
| `worker.py` | the program |

## What it keeps

- A call ends by the node's timeout or budget, all tries together; it is tried again as often as the
  graph says, and not at all where that says nothing. What a server rejects (4xx) is not tried again.
- A guardrail that fails, answers 4xx or 5xx, or says anything but `safe` lets nothing pass.
- A request whose required output gets no value fails, and says why: `Refused`, `Failed`,
  `Unanswered`, `Condition` or `Request`.
- The signal `leave_out` with a node's name goes on without that node, where the graph does not
  require it. The query `progress` tells how far each node is.

## Where the nodes answer

| variable | node |
|---|---|
"
    );
    for (variable, node) in nodes::variables(cx) {
        let _ = writeln!(text, "| `{variable}` | {node} |");
    }
    text
}
