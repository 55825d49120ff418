use core::fmt::Write as _;
use std::collections::BTreeSet;

use super::cursor::Slot;
use super::forms::describe;
use super::{Completion, CompletionKind, List};
use crate::catalogue::Model;
use crate::hardware::Gpu;
use crate::order::Arrange as _;
use crate::spec::form::{Choice, Form, TextUse, Unit};
use crate::spec::{API_VERSION, KIND, Kind, ModelGraph, TypeParams};

impl List<'_> {
    /// The values that the forms at the caret have.
    pub(super) fn values(&self, forms: &[Form], found: &mut Vec<Completion>) {
        let whole_path: Vec<&str> = self.cursor.path.iter().map(String::as_str).collect();
        match whole_path.as_slice() {
            ["apiVersion"] => {
                found.push(self.value(CompletionKind::Word, API_VERSION, "", ""));
            }
            ["kind"] => found.push(self.value(CompletionKind::Word, KIND, "", "")),
            _ => {}
        }
        for form in forms {
            match form {
                Form::Boolean => {
                    for word in ["true", "false"] {
                        found.push(self.written(CompletionKind::Word, word, word, "", ""));
                    }
                }
                Form::Unit(unit) => self.unit(unit, found),
                Form::Choice(choice) => self.words(choice, found),
                Form::Text(text) => self.text(*text, found),
                _ => {}
            }
        }
    }

    fn words(&self, choice: &'static Choice, found: &mut Vec<Completion>) {
        for variant in choice.variants {
            match variant.form {
                None => found.push(self.value(CompletionKind::Word, variant.word, "", variant.doc)),
                // On a line of its own it is a key.
                Some(form) if self.cursor.slot == Slot::Value => {
                    found.push(self.chosen(variant.word, &form(), variant.doc));
                }
                Some(_) => {}
            }
        }
    }

    /// The number that has been typed, with each unit; without one, an example.
    fn unit(&self, unit: &'static Unit, found: &mut Vec<Completion>) {
        let typed = self.cursor.span.of(&self.analysis.text);
        let is_number = |c: char| c.is_ascii_digit() || c == '.';
        let number = typed.trim_end_matches(|c| !is_number(c));
        if number.is_empty() || !number.chars().all(is_number) {
            let example = unit.example;
            found.push(self.value(CompletionKind::Unit, example, unit.name, ""));
            return;
        }
        for suffix in unit.suffixes.iter().filter(|suffix| !suffix.is_empty()) {
            let label = format!("{number}{suffix}");
            found.push(self.value(CompletionKind::Unit, label, unit.name, ""));
        }
    }

    fn text(&self, text: TextUse, found: &mut Vec<Completion>) {
        match text {
            TextUse::Node => self.nodes(found),
            TextUse::Port => self.ports(found),
            TextUse::Type => self.types(found),
            TextUse::Gpu => {
                let gpus = self.catalogue.gpus().gpus().iter();
                found.extend(gpus.map(|gpu| {
                    self.value(CompletionKind::Gpu, &*gpu.name, figures(gpu), aliases(gpu))
                }));
            }
            TextUse::Model => {
                let own: BTreeSet<&str> = self.graph().into_iter().flat_map(models).collect();
                for model in &own {
                    found.push(self.value(CompletionKind::Model, *model, "in this document", ""));
                }
                self.known_models(&own, found);
            }
            TextUse::Pool => self.pools(found),
            TextUse::Condition => {
                let info = "taken when no other condition holds";
                found.push(self.value(CompletionKind::Word, "default", "", info));
                let info = "the value of the port where the edge begins";
                found.push(self.value(CompletionKind::Word, "output", "CEL", info));
            }
            TextUse::Dimension => {
                for symbol in self.graph().into_iter().flat_map(symbols) {
                    let info = "equal symbols in one graph are one unknown";
                    found.push(self.value(CompletionKind::Name, symbol, "symbol", info));
                }
                found.push(self.written(CompletionKind::Word, "-1", "-1", "any", ""));
            }
            TextUse::Image => self.images(found),
            TextUse::Engine => {
                for (name, image) in self.catalogue.engines() {
                    let image = image.unwrap_or_default();
                    found.push(self.value(CompletionKind::Word, name, image, ""));
                }
            }
            TextUse::Free | TextUse::Ratio | TextUse::Cores | TextUse::Version | TextUse::Label => {
            }
        }
    }

    fn graph(&self) -> Option<&ModelGraph> {
        self.analysis.reading.graph().map(|(graph, _)| &**graph)
    }

    /// The models of the catalogue: those of the node's role first.
    fn known_models(&self, own: &BTreeSet<&str>, found: &mut Vec<Completion>) {
        let node = self.node();
        let role = node.and_then(|node| node.role).map(|role| role.value);
        let models = self.catalogue.models().iter();
        let mut models: Vec<&Model> = models.filter(|model| !own.contains(&*model.id)).collect();
        models.arrange_by_key(|model| role.is_some() && model.role != role);
        for model in models {
            let detail = model.role.map_or("", |role| role.word());
            let facts: Vec<String> = model
                .facts
                .iter()
                .filter(|fact| fact.path.len() > 1)
                .map(|fact| {
                    format!(
                        "{} {}",
                        fact.path.last().map_or("", |key| key),
                        fact.written()
                    )
                })
                .collect();
            found.push(self.value(CompletionKind::Model, &*model.id, detail, facts.join(", ")));
        }
    }

    /// The images of the programs that are known: that of the node's own first.
    fn images(&self, found: &mut Vec<Completion>) {
        let serving = self.node().and_then(|node| node.serving.as_ref());
        let engine = serving.and_then(|serving| serving.engine.as_ref());
        let engine = engine.map(|engine| &*engine.value.0);
        let known = self.catalogue.engines();
        let mut known: Vec<(&str, String)> = known
            .filter_map(|(name, image)| Some((name, image?)))
            .collect();
        known.arrange_by_key(|(name, _)| Some(*name) != engine);
        for (name, image) in known {
            found.push(self.value(CompletionKind::Word, image, name, ""));
        }
    }

    /// The node that the caret stands in.
    fn node(&self) -> Option<&crate::spec::Node> {
        match self.cursor.path.as_slice() {
            [spec, nodes, name, ..] if spec == "spec" && nodes == "nodes" => {
                self.graph()?.node(name)
            }
            _ => None,
        }
    }

    fn nodes(&self, found: &mut Vec<Completion>) {
        // A node is never its own fallback or neighbour.
        let own = match self.cursor.path.get(..3) {
            Some([spec, nodes, node]) if spec == "spec" && nodes == "nodes" => Some(node),
            _ => None,
        };
        for (name, role) in self.node_names() {
            if Some(&name) != own {
                found.push(self.value(CompletionKind::Node, name, role, ""));
            }
        }
    }

    fn types(&self, found: &mut Vec<Completion>) {
        let own = match self.cursor.path.get(..3) {
            Some([spec, types, name]) if spec == "spec" && types == "types" => Some(name),
            _ => None,
        };
        let types = self.graph().and_then(|graph| graph.body()?.types.as_ref());
        for named in types.into_iter().flat_map(|types| types.iter()) {
            if Some(&named.name.value) != own {
                let detail = named.span.of(&self.analysis.text);
                let detail = detail.lines().next().unwrap_or(detail);
                let name = named.name.value.as_str();
                found.push(self.value(CompletionKind::Type, name, detail, ""));
            }
        }
        for (kind, variant) in Kind::ALL.iter().zip(Kind::CHOICE.variants) {
            let params = kind.params().join(", ");
            found.push(self.value(CompletionKind::Type, kind.word(), params, variant.doc));
        }
    }

    fn pools(&self, found: &mut Vec<Completion>) {
        let hardware = self
            .graph()
            .and_then(|graph| graph.body()?.hardware.as_ref());
        let pools = hardware.and_then(|hardware| hardware.pools.as_ref());
        for pool in pools.into_iter().flat_map(|pools| pools.iter()) {
            if let Some(name) = &pool.name {
                let gpu = pool.gpu.as_ref().map_or("", |gpu| &gpu.value.0);
                found.push(self.value(CompletionKind::Name, name.value.0.as_str(), gpu, ""));
            }
        }
    }
}

