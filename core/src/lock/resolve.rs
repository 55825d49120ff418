//! A graph with everything spelled out that the format lets one leave out.

use serde_json::{Map, Value, json};

use crate::graph::{Direction, Graph, NodeIx, Port, default_ports, edge_id};
use crate::hardware::Catalogue;
use crate::order::Arrange as _;
use crate::spec::{self, EdgeRole, Execution, Kind, ModelGraph, Role, Shape, TypeParams};

/// Types made of types deeper than this are cut: nobody wrote them by hand.
const DEEPEST_TYPE: usize = 64;

/// The graph as JSON: defaults expanded, values as integers of their base unit, named payload
/// types put in their places, edges and sets sorted. Left out are the canvas, descriptions,
/// annotations, `x-` keys and whatever is only inferred.
pub fn resolved(graph: &Graph) -> Value {
    let document = &*graph.spec;
    let mut metadata = document
        .metadata
        .as_ref()
        .map_or_else(Map::new, |metadata| object(metadata.canonical()));
    forget(&mut metadata, &["description", "annotations"]);
    prune(&mut metadata);
    let mut body = document
        .body()
        .map_or_else(Map::new, |body| object(body.canonical()));
    forget(&mut body, &["types", "inputs", "outputs", "nodes", "edges"]);
    body.entry("execution")
        .or_insert_with(|| json!(Execution::Orchestrated.word()));
    let catalogue = Catalogue::builtin();
    if let Some(hardware) = body.get_mut("hardware").and_then(Value::as_object_mut) {
        pools(hardware, &catalogue);
    }
    if let Some(policies) = body.get_mut("policies").and_then(Value::as_array_mut) {
        policies.arrange_by_key(super::canonical_json);
    }
    prune_deep(&mut body, &["hardware", "objectives", "workload", "checks"]);
    let resolver = Resolver {
        graph,
        document,
        catalogue,
    };
    let sides = [
        ("inputs", NodeIx::INPUTS, Direction::Output),
        ("outputs", NodeIx::OUTPUTS, Direction::Input),
    ];
    for (key, node, direction) in sides {
        let ports = resolver.ports(node, direction);
        body.insert(key.to_owned(), ports);
    }
    let nodes: Map<String, Value> = graph
        .model_nodes()
        .map(|(ix, node)| (node.name.clone(), resolver.node(ix)))
        .collect();
    body.insert("nodes".to_owned(), Value::Object(nodes));
    body.insert("edges".to_owned(), edges(document));
    json!({
        "apiVersion": spec::API_VERSION,
        "kind": spec::KIND,
        "metadata": metadata,
        "spec": body,
    })
}

struct Resolver<'g> {
    graph: &'g Graph,
    document: &'g ModelGraph,
    catalogue: Catalogue,
}

