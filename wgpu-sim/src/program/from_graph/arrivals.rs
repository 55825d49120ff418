//! How requests arrive at a graph.

use core::time::Duration;

use modelspec_core::check::{Diagnostic, Severity};
use modelspec_core::graph::Graph;
use modelspec_core::spec;
use modelspec_core::text::{Span, Spanned};

use super::super::network::{Change, Gaps, Hold, Load};
use super::ARRIVALS;
use crate::trace::RequestTrace;

/// The rate given, else the document's, in requests a second, of Poisson arrivals; says where they
/// stand in for others.
pub(super) fn poisson(
    graph: &Graph,
    rate: Option<f64>,
    notes: &mut Vec<Diagnostic>,
) -> Result<f64, Vec<Diagnostic>> {
    let workload = graph.spec.body().and_then(|body| body.workload.as_ref());
    if let Some(limit) = workload.and_then(|workload| workload.max_in_flight) {
        let message = "`maxInFlight` counts in whole graphs only, not node by node";
        notes.push(Diagnostic::new(ARRIVALS, limit.span, message).with_severity(Severity::Info));
    }
    let mut cancels = graph
        .model_nodes()
        .filter_map(|(ix, _)| graph.spec_of(ix)?.cancel);
    if let Some(cancel) = cancels.find(|cancel| cancel.value) {
        let message = "`cancel` counts in whole graphs only, not node by node";
        notes.push(Diagnostic::new(ARRIVALS, cancel.span, message).with_severity(Severity::Info));
    }
    let stated = stated(graph);
    let other = stated.filter(|stated| !matches!(stated.value, spec::Arrivals::Poisson(_)));
    let Some(other) = other else {
        let load = Load { rate, trace: None };
        return of(graph, &load).map(|(rate, _)| rate);
    };
    let word = other.value.word();
    let Some(rate) = rate else {
        let message =
            format!("`{word}` arrivals are simulated in whole graphs only, not node by node");
        let help = "give a rate, to simulate Poisson arrivals instead";
        return Err(vec![
            Diagnostic::new(ARRIVALS, other.span, message).with_help(help),
        ]);
    };
    let message = format!("Poisson arrivals at the rate given stand in for `{word}` ones");
    notes.push(Diagnostic::new(ARRIVALS, other.span, message).with_severity(Severity::Info));
    checked(rate)
}

/// How requests arrive: as the document states it, at the rate given, else its own, in requests a
/// second. Where it states nothing, arrivals at the rate given are Poisson.
pub(in crate::program) fn of(
    graph: &Graph,
    load: &Load<'_>,
) -> Result<(f64, Gaps), Vec<Diagnostic>> {
    let Some(rate) = load.rate else {
        return compile(graph, load.trace).map_err(|found| vec![*found]);
    };
    let rate = checked(rate)?;
    let Some(arrivals) = stated(graph) else {
        return Ok((rate, Gaps::Exponential));
    };
    let gaps = match &arrivals.value {
        spec::Arrivals::Poisson(_) => Gaps::Exponential,
        _ => compile(graph, load.trace).map_err(|found| vec![*found])?.1,
    };
    let gaps = gaps.at_rate(rate).ok_or_else(|| {
        let word = arrivals.value.word();
        let message = format!("`{word}` arrivals have no one rate that could be replaced");
        let help = "change what they state instead, or state other arrivals";
        vec![Diagnostic::new(ARRIVALS, arrivals.span, message).with_help(help)]
    })?;
    Ok((rate, gaps))
}

fn checked(rate: f64) -> Result<f64, Vec<Diagnostic>> {
    if rate.is_finite() && rate > 0.0 {
        return Ok(rate);
    }
    let message = format!("a rate of {rate} requests a second cannot be simulated");
    Err(vec![Diagnostic::new(ARRIVALS, Span::default(), message)])
}

fn stated(graph: &Graph) -> Option<&Spanned<spec::Arrivals>> {
    graph.spec.body()?.workload.as_ref()?.arrivals.as_ref()
}

fn compile(graph: &Graph, trace: Option<&RequestTrace>) -> Result<(f64, Gaps), Box<Diagnostic>> {
    let Some(arrivals) = stated(graph) else {
        let workload = graph.spec.body().and_then(|body| body.workload.as_ref());
        let span = workload.map_or(Span::default(), |workload| workload.span);
        let message = "the graph does not say how requests arrive";
        let help = "add `workload: {arrivals: {poisson: {rate: 20rps}}}`, or give a rate";
        return Err(Box::new(
            Diagnostic::new(ARRIVALS, span, message).with_help(help),
        ));
    };
    let lacks = |message: &str| Box::new(Diagnostic::new(ARRIVALS, arrivals.span, message));
    let second = |rate: Option<Spanned<spec::Rate>>| rate.map(|rate| rate.value.per_second());
    let above = |rate: Option<f64>| {
        rate.filter(|&rate| rate > 0.0)
            .ok_or_else(|| lacks("the arrivals have no rate above 0"))
    };
    let time = |time: Spanned<spec::Duration>| Duration::from_nanos(time.value.0);
    let gaps = match &arrivals.value {
        spec::Arrivals::Poisson(poisson) => {
            return Ok((above(second(poisson.rate))?, Gaps::Exponential));
        }
        spec::Arrivals::Gamma(gamma) => {
            let cv2 = gamma.cv2.map(|cv2| cv2.value).filter(|&cv2| cv2 > 0.0);
            let cv2 = cv2.ok_or_else(|| lacks("the arrivals have no `cv2` above 0"))?;
            return Ok((above(second(gamma.rate))?, Gaps::Gamma { cv2 }));
        }
        spec::Arrivals::Mmpp(mmpp) => {
            let states = mmpp.states.iter().flat_map(|states| &states.value);
            let holds = states.filter_map(|state| {
                let (rate, mean) = (second(state.rate)?, time(state.mean_hold?));
                (!mean.is_zero()).then_some(Hold { rate, mean })
            });
            Gaps::Switching(holds.collect())
        }
        spec::Arrivals::Profile(points) => {
            let changes = points.iter().filter_map(|point| {
                let (at, rate) = (time(point.at?), second(point.rate)?);
                Some(Change { at, rate })
            });
            Gaps::Profile(changes.collect())
        }
        spec::Arrivals::Trace(_) => {
            let trace = trace.ok_or_else(|| {
                let help = "state other arrivals, or simulate it where its file can be read: on \
                            the command line";
                Box::new(lacks("the file of a `trace` is not at hand").with_help(help))
            })?;
            Gaps::Trace(trace.gaps.clone())
        }
        spec::Arrivals::Closed(closed) => {
            let clients = closed.clients.map(|clients| clients.value.0);
            let clients = clients.ok_or_else(|| lacks("the arrivals have no `clients`"))?;
            let think = closed.think.map_or(Duration::ZERO, time);
            // What they ask for a second is a result, not given.
            return Ok((1.0, Gaps::Closed { clients, think }));
        }
    };
    Ok((above(gaps.mean_rate())?, gaps))
}
