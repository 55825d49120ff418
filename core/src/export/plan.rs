//! What runs for each node, with what was assumed told.

use super::engines::Start;
use super::kinds::PlanKinds;
use super::names::Names;
use super::{Artifacts, Kind, Subject, quantity};
use crate::catalogue::Engine;
use crate::graph::NodeIx;
use crate::hardware::{Gpu, Vendor, weight_bytes};
use crate::spec::{self, Bytes, Cores, Protocol, Replicas, Role, Share};
use crate::text::Span;

/// What runs for a node.
pub(in crate::export) struct Plan<'a> {
    pub(in crate::export) ix: NodeIx,
    pub(in crate::export) name: &'a str,
    pub(in crate::export) span: Span,
    pub(in crate::export) node: &'a spec::Node,
    pub(in crate::export) role: Option<Role>,
    /// The name of its objects.
    pub(in crate::export) object: String,
    pub(in crate::export) engine: Option<&'static Engine>,
    pub(in crate::export) image: String,
    pub(in crate::export) start: Start,
    pub(in crate::export) port: u32,
    pub(in crate::export) protocol: Protocol,
    pub(in crate::export) replicas: Replicas,
    pub(in crate::export) cpu: Cores,
    pub(in crate::export) memory: Bytes,
    pub(in crate::export) gpu: Option<Accelerator>,
    /// Seconds that loading may take.
    pub(in crate::export) startup: u64,
    /// Where it keeps what must outlive a pod, and how much.
    pub(in crate::export) data: Option<(&'static str, Bytes)>,
}

/// The GPUs of a replica.
pub(in crate::export) struct Accelerator {
    /// `nvidia.com/gpu`, or a part of one.
    pub(in crate::export) resource: String,
    /// How many of it.
    pub(in crate::export) count: u32,
    /// The label of machines that have it.
    pub(in crate::export) label: &'static str,
    /// Its value; `None` where it cannot be a label.
    pub(in crate::export) product: Option<String>,
    /// What keeps other pods off such machines.
    pub(in crate::export) taint: &'static str,
}

/// Cores for each GPU, where none are stated.
const CORES_PER_GPU: u64 = 4;

/// A program that loads no model is up within a minute or two.
const STARTUP_WITHOUT_MODEL: u64 = 120;
/// What a server needs to start beside reading its weights.
const STARTUP_BASE: u64 = 300;
/// Weights are fetched and read at least this fast, in bytes a second.
const LOADING_SPEED: u64 = 100_000_000;

/// What planning for a target needs.
pub(in crate::export) struct Planning<'p, 'a> {
    pub(in crate::export) subject: &'p Subject<'a>,
    pub(in crate::export) artifacts: &'p mut Artifacts,
    /// Takes the names of objects.
    pub(in crate::export) names: &'p mut Names,
    /// The target's own codes.
    pub(in crate::export) kinds: &'static PlanKinds,
    /// Whether machines are chosen by the labels of their GPUs.
    pub(in crate::export) selects: bool,
    /// Whether routers, splitters and joins that state nothing to run are done elsewhere; in a
    /// word, by whom.
    pub(in crate::export) control: Option<&'static str>,
}

impl<'a> Planning<'_, 'a> {
    /// The plan of every node that runs here.
    pub(in crate::export) fn all(&mut self) -> Vec<Plan<'a>> {
        let graph = self.subject.graph;
        let mut plans = Vec::new();
        for (ix, indexed) in graph.model_nodes() {
            let Some(node) = graph.spec_of(ix) else {
                continue;
            };
            let role = node.role.map(|role| role.value);
            let (name, span) = (&indexed.name, indexed.span);
            if node.external.is_some_and(|external| external.value) {
                let message = format!(
                    "`{name}` runs elsewhere: nothing here keeps anyone from calling it past the \
                     graph, and whoever calls it must know its address"
                );
                self.artifacts
                    .lose(self.kinds.external, Some(name), span, message);
                continue;
            }
            if let Some(who) = self.control.filter(|_| is_bare_control(node)) {
                let message = format!(
                    "`{name}` states neither model, serving nor placement: the {who} does its work"
                );
                self.artifacts
                    .assume(self.kinds.in_orchestrator, Some(name), span, message, who);
                continue;
            }
            let wanted = format!("{}-{name}", self.subject.name);
            let object = self.names.claim(&wanted);
            let mut planner = Planner {
                name,
                span,
                node,
                cx: self,
            };
            plans.push(planner.plan(ix, role, object));
        }
        plans
    }
}

/// Whether a node only routes, and states nothing that would run.
pub(in crate::export) fn is_bare_control(node: &spec::Node) -> bool {
    let role = node.role.map(|role| role.value);
    matches!(role, Some(Role::Router | Role::Splitter | Role::Join))
        && node.model.is_none()
        && node.serving.is_none()
        && node.placement.is_none()
}

