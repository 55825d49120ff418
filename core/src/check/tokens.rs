//! How many tokens may meet in one model: the summands of a prompt, each with the place that
//! states it.

use std::collections::BTreeSet;

use super::{Context, Diagnostic};
use crate::graph::{NodeIx, Param, PortIx, Type};
use crate::infer::Slot;
use crate::spec::{Kind, Node, OnFailure, Overflow, Role};
use crate::text::Span;

/// A number of tokens or items, and where it is stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stated {
    pub value: u64,
    pub span: Span,
}

/// A sum of tokens as a person would write it.
#[derive(Default)]
pub(super) struct Sum {
    terms: Vec<String>,
    total: u64,
    places: Vec<(Span, String)>,
    rows: Vec<(String, u64)>,
}

/// What feeds a prompt with so many passages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Items {
    pub most: Stated,
    /// The node that must fail and be skipped before there are so many.
    pub skipped: Option<NodeIx>,
}

/// The most tokens that an embedder takes.
pub(super) struct EmbedderLimit<'a> {
    pub node: NodeIx,
    pub most: Stated,
    pub overflow: Option<Overflow>,
    pub model: Option<&'a str>,
}

/// `3,096`
pub(super) fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len().saturating_mul(2));
    for (at, digit) in digits.chars().enumerate() {
        let behind = digits.len().saturating_sub(at);
        if at > 0 && behind.is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

impl Sum {
    /// Adds a summand that one place states: what it is of, and how that has it.
    pub(super) fn add(&mut self, part: Stated, what: impl Into<String>, has: &str) {
        let (what, count) = (what.into(), grouped(part.value));
        self.total = self.total.saturating_add(part.value);
        self.places
            .push((part.span, format!("{what} {has} {count} tokens")));
        self.rows.push((what, part.value));
        self.terms.push(count);
    }

    /// Adds so many passages of so many tokens.
    pub(super) fn add_passages(&mut self, items: Stated, tokens: Stated, port: &str) {
        let (count, each) = (grouped(items.value), grouped(tokens.value));
        let product = items.value.saturating_mul(tokens.value);
        self.total = self.total.saturating_add(product);
        let many = format!("`{port}` takes up to {count} passages");
        self.places.push((items.span, many));
        let long = format!("each of them has up to {each} tokens");
        self.places.push((tokens.span, long));
        self.rows
            .push((format!("`{port}`, {count} × {each}"), product));
        self.terms.push(format!("{count} × {each}"));
    }

    pub(super) const fn total(&self) -> u64 {
        self.total
    }

    /// `120 + 64 + 8 × 300 + 512 = 3,096 > 2,048` where the sum is over a limit.
    pub(super) fn over(&self, limit: u64) -> Option<String> {
        if self.total <= limit {
            return None;
        }
        let (total, limit) = (grouped(self.total), grouped(limit));
        Some(match self.terms.as_slice() {
            [only] if *only == total => format!("{total} > {limit}"),
            terms => format!("{} = {total} > {limit}", terms.join(" + ")),
        })
    }

    /// Tells each summand at its place, and all of them as a table.
    pub(super) fn relate(self, diagnostic: Diagnostic, limit: u64) -> Diagnostic {
        let places = self.places.into_iter();
        let mut found = places.fold(diagnostic, |found, (span, what)| found.relate(span, what));
        let tokens = |count: u64| format!("{} tokens", grouped(count));
        for (what, count) in self.rows {
            found = found.row(what, tokens(count));
        }
        found
            .row("together", tokens(self.total))
            .row("at most", tokens(limit))
    }
}

/// A number that a port has in a slot.
fn number(cx: &Context<'_>, port: PortIx, slot: Slot) -> Option<Stated> {
    let mut ty = cx.typing.of(port)?;
    for _ in 0..slot.depth {
        ty = ty.inner.as_deref()?;
    }
    let value = ty.number(slot.param?)?;
    let span = cx.typing.span(cx.graph, port, slot)?;
    Some(Stated { value, span })
}

fn typed<'a>(cx: &Context<'a>, port: PortIx, kinds: &[Kind]) -> Option<&'a Type> {
    cx.typing.of(port).filter(|ty| kinds.contains(&ty.kind))
}

const LISTS: &[Kind] = &[Kind::Candidates, Kind::List];

/// The most tokens of a text that a port takes.
pub(super) fn text(cx: &Context<'_>, port: PortIx) -> Option<Stated> {
    typed(cx, port, &[Kind::Text])?;
    number(cx, port, Slot::of(Param::MaxTokens))
}

/// The most tokens of one passage that a port takes: as its type says, else as the index behind it
/// is cut. A passage that its own embedder cannot take is told there, not again where it arrives.
pub(super) fn passage(cx: &Context<'_>, port: PortIx) -> Option<Stated> {
    let inner = typed(cx, port, LISTS)?.inner.as_deref();
    if inner.is_some_and(|inner| inner.kind == Kind::Text)
        && let Some(stated) = number(cx, port, Slot::of_items(Param::MaxTokens))
    {
        return Some(stated);
    }
    chunk(cx, port, &mut BTreeSet::new())
}

