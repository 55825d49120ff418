use crate::check::placed::{gigabytes, written};
use crate::check::tokens::grouped;
use crate::check::{Context, Diagnostic, Severity};
use crate::fix;
use crate::graph::NodeIx;
use crate::hardware::{ACTIVATIONS, Catalogue, MemoryFit, kv_bytes_per_token, memory_of, slice};
use crate::spec::Batch;

rule! {
    /// What the weights leave of a GPU's memory cannot hold the KV cache of one longest request, or not that of
    /// the whole batch at its longest: then requests are put off and computed again (a warning). How long a request
    /// may be says `limits.maxModelLen`, else the model's context.
    ///
    /// ## Why
    /// A server refuses to start where one request does not fit. Where the batch does not fit it drops the last
    /// request's cache when memory runs out and computes it anew, which shows as a few answers that take three
    /// times as long, under load only.
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
    ///       model: {id: meta-llama/Llama-3.1-8B-Instruct, parameters: 8.03B, precision: bf16, layers: 32, kvHeads: 8, headDim: 128, contextTokens: 131072}
    ///       placement: {gpu: L4}
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
    ///       model: {id: meta-llama/Llama-3.1-8B-Instruct, parameters: 8.03B, precision: bf16, layers: 32, kvHeads: 8, headDim: 128, contextTokens: 131072}
    ///       limits: {maxModelLen: 16384}
    ///       placement: {gpu: L4}
    ///   edges:
    ///     - {from: inputs.question, to: generator.prompt}
    ///     - {from: generator.text, to: outputs.answer}
    /// ```
    "MG506", Error, "the KV cache is too small for the requests", [Own: Node(check)]
}

fn check(cx: &Context<'_>, ix: NodeIx, found: &mut Vec<Diagnostic>) {
    // How several servers divide one GPU's memory is not stated.
    if cx.shares().first(ix).is_none() {
        found.extend(cache(cx, cx.catalogue(), ix));
    }
}

fn cache(cx: &Context<'_>, catalogue: &Catalogue, ix: NodeIx) -> Option<Diagnostic> {
    let node = cx.graph.spec_of(ix)?;
    let (placement, model) = (&node.placement.as_ref()?.value, &node.model.as_ref()?.value);
    let stated = placement.gpu.as_ref()?;
    let gpu = catalogue.find(&stated.value).ok()?;
    let gpus = placement.gpus_per_replica.map_or(1, |gpus| gpus.value.0);
    let fit = MemoryFit::new(model, memory_of(gpu, placement), gpus).filter(MemoryFit::fits)?;
    let each = kv_bytes_per_token(model, gpus)?;
    let batch = match node.batch() {
        Some(Batch::Continuous(batch)) => Some(batch),
        _ => None,
    };
    let room = fit.kv_tokens(model)?;
    let asked = batch.and_then(|batch| batch.kv_tokens);
    let tokens = asked.map_or(room, |asked| asked.value.0);
    // More than there is room for is told as what does not fit.
    if tokens > room {
        return None;
    }
    let configured = node.limits.as_ref().and_then(|limits| limits.max_model_len);
    // A length, or a number of GPUs, that cannot be has a rule of its own, and nothing follows from it.
    let beyond = configured.zip(model.context_tokens).is_some_and(|(configured, most)| configured.value > most.value);
    if beyond || super::mg502::uneven(node).is_some() {
        return None;
    }
    let longest = configured.or(model.context_tokens)?;
    let (name, length) = (cx.graph.name(ix), longest.value.0);
    let held = match asked {
        Some(_) => format!("its KV cache holds {} tokens as `kvTokens` states", grouped(tokens)),
        None => format!(
            "its KV cache on {} holds (0.9 × {} − {} − {} of weights) / {} B = {} tokens",
            written(slice(placement), &gpu.name),
            gigabytes(fit.memory),
            gigabytes(ACTIVATIONS),
            gigabytes(fit.weights),
            grouped(each),
            grouped(tokens)
        ),
    };
    let sequences = batch.and_then(|batch| batch.max_sequences);
    let full = sequences.map_or(0, |sequences| u64::from(sequences.value.0).saturating_mul(length));
    let one = tokens < length;
    let mut diagnostic = if one {
        let long = grouped(length);
        RULE.at(longest.span, format!("one request of `{name}` may have {long} tokens, {held}"))
    } else if tokens < full {
        let sequences = sequences?;
        let product = format!("{} × {} = {} tokens", sequences.value.0, grouped(length), grouped(full));
        let message = format!("a full batch of `{name}` may need {product}, {held}");
        RULE.at(sequences.span, message).with_severity(Severity::Warning)
    } else {
        return None;
    };
    diagnostic = diagnostic
        .on_node(name)
        .relate(stated.span, format!("it runs on {}", gpu.name))
        .with_help("configure shorter requests or a smaller batch, or take more or larger GPUs");
    match asked {
        Some(asked) => diagnostic = diagnostic.relate(asked.span, "so much KV cache is asked for"),
        None => {
            diagnostic = diagnostic
                .row(format!("usable of {}", written(slice(placement), &gpu.name)), gigabytes(fit.usable))
                .row("weights", gigabytes(fit.weights))
                .row("left for the KV cache", gigabytes(fit.room))
                .row("a token takes", format!("{} B", grouped(each)));
        }
    }
    let needed = if one { length } else { full };
    diagnostic = diagnostic
        .row("the KV cache holds", format!("{} tokens", grouped(tokens)))
        .row("needed", format!("{} tokens", grouped(needed)));
    if one && tokens > 0 {
        let label = format!("Configure a context of {} tokens", grouped(tokens));
        let path = ["spec", "nodes", name, "limits", "maxModelLen"];
        diagnostic.fixes.extend(fix::set(cx, label, &path, &crate::yaml::Fragment::raw(&tokens)));
    } else if let (Some(sequences), Some(fewer)) = (sequences, tokens.checked_div(length).filter(|&fewer| fewer > 0)) {
        let label = format!("Batch {fewer} requests at most");
        diagnostic.fixes.extend(fix::replace(cx, label, sequences.span, fewer.to_string()));
    }
    Some(diagnostic)
}
