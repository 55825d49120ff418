//! From models to nodes, and from the tensors of ensembles to edges.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map as JsonMap, Value as Json, json};

use super::config::{Config, Mapping, Step, Tensor};
use super::kinds;
use super::repository::{Model, Models, Shown};
use crate::import::draft::{Draft, port_label, quote};
use crate::import::{File, LIMIT, Place};
use crate::text::Span;

/// Steps of all ensembles, those within ensembles counted wherever they stand.
const STEPS: usize = 2_000;

/// Writes the graph of a repository that contradicts nothing: its ensembles, and the models that
/// no ensemble runs.
pub(super) fn write(models: &Models, shown: &Shown, files: &[&File<'_>], draft: &mut Draft) {
    let steps = models
        .values()
        .filter_map(|model| model.config.steps.as_ref());
    let run: BTreeSet<&str> = steps
        .flatten()
        .map(|step| step.model.value.as_str())
        .collect();
    let is_root = |entry: &(&String, &Model)| !run.contains(entry.0.as_str());
    let roots: Vec<(&String, &Model)> = models.iter().filter(is_root).collect();
    let name = match roots.as_slice() {
        [(name, _)] => (*name).clone(),
        _ => common_folder(files),
    };
    draft.name(&name);
    let mut writer = Writer {
        models,
        shown,
        files,
        draft,
        steps: 0,
        guessed: BTreeSet::new(),
    };
    for &(name, model) in &roots {
        let prefix = match roots.len() {
            1 => String::new(),
            _ => format!("{name}-"),
        };
        writer.root(&prefix, name, model);
    }
}

/// The folder that all files stand in, by its own name.
fn common_folder(files: &[&File<'_>]) -> String {
    let mut common: Option<Vec<&str>> = None;
    for file in files {
        let folders = file.folder().split('/');
        common = Some(match common {
            None => folders.collect(),
            Some(before) => before
                .into_iter()
                .zip(folders)
                .take_while(|(one, other)| one == other)
                .map(|(one, _)| one)
                .collect(),
        });
    }
    let last = common.and_then(|folders| folders.last().copied().map(str::to_owned));
    last.filter(|name| !name.is_empty())
        .unwrap_or_else(|| "models".to_owned())
}

/// Names of ports that are not taken yet.
#[derive(Default)]
struct PortNames {
    taken: BTreeSet<String>,
    /// From where on numbers are tried: of many tensors with one label, each is tried once.
    next: BTreeMap<String, usize>,
}

impl PortNames {
    /// A name for a tensor.
    fn name(&mut self, tensor: &str) -> String {
        let label = port_label(tensor);
        let mut name = label.clone();
        while !self.taken.insert(name.clone()) {
            let next = self.next.entry(label.clone()).or_insert(1);
            *next = next.saturating_add(1);
            let short = label.get(..LONGEST_LABEL).unwrap_or(&label);
            name = format!("{short}-{next}");
        }
        name
    }
}

/// Bytes of a port's label before its number.
const LONGEST_LABEL: usize = 48;

struct Writer<'w, 'f> {
    models: &'w Models,
    shown: &'w Shown,
    files: &'w [&'w File<'f>],
    draft: &'w mut Draft,
    steps: usize,
    guessed: BTreeSet<String>,
}

/// Where the value of a tensor comes from: an end of an edge.
type Source = String;

/// The ports of a node by their names in the model.
struct Ports {
    inputs: BTreeMap<String, String>,
    outputs: BTreeMap<String, String>,
}

impl<'w, 'f> Writer<'w, 'f> {
    /// A model that is called from outside, with the graph's own inputs and outputs.
    fn root(&mut self, prefix: &str, name: &str, model: &'w Model) {
        let mut sources = BTreeMap::new();
        for tensor in &model.config.inputs {
            let wanted = format!("{prefix}{}", tensor.name.value);
            let port = self.draft.input(&wanted, port(tensor, true));
            sources.insert(tensor.name.value.clone(), format!("inputs.{port}"));
        }
        let given = self.run(name, None, &sources);
        for tensor in &model.config.outputs {
            let wanted = format!("{prefix}{}", tensor.name.value);
            let port = self.draft.output(&wanted, port(tensor, false));
            if let Some(source) = given.get(&tensor.name.value) {
                self.draft.edge(source, &format!("outputs.{port}"));
            }
        }
        if model.config.steps.is_some() {
            self.keep_ensemble(name, model);
        }
    }

    /// Runs a model on what comes from `sources`; gives where its outputs come from.
    fn run(
        &mut self,
        name: &str,
        version: Option<i64>,
        sources: &BTreeMap<String, Source>,
    ) -> BTreeMap<String, Source> {
        let models = self.models;
        let Some(model) = models.get(name) else {
            return BTreeMap::new();
        };
        let Some(steps) = &model.config.steps else {
            let (node, ports) = self.node(name, version, model);
            return self.wire(&node, &ports, sources);
        };
        let mut tensors: BTreeMap<String, Source> = sources.clone();
        for &index in &model.order {
            let Some(step) = steps.get(index) else {
                continue;
            };
            self.steps = self.steps.saturating_add(1);
            if self.steps > STEPS {
                self.too_many(model);
                return BTreeMap::new();
            }
            let mut taken = BTreeMap::new();
            for mapping in &step.inputs {
                if let Some(source) = tensors.get(&mapping.tensor.value) {
                    taken.insert(mapping.port.value.clone(), source.clone());
                }
            }
            let file = self.file(model);
            for key in &step.twice {
                let message = format!(
                    "step {index} of `{}` maps `{}` twice: the last counts",
                    quote(name),
                    quote(&key.value)
                );
                if let Some(file) = file {
                    let place = file.at(key.span);
                    let value = quote(&key.value);
                    self.draft.guess(&kinds::TWICE, place, None, message, value);
                }
            }
            let stated = stated(step);
            let given = if models.contains_key(&step.model.value) {
                self.run(&step.model.value, stated, &taken)
            } else {
                let (node, ports) = self.unseen(model, step);
                self.wire(&node, &ports, &taken)
            };
            for mapping in &step.outputs {
                if let Some(source) = given.get(&mapping.port.value) {
                    tensors.insert(mapping.tensor.value.clone(), source.clone());
                }
            }
        }
        let outputs = model.config.outputs.iter();
        let given = outputs.filter_map(|output| {
            let name = &output.name.value;
            Some((name.clone(), tensors.get(name)?.clone()))
        });
        given.collect()
    }

    fn wire(
        &mut self,
        node: &str,
        ports: &Ports,
        sources: &BTreeMap<String, Source>,
    ) -> BTreeMap<String, Source> {
        for (tensor, port) in &ports.inputs {
            if let Some(source) = sources.get(tensor) {
                self.draft.edge(source, &format!("{node}.{port}"));
            }
        }
        let outputs = ports.outputs.iter();
        let given = outputs.map(|(tensor, port)| (tensor.clone(), format!("{node}.{port}")));
        given.collect()
    }

    /// A node of a model, with its contract.
    fn node(&mut self, name: &str, version: Option<i64>, model: &Model) -> (String, Ports) {
        let config = &model.config;
        let place = self.at(model, config.name.span);
        let node = self.draft.node(name, &place);
        let draft = &mut *self.draft;
        let role = role(name);
        draft.put(&node, &["role"], role.unwrap_or("custom"));
        if let Some(role) = role {
            let message = format!("`{node}` is given the role `{role}`, by its name");
            draft.guess(&kinds::ROLE, place.clone(), Some(&node), message, role);
        }
        let framework = config.backend.as_ref().or(config.platform.as_ref());
        if let Some(framework) = framework {
            draft.put(&node, &["model", "framework"], framework.value.as_str());
        }
        let ports = Ports {
            inputs: self.ports(&node, "inputs", &config.inputs),
            outputs: self.ports(&node, "outputs", &config.outputs),
        };
        let draft = &mut *self.draft;
        served(&node, name, version, draft);
        placement(config, &node, draft);
        self.stands_for_files(name, &node);
        let draft = &mut *self.draft;
        let message = format!(
            "`{}` is a node with {} inputs and {} outputs",
            quote(name),
            config.inputs.len(),
            config.outputs.len()
        );
        draft.understand(&kinds::MODEL, place.clone(), Some(&node), message);
        if !config.rest.is_empty() {
            let message = format!(
                "the annotation `triton` of `{node}` keeps {}",
                listed(&config.rest)
            );
            draft.keep(&node, "triton", Json::Object(config.rest.clone()));
            draft.keep_aside(&kinds::KEPT, place.clone(), Some(&node), message);
        }
        self.hints(name, model);
        if let Some(version) = version.filter(|_| model.shown.is_empty()) {
            let message = format!(
                "no folder of a version of `{}` is among the files: version {version} is taken to \
                 be there",
                quote(name)
            );
            let value = version.to_string();
            self.draft
                .guess(&kinds::VERSIONS, place, Some(&node), message, value);
        }
        (node, ports)
    }

    /// What the file of the highest version says of itself is said of the node.
    fn stands_for_files(&mut self, name: &str, node: &str) {
        let versions = self.shown.get(name);
        if let Some((_, folder)) = versions.and_then(BTreeMap::last_key_value) {
            self.draft.stands_for(folder, node);
        }
    }

    /// What was taken of a model that its files do not say, once.
    fn hints(&mut self, name: &str, model: &Model) {
        let Some(file) = self.file(model) else { return };
        let folder = file.folder().rsplit('/').next().unwrap_or("");
        if !folder.is_empty() && folder != name && self.guessed.insert(name.to_owned()) {
            let message = format!(
                "`{}` stands in the folder `{}`, and a server wants it in one of its own name: \
                 the name in the file is taken",
                quote(name),
                quote(folder)
            );
            let place = file.at(model.config.name.span);
            self.draft
                .guess(&kinds::FOLDER, place, None, message, quote(name));
        }
    }

    /// A node of a model whose configuration is not among the files.
    fn unseen(&mut self, ensemble: &Model, step: &Step) -> (String, Ports) {
        let name = step.model.value.as_str();
        let place = self.at(ensemble, step.model.span);
        let node = self.draft.node(name, &place);
        let draft = &mut *self.draft;
        draft.put(&node, &["role"], role(name).unwrap_or("custom"));
        let mut side = |side: &str, mappings: &[Mapping]| {
            let mut taken = PortNames::default();
            let mut ports = BTreeMap::new();
            for name in mappings.iter().map(|mapping| &mapping.port.value) {
                let port = taken.name(name);
                let mut value = JsonMap::from_iter([("type".to_owned(), json!("tensor"))]);
                if port != *name {
                    value.insert("externalName".to_owned(), json!(name));
                }
                draft.put(&node, &[side, &port], Json::Object(value));
                ports.insert(name.clone(), port);
            }
            ports
        };
        let ports = Ports {
            inputs: side("inputs", &step.inputs),
            outputs: side("outputs", &step.outputs),
        };
        served(&node, name, stated(step), draft);
        let message = format!(
            "no configuration of `{}` is among the files: it is taken to be there, with the inputs \
             and outputs that the step names",
            quote(name)
        );
        draft.guess(&kinds::CONTRACT, place, Some(&node), message, "tensor");
        self.stands_for_files(name, &node);
        (node, ports)
    }

    fn ports(&mut self, node: &str, side: &str, tensors: &[Tensor]) -> BTreeMap<String, String> {
        let mut taken = PortNames::default();
        let mut names = BTreeMap::new();
        for tensor in tensors {
            let name = taken.name(&tensor.name.value);
            let mut value = port(tensor, side == "inputs");
            if let Json::Object(map) = &mut value
                && name != tensor.name.value
            {
                map.insert("externalName".to_owned(), json!(tensor.name.value));
            }
            self.draft.put(node, &[side, &name], value);
            names.insert(tensor.name.value.clone(), name);
        }
        names
    }

    /// What an ensemble says of itself and no node holds.
    fn keep_ensemble(&mut self, name: &str, model: &Model) {
        self.hints(name, model);
        let rest = &model.config.rest;
        let (Some(file), false) = (self.file(model), rest.is_empty()) else {
            return;
        };
        let key = format!("triton/{}", quote(name));
        let message = format!("the annotation `{key}` of the graph keeps {}", listed(rest));
        self.draft.annotate(&key, Json::Object(rest.clone()));
        let place = file.at(model.config.name.span);
        self.draft.keep_aside(&kinds::KEPT, place, None, message);
    }

    fn too_many(&mut self, model: &Model) {
        if let Some(file) = self.file(model) {
            let message = format!("the ensembles have more than {STEPS} steps");
            let help = "import one ensemble with the models that it runs";
            self.draft
                .refuse(&LIMIT, file.at(Span::at(0)), message, help);
        }
    }

    fn at(&self, model: &Model, span: Span) -> Place {
        self.file(model)
            .map_or_else(|| Place::new("", span), |file| file.at(span))
    }

    fn file(&self, model: &Model) -> Option<&'w File<'f>> {
        self.files.get(model.file).copied()
    }
}

/// The version that a step asks for.
fn stated(step: &Step) -> Option<i64> {
    Some(step.version).filter(|version| *version >= 0)
}

fn served(node: &str, model: &str, version: Option<i64>, draft: &mut Draft) {
    let path = match version {
        Some(version) => format!("/v2/models/{model}/versions/{version}/infer"),
        None => format!("/v2/models/{model}/infer"),
    };
    draft.put(node, &["serving", "engine"], "triton");
    draft.put(node, &["serving", "api"], "kserve-v2");
    draft.put(node, &["serving", "path"], path);
}

fn listed(rest: &JsonMap<String, Json>) -> String {
    let keys: Vec<String> = rest.keys().map(|key| format!("`{key}`")).collect();
    keys.join(", ")
}

/// What a model's name says of its role.
fn role(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    let has = |word: &str| name.contains(word);
    if has("postprocess") || has("post_process") || has("post-process") {
        Some("postprocessor")
    } else if has("preprocess") || has("pre_process") || has("pre-process") {
        Some("transformer")
    } else {
        None
    }
}

/// A tensor as a port.
fn port(tensor: &Tensor, input: bool) -> Json {
    let mut map = JsonMap::new();
    map.insert("type".to_owned(), json!("tensor"));
    if let Some(dtype) = dtype(tensor.data_type) {
        map.insert("dtype".to_owned(), json!(dtype));
    }
    map.insert("shape".to_owned(), json!(tensor.dims));
    if let Some(layout) = tensor.layout {
        map.insert("layout".to_owned(), json!(layout));
    }
    if input && tensor.optional {
        map.insert("required".to_owned(), json!(false));
    }
    Json::Object(map)
}

fn dtype(data_type: &str) -> Option<&'static str> {
    Some(match data_type {
        "TYPE_BOOL" => "bool",
        "TYPE_UINT8" => "u8",
        "TYPE_UINT16" => "u16",
        "TYPE_UINT32" => "u32",
        "TYPE_UINT64" => "u64",
        "TYPE_INT8" => "i8",
        "TYPE_INT16" => "i16",
        "TYPE_INT32" => "i32",
        "TYPE_INT64" => "i64",
        "TYPE_FP16" => "f16",
        "TYPE_FP32" => "f32",
        "TYPE_FP64" => "f64",
        "TYPE_STRING" => "string",
        "TYPE_BF16" => "bf16",
        _ => return None,
    })
}

fn placement(config: &Config, node: &str, draft: &mut Draft) {
    if let Some(instances) = config.instances {
        draft.put(node, &["placement", "concurrency"], instances);
    }
    let Some(batching) = &config.batching else {
        return;
    };
    if let Some(queue) = batching.queue.filter(|queue| *queue > 0) {
        draft.put(node, &["placement", "queueLimit"], queue);
    }
    if config.batch() < 1 {
        return;
    }
    let mut dynamic = JsonMap::new();
    dynamic.insert("maxSize".to_owned(), json!(config.batch()));
    // Not stated, a request waits for no other.
    let delay = batching.max_delay.unwrap_or(0);
    if delay > 0 {
        dynamic.insert("maxDelay".to_owned(), json!(format!("{delay}us")));
    }
    draft.put(node, &["placement", "batch"], json!({"dynamic": dynamic}));
}