fn chunk(cx: &Context<'_>, port: PortIx, seen: &mut BTreeSet<PortIx>) -> Option<Stated> {
    if !seen.insert(port) {
        return None;
    }
    let mut longest: Option<Stated> = None;
    for edge in cx.graph.edges_at(port) {
        let source = cx.graph.node(edge.source)?;
        let stated = if source.role == Some(Role::Retriever) {
            let stated = chunk_tokens(cx.graph.spec_of(edge.source)?)?;
            let limit = embedder_limit(cx, edge.source);
            if limit.is_some_and(|limit| stated.value > limit.most.value) {
                return None;
            }
            stated
        } else {
            let carries = |&&input: &&PortIx| typed(cx, input, LISTS).is_some();
            chunk(cx, *source.inputs.iter().find(carries)?, seen)?
        };
        if longest.is_none_or(|known| stated.value > known.value) {
            longest = Some(stated);
        }
    }
    longest
}

/// The tokens of a passage of a retriever's index.
pub(super) fn chunk_tokens(node: &Node) -> Option<Stated> {
    let tokens = node.index.as_ref()?.chunk_tokens?;
    Some(Stated {
        value: tokens.value.0,
        span: tokens.span,
    })
}

/// How many passages a port takes at most, and how many it would take where nodes upstream fail and
/// are skipped, one figure for each of them.
pub(super) fn items(cx: &Context<'_>, port: PortIx) -> Option<(Items, Vec<Items>)> {
    typed(cx, port, LISTS)?;
    let most = number(cx, port, Slot::of(Param::MaxItems))?;
    let mut skipping = Vec::new();
    skip(cx, port, &mut BTreeSet::new(), &mut skipping);
    Some((
        Items {
            most,
            skipped: None,
        },
        skipping,
    ))
}

fn skip(cx: &Context<'_>, port: PortIx, seen: &mut BTreeSet<PortIx>, found: &mut Vec<Items>) {
    let kind = cx.typing.of(port).map(|ty| ty.kind);
    if !seen.insert(port) {
        return;
    }
    for edge in cx.graph.edges_at(port) {
        let stated = cx.graph.spec_of(edge.source);
        let on_failure = stated.and_then(|node| node.on_failure.as_ref());
        if !matches!(on_failure.map(|on| &on.value), Some(OnFailure::Skip)) {
            continue;
        }
        for &passed in inputs(cx, edge.source) {
            let ty = cx.typing.of(passed).filter(|ty| Some(ty.kind) == kind);
            if ty.is_some() {
                let most = number(cx, passed, Slot::of(Param::MaxItems));
                let skipped = Some(edge.source);
                found.extend(most.map(|most| Items { most, skipped }));
                skip(cx, passed, seen, found);
                break;
            }
        }
    }
}

/// What the embedder of an index takes at most: the node of the model that `index` names, else the
/// one that embeds the queries.
pub(super) fn embedder_limit<'a>(cx: &Context<'a>, retriever: NodeIx) -> Option<EmbedderLimit<'a>> {
    let index = cx.graph.spec_of(retriever)?.index.as_ref()?;
    let named = index.embedder.as_ref().map(|name| name.value.0.as_str());
    let node = match named {
        Some(name) => *cx.embedders().get(name)?,
        None => query_embedder(cx, retriever)?,
    };
    let tokenizer = cx.graph.spec_of(node)?.tokenizer.as_ref()?;
    let most = tokenizer.max_input_tokens?;
    Some(EmbedderLimit {
        node,
        most: Stated {
            value: most.value.0,
            span: most.span,
        },
        overflow: tokenizer.overflow.map(|overflow| overflow.value),
        model: cx.model_id(node),
    })
}

/// The embedder whose vectors a retriever takes as queries, where it is one: through routers,
/// joins and whatever else hands vectors on.
pub(super) fn query_embedder(cx: &Context<'_>, retriever: NodeIx) -> Option<NodeIx> {
    let mut found = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut open = vec![retriever];
    while let Some(node) = open.pop() {
        if !seen.insert(node) {
            continue;
        }
        if cx.graph.node(node)?.role == Some(Role::Embedder) {
            found.insert(node);
            continue;
        }
        for edge in cx.graph.incoming(node) {
            let vector = edge
                .ports
                .is_some_and(|(from, _)| typed(cx, from, &[Kind::Vector]).is_some());
            if vector {
                open.push(edge.source);
            }
        }
    }
    let mut found = found.into_iter();
    found.next().filter(|_| found.next().is_none())
}

/// The input ports of a node.
pub(super) fn inputs<'a>(cx: &Context<'a>, node: NodeIx) -> &'a [PortIx] {
    cx.graph.node(node).map_or(&[], |node| &node.inputs)
}

/// What happens to a text that is too long, as the end of a sentence.
pub(super) const fn fate(overflow: Option<Overflow>) -> &'static str {
    match overflow {
        Some(Overflow::Truncate) => "what is over it is cut off unseen",
        Some(Overflow::Error) => "what is longer is refused",
        None => "`overflow` does not say whether the rest is cut or refused",
    }
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_are_set_apart() {
        let cases = [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
        ];
        for (value, text) in cases {
            assert_eq!(grouped(value), text);
        }
    }
}