/// What a GPU is bought for: memory, bandwidth and price.
pub(super) fn figures(gpu: &Gpu) -> String {
    let mut figures = format!(
        "{:.0} GB, {:.0} GB/s",
        gpu.memory.0 as f64 / 1e9,
        gpu.bandwidth_gb_s
    );
    if let Some(price) = gpu.price {
        let _ = write!(figures, ", {price}");
    }
    figures
}

/// The other names of a GPU, as a sentence.
pub(super) fn aliases(gpu: &Gpu) -> String {
    let aliases: Vec<&str> = gpu.aliases().collect();
    if aliases.is_empty() {
        String::new()
    } else {
        format!("also {}", aliases.join(", "))
    }
}

/// The models that a document names.
fn models(graph: &ModelGraph) -> BTreeSet<&str> {
    let nodes = graph.nodes().flat_map(|node| {
        let model = node
            .value
            .model
            .as_ref()
            .and_then(|model| model.id.as_ref());
        let tokenizer = node
            .value
            .tokenizer
            .as_ref()
            .and_then(|found| found.id.as_ref());
        let index = node
            .value
            .index
            .as_ref()
            .and_then(|index| index.embedder.as_ref());
        [model, tokenizer, index]
    });
    let spaces = params(graph).map(|params| params.space.as_ref());
    let all = nodes.chain(spaces).flatten();
    all.map(|name| name.value.0.as_str()).collect()
}