impl Resolver<'_> {
    fn node(&self, ix: NodeIx) -> Value {
        let Some(node) = self.graph.spec_of(ix) else {
            return Value::Null;
        };
        let mut map = object(node.canonical());
        forget(
            &mut map,
            &["description", "annotations", "inputs", "outputs"],
        );
        map.entry("required").or_insert(json!(true));
        map.entry("external").or_insert(json!(false));
        if node.role.map(|role| role.value) == Some(Role::Join) {
            map.entry("join").or_insert(json!("all"));
        }
        if map.get("cancel") == Some(&json!(false)) {
            map.remove("cancel");
        }
        if let Some(model) = map.get_mut("model").and_then(Value::as_object_mut) {
            let precision = node.model.as_ref().and_then(|model| model.precision);
            if let Some(precision) = precision.filter(|precision| precision.bits() >= 8) {
                model
                    .entry("kvPrecision")
                    .or_insert(json!(precision.word()));
            }
        }
        if let Some(placement) = map.get_mut("placement").and_then(Value::as_object_mut) {
            self.placement(placement);
        }
        prune_deep(
            &mut map,
            &[
                "serving",
                "placement",
                "model",
                "tokenizer",
                "limits",
                "tokens",
                "index",
                "latency",
                "checks",
            ],
        );
        map.insert("inputs".to_owned(), self.ports(ix, Direction::Input));
        map.insert("outputs".to_owned(), self.ports(ix, Direction::Output));
        Value::Object(map)
    }

    fn placement(&self, placement: &mut Map<String, Value>) {
        gpu_name(placement, &self.catalogue);
        let has_gpu = placement.contains_key("gpu");
        placement
            .entry("replicas")
            .or_insert(json!({"min": 1, "max": 1}));
        if has_gpu {
            placement.entry("gpusPerReplica").or_insert(json!(1));
        }
        let continuous = placement
            .get("batch")
            .is_some_and(|batch| batch.get("continuous").is_some());
        let routing = if continuous { "leastLoaded" } else { "central" };
        placement.entry("routing").or_insert(json!(routing));
        // A CPU node serves a request on each core, a GPU node one at a time.
        let cores = placement.get("cpu").and_then(Value::as_u64);
        let cores = cores.filter(|_| !has_gpu).unwrap_or(0);
        let cores = cores.checked_div(1000).unwrap_or(0).max(1);
        placement.entry("concurrency").or_insert(json!(cores));
        if let Some(share) = placement.get_mut("share").and_then(Value::as_object_mut) {
            for how in share.values_mut() {
                sort(how.get_mut("with"));
            }
        }
        sort(placement.get_mut("coLocate"));
    }

    fn ports(&self, ix: NodeIx, direction: Direction) -> Value {
        let Some(node) = self.graph.node(ix) else {
            return Value::Null;
        };
        let ports = match direction {
            Direction::Input => &node.inputs,
            Direction::Output => &node.outputs,
        };
        let found = ports.iter().filter_map(|&port| self.graph.port(port));
        found
            .map(|port| (port.name.clone(), self.port(ix, port)))
            .collect()
    }

    fn port(&self, ix: NodeIx, port: &Port) -> Value {
        let stated = self.stated(ix, port);
        let written = stated.and_then(|stated| stated.ty.as_ref());
        let role = self.graph.node(ix).and_then(|node| node.role);
        let brought = role
            .map_or(&[][..], |role| default_ports(role, port.direction))
            .iter()
            .find(|brought| brought.name == port.name)
            .map_or(Kind::Any, |brought| brought.kind);
        let mut ty = match written {
            Some(written) => self.ty(object(written.canonical()), DEEPEST_TYPE),
            None => object(json!({"kind": brought.word()})),
        };
        if let Some(stated) = stated {
            self.overlay(&mut ty, fields(&stated.params), DEEPEST_TYPE);
        }
        let model = self.graph.spec_of(ix).and_then(|node| node.model.as_ref());
        if role == Some(Role::Embedder)
            && port.direction == Direction::Output
            && port.ty.kind == Kind::Vector
            && let Some(id) = model.and_then(|model| model.id.as_ref())
        {
            // A vector lies in the space of the model that made it, unless stated otherwise.
            ty.entry("space").or_insert(json!(id.value.0));
        }
        let mut map = Map::new();
        map.insert("type".to_owned(), Value::Object(ty));
        map.insert("required".to_owned(), json!(port.required));
        if let Some(name) = stated.and_then(|stated| stated.external_name.as_ref()) {
            map.insert("externalName".to_owned(), name.canonical());
        }
        if let Some(class) = port.data_class {
            map.insert("dataClass".to_owned(), json!(class.word()));
        }
        Value::Object(map)
    }

    fn stated(&self, ix: NodeIx, port: &Port) -> Option<&spec::Port> {
        let node = self.graph.spec_of(ix);
        let ports = match (ix, port.direction) {
            (NodeIx::INPUTS, _) => self.document.body()?.inputs.as_ref(),
            (NodeIx::OUTPUTS, _) => self.document.body()?.outputs.as_ref(),
            (_, Direction::Input) => node?.inputs.as_ref(),
            (_, Direction::Output) => node?.outputs.as_ref(),
        };
        ports?.get(&port.name)
    }

    /// A written type with the names of `spec.types` followed.
    fn ty(&self, mut written: Map<String, Value>, depth: usize) -> Map<String, Value> {
        let Some(below) = depth.checked_sub(1) else {
            return object(json!({"kind": Kind::Any.word()}));
        };
        let word = written
            .get("kind")
            .and_then(Value::as_str)
            .unwrap_or("")
            .to_owned();
        let types = self.document.body().and_then(|body| body.types.as_ref());
        let named = types.and_then(|types| types.get(&word));
        let mut ty = match named.filter(|_| Kind::from_word(&word).is_none()) {
            Some(named) => self.ty(object(named.canonical()), below),
            None => object(json!({"kind": word})),
        };
        written.shift_remove("kind");
        self.overlay(&mut ty, written, below);
        ty
    }

    /// Puts parameters over those of a type; as the index does, those that its kind does not have
    /// are left out, and of the two words for what is inside one counts.
    fn overlay(&self, ty: &mut Map<String, Value>, params: Map<String, Value>, depth: usize) {
        let kind = ty.get("kind").and_then(Value::as_str);
        let kind = kind.and_then(Kind::from_word);
        let takes =
            |key: &str| kind.is_none_or(|kind| kind == Kind::Any || kind.params().contains(&key));
        let both = params.contains_key("item") && takes("item");
        for (key, value) in params {
            if !takes(&key) || (key == "of" && both) {
                continue;
            }
            match (key.as_str(), value) {
                ("item" | "of", Value::Object(inner)) => {
                    let inner = self.ty(inner, depth);
                    ty.insert(key, Value::Object(inner));
                }
                ("score", Value::Object(score)) => {
                    let under = ty.entry(key).or_insert_with(|| json!({}));
                    if let Some(under) = under.as_object_mut() {
                        under.extend(score);
                    }
                }
                (_, value) => {
                    ty.insert(key, value);
                }
            }
        }
    }
}

