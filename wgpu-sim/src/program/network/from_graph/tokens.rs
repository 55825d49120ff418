//! How many tokens a node's requests have.

use std::collections::BTreeSet;

use modelspec_core::graph::{Graph, NodeIx, Param, PortIx, Type};
use modelspec_core::spec::{self, Count, Distribution, Kind};

use super::super::{TokenLaw, TokenPart, Tokens};
use crate::trace::RequestTrace;

/// As many as there are, or as many as can be counted.
pub(super) fn count(count: Count) -> u32 {
    u32::try_from(count.0).unwrap_or(u32::MAX)
}

/// Adds what a distribution says; `input` is the number of the graph's input that brings it.
fn add(tokens: &mut Tokens, stated: &Distribution, input: Option<u32>) -> Result<(), String> {
    let law = match stated {
        Distribution::Fixed(fixed) => {
            tokens.fixed = tokens.fixed.saturating_add(count(*fixed));
            return Ok(());
        }
        Distribution::Lognormal(law) => {
            let (mean, cv) = law
                .mean
                .zip(law.cv)
                .ok_or("its tokens lack `mean` and `cv`")?;
            TokenLaw::Lognormal {
                mean: mean.value.0 as f64,
                cv: cv.value,
            }
        }
        Distribution::Empirical(values) => {
            let values = values.iter().map(|value| count(value.value));
            TokenLaw::Empirical(values.collect())
        }
    };
    tokens.parts.push(TokenPart { law, input });
    Ok(())
}

fn nothing(most: Option<u32>) -> Tokens {
    Tokens {
        fixed: 0,
        parts: Vec::new(),
        most,
    }
}

/// The tokens of each request as a trace has them.
fn traced(values: &[u32], most: Option<u32>) -> Tokens {
    let law = TokenLaw::Traced(values.to_vec());
    let parts = vec![TokenPart { law, input: None }];
    Tokens {
        parts,
        ..nothing(most)
    }
}

/// The tokens of an answer: as the node states them, else as a trace has them, else the most that it
/// may make.
pub(super) fn answer(node: &spec::Node, trace: Option<&RequestTrace>) -> Result<Tokens, String> {
    let most = node
        .limits
        .as_ref()
        .and_then(|limits| limits.max_output_tokens);
    let most = most.map(|most| count(most.value));
    let mut tokens = nothing(most);
    let stated = node
        .tokens
        .as_ref()
        .and_then(|tokens| tokens.output.as_ref());
    let measured = trace.and_then(|trace| trace.answers.as_ref());
    if let (None, Some(measured)) = (stated, measured) {
        return Ok(traced(measured, most));
    }
    match (stated, most) {
        (Some(stated), _) => add(&mut tokens, &stated.value, None)?,
        (None, Some(most)) => tokens.fixed = most,
        (None, None) => {
            return Err(
                "the length of its answers is not known; add `tokens: {output: \
                        {lognormal: {mean: 180, cv: 0.8}}}`"
                    .to_owned(),
            );
        }
    }
    Ok(tokens)
}

/// The tokens of a prompt: as the node states them, else as a trace has them, else template,
/// questions and passages.
pub(super) fn prompt(
    graph: &Graph,
    ix: NodeIx,
    node: &spec::Node,
    trace: Option<&RequestTrace>,
) -> Result<Tokens, String> {
    let mut tokens = nothing(None);
    let stated = node
        .tokens
        .as_ref()
        .and_then(|tokens| tokens.input.as_ref());
    if let Some(stated) = stated {
        add(&mut tokens, &stated.value, None)?;
        return Ok(tokens);
    }
    if let Some(measured) = trace.and_then(|trace| trace.prompts.as_ref()) {
        return Ok(traced(measured, None));
    }
    let template = node
        .limits
        .as_ref()
        .and_then(|limits| limits.prompt_template_tokens);
    tokens.fixed = template.map_or(0, |template| count(template.value));
    for (number, port) in (0_u32..).zip(questions(graph, ix)) {
        question(graph, port, number, &mut tokens)?;
    }
    for (each, items) in passages(graph, ix) {
        tokens.fixed = tokens.fixed.saturating_add(each.saturating_mul(items));
    }
    if tokens.fixed == 0 && tokens.parts.is_empty() {
        return Err(
            "the length of its prompts is not known; add `tokens: {input: {lognormal: \
                    {mean: 900, cv: 0.5}}}`"
                .to_owned(),
        );
    }
    Ok(tokens)
}

