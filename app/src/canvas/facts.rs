//! What a card says of its node beside name and ports.

use modelspec_core::graph::{Graph, NodeIx};
use modelspec_core::spec::{Node, Replicas};

use crate::shell::roles::purpose;
use crate::simulation::NodeFigures;

/// The lines of a card.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Facts {
    /// The model, the program that serves it, or what its role does.
    pub(super) subtitle: String,
    /// The model's whole name.
    pub(super) full: String,
    /// Whether the graph runs without it.
    pub(super) optional: bool,
    /// What it runs on: `L4 ×1`.
    pub(super) hardware: String,
    /// The same in a sentence.
    pub(super) hardware_full: String,
    /// `71 ms`.
    pub(super) p95: String,
    /// Whether that is stated, not simulated.
    pub(super) declared: bool,
    /// The share of its time that it serves, in hundredths; more than 100 where it cannot keep up.
    pub(super) usage: Option<u32>,
}

impl Facts {
    pub(super) fn new(graph: &Graph, ix: NodeIx, figures: Option<&NodeFigures>) -> Self {
        let mut facts = Self::default();
        if let Some(node) = graph.node(ix).and_then(|node| node.role) {
            purpose(node).clone_into(&mut facts.subtitle);
        }
        if let Some(spec) = graph.spec_of(ix) {
            facts.read(spec);
        }
        if let Some(figures) = figures {
            facts.declared = false;
            facts.p95 = if figures.stable {
                figures.times.p95_ms.map(milliseconds).unwrap_or_default()
            } else {
                "overloaded".to_owned()
            };
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Saturates.
            let hundredths = |share: f64| (share * 100.0).round() as u32;
            facts.usage = figures.utilisation.map(hundredths);
        }
        facts
    }

    fn read(&mut self, node: &Node) {
        let model = node.model.as_ref().and_then(|model| model.id.as_ref());
        let serving = node.serving.as_ref();
        let engine = serving.and_then(|serving| serving.engine.as_ref());
        if let Some(id) = model {
            let id = &id.value.0;
            id.rsplit('/')
                .next()
                .unwrap_or(id)
                .clone_into(&mut self.subtitle);
            self.full.clone_from(id);
        } else if let Some(engine) = engine {
            self.subtitle.clone_from(&engine.value.0);
            let image = serving.and_then(|serving| serving.image.as_ref());
            let tag = image.and_then(|image| image.value.0.rsplit_once(':'));
            if let Some((_, tag)) = tag.filter(|(_, tag)| !tag.contains('/')) {
                self.subtitle.push(' ');
                self.subtitle.push_str(tag);
            }
        }
        self.optional = !node.is_required();
        self.place(node);
        let latency = node
            .latency
            .as_ref()
            .and_then(|latency| latency.p95.as_ref());
        if let Some(p95) = latency {
            self.p95 = milliseconds(p95.value.as_millis());
            self.declared = true;
        }
    }

    fn place(&mut self, node: &Node) {
        if node
            .external
            .as_ref()
            .is_some_and(|external| external.value)
        {
            "external".clone_into(&mut self.hardware);
            "run by somebody else".clone_into(&mut self.hardware_full);
            return;
        }
        let Some(placement) = &node.placement else {
            "no hardware".clone_into(&mut self.hardware);
            "The document does not say what it runs on.".clone_into(&mut self.hardware_full);
            return;
        };
        let replicas = placement
            .replicas
            .as_ref()
            .map_or(Replicas::fixed(1), |replicas| replicas.value);
        let count = if replicas.min == replicas.max {
            replicas.min.to_string()
        } else {
            format!("{}–{}", replicas.min, replicas.max)
        };
        if let Some(gpu) = &placement.gpu {
            let name = &gpu.value.0;
            let short = name.split('-').next().unwrap_or(name);
            let each = placement
                .gpus_per_replica
                .as_ref()
                .map_or(1, |each| each.value.0);
            let several = if each > 1 {
                format!("{each}·")
            } else {
                String::new()
            };
            self.hardware = format!("{several}{short} ×{count}");
            self.hardware_full = format!("{count} replicas of {each} {name}");
        } else if let Some(cores) = &placement.cpu {
            self.hardware = format!("{} vCPU ×{count}", cores.value);
            self.hardware_full = format!("{count} replicas of {} cores", cores.value);
        } else {
            self.hardware = format!("replicas ×{count}");
        }
    }
}

/// A time in three digits: `4.2 ms`, `480 ms`, `1.2 s`.
pub(super) fn milliseconds(time: f64) -> String {
    let (value, unit) = if time >= 1000.0 {
        (time / 1000.0, "s")
    } else {
        (time, "ms")
    };
    if !value.is_finite() || value < 0.0 {
        return String::new();
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Saturates.
    let tenths = (value * 10.0).round() as u64;
    if tenths >= 100 || tenths.is_multiple_of(10) {
        format!("{} {unit}", (tenths + 5) / 10)
    } else {
        format!("{}.{} {unit}", tenths / 10, tenths % 10)
    }
}
