use crate::check::placed::{gigabytes, written};
use crate::check::tokens::grouped;
use crate::check::{Context, Diagnostic, Fix};
use crate::fix;
use crate::graph::NodeIx;
use crate::hardware::{
    ACTIVATIONS, Catalogue, Gpu, MemoryFit, kv_bytes_per_token, slice, slice_memory, usable_memory,
};
use crate::spec::{Batch, Count, Model, Node, Placement, Ratio};
use crate::text::Spanned;
use crate::yaml::Fragment;

rule! {
    /// The weights of a model, and the KV cache that is asked for, do not fit into the memory of its
    /// GPUs.
    ///
    /// A server may use nine tenths of a GPU's memory, less 1.25 GB for activations and its own
    /// work. The weights take parameters × bytes of their precision, divided among the GPUs of a
    /// replica; a token of KV cache takes 2 × layers × KV heads of the GPU × head dimension × bytes
    /// on each. Nodes that share a GPU (`share: {mps: …}` or `timeSlice`) are all in its memory at once, and
    /// each keeps the 1.25 GB for itself.
    ///
    /// ## Why
    /// The server starts, loads for minutes, and ends with "out of memory"; in a cluster it does so
    /// again and again, on a GPU that is paid for. All that is needed to know it beforehand stands
    /// on the model's card.
    ///
    /// ## Fails
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: answer}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {answer: {type: text}}
    ///   nodes:
    ///     generator:
    ///       role: generator
    ///       model: {id: meta-llama/Llama-3.1-8B-Instruct, parameters: 8.03B, precision: bf16}
    ///       placement: {gpu: T4}
    ///   edges:
    ///     - {from: inputs.question, to: generator.prompt}
    ///     - {from: generator.text, to: outputs.answer}
    /// ```
    ///
    /// ## Fixed
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: answer}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {answer: {type: text}}
    ///   nodes:
    ///     generator:
    ///       role: generator
    ///       model: {id: meta-llama/Llama-3.1-8B-Instruct, parameters: 8.03B, precision: bf16}
    ///       placement: {gpu: L40S}
    ///   edges:
    ///     - {from: inputs.question, to: generator.prompt}
    ///     - {from: generator.text, to: outputs.answer}
    /// ```
    "MG501", Error, "a model does not fit into its GPUs", [Own: Node(check), Always: Graph(groups)]
}

fn check(cx: &Context<'_>, ix: NodeIx, found: &mut Vec<Diagnostic>) {
    found.extend(fits(cx, cx.catalogue(), ix));
}

fn groups(cx: &Context<'_>, found: &mut Vec<Diagnostic>) {
    for group in cx.shares().groups() {
        found.extend(together(cx, cx.catalogue(), &group));
    }
}

/// What a node asks of the memory of each GPU.
struct Demand<'a> {
    node: &'a Node,
    model: &'a Model,
    slice: Option<Ratio>,
    /// Tokens of KV cache that are asked for.
    cache: Option<Spanned<Count>>,
}

impl<'a> Demand<'a> {
    fn new(node: &'a Node, placement: &'a Placement) -> Option<Self> {
        let slice = slice(placement);
        let cache = match node.batch() {
            Some(Batch::Continuous(batch)) => batch.kv_tokens,
            _ => None,
        };
        let model = &node.model.as_ref()?.value;
        Some(Self { node, model, slice, cache })
    }

    fn memory(&self, gpu: &Gpu) -> u64 {
        self.slice.map_or(gpu.memory.0, |slice| slice_memory(gpu.memory.0, slice))
    }

    /// The KV cache that is asked for, in bytes of each GPU: 0 where none is, or its size unknown.
    fn cache_bytes(&self, gpus: u32) -> u64 {
        let tokens = self.cache.map_or(0, |tokens| tokens.value.0);
        kv_bytes_per_token(self.model, gpus).map_or(0, |each| each.saturating_mul(tokens))
    }

    fn fit(&self, gpu: &Gpu, gpus: u32) -> Option<MemoryFit> {
        MemoryFit::new(self.model, self.memory(gpu), gpus)
    }

