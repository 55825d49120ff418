use std::collections::BTreeSet;

use crate::order::Gather as _;
use crate::check::tokens::{Items, Stated, Sum, grouped, inputs, items, passage, text};
use crate::check::{Context, Diagnostic, Fix, Severity};
use crate::fix;
use crate::graph::{NodeIx, Param, PortIx};
use crate::infer::Slot;
use crate::spec::{Count, Role};
use crate::text::{Span, Spanned, TextEdit};

rule! {
    /// Template, query, passages and answer together are longer than the generator's context.
    ///
    /// ## Why
    /// A server refuses such a request, or it answers with fewer tokens than the answer needs, or
    /// the oldest part of the prompt is lost, which is often the instruction. It shows only when
    /// every passage is as long as it may be: not in the demonstration, but on the first day.
    ///
    /// A reranker that is skipped when it fails hands on all that it was given: where only then the
    /// sum is too large, this is a warning.
    ///
    /// ## Fails
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: answer}
    /// spec:
    ///   inputs:
    ///     question: {type: text, maxTokens: 64}
    ///     passages: {type: {kind: candidates, item: {kind: text, maxTokens: 300}, maxItems: 8}}
    ///   outputs: {answer: {type: text}}
    ///   nodes:
    ///     generator:
    ///       role: generator
    ///       limits: {maxModelLen: 2048, maxOutputTokens: 512, promptTemplateTokens: 120}
    ///   edges:
    ///     - {from: inputs.question, to: generator.prompt}
    ///     - {from: inputs.passages, to: generator.context}
    ///     - {from: generator.text, to: outputs.answer}
    /// ```
    ///
    /// ## Fixed
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: answer}
    /// spec:
    ///   inputs:
    ///     question: {type: text, maxTokens: 64}
    ///     passages: {type: {kind: candidates, item: {kind: text, maxTokens: 300}, maxItems: 4}}
    ///   outputs: {answer: {type: text}}
    ///   nodes:
    ///     generator:
    ///       role: generator
    ///       limits: {maxModelLen: 2048, maxOutputTokens: 512, promptTemplateTokens: 120}
    ///   edges:
    ///     - {from: inputs.question, to: generator.prompt}
    ///     - {from: inputs.passages, to: generator.context}
    ///     - {from: generator.text, to: outputs.answer}
    /// ```
    "MG307", Error, "prompt and answer are longer than the generator's context", [Reach: Node(check)]
}

fn check(cx: &Context<'_>, ix: NodeIx, found: &mut Vec<Diagnostic>) {
    if cx.graph.role(ix) == Some(Role::Generator) {
        found.extend(context(cx, ix));
    }
}

/// The passages that one port of a generator takes.
struct Passages {
    port: PortIx,
    tokens: Stated,
    usual: Items,
    /// How many there are where nodes upstream fail and are skipped.
    failing: Vec<Items>,
}

impl Passages {
    /// The most that there can be.
    fn worst(&self) -> Items {
        let all = self.failing.iter().chain([&self.usual]);
        all.copied().max_by_key(|items| items.most.value).unwrap_or(self.usual)
    }
}

/// What comes behind the passages.
const ANSWER: &str = "the answer";

struct Prompt {
    name: String,
    limit: Spanned<Count>,
    model_context: Option<u64>,
    /// Whether `maxModelLen` states the limit.
    configured: bool,
    /// Each with what it is of, and how that has it.
    fixed: Vec<(Stated, String, &'static str)>,
    passages: Vec<Passages>,
}

fn read(cx: &Context<'_>, generator: NodeIx) -> Option<Prompt> {
    let stated = cx.graph.spec_of(generator)?;
    let limits = stated.limits.as_ref();
    let configured = limits.and_then(|limits| limits.max_model_len);
    let model_context = stated.model.as_ref().and_then(|model| model.context_tokens);
    let mut fixed = Vec::new();
    let mut add = |part: Option<Stated>, what: String, has: &'static str| {
        fixed.extend(part.map(|part| (part, what, has)));
    };
    let of = |count: Spanned<Count>| Stated { value: count.value.0, span: count.span };
    let template = limits.and_then(|limits| limits.prompt_template_tokens);
    add(template.map(of), "the template".to_owned(), "has");
    let ports = inputs(cx, generator);
    for &port in ports {
        add(text(cx, port), format!("`{}`", cx.graph.port_path(port)), "takes up to");
    }
    let answer = limits.and_then(|limits| limits.max_output_tokens);
    add(answer.map(of), ANSWER.to_owned(), "has up to");
    let passages = ports.iter().filter_map(|&port| {
        let (usual, failing) = items(cx, port)?;
        let tokens = passage(cx, port)?;
        Some(Passages { port, tokens, usual, failing })
    });
    Some(Prompt {
        name: cx.graph.name(generator).to_owned(),
        limit: configured.or(model_context)?,
        model_context: model_context.map(|tokens| tokens.value.0),
        configured: configured.is_some(),
        passages: passages.collect(),
        fixed,
    })
}

