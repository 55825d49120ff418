//! A model's configuration: what of a `config.pbtxt` a graph is made from, and what must hold
//! within one file.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map as JsonMap, Value as Json};

use super::Problem;
use super::kinds;
use super::pbtxt::{Content, Field, Message, Value};
use super::schema::{self, DATA_TYPES, Form, Kind, Label};
use crate::text::{Span, Spanned};

/// A model of the repository.
#[derive(Clone, Debug)]
pub(super) struct Config {
    /// Its name; the folder's where the file states none.
    pub(super) name: Spanned<String>,
    /// Its `platform`.
    pub(super) platform: Option<Spanned<String>>,
    /// Its `backend`.
    pub(super) backend: Option<Spanned<String>>,
    /// The most requests served together; `None` where nothing is stated.
    pub(super) max_batch_size: Option<Spanned<i64>>,
    /// Which versions are loaded.
    pub(super) versions: Versions,
    /// What it takes.
    pub(super) inputs: Vec<Tensor>,
    /// What it gives.
    pub(super) outputs: Vec<Tensor>,
    /// Its steps, if it is an ensemble.
    pub(super) steps: Option<Vec<Step>>,
    /// Whether it answers a request any number of times.
    pub(super) decoupled: bool,
    /// How requests are gathered.
    pub(super) batching: Option<Batching>,
    /// Instances of it, over all groups.
    pub(super) instances: Option<u32>,
    /// What a graph has no place for.
    pub(super) rest: JsonMap<String, Json>,
}

/// Which versions of a model are loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Versions {
    /// The highest so many.
    Latest(u64),
    /// All.
    All,
    /// These.
    Specific(Vec<i64>),
}

/// An input or output.
#[derive(Clone, Debug)]
pub(super) struct Tensor {
    /// Its name.
    pub(super) name: Spanned<String>,
    /// Its `data_type`.
    pub(super) data_type: &'static str,
    /// Its dimensions without the batch; -1 is any.
    pub(super) dims: Vec<i64>,
    /// `NHWC` or `NCHW`.
    pub(super) layout: Option<&'static str>,
    /// Whether a request may leave it out.
    pub(super) optional: bool,
}

/// One step of an ensemble.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// The model that it runs.
    pub(super) model: Spanned<String>,
    /// Of which version; -1 is the highest that is loaded.
    pub(super) version: i64,
    /// The model's inputs and the tensors that they take.
    pub(super) inputs: Vec<Mapping>,
    /// The model's outputs and the tensors that they make.
    pub(super) outputs: Vec<Mapping>,
    /// Keys that stand twice; the last counts.
    pub(super) twice: Vec<Spanned<String>>,
    /// Where it stands.
    pub(super) span: Span,
}

/// A port of a step's model and the tensor behind it.
#[derive(Clone, Debug)]
pub(super) struct Mapping {
    /// The model's own name.
    pub(super) port: Spanned<String>,
    /// The ensemble's name.
    pub(super) tensor: Spanned<String>,
}

/// How requests are gathered into batches.
#[derive(Clone, Copy, Debug)]
pub(super) struct Batching {
    /// How long the first waits, in microseconds.
    pub(super) max_delay: Option<u64>,
    /// How many requests may wait.
    pub(super) queue: Option<u64>,
}

/// The most inputs, and outputs, of a model.
const TENSORS: usize = 2_000;

/// The longest delay that a graph can state, in microseconds: some 290 years.
const LONGEST_DELAY: u64 = 9_000_000_000_000_000;