    /// Whether it fits with room for a full batch of the longest requests, so that a change is worth proposing.
    fn fits_well(&self, gpu: &Gpu, gpus: u32) -> bool {
        let longest = self.node.limits.as_ref().and_then(|limits| limits.max_model_len);
        let longest = longest.or(self.model.context_tokens).map_or(0, |tokens| tokens.value.0);
        let sequences = match self.node.batch() {
            Some(Batch::Continuous(batch)) => batch.max_sequences.map_or(1, |most| u64::from(most.value.0)),
            _ => 1,
        };
        let each = kv_bytes_per_token(self.model, gpus).unwrap_or(0);
        let full = each.saturating_mul(longest).saturating_mul(sequences);
        let cache = self.cache_bytes(gpus).max(full);
        self.fit(gpu, gpus).is_some_and(|fit| fit.fits() && fit.room >= cache)
    }
}

fn fits(cx: &Context<'_>, catalogue: &Catalogue, ix: NodeIx) -> Option<Diagnostic> {
    let node = cx.graph.spec_of(ix)?;
    let placement = &node.placement.as_ref()?.value;
    let stated = placement.gpu.as_ref()?;
    let gpu = catalogue.find(&stated.value).ok()?;
    let demand = Demand::new(node, placement)?;
    let gpus = placement.gpus_per_replica.map_or(1, |gpus| gpus.value.0);
    let fit = demand.fit(gpu, gpus)?;
    let cache = demand.cache_bytes(gpus);
    if fit.fits() && fit.room >= cache {
        return None;
    }
    let name = cx.graph.name(ix);
    let weights = weights(demand.model, &fit)?;
    let asked = demand.cache.filter(|_| cache > 0).and_then(|tokens| {
        let each = kv_bytes_per_token(demand.model, gpus)?;
        let (tokens, each) = (grouped(tokens.value.0), grouped(each));
        Some(format!(" + {tokens} tokens × {each} B of KV cache"))
    });
    let sum = asked.as_ref().map(|_| {
        format!(" = {}", gigabytes(fit.weights.saturating_add(cache)))
    });
    let on = written(demand.slice, &gpu.name);
    let message = format!(
        "`{name}` needs {weights}{}{} on {on}, where 0.9 × {} − {} = {} can be used",
        asked.unwrap_or_default(),
        sum.unwrap_or_default(),
        gigabytes(fit.memory),
        gigabytes(ACTIVATIONS),
        gigabytes(fit.usable),
    );
    let mut diagnostic = RULE
        .at(stated.span, message)
        .on_node(name)
        .row("weights", gigabytes(fit.weights))
        .with_help("take a larger GPU, more of them for a replica, or a lower precision");
    if cache > 0 {
        diagnostic = diagnostic
            .row("KV cache", gigabytes(cache))
            .row("together", gigabytes(fit.weights.saturating_add(cache)));
    }
    diagnostic = diagnostic.row(format!("usable of {on}"), gigabytes(fit.usable));
    if let Some(parameters) = demand.model.parameters {
        let what = format!("{} parameters", parameters.value);
        diagnostic = diagnostic.relate(parameters.span, what);
    }
    if let Some(precision) = demand.model.precision {
        let what = format!("{} bits a parameter", precision.value.bits());
        diagnostic = diagnostic.relate(precision.span, what);
    }
    if let Some(tokens) = demand.cache {
        let what = format!("{} tokens of KV cache", grouped(tokens.value.0));
        diagnostic = diagnostic.relate(tokens.span, what);
    }
    if placement.pool.is_none() {
        diagnostic.fixes.extend(spread(cx, &demand, gpu, gpus, name));
        let larger = catalogue.cheapest(|other| demand.fits_well(other, gpus));
        if let Some(larger) = larger.first() {
            let label = format!("Place {name} on {}", larger.name);
            diagnostic.fixes.extend(fix::replace(cx, label, stated.span, &*larger.name));
        }
    }
    Some(diagnostic)
}