/// The symbols that a document's dimensions name.
fn symbols(graph: &ModelGraph) -> BTreeSet<String> {
    let dimensions = params(graph).flat_map(|params| {
        let shape = params.shape.iter().flat_map(|shape| shape.iter());
        let single = [&params.dim, &params.width, &params.height, &params.channels];
        let single = single.into_iter().flatten();
        shape
            .map(|dimension| &dimension.value)
            .chain(single.map(|dimension| &dimension.value))
    });
    let named = dimensions.filter(|found| matches!(found, crate::spec::Dimension::Symbol(_)));
    named.map(ToString::to_string).collect()
}

/// The parameters of all types that a document states, those of items left out.
fn params(graph: &ModelGraph) -> impl Iterator<Item = &TypeParams> {
    let types = graph.body().and_then(|body| body.types.as_ref());
    let types = types.into_iter().flat_map(|types| types.iter());
    let nodes = graph.nodes().flat_map(|node| {
        let sides = [&node.value.inputs, &node.value.outputs];
        sides.into_iter().flatten().flat_map(|ports| ports.iter())
    });
    let ports = graph.inputs().chain(graph.outputs()).chain(nodes);
    let ports = ports.flat_map(|port| {
        let inner = port.value.ty.as_ref().map(|ty| &ty.params);
        inner.into_iter().chain([&port.value.params])
    });
    types.map(|named| &named.value.params).chain(ports)
}

/// What a value of a form may be, for a hover.
pub(super) fn word_doc(forms: &[Form], word: &str) -> Option<String> {
    forms.iter().find_map(|form| match form {
        Form::Choice(choice) => {
            let mut variants = choice.variants.iter();
            let variant = variants.find(|variant| variant.word == word)?;
            Some(variant.doc.trim().to_owned())
        }
        Form::Unit(_) | Form::Boolean | Form::Integer { .. } | Form::Number { .. } => {
            Some(describe(form))
        }
        _ => None,
    })
}