impl Config {
    /// Reads what [`schema::check`] has found nothing against; `folder` is that of the file.
    pub(super) fn read(message: &Message, folder: Option<&str>) -> (Self, Vec<Problem>) {
        let mut problems = Vec::new();
        let name = text_of(message, "name").filter(|name| !name.value.is_empty());
        let name = name.unwrap_or_else(|| {
            let start = Span::at(message.span.start);
            if folder.is_none() {
                let what = "the file does not say which model it configures".to_owned();
                let problem = Problem::new(&kinds::CONFIG, start, what);
                problems
                    .push(problem.with_help("state its `name`, or give the file in its folder"));
            }
            Spanned::new(folder.unwrap_or("model").to_owned(), start)
        });
        let inputs = tensors(message, "input", &name.value, &mut problems);
        let outputs = tensors(message, "output", &name.value, &mut problems);
        let steps = message_of(message, "ensemble_scheduling").map(|scheduling| {
            all(scheduling, "step")
                .filter_map(inner)
                .map(step)
                .collect()
        });
        let batching = message_of(message, "dynamic_batching").map(|dynamic| Batching {
            max_delay: unsigned(dynamic, "max_queue_delay_microseconds")
                .filter(|delay| *delay <= LONGEST_DELAY),
            queue: message_of(dynamic, "default_queue_policy")
                .and_then(|policy| unsigned(policy, "max_queue_size")),
        });
        let groups: Vec<&Message> = all(message, "instance_group").filter_map(inner).collect();
        let instances = groups
            .iter()
            .map(|group| u32::try_from(whole_of(group, "count").map_or(1, |count| count.value)))
            .try_fold(0_u32, |sum, count| {
                Some(sum.saturating_add(count.ok()?.max(1)))
            });
        let config = Self {
            platform: text_of(message, "platform").filter(|text| !text.value.is_empty()),
            backend: text_of(message, "backend").filter(|text| !text.value.is_empty()),
            max_batch_size: whole_of(message, "max_batch_size"),
            versions: versions(message),
            decoupled: message_of(message, "model_transaction_policy")
                .and_then(|policy| last(policy, "decoupled"))
                .and_then(|value| schema::truth(&value.content))
                .unwrap_or_default(),
            batching,
            instances: instances.filter(|_| !groups.is_empty()),
            rest: rest(message),
            name,
            inputs,
            outputs,
            steps,
        };
        config.check(message, &mut problems);
        (config, problems)
    }

    /// The most requests served together, as Triton takes what is not stated.
    pub(super) fn batch(&self) -> i64 {
        self.max_batch_size.map_or(0, |size| size.value)
    }

    /// Whether the file leaves the contract to be completed from the model's own file.
    pub(super) const fn is_open(&self) -> bool {
        self.inputs.is_empty() && self.outputs.is_empty()
    }

    fn check(&self, message: &Message, problems: &mut Vec<Problem>) {
        let name = &self.name.value;
        if let Some(size) = self.max_batch_size.filter(|size| size.value < 0) {
            let what = format!("`max_batch_size` of `{name}` is {}", size.value);
            let problem = Problem::new(&kinds::CONFIG, size.span, what);
            problems.push(problem.with_help("0 is a model without batches"));
        }
        for group in all(message, "instance_group").filter_map(inner) {
            if let Some(count) = whole_of(group, "count").filter(|count| count.value < 0) {
                let what = format!("`{name}` has {} instances in a group", count.value);
                problems.push(Problem::new(&kinds::CONFIG, count.span, what));
            }
        }
        if let Some(dynamic) = message_of(message, "dynamic_batching") {
            for size in all(dynamic, "preferred_batch_size") {
                let most = i128::from(self.batch());
                let stated = schema::whole(&size.content).unwrap_or_default();
                if stated < 1 || (self.max_batch_size.is_some() && stated > most) {
                    let what = format!(
                        "`{name}` prefers batches of {stated}, and takes {most} requests together at most"
                    );
                    problems.push(Problem::new(&kinds::CONFIG, size.span, what));
                }
            }
        }
        self.check_ensemble(message, problems);
    }