/// More GPUs of the kind, where so many divide the heads.
fn spread(cx: &Context<'_>, demand: &Demand<'_>, gpu: &Gpu, gpus: u32, name: &str) -> Option<Fix> {
    if demand.slice.is_some() {
        return None;
    }
    let divides = |by: u32| {
        let heads = [demand.model.heads, demand.model.kv_heads];
        let mut heads = heads.into_iter().flatten();
        heads.all(|heads| heads.value.0.checked_rem(by) == Some(0))
    };
    let more = [2, 4, 8].into_iter().find(|&more| {
        more > gpus && divides(more) && demand.fits_well(gpu, more)
    })?;
    let path = ["spec", "nodes", name, "placement", "gpusPerReplica"];
    fix::set(cx, format!("Spread {name} over {more} GPUs"), &path, &Fragment::raw(&more))
}

/// `8.03B × 2 B = 16.06 GB of weights`
fn weights(model: &Model, fit: &MemoryFit) -> Option<String> {
    let parameters = model.parameters?.value;
    let each = match model.precision?.value.bits() {
        4 => "0.5".to_owned(),
        bits => bits.div_ceil(8).to_string(),
    };
    let divided = match fit.gpus {
        1 => String::new(),
        gpus => format!(" / {gpus} GPUs"),
    };
    let total = gigabytes(fit.weights);
    Some(format!("{parameters} × {each} B{divided} = {total} of weights"))
}

/// Nodes that share GPUs, each of which fits alone: whether all of them do. What is not known of one
/// counts nothing.
fn together(cx: &Context<'_>, catalogue: &Catalogue, group: &[NodeIx]) -> Option<Diagnostic> {
    let mut terms = Vec::new();
    let (mut sum, mut shared) = (0_u64, None);
    for &ix in group {
        let node = cx.graph.spec_of(ix)?;
        let Some(placement) = &node.placement else { continue };
        let Some(stated) = &placement.gpu else { continue };
        let gpu = catalogue.find(&stated.value).ok()?;
        let (first, _) = *shared.get_or_insert((gpu, stated));
        if first.name != gpu.name {
            return None;
        }
        let Some(demand) = Demand::new(node, placement) else { continue };
        let gpus = placement.gpus_per_replica.map_or(1, |gpus| gpus.value.0);
        let Some(fit) = demand.fit(gpu, gpus) else { continue };
        let own = fit.weights.saturating_add(demand.cache_bytes(gpus));
        if own > fit.usable || !fit.fits() {
            return None;
        }
        sum = sum.saturating_add(own);
        terms.push((ix, own, stated.span));
    }
    let (gpu, stated) = shared?;
    // Each server keeps what it needs for its own work.
    let servers = u64::try_from(terms.len()).ok()?;
    let kept = ACTIVATIONS.saturating_mul(servers.saturating_sub(1));
    let usable = usable_memory(gpu.memory.0).saturating_sub(kept);
    if sum <= usable || terms.len() < 2 {
        return None;
    }
    let needs: Vec<String> =
        terms.iter().map(|(ix, own, _)| format!("`{}` {}", cx.graph.name(*ix), gigabytes(*own))).collect();
    let message = format!(
        "on each shared {} stand {} = {}, where 0.9 × {} − {servers} × {} = {} can be used",
        gpu.name,
        needs.join(" + "),
        gigabytes(sum),
        gigabytes(gpu.memory.0),
        gigabytes(ACTIVATIONS),
        gigabytes(usable)
    );
    let first = group.first().copied()?;
    let diagnostic = RULE
        .at(stated.span, message)
        .on_node(cx.graph.name(first))
        .with_help("share a larger GPU, or let one of them have its own");
    let all = terms.iter().fold(diagnostic, |diagnostic, (ix, own, span)| {
        let name = cx.graph.name(*ix);
        let diagnostic = diagnostic.row(format!("`{name}`"), gigabytes(*own));
        diagnostic.relate(*span, format!("`{name}` takes {}", gigabytes(*own)))
    });
    Some(all.row("together", gigabytes(sum)).row(format!("usable of each {}", gpu.name), gigabytes(usable)))
}
