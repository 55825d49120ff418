//! What must hold between the models of a repository: the steps of an ensemble against the
//! contracts of what they run.

use std::collections::{BTreeMap, BTreeSet};

use super::config::{Config, Step, Tensor, Versions};
use super::lineage::{Lineage, Origin};
use super::{Problem, kinds};
use crate::import::draft::quote;
use crate::text::Span;

/// A model and where its configuration stands.
#[derive(Clone, Debug)]
pub(super) struct Model {
    /// Which of the files.
    pub(super) file: usize,
    /// What it says.
    pub(super) config: Config,
    /// The order in which its steps can run, if it is an ensemble.
    pub(super) order: Vec<usize>,
    /// The versions whose folders the files show.
    pub(super) shown: BTreeSet<i64>,
}

/// The folders of versions that the files show, by model.
pub(super) type Shown = BTreeMap<String, BTreeMap<i64, String>>;

/// The models by name.
pub(super) type Models = BTreeMap<String, Model>;

/// Ensembles in ensembles that are followed.
const DEPTH: usize = 32;

/// What contradicts itself, each with the file that it stands in.
pub(super) fn check(models: &Models, shown: &Shown) -> Vec<(usize, Problem)> {
    let mut found = Vec::new();
    let nesting = nesting(models, &mut found);
    let decoupled = decoupled(models);
    for (name, model) in models {
        let Some(steps) = &model.config.steps else {
            continue;
        };
        if !nesting.contains(name.as_str()) {
            continue;
        }
        let mut problems = Vec::new();
        let ensemble = Ensemble {
            name: quote(name),
            model,
            steps,
            models,
            decoupled: &decoupled,
            shown,
        };
        ensemble.check(&mut problems);
        found.extend(problems.into_iter().map(|problem| (model.file, problem)));
    }
    found
}

/// The models that answer any number of times: decoupled ones, and ensembles that run one.
fn decoupled(models: &Models) -> BTreeSet<&str> {
    let mut known: BTreeSet<&str> = models
        .iter()
        .filter(|(_, model)| model.config.decoupled)
        .map(|(name, _)| name.as_str())
        .collect();
    for _ in 0..DEPTH {
        let before = known.len();
        for (name, model) in models {
            let mut steps = model.config.steps.iter().flatten();
            if steps.any(|step| known.contains(step.model.value.as_str())) {
                known.insert(name);
            }
        }
        if known.len() == before {
            break;
        }
    }
    known
}

/// The ensembles that do not run themselves; of the others each circle is told once.
fn nesting<'m>(models: &'m Models, found: &mut Vec<(usize, Problem)>) -> BTreeSet<&'m str> {
    let mut inner: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, model) in models {
        let Some(steps) = &model.config.steps else {
            continue;
        };
        let ensembles = steps
            .iter()
            .filter_map(|step| models.get_key_value(step.model.value.as_str()))
            .filter(|(_, model)| model.config.steps.is_some())
            .map(|(name, _)| name.as_str());
        inner.insert(name, ensembles.collect());
    }
    let mut known: BTreeSet<&str> = BTreeSet::new();
    for depth in 0.. {
        let level: Vec<&str> = inner
            .iter()
            .filter(|(_, wants)| wants.iter().all(|want| known.contains(want)))
            .map(|(name, _)| *name)
            .collect();
        if level.is_empty() {
            break;
        }
        if depth >= DEPTH {
            for name in level {
                if let Some(model) = models.get(name) {
                    let what = format!("ensembles stand in ensembles more than {DEPTH} deep");
                    let problem = Problem::new(&kinds::LIMIT, model.config.name.span, what);
                    found.push((model.file, problem.with_help("import the inner ones alone")));
                }
            }
            return known;
        }
        for name in level {
            inner.remove(name);
            known.insert(name);
        }
    }
    // Whoever is left waits for a circle: following what it waits for leads there.
    while let Some(&start) = inner.keys().next() {
        let mut path = vec![start];
        let mut places = BTreeMap::from([(start, 0_usize)]);
        let mut at = start;
        let circle = loop {
            let next = inner.get(at).and_then(|wants| {
                let waiting = |want: &&&str| inner.contains_key(**want);
                wants.iter().find(waiting).copied()
            });
            let Some(next) = next else { break None };
            if let Some(&place) = places.get(next) {
                break path.get(place..).map(<[&str]>::to_vec);
            }
            places.insert(next, path.len());
            path.push(next);
            at = next;
        };
        let Some(circle) = circle else {
            // What this one waited for has been told and taken away.
            inner.remove(at);
            continue;
        };
        report_circle(models, &circle, found);
        for name in circle {
            inner.remove(name);
        }
    }
    known
}