    /// An ensemble says so, and has no settings of a model that runs by itself.
    fn check_ensemble(&self, message: &Message, problems: &mut Vec<Problem>) {
        let name = &self.name.value;
        let says_so = self
            .platform
            .as_ref()
            .filter(|platform| platform.value == "ensemble");
        if let (Some(_), Some(backend)) = (says_so, &self.backend) {
            let what = format!(
                "ensemble model `{name}` must have the platform `ensemble` and no backend, and it \
                 states the backend `{}`",
                backend.value
            );
            let problem = Problem::new(&kinds::ENSEMBLE_BACKEND, backend.span, what);
            problems.push(
                problem.with_help("leave `backend` out: the models of its steps have theirs"),
            );
            return;
        }
        match (&self.steps, says_so) {
            (None, None) => return,
            (None, Some(platform)) => {
                let what = format!("`{name}` is an ensemble without `ensemble_scheduling`");
                let problem = Problem::new(&kinds::NO_STEP, platform.span, what);
                problems.push(problem.with_help("say which models it runs, step by step"));
                return;
            }
            (Some(_), None) => {
                let span = last(message, "ensemble_scheduling").map_or(message.span, |it| it.span);
                let what =
                    format!("`{name}` schedules an ensemble, and its platform is not `ensemble`");
                let problem = Problem::new(&kinds::ENSEMBLE_BACKEND, span, what);
                problems.push(problem.with_help("state `platform: \"ensemble\"`"));
                return;
            }
            (Some(_), Some(_)) => {}
        }
        for field in ["instance_group", "optimization", "model_warmup"] {
            if let Some(value) = last(message, field) {
                let what = format!("`{field}` must not be stated for ensemble `{name}`");
                let problem = Problem::new(&kinds::ENSEMBLE_SETTING, value.span, what);
                problems.push(problem.with_help("state it for the models of its steps"));
            }
        }
    }
}

/// The values of a field, over all times that it is stated.
fn all<'m>(message: &'m Message, name: &'m str) -> impl Iterator<Item = &'m Value> {
    let of = move |field: &&Field| field.name.value == name;
    message
        .fields
        .iter()
        .filter(of)
        .flat_map(|field| &field.values)
}

fn last<'m>(message: &'m Message, name: &str) -> Option<&'m Value> {
    let field = message
        .fields
        .iter()
        .rfind(|field| field.name.value == name)?;
    field.values.last()
}

fn inner(value: &Value) -> Option<&Message> {
    match &value.content {
        Content::Message(message) => Some(message),
        _ => None,
    }
}

fn message_of<'m>(message: &'m Message, name: &str) -> Option<&'m Message> {
    inner(last(message, name)?)
}

fn text(value: &Value) -> Option<Spanned<String>> {
    match &value.content {
        Content::Text(text) => Some(Spanned::new(text.clone(), value.span)),
        _ => None,
    }
}

fn text_of(message: &Message, name: &str) -> Option<Spanned<String>> {
    text(last(message, name)?)
}

fn whole(value: &Value) -> Option<Spanned<i64>> {
    let whole = schema::whole(&value.content)?;
    Some(Spanned::new(i64::try_from(whole).ok()?, value.span))
}

fn whole_of(message: &Message, name: &str) -> Option<Spanned<i64>> {
    whole(last(message, name)?)
}

fn unsigned(message: &Message, name: &str) -> Option<u64> {
    u64::try_from(schema::whole(&last(message, name)?.content)?).ok()
}