/// The graph's inputs whose value reaches a node, in the order of the document.
fn questions(graph: &Graph, ix: NodeIx) -> BTreeSet<PortIx> {
    let (mut seen, mut open) = (BTreeSet::from([ix]), vec![ix]);
    let mut found = BTreeSet::new();
    while let Some(ix) = open.pop() {
        for edge in graph.incoming(ix).filter(|edge| !edge.is_loop) {
            if edge.source.is_model() {
                if seen.insert(edge.source) {
                    open.push(edge.source);
                }
            } else if let Some((from, _)) = edge.ports {
                found.insert(from);
            }
        }
    }
    found
}

/// Adds the tokens of one of the graph's inputs: as the workload states them, else the most that
/// it takes.
fn question(graph: &Graph, port: PortIx, number: u32, tokens: &mut Tokens) -> Result<(), String> {
    let Some(port) = graph.port(port) else {
        return Ok(());
    };
    let workload = graph.spec.body().and_then(|body| body.workload.as_ref());
    let lengths = workload.and_then(|workload| workload.tokens.as_ref());
    if let Some(stated) = lengths.and_then(|lengths| lengths.named(&port.name)) {
        return add(tokens, &stated.value, Some(number));
    }
    let most = port.ty.number(Param::MaxTokens).unwrap_or(0);
    tokens.fixed = tokens.fixed.saturating_add(count(Count(most)));
    Ok(())
}

/// What an encoder computes for one request: sequences of so many tokens on average.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sequences {
    /// How many: a reranker reads its question anew with each passage.
    pub(super) count: f64,
    /// The tokens of each.
    pub(super) tokens: f64,
}

/// The sequences of a node's request: as the node states their tokens, else question and passages,
/// each cut at what the tokenizer takes.
pub(super) fn sequences(graph: &Graph, ix: NodeIx, node: &spec::Node) -> Result<Sequences, String> {
    let pairs: Vec<(u32, u32)> = passages(graph, ix).collect();
    let count = pairs
        .iter()
        .map(|&(_, items)| f64::from(items))
        .sum::<f64>();
    let is_stated = node.tokens.as_ref().is_some_and(|it| it.input.is_some());
    let whole = prompt(graph, ix, node, None)?.mean();
    let read: f64 = pairs
        .iter()
        .map(|&(each, items)| f64::from(each) * f64::from(items))
        .sum();
    let tokens = if pairs.is_empty() || is_stated {
        whole
    } else {
        // The prompt holds each passage once beside the question.
        (whole - read) + read / count.max(1.0)
    };
    let most = node.tokenizer.as_ref().and_then(|it| it.max_input_tokens);
    let most = most.map_or(f64::INFINITY, |most| most.value.0 as f64);
    Ok(Sequences {
        count: count.max(1.0),
        tokens: tokens.min(most),
    })
}

/// The passages that come to a node: the most tokens of each, and the most of them.
fn passages(graph: &Graph, ix: NodeIx) -> impl Iterator<Item = (u32, u32)> {
    graph.incoming(ix).filter_map(move |edge| {
        let (from, _) = edge.ports?;
        passages_of(graph, edge.source, &graph.port(from)?.ty)
    })
}

/// The most tokens of each passage that a node gives, and the most of them; none for what holds no
/// passages.
fn passages_of(graph: &Graph, from: NodeIx, ty: &Type) -> Option<(u32, u32)> {
    if ty.kind != Kind::Candidates {
        return None;
    }
    let stated = ty.inner.as_ref();
    let each = stated.and_then(|item| item.number(Param::MaxTokens));
    let each = each.or_else(|| {
        let index = graph.spec_of(from)?.index.as_ref()?;
        Some(index.chunk_tokens?.value.0)
    });
    let items = ty.number(Param::MaxItems)?;
    Some((count(Count(each?)), count(Count(items))))
}