fn report_circle(models: &Models, circle: &[&str], found: &mut Vec<(usize, Problem)>) {
    let Some((first, model)) = circle.first().and_then(|name| models.get_key_value(*name)) else {
        return;
    };
    let next = circle.get(1).unwrap_or(&first.as_str()).to_owned();
    let steps = model.config.steps.iter().flatten();
    let mut to_next = steps.filter(|step| step.model.value == next);
    let span = to_next
        .next()
        .map_or(model.config.name.span, |step| step.model.span);
    let mut path: Vec<String> = circle.iter().take(16).map(|name| quote(name)).collect();
    if circle.len() > path.len() {
        path.push("…".to_owned());
    }
    path.push(quote(first));
    let what = format!(
        "circular dependency between ensembles: {}",
        path.join(" -> ")
    );
    let problem = Problem::new(&kinds::CIRCULAR, span, what);
    found.push((
        model.file,
        problem.with_help("an ensemble cannot run itself: take one step away"),
    ));
}

struct Ensemble<'m> {
    name: String,
    model: &'m Model,
    steps: &'m [Step],
    models: &'m Models,
    decoupled: &'m BTreeSet<&'m str>,
    shown: &'m Shown,
}

/// A contract that a step's model keeps for one tensor.
struct End<'m> {
    tensor: &'m Tensor,
    model: &'m str,
    batched: bool,
}

impl<'m> Ensemble<'m> {
    fn check(&self, problems: &mut Vec<Problem>) {
        self.missing(problems);
        let mut met = BTreeSet::new();
        for step in self.steps {
            if let Some(model) = self.models.get(&step.model.value) {
                if met.insert(step.model.value.as_str()) {
                    self.batch(step, model, problems);
                }
                self.version(step, model, problems);
                self.mappings(step, model, problems);
            }
        }
        if problems.is_empty() {
            self.contracts(problems);
            self.decoupled(problems);
        }
    }

    /// Models that nothing of the files shows to be there.
    fn missing(&self, problems: &mut Vec<Problem>) {
        let is_shown = |step: &Step| {
            let shown = self.shown.get(&step.model.value);
            let asked = |shown: &BTreeMap<i64, String>| shown.contains_key(&step.version);
            shown.is_some_and(|shown| step.version < 0 || asked(shown))
        };
        let is_missing = |step: &&Step| {
            let known = self.models.contains_key(&step.model.value);
            !known && !is_shown(step) && !names_first_version(step)
        };
        let missing: Vec<&Step> = self.steps.iter().filter(is_missing).collect();
        let Some(first) = missing.first() else { return };
        let names: BTreeSet<String> = missing
            .iter()
            .map(|step| quote(&step.model.value))
            .collect();
        let names: Vec<String> = names.into_iter().take(16).collect();
        let what = format!(
            "ensemble `{}` contains models that are not available: {}",
            self.name,
            names.join(", ")
        );
        let help = "import their `config.pbtxt` with it";
        problems.push(Problem::new(&kinds::NO_MODEL, first.model.span, what).with_help(help));
    }

    fn version(&self, step: &Step, model: &Model, problems: &mut Vec<Problem>) {
        if step.version < 0 || loaded(model).contains(&step.version) {
            return;
        }
        let name = quote(&step.model.value);
        let what = format!(
            "ensemble `{}` depends on `{name}` whose required version {} is not loaded",
            self.name, step.version
        );
        let versions: Vec<String> = loaded(model).iter().map(i64::to_string).collect();
        let help = if model.shown.is_empty() {
            format!(
                "no folder `{name}/{}` is among the files, and without them only version 1 is \
                 taken to be there; import a file of that folder with it, or take version -1",
                step.version
            )
        } else {
            format!("loaded: {}; -1 takes the highest", versions.join(", "))
        };
        problems.push(Problem::new(&kinds::VERSION, step.model.span, what).with_help(help));
    }