fn tensors(
    message: &Message,
    field: &'static str,
    model: &str,
    problems: &mut Vec<Problem>,
) -> Vec<Tensor> {
    let mut tensors: Vec<Tensor> = Vec::new();
    let mut names = BTreeSet::new();
    for value in all(message, field) {
        let Some(stated) = inner(value) else { continue };
        if tensors.len() >= TENSORS {
            let what = format!("`{model}` has more than {TENSORS} {field}s");
            problems.push(Problem::limit(value.span, what));
            break;
        }
        let name = text_of(stated, "name").filter(|name| !name.value.is_empty());
        let Some(name) = name else {
            let what = format!("an {field} of `{model}` has no `name`");
            problems.push(Problem::new(&kinds::CONFIG, value.span, what));
            continue;
        };
        if !names.insert(name.value.clone()) {
            let what = format!("`{model}` has two {field}s `{}`", name.value);
            problems.push(Problem::new(&kinds::CONFIG, name.span, what));
            continue;
        }
        let data_type = last(stated, "data_type")
            .and_then(|value| schema::word(&value.content, DATA_TYPES))
            .filter(|word| *word != "TYPE_INVALID");
        if data_type.is_none() {
            let what = format!("{field} `{}` of `{model}` has no `data_type`", name.value);
            let problem = Problem::new(&kinds::CONFIG, value.span, what);
            problems.push(problem.with_help("such as `data_type: TYPE_FP32`"));
        }
        let dims: Vec<Spanned<i64>> = all(stated, "dims").filter_map(whole).collect();
        if dims.is_empty() {
            let what = format!("{field} `{}` of `{model}` has no `dims`", name.value);
            let problem = Problem::new(&kinds::CONFIG, value.span, what);
            problems.push(problem.with_help("such as `dims: [ -1, 3 ]`, without the batch"));
        }
        for dim in dims.iter().filter(|dim| dim.value < 1 && dim.value != -1) {
            let what = format!(
                "{field} `{}` of `{model}` has the dimension {}",
                name.value, dim.value
            );
            let problem = Problem::new(&kinds::CONFIG, dim.span, what);
            problems.push(problem.with_help("a dimension is 1 or more, or -1 for any"));
        }
        let layout = last(stated, "format").and_then(|value| {
            let words = &["FORMAT_NONE", "FORMAT_NHWC", "FORMAT_NCHW"];
            schema::word(&value.content, words)?.strip_prefix("FORMAT_")
        });
        tensors.push(Tensor {
            data_type: data_type.unwrap_or("TYPE_INVALID"),
            dims: dims.iter().map(|dim| dim.value).collect(),
            layout: layout.filter(|layout| *layout != "NONE"),
            optional: last(stated, "optional")
                .and_then(|value| schema::truth(&value.content))
                .unwrap_or_default(),
            name,
        });
    }
    tensors
}

fn step(message: &Message) -> Step {
    let mut twice = Vec::new();
    Step {
        model: text_of(message, "model_name")
            .unwrap_or_else(|| Spanned::new(String::new(), message.span)),
        // Not stated, it is protocol buffers' 0, and no version has that number.
        version: whole_of(message, "model_version").map_or(-1, |version| match version.value {
            0 => -1,
            version => version,
        }),
        inputs: mappings(message, "input_map", &mut twice),
        outputs: mappings(message, "output_map", &mut twice),
        twice,
        span: message.span,
    }
}

/// The entries of a map; of two with one key the last counts.
fn mappings(message: &Message, name: &str, twice: &mut Vec<Spanned<String>>) -> Vec<Mapping> {
    let mut mappings: Vec<Mapping> = Vec::new();
    let mut places = BTreeMap::new();
    for value in all(message, name) {
        let Some(entry) = inner(value) else { continue };
        let nothing = || Spanned::new(String::new(), value.span);
        let mapping = Mapping {
            port: text_of(entry, "key").unwrap_or_else(nothing),
            tensor: text_of(entry, "value").unwrap_or_else(nothing),
        };
        let place = *places
            .entry(mapping.port.value.clone())
            .or_insert(mappings.len());
        if let Some(before) = mappings.get_mut(place) {
            twice.push(mapping.port.clone());
            *before = mapping;
        } else {
            mappings.push(mapping);
        }
    }
    mappings
}

fn versions(message: &Message) -> Versions {
    let Some(policy) = message_of(message, "version_policy") else {
        return Versions::Latest(1);
    };
    if last(policy, "all").is_some() {
        return Versions::All;
    }
    if let Some(specific) = message_of(policy, "specific") {
        let versions = all(specific, "versions").filter_map(whole);
        return Versions::Specific(versions.map(|version| version.value).collect());
    }
    let latest = message_of(policy, "latest");
    let count = latest.and_then(|latest| unsigned(latest, "num_versions"));
    Versions::Latest(count.unwrap_or(1).max(1))
}