struct Planner<'p, 'c, 'a> {
    cx: &'p mut Planning<'c, 'a>,
    name: &'a str,
    span: Span,
    node: &'a spec::Node,
}

impl<'a> Planner<'_, '_, 'a> {
    fn assume(&mut self, kind: &'static Kind, what: &str, value: &str) {
        let message = format!(
            "{what} of `{}` is not stated: `{value}` is taken",
            self.name
        );
        self.cx
            .artifacts
            .assume(kind, Some(self.name), self.span, message, value);
    }

    fn lose(&mut self, kind: &'static Kind, span: Span, what: &str) {
        let message = format!("`{}` {what}", self.name);
        self.cx.artifacts.lose(kind, Some(self.name), span, message);
    }

    fn plan(&mut self, ix: NodeIx, role: Option<Role>, object: String) -> Plan<'a> {
        let node = self.node;
        let serving = node.serving.as_ref();
        let choice = Engine::choose(node);
        let engine = choice.engine;
        if let Some(engine) = engine.filter(|_| !choice.stated) {
            self.assume(self.cx.kinds.engine, "the serving program", engine.name);
        }
        let known = self.catalogued();
        let image = self.image(engine, known.as_ref(), &object);
        let stated = serving
            .and_then(|serving| serving.port)
            .map(|port| port.value.0);
        let port = stated.filter(|&port| port <= 65_535).unwrap_or_else(|| {
            let port = engine.map_or(8080, |engine| engine.port);
            self.assume(self.cx.kinds.port, "the port", &port.to_string());
            port
        });
        let protocol = serving.and_then(|serving| serving.protocol);
        let start = engine.map_or_else(Start::default, |engine| engine.start(node, port));
        for (span, what) in &start.unsaid {
            let program = engine.map_or("", |engine| engine.name);
            let what = format!("states `{what}`, for which {program} has no such argument");
            self.lose(self.cx.kinds.argument, *span, &what);
        }
        let placement = node.placement.as_ref();
        let replicas = placement.and_then(|placement| placement.replicas);
        let replicas = replicas.map_or_else(
            || {
                self.assume(self.cx.kinds.replicas, "the number of replicas", "1");
                Replicas { min: 1, max: 1 }
            },
            |replicas| replicas.value,
        );
        let gpu = self.accelerator(known.as_ref());
        let (cpu, memory) = self.resources(known.as_ref());
        self.weights(engine);
        if let Some(reference) = &node.spec_ref {
            let what = "is described by another document, which is not looked into";
            self.lose(self.cx.kinds.spec_ref, reference.span, what);
        }
        self.unheld();
        Plan {
            ix,
            name: self.name,
            span: self.span,
            node,
            role,
            object,
            engine,
            image,
            start,
            port,
            protocol: protocol.map_or(Protocol::Http, |protocol| protocol.value),
            replicas,
            cpu,
            memory,
            gpu,
            startup: self.startup(),
            data: self.data(role, engine, memory),
        }
    }

    fn catalogued(&self) -> Option<Gpu> {
        let placement = self.node.placement.as_ref()?;
        let name = &placement.gpu.as_ref()?.value;
        self.cx.subject.catalogue.find(name).ok().cloned()
    }

    fn image(
        &mut self,
        engine: Option<&'static Engine>,
        gpu: Option<&Gpu>,
        object: &str,
    ) -> String {
        let serving = self.node.serving.as_ref();
        let stated = serving.and_then(|serving| serving.image.as_ref());
        let image = if let Some(stated) = stated {
            stated.value.0.clone()
        } else {
            let protocol = serving.and_then(|serving| serving.protocol);
            let protocol = protocol.map_or(Protocol::Http, |protocol| protocol.value);
            let published =
                engine.and_then(|engine| engine.image(gpu.map(|gpu| &*gpu.name), protocol));
            let image = published.unwrap_or_else(|| {
                let version = self.cx.subject.version.map(quantity::label_value);
                let version = version.filter(|version| !version.is_empty());
                format!("{object}:{}", version.as_deref().unwrap_or("0.0.0"))
            });
            self.assume(self.cx.kinds.image, "the image", &image);
            image
        };
        match serving.and_then(|serving| serving.digest.as_ref()) {
            Some(digest) if !image.contains('@') => {
                let digest = digest.value.0.trim_start_matches("sha256:");
                format!("{image}@sha256:{digest}")
            }
            _ => image,
        }
    }

    fn accelerator(&mut self, known: Option<&Gpu>) -> Option<Accelerator> {
        let placement = self.node.placement.as_ref()?;
        let stated = placement.gpu.as_ref()?;
        let count = placement.gpus_per_replica.map_or(1, |count| count.value.0);
        let amd = known.is_some_and(|gpu| gpu.vendor == Vendor::Amd);
        let (mut resource, label, taint) = if amd {
            (
                "amd.com/gpu".to_owned(),
                "amd.com/gpu.product-name",
                "amd.com/gpu",
            )
        } else {
            (
                "nvidia.com/gpu".to_owned(),
                "nvidia.com/gpu.product",
                "nvidia.com/gpu",
            )
        };
        let product = known.map_or(&*stated.value.0, |gpu| gpu.product_label());
        let mut product = quantity::label_value(&product.replace(' ', "-"));
        if let Some(share) = &placement.share {
            match &share.value {
                Share::Mig(mig) => {
                    let fraction = mig.fraction.map(|fraction| fraction.value);
                    match known
                        .zip(fraction)
                        .and_then(|(gpu, part)| mig_profile(gpu, part))
                    {
                        Some(profile) => resource = format!("nvidia.com/mig-{profile}"),
                        None => self.lose(
                            self.cx.kinds.share,
                            share.span,
                            "asks for a part of a GPU that is not known to be cut so: it gets a \
                             whole one",
                        ),
                    }
                }
                Share::Mps(_) | Share::TimeSlice(_) => {
                    // The device plugin marks machines whose GPUs it hands out more than once.
                    product.push_str("-SHARED");
                    self.lose(
                        self.cx.kinds.share,
                        share.span,
                        "shares its GPU: with whom, and how much of it each gets, only the \
                         device plugin's configuration says",
                    );
                }
            }
        }
        if self.cx.selects {
            let message = format!("machines with the GPU of `{}` carry this label", self.name);
            let value = format!("{label}={product}");
            let (kind, node) = (self.cx.kinds.selector, Some(self.name));
            self.cx
                .artifacts
                .assume(kind, node, stated.span, message, value);
        }
        Some(Accelerator {
            resource,
            count,
            label,
            product: (!product.is_empty() && product.len() <= 63).then_some(product),
            taint,
        })
    }

    fn resources(&mut self, known: Option<&Gpu>) -> (Cores, Bytes) {
        let node = self.node;
        let placement = node.placement.as_ref();
        let gpus = placement
            .filter(|placement| placement.gpu.is_some())
            .map(|placement| {
                u64::from(placement.gpus_per_replica.map_or(1, |count| count.value.0))
            });
        let cpu = placement.and_then(|placement| placement.cpu);
        let cpu = cpu
            .map(|cpu| cpu.value)
            .filter(|cpu| cpu.0 > 0)
            .unwrap_or_else(|| {
                let cores = gpus.unwrap_or(0).saturating_mul(CORES_PER_GPU).max(1);
                self.assume(
                    self.cx.kinds.resources,
                    "the number of cores",
                    &cores.to_string(),
                );
                Cores(cores.saturating_mul(1000))
            });
        let memory = placement.and_then(|placement| placement.memory);
        let memory = memory
            .map(|memory| memory.value)
            .filter(|memory| memory.0 > 0);
        let memory = memory.unwrap_or_else(|| {
            let weights = node.model.as_ref().and_then(|model| weight_bytes(model));
            let on_gpu = known
                .zip(gpus)
                .map(|(gpu, gpus)| gpu.memory.0.saturating_mul(gpus));
            // Weights pass through the memory of the host on their way to the GPU.
            let base = match gpus {
                Some(_) => quantity::gib(8),
                None => quantity::gib(1),
            };
            let model = weights.or(on_gpu).unwrap_or(0);
            let memory = quantity::up_to_gib(base.saturating_add(model));
            self.assume(
                self.cx.kinds.resources,
                "the memory",
                &quantity::bytes(memory),
            );
            memory
        });
        (cpu, memory)
    }

    fn startup(&mut self) -> u64 {
        let probes = self
            .node
            .serving
            .as_ref()
            .and_then(|serving| serving.probes.as_ref());
        let ready = probes.and_then(|probes| probes.ready.as_ref());
        if let Some(stated) = ready.and_then(|ready| ready.startup) {
            return quantity::seconds(stated.value).0;
        }
        let seconds = match &self.node.model {
            Some(model) => {
                let weights = weight_bytes(model).unwrap_or(0);
                STARTUP_BASE.saturating_add(weights.div_ceil(LOADING_SPEED))
            }
            None => STARTUP_WITHOUT_MODEL,
        };
        self.assume(
            self.cx.kinds.startup,
            "the time for loading",
            &format!("{seconds}s"),
        );
        seconds
    }

    /// Where the model comes from.
    fn weights(&mut self, engine: Option<&'static Engine>) {
        let Some(model) = self.node.model.as_ref() else {
            return;
        };
        let source = model.uri.as_ref().map(|uri| (&uri.value.0, uri.span));
        let source = source.or(model.id.as_ref().map(|id| (&id.value.0, id.span)));
        if let (Some((source, span)), Some(_)) = (source, engine) {
            let message = format!(
                "each pod of `{}` fetches its model when it starts, and may; a gated one needs a \
                 token among `serving.secrets`",
                self.name
            );
            self.cx.artifacts.assume(
                self.cx.kinds.weights,
                Some(self.name),
                span,
                message,
                source,
            );
        }
    }

    /// What a Service and a Deployment do not hold.
    fn unheld(&mut self) {
        let Some(placement) = self.node.placement.as_ref() else {
            return;
        };
        let several = placement.replicas.is_some_and(|replicas| replicas.max > 1);
        if let Some(routing) = placement.routing
            && several
            && routing.value != spec::Routing::Random
        {
            let what = format!(
                "states `routing: {}`, while a Service spreads connections at random",
                routing.value
            );
            self.lose(self.cx.kinds.routing, routing.span, &what);
        }
        if let Some(limit) = placement.queue_limit {
            let what = "states `queueLimit`, and nothing between caller and pod counts who waits";
            self.lose(self.cx.kinds.queue, limit.span, what);
        }
    }

    fn data(
        &mut self,
        role: Option<Role>,
        engine: Option<&'static Engine>,
        memory: Bytes,
    ) -> Option<(&'static str, Bytes)> {
        if let Some(index) = &self.node.index {
            let what = "begins with an empty index: nothing here fills it";
            self.lose(self.cx.kinds.index, index.span, what);
        }
        let Some(path) = engine.and_then(|engine| engine.data) else {
            if role == Some(Role::Retriever) {
                let what = "keeps nothing beyond the life of a pod, as far as is known here";
                self.lose(self.cx.kinds.index, self.span, what);
            }
            return None;
        };
        // An index on disk is seldom larger than twice what it takes in memory.
        let size = quantity::up_to_gib(memory.0.saturating_mul(2));
        self.assume(
            self.cx.kinds.storage,
            "the disk of a replica",
            &quantity::bytes(size),
        );
        Some((path, size))
    }
}