    fn batch(&self, step: &Step, model: &Model, problems: &mut Vec<Problem>) {
        let most = self.model.config.batch();
        let takes = model.config.batch();
        if model.config.max_batch_size.is_none() && model.config.is_open() || most <= takes {
            return;
        }
        let what = format!(
            "ensemble `{}` allows maximum batch size {most}, but it contains model `{}` which \
             only allows maximum batch size to be {takes}",
            self.name,
            quote(&step.model.value)
        );
        let help =
            format!("lower `max_batch_size` of the ensemble to {takes}, or raise the model's");
        problems.push(Problem::new(&kinds::BATCH, step.model.span, what).with_help(help));
    }

    fn mappings(&self, step: &Step, model: &Model, problems: &mut Vec<Problem>) {
        if model.config.is_open() {
            return;
        }
        let name = quote(&step.model.value);
        let sides = [
            (&step.inputs, &model.config.inputs, "to non-existing input"),
            (
                &step.outputs,
                &model.config.outputs,
                "from non-existing output",
            ),
        ];
        for (mappings, tensors, how) in sides {
            let known: BTreeSet<&str> = tensors.iter().map(|it| it.name.value.as_str()).collect();
            for mapping in mappings {
                if known.contains(mapping.port.value.as_str()) {
                    continue;
                }
                let what = format!(
                    "in ensemble `{}`, ensemble tensor `{}` is mapped {how} `{}` in model `{name}`",
                    self.name,
                    quote(&mapping.tensor.value),
                    quote(&mapping.port.value)
                );
                let has: Vec<String> = known.iter().take(16).map(|name| quote(name)).collect();
                let help = format!("it has {}", has.join(", "));
                problems
                    .push(Problem::new(&kinds::NO_TENSOR, mapping.port.span, what).with_help(help));
            }
        }
        let mapped: BTreeSet<&str> = step
            .inputs
            .iter()
            .map(|it| it.port.value.as_str())
            .collect();
        for input in model.config.inputs.iter().filter(|input| !input.optional) {
            if mapped.contains(input.name.value.as_str()) {
                continue;
            }
            let what = format!(
                "in ensemble `{}`, input `{}` of model `{name}` is not mapped to a tensor",
                self.name,
                quote(&input.name.value)
            );
            let problem = Problem::new(&kinds::UNMAPPED, step.model.span, what);
            problems.push(problem.with_help("add it to the step's `input_map`"));
        }
    }