fn edges(document: &ModelGraph) -> Value {
    let mut edges: Vec<(String, Value)> = document
        .edges()
        .map(|edge| {
            let mut map = object(edge.canonical());
            forget(&mut map, &["annotations"]);
            let id = edge_id(edge).unwrap_or_default();
            map.entry("id").or_insert_with(|| json!(id));
            map.entry("role")
                .or_insert_with(|| json!(EdgeRole::Data.word()));
            map.entry("required").or_insert(json!(true));
            map.entry("hop").or_insert(json!(0));
            prune(&mut map);
            (id, Value::Object(map))
        })
        .collect();
    // Equal ids are a fault of the document; their order must not show in the digest even so.
    edges.arrange_by_key(|(id, edge)| (id.clone(), super::canonical_json(edge)));
    edges.into_iter().map(|(_, edge)| edge).collect()
}

fn pools(hardware: &mut Map<String, Value>, catalogue: &Catalogue) {
    let Some(pools) = hardware.get_mut("pools").and_then(Value::as_array_mut) else {
        return;
    };
    for pool in pools.iter_mut().filter_map(Value::as_object_mut) {
        gpu_name(pool, catalogue);
    }
    pools.arrange_by_key(super::canonical_json);
}

/// Puts a GPU's own name in the place of an alias.
fn gpu_name(map: &mut Map<String, Value>, catalogue: &Catalogue) {
    let stated = map.get_mut("gpu");
    let found = stated
        .as_ref()
        .and_then(|name| catalogue.find(name.as_str()?).ok());
    if let (Some(stated), Some(gpu)) = (stated, found) {
        *stated = json!(gpu.name);
    }
}

fn fields(params: &TypeParams) -> Map<String, Value> {
    let mut map = Map::new();
    params.write_fields(&mut map);
    map
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn forget(map: &mut Map<String, Value>, keys: &[&str]) {
    for key in keys {
        map.shift_remove(*key);
    }
}

fn sort(list: Option<&mut Value>) {
    if let Some(list) = list.and_then(Value::as_array_mut) {
        list.arrange_by_key(super::canonical_json);
    }
}

/// Takes out what is empty: it says no more than what is not there.
fn prune(map: &mut Map<String, Value>) {
    map.retain(|_, value| match value {
        Value::Object(inner) => !inner.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => true,
    });
}

/// As [`prune`], under some keys first.
fn prune_deep(map: &mut Map<String, Value>, keys: &[&str]) {
    for key in keys {
        if let Some(inner) = map.get_mut(*key).and_then(Value::as_object_mut) {
            prune(inner);
        }
    }
    prune(map);
}