impl Prompt {
    /// The sum, in the order in which it is spoken of: template, query, passages, answer.
    fn sum(&self, cx: &Context<'_>, choose: impl Fn(&Passages) -> Items) -> Sum {
        let mut sum = Sum::default();
        let answer = self.fixed.iter().position(|(_, what, _)| what == ANSWER);
        let (before, behind) = self.fixed.split_at(answer.unwrap_or(self.fixed.len()));
        for (part, what, has) in before {
            sum.add(*part, what, has);
        }
        for passages in &self.passages {
            let path = cx.graph.port_path(passages.port);
            sum.add_passages(choose(passages).most, passages.tokens, &path);
        }
        for (part, what, has) in behind {
            sum.add(*part, what, has);
        }
        sum
    }
}

fn context(cx: &Context<'_>, generator: NodeIx) -> Option<Diagnostic> {
    let prompt = read(cx, generator)?;
    let (name, limit) = (&prompt.name, prompt.limit.value.0);
    let usual = prompt.sum(cx, |passages| passages.usual);
    let worst = prompt.sum(cx, Passages::worst);
    let total = worst.total();
    let mut diagnostic = if let Some(over) = usual.over(limit) {
        let message = format!("`{name}` may need {over} tokens of context");
        usual.relate(RULE.at(prompt.limit.span, message), limit)
    } else {
        let over = worst.over(limit)?;
        let skipped = prompt.passages.iter().find_map(|passages| passages.worst().skipped)?;
        let skipped = cx.graph.name(skipped);
        let message = format!(
            "where `{skipped}` fails and is skipped, `{name}` needs {over} tokens of context"
        );
        let warning = RULE.at(prompt.limit.span, message).with_severity(Severity::Warning);
        worst.relate(warning, limit)
    };
    diagnostic = diagnostic
        .on_node(name)
        .with_help("take fewer or shorter passages, a shorter answer, or a longer context");
    if let [passages] = prompt.passages.as_slice() {
        diagnostic.fixes.extend(fewer(cx, passages, total, limit));
    }
    if prompt.configured && prompt.model_context.is_some_and(|context| total <= context) {
        let label = format!("Configure a context of {} tokens", grouped(total));
        let fix = fix::replace(cx, label, prompt.limit.span, total.to_string());
        diagnostic.fixes.extend(fix);
    }
    Some(diagnostic)
}

/// As many passages as there is room for, whichever node hands them on.
fn fewer(cx: &Context<'_>, passages: &Passages, total: u64, limit: u64) -> Option<Fix> {
    // Where the port itself states how many it takes, its source would still give more.
    let slot = Slot { depth: 0, param: Some(Param::MaxItems) };
    cx.typing.origin(passages.port, slot)?;
    let each = passages.tokens.value;
    let taken = passages.worst().most.value.saturating_mul(each);
    let room = limit.saturating_sub(total.saturating_sub(taken));
    let count = room.checked_div(each).filter(|&count| count > 0 && cx.editable)?;
    let items = passages.failing.iter().chain([&passages.usual]);
    let spans: BTreeSet<Span> =
        items.filter(|items| items.most.value > count).map(|items| items.most.span).gather();
    let edits = spans.into_iter().map(|span| TextEdit::replace(span, count.to_string()));
    Some(Fix::choice(format!("Take at most {count} passages"), edits.collect()))
}