/// What a graph has no place for, as JSON.
fn rest(message: &Message) -> JsonMap<String, Json> {
    let mut rest = json(message, &schema::CONFIG);
    for said in ["name", "platform", "backend"] {
        rest.shift_remove(said);
    }
    for side in ["input", "output"] {
        let Some(Json::Array(tensors)) = rest.get_mut(side) else {
            continue;
        };
        for tensor in tensors.iter_mut().filter_map(Json::as_object_mut) {
            for said in ["data_type", "dims", "optional", "format"] {
                tensor.shift_remove(said);
            }
        }
        tensors.retain(|tensor| tensor.as_object().is_some_and(|tensor| tensor.len() > 1));
        if tensors.is_empty() {
            rest.shift_remove(side);
        }
    }
    let size = rest.get("max_batch_size").and_then(Json::as_i64);
    if rest.contains_key("dynamic_batching") && size.is_some_and(|size| size > 0) {
        rest.shift_remove("max_batch_size");
    }
    if let Some(Json::Object(scheduling)) = rest.get_mut("ensemble_scheduling") {
        scheduling.shift_remove("step");
    }
    for said_by_others in ["ensemble_scheduling", "dynamic_batching"] {
        if let Some(Json::Object(map)) = rest.get_mut(said_by_others) {
            let delay = map
                .get("max_queue_delay_microseconds")
                .and_then(Json::as_u64);
            if delay.is_none_or(|delay| delay <= LONGEST_DELAY) {
                map.shift_remove("max_queue_delay_microseconds");
            }
            if map.is_empty() {
                rest.shift_remove(said_by_others);
            }
        }
    }
    rest
}

/// A message as JSON: lists and maps as such, numbers as numbers.
fn json(message: &Message, form: &Form) -> JsonMap<String, Json> {
    let mut map = JsonMap::new();
    for field in &message.fields {
        let name = &field.name.value;
        let Some(known) = form.fields.iter().find(|known| known.name == name) else {
            continue;
        };
        match known.label {
            Label::One | Label::Choice(_) => {
                if let Some(value) = field.values.last() {
                    map.insert(name.clone(), json_value(value, known.kind));
                }
            }
            Label::Many => {
                let list = map
                    .entry(name.clone())
                    .or_insert_with(|| Json::Array(Vec::new()));
                if let Json::Array(list) = list {
                    list.extend(
                        field
                            .values
                            .iter()
                            .map(|value| json_value(value, known.kind)),
                    );
                }
            }
            Label::Map(_) => {
                let inside = map
                    .entry(name.clone())
                    .or_insert_with(|| Json::Object(JsonMap::new()));
                let Json::Object(inside) = inside else {
                    continue;
                };
                for entry in field.values.iter().filter_map(inner) {
                    let key = match last(entry, "key").map(|key| &key.content) {
                        Some(Content::Text(key) | Content::Number(key)) => key.clone(),
                        _ => String::new(),
                    };
                    let value = last(entry, "value");
                    let value = value.map_or(Json::Null, |value| json_value(value, known.kind));
                    inside.insert(key, value);
                }
            }
        }
    }
    map
}

fn json_value(value: &Value, kind: Kind) -> Json {
    match (&value.content, kind) {
        (Content::Message(message), Kind::Message(form)) => Json::Object(json(message, form)),
        (content, Kind::Bool) => schema::truth(content).map_or(Json::Null, Json::Bool),
        (content, Kind::Whole(..)) => {
            let whole = schema::whole(content);
            let signed = whole
                .and_then(|whole| i64::try_from(whole).ok())
                .map(Json::from);
            let unsigned = || {
                whole
                    .and_then(|whole| u64::try_from(whole).ok())
                    .map(Json::from)
            };
            signed.or_else(unsigned).unwrap_or(Json::Null)
        }
        (Content::Text(text) | Content::Word(text) | Content::Number(text), _) => {
            Json::String(text.clone())
        }
        (Content::Message(_), _) => Json::Null,
    }
}