    /// Whoever reads a tensor agrees with whoever writes it.
    fn contracts(&self, problems: &mut Vec<Problem>) {
        let own = |tensors: &'m [Tensor]| {
            let end = |tensor: &'m Tensor| {
                let end = End {
                    tensor,
                    model: &self.model.config.name.value,
                    batched: self.model.config.batch() > 0,
                };
                (tensor.name.value.as_str(), end)
            };
            tensors.iter().map(end)
        };
        let mut writers: BTreeMap<&str, End<'m>> = own(&self.model.config.inputs).collect();
        for step in self.steps {
            for mapping in &step.outputs {
                if let Some(end) = self.end(step, &mapping.port.value, false) {
                    writers.insert(&mapping.tensor.value, end);
                }
            }
        }
        for step in self.steps {
            for mapping in &step.inputs {
                let tensor = mapping.tensor.value.as_str();
                if let Some(writer) = writers.get(tensor)
                    && let Some(reader) = self.end(step, &mapping.port.value, true)
                {
                    self.agree(tensor, mapping.tensor.span, writer, &reader, problems);
                }
            }
        }
        for (tensor, reader) in own(&self.model.config.outputs) {
            if let Some(writer) = writers.get(tensor) {
                self.agree(tensor, reader.tensor.name.span, writer, &reader, problems);
            }
        }
    }

    fn end(&self, step: &Step, port: &str, input: bool) -> Option<End<'m>> {
        let (name, model) = self.models.get_key_value(&step.model.value)?;
        let tensors = if input {
            &model.config.inputs
        } else {
            &model.config.outputs
        };
        Some(End {
            tensor: tensors.iter().find(|tensor| tensor.name.value == port)?,
            model: name,
            batched: model.config.batch() > 0,
        })
    }

    fn agree(
        &self,
        tensor: &str,
        span: Span,
        writer: &End<'_>,
        reader: &End<'_>,
        problems: &mut Vec<Problem>,
    ) {
        let mut differ = |kind, what: &str, one: String, other: String, help: &str| {
            let message = format!(
                "in ensemble `{}`, ensemble tensor `{}`: inconsistent {what}: {one} is inferred \
                 from model `{}` while {other} is inferred from model `{}`",
                self.name,
                quote(tensor),
                quote(writer.model),
                quote(reader.model)
            );
            problems.push(Problem::new(kind, span, message).with_help(help));
        };
        let types = (writer.tensor.data_type, reader.tensor.data_type);
        if types.0 != types.1 {
            let help = "put a model that converts it between them";
            let (one, other) = (types.0.to_owned(), types.1.to_owned());
            differ(&kinds::TYPE, "data type", one, other, help);
        }
        let fits = may_be_equal(&writer.tensor.dims, &reader.tensor.dims)
            || may_be_equal(&writer.whole(), &reader.whole());
        if !fits {
            let help = "put a model that reshapes it between them, or let a dimension be -1";
            let shape = |end: &End<'_>| {
                let dims: Vec<String> = end.whole().iter().take(16).map(i64::to_string).collect();
                format!("[{}]", dims.join(","))
            };
            differ(&kinds::SHAPE, "shape", shape(writer), shape(reader), help);
        }
    }

    /// A decoupled model answers any number of times; values of two of them cannot be paired.
    fn decoupled(&self, problems: &mut Vec<Problem>) {
        let mut lineage = Lineage::default();
        let mut origins: BTreeMap<&str, Origin> = BTreeMap::new();
        for &index in &self.model.order {
            let Some(step) = self.steps.get(index) else {
                continue;
            };
            let read = step
                .inputs
                .iter()
                .map(|mapping| mapping.tensor.value.as_str());
            let Some(mut origin) = lineage.common(read, &origins) else {
                let message = format!(
                    "in ensemble `{}`, step {index} of model `{}` receives inputs that originate \
                     from different decoupled models",
                    self.name,
                    quote(&step.model.value)
                );
                let help = "a step takes the answers of one decoupled model";
                let problem = Problem::new(&kinds::DECOUPLED, step.model.span, message);
                problems.push(problem.with_help(help));
                return;
            };
            if self.is_decoupled(step) {
                origin = lineage.add(origin);
            }
            for mapping in &step.outputs {
                origins.insert(&mapping.tensor.value, origin);
            }
        }
        let outputs = self.model.config.outputs.iter();
        let given = outputs.map(|output| output.name.value.as_str());
        if lineage.common(given, &origins).is_none() {
            let message = format!(
                "in ensemble `{0}`, the outputs of `{0}` receive values that originate from \
                 different decoupled models",
                self.name
            );
            let span = self.model.config.outputs.first();
            let span = span.map_or(self.model.config.name.span, |output| output.name.span);
            let help = "take both from one step";
            problems.push(Problem::new(&kinds::DECOUPLED, span, message).with_help(help));
        }
    }

    fn is_decoupled(&self, step: &Step) -> bool {
        self.decoupled.contains(step.model.value.as_str())
    }
}

impl End<'_> {
    /// The dimensions with that of the batch.
    fn whole(&self) -> Vec<i64> {
        let batch = self.batched.then_some(-1);
        batch
            .into_iter()
            .chain(self.tensor.dims.iter().copied())
            .collect()
    }
}

fn may_be_equal(one: &[i64], other: &[i64]) -> bool {
    let equal = |(one, other): (&i64, &i64)| one == other || *one == -1 || *other == -1;
    one.len() == other.len() && one.iter().zip(other).all(equal)
}

/// Whether a step says that a first version of its model is there. Where the files show no folder
/// of a version, the first is taken to be there: a repository begins with it.
const fn names_first_version(step: &Step) -> bool {
    step.version == 1
}

/// The versions that a server would load.
fn loaded(model: &Model) -> BTreeSet<i64> {
    let mut shown = model.shown.clone();
    if shown.is_empty() {
        match &model.config.versions {
            Versions::Specific(versions) => return versions.iter().copied().collect(),
            Versions::Latest(_) | Versions::All => shown.insert(1),
        };
    }
    match &model.config.versions {
        Versions::All => shown,
        Versions::Latest(count) => {
            let count = usize::try_from(*count).unwrap_or(usize::MAX);
            shown.into_iter().rev().take(count).collect()
        }
        Versions::Specific(versions) => {
            let listed: BTreeSet<i64> = versions.iter().copied().collect();
            shown.intersection(&listed).copied().collect()
        }
    }
}