/// The profile of a static part of a GPU, such as `3g.40gb`; `None` for a GPU that is not cut, or
/// not so.
fn mig_profile(gpu: &Gpu, part: spec::Ratio) -> Option<String> {
    let (whole, gigabytes) = match &*gpu.name {
        "A30" => (4, 24),
        "A100-40GB-SXM" => (7, 40),
        "A100-80GB-SXM" | "A100-80GB-PCIe" | "H100-80GB-SXM" | "H100-80GB-PCIe" => (7, 80),
        "H200-141GB-SXM" => (7, 141),
        "B200-180GB-SXM" => (7, 180),
        _ => return None,
    };
    let slices: u32 = if whole == 7 { 8 } else { 4 };
    let memory: u32 = match (part.part, part.whole == whole) {
        (cores @ (1 | 2), true) => cores,
        (3, true) if whole == 7 => 4,
        (4, true) => 4,
        (7, true) => 8,
        _ => return None,
    };
    // To the nearest, as NVIDIA names them.
    let doubled = memory.checked_mul(gigabytes)?.checked_mul(2)?;
    let size = doubled
        .checked_add(slices)?
        .checked_div(slices.checked_mul(2)?)?;
    Some(format!("{}g.{size}gb", part.part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hardware::Catalogue;

    #[test]
    fn parts_of_a_gpu_are_named_as_nvidia_does() {
        let catalogue = Catalogue::builtin();
        for (gpu, part, whole, wanted) in [
            ("A100-40GB-SXM", 1, 7, Some("1g.5gb")),
            ("H100", 2, 7, Some("2g.20gb")),
            ("H100", 3, 7, Some("3g.40gb")),
            ("H100", 4, 7, Some("4g.40gb")),
            ("H100", 7, 7, Some("7g.80gb")),
            ("H200", 1, 7, Some("1g.18gb")),
            ("H200", 3, 7, Some("3g.71gb")),
            ("B200", 1, 7, Some("1g.23gb")),
            ("A30", 2, 4, Some("2g.12gb")),
            ("A30", 1, 7, None),
            ("H100", 5, 7, None),
            ("L4", 1, 7, None),
        ] {
            let gpu = catalogue.find(gpu).unwrap();
            let found = mig_profile(gpu, spec::Ratio { part, whole });
            assert_eq!(found.as_deref(), wanted, "{} {part}/{whole}", gpu.name);
        }
    }
}
