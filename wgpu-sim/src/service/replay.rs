//! A server under continuous batching as a trace of its requests was measured: replayed, and the
//! time of its steps fitted to it.
//!
//! How long one request takes depends on all others that run beside it, so a fit simulates the
//! whole trace, and those of its requests whose times are known decide. Gauss–Newton: the replay's
//! answer to a small change of each coefficient gives a line, on which bounded least squares finds
//! the next coefficients. A trace often leaves a coefficient open: a full KV cache has always the
//! same context, so that c2 is hardly told from c0. What is open stays near where the fit began.

use core::time::Duration;

use super::StepTime;
use super::calibrate::Fit;
use super::least_squares;
use crate::cpu::{Answer, answers};
use crate::error::SimulationError;
use crate::program::network::{Continuous, Flow, Gaps, Link, Network, Stage, TokenLaw, TokenPart};
use crate::program::network::{Tokens, Work};
use crate::program::{Settings, Warmup};

/// A request of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// When it came, after the trace's beginning.
    pub came: Duration,
    /// The tokens of its prompt.
    pub prompt: u32,
    /// The tokens of its answer.
    pub answer: u32,
}

/// How long a request took from when it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// Until its first token.
    pub first_token: Duration,
    /// Until its last token.
    pub last_token: Duration,
}

/// For each request, a replay begins so long before the first.
const PAUSE: Duration = Duration::from_millis(10);
/// So often a fit improves its coefficients at most.
const ROUNDS: usize = 12;
/// By so much a coefficient is changed to see what that does.
const NUDGE: f64 = 0.02;
/// A coefficient that doubles counts as much as an error of so much in every measured time.
const LEASH: f64 = 0.01;
/// No coefficient shrinks or grows by more than this factor at once.
const STRIDE: f64 = 2.0;

/// Replays requests, which came in this order, once, on one replica; none for those that its KV
/// cache can never hold. The lengths that `server` states are not used.
///
/// # Errors
/// [`SimulationError`] for a server that cannot be simulated, and for requests out of order.
pub fn replay(
    server: &Continuous,
    requests: &[Request],
) -> Result<Vec<Option<Times>>, SimulationError> {
    let network = network(server, requests)?;
    let counted = requests.len() as u64;
    let settings = Settings {
        replications: 1,
        requests: counted,
        warmup: Warmup::Requests(0),
        ..Settings::default()
    };
    let mut flow = Flow::new(&network, &settings)?;
    flow.once = true;
    let mut times = vec![None; requests.len()];
    for Answer {
        request,
        time,
        head,
    } in answers(&flow)?
    {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Saturates.
        let duration =
            |ticks: u64| Duration::from_nanos((ticks as f64 * flow.tick_ms * 1e6).round() as u64);
        if let Some(slot) = times.get_mut(request as usize) {
            *slot = Some(Times {
                first_token: duration(time.saturating_sub(head)),
                last_token: duration(time),
            });
        }
    }
    Ok(times)
}

/// The requests before one server.
fn network(server: &Continuous, requests: &[Request]) -> Result<Network, SimulationError> {
    // A pause before the first, so that requests that came all at once have a rate too.
    let pause = PAUSE.saturating_mul(u32::try_from(requests.len()).unwrap_or(u32::MAX));
    let (mut gaps, mut before) = (Vec::new(), Duration::ZERO);
    for request in requests {
        let gap = request.came.checked_sub(before).ok_or_else(|| {
            SimulationError::setting("requests", "they are not in the order in which they came")
        })?;
        let pause = if gaps.is_empty() {
            pause
        } else {
            Duration::ZERO
        };
        gaps.push(gap.saturating_add(pause));
        before = request.came;
    }
    let traced = |of: fn(&Request) -> u32| Tokens {
        fixed: 0,
        parts: vec![TokenPart {
            law: TokenLaw::Traced(requests.iter().map(of).collect()),
            input: None,
        }],
        most: None,
    };
    let server = Continuous {
        replicas: 1,
        prompt: traced(|request| request.prompt),
        answer: traced(|request| request.answer),
        ..server.clone()
    };
    let gaps = Gaps::Trace(gaps);
    Ok(Network {
        rate: gaps.mean_rate().unwrap_or(1.0),
        gaps,
        stages: vec![Stage::new("server", Work::Continuous(Box::new(server)))],
        links: vec![Link::new(None, Some(0)), Link::new(Some(0), None)],
        objective: None,
        max_in_flight: None,
    })
}

/// c0 … c3 of a server from the times of its requests: those that have none load it, and are not
/// fitted. The fit begins at the step time that `server` states, and each coefficient that the
/// trace leaves open stays near it. The residuals are of times to the last token.
///
/// # Errors
/// Why there are no coefficients.
pub fn fit(
    server: &Continuous,
    requests: &[Request],
    measured: &[Option<Times>],
) -> Result<Fit<StepTime>, String> {
    let begin = coefficients(&server.step);
    if begin
        .iter()
        .any(|value| !(value.is_finite() && *value > 0.0))
    {
        return Err("a fit begins at coefficients above 0".to_owned());
    }
    if measured.len() != requests.len() || measured.iter().flatten().count() < begin.len() {
        let least = begin.len();
        return Err(format!(
            "fewer than {least} requests with times do not decide the time of a step"
        ));
    }
    let run = |at: &[f64; 4]| {
        let step = scaled(&begin, at);
        let server = Continuous {
            step,
            ..server.clone()
        };
        let replayed = replay(&server, requests).map_err(|error| error.to_string())?;
        errors(&replayed, measured)
    };
    // Each coefficient is a multiple of where it begins.
    let mut at = [1.0; 4];
    let mut here = run(&at)?;
    let mut best = (cost(&here, &at), at);
    for _ in 0..ROUNDS {
        let mut slopes = Vec::new();
        for (index, value) in at.iter().enumerate() {
            let nudge = NUDGE * value.max(0.1);
            let mut beside = at;
            if let Some(coefficient) = beside.get_mut(index) {
                *coefficient += nudge;
            }
            let there = run(&beside)?;
            let slope = here.iter().zip(&there).map(|(a, b)| (b - a) / nudge);
            slopes.push(slope.collect::<Vec<f64>>());
        }
        let Some(next) = improved(&at, &here, &slopes) else {
            break;
        };
        at = next;
        here = run(&at)?;
        let cost = cost(&here, &at);
        let settled = cost > 0.999 * best.0;
        if cost < best.0 {
            best = (cost, at);
        }
        if settled {
            break;
        }
    }
    let value = scaled(&begin, &best.1);
    let server = Continuous {
        step: value,
        ..server.clone()
    };
    let replayed = replay(&server, requests).map_err(|error| error.to_string())?;
    let residuals = errors(&replayed, measured)?;
    let residuals = residuals.into_iter().step_by(2).collect();
    Ok(Fit { value, residuals })
}

fn coefficients(step: &StepTime) -> [f64; 4] {
    [step.base, step.token, step.context, step.prefill]
}

fn scaled(begin: &[f64; 4], at: &[f64; 4]) -> StepTime {
    let [base, token, context, prefill] = begin;
    let [of_base, of_token, of_context, of_prefill] = at;
    StepTime {
        base: base * of_base,
        token: token * of_token,
        context: context * of_context,
        prefill: prefill * of_prefill,
    }
}

/// Of each measured request, how far its last token and its first token are off, as shares of its
/// whole time: what it waited for its first token is part of that.
fn errors(replayed: &[Option<Times>], measured: &[Option<Times>]) -> Result<Vec<f64>, String> {
    let mut errors = Vec::new();
    for (number, (simulated, measured)) in (1_usize..).zip(replayed.iter().zip(measured)) {
        let Some(measured) = measured else { continue };
        let whole = measured.last_token.as_secs_f64();
        if whole <= 0.0 || measured.first_token > measured.last_token {
            return Err(format!(
                "request {number} has its last token before its first, or at once"
            ));
        }
        let simulated = simulated.ok_or_else(|| {
            format!("request {number} does not fit into the KV cache; state more `kvTokens`")
        })?;
        let off = |simulated: Duration, measured: Duration| {
            (simulated.as_secs_f64() - measured.as_secs_f64()) / whole
        };
        errors.push(off(simulated.last_token, measured.last_token));
        errors.push(off(simulated.first_token, measured.first_token));
    }
    Ok(errors)
}

/// The weight of a coefficient's distance from where it began.
fn leash(errors: &[f64]) -> f64 {
    LEASH * (errors.len() as f64).sqrt()
}

/// What a fit makes small.
fn cost(errors: &[f64], at: &[f64; 4]) -> f64 {
    let leash = leash(errors);
    let strayed = at.iter().map(|value| leash * (value - 1.0));
    let each = errors.iter().copied().chain(strayed);
    each.map(|error| error * error).sum()
}

/// The coefficients at which the line through `errors` with these slopes costs least.
fn improved(at: &[f64; 4], errors: &[f64], slopes: &[Vec<f64>]) -> Option<[f64; 4]> {
    let of = |row: usize| {
        let cells = slopes.iter().map(|slope| slope.get(row).copied());
        cells.collect::<Option<Vec<f64>>>()
    };
    let mut rows: Vec<Vec<f64>> = (0..errors.len()).map(of).collect::<Option<_>>()?;
    // Where the line is taken to be right, at the coefficients themselves rather than their steps.
    let mut goals: Vec<f64> = rows
        .iter()
        .zip(errors)
        .map(|(row, error)| row.iter().zip(at).map(|(a, b)| a * b).sum::<f64>() - error)
        .collect();
    let leash = leash(errors);
    for index in 0..at.len() {
        let unit = |other| if other == index { leash } else { 0.0 };
        rows.push((0..at.len()).map(unit).collect());
        goals.push(leash);
    }
    let found = least_squares::bounded(&rows, &goals, &[0.0; 4])?;
    let mut next = *at;
    for (value, found) in next.iter_mut().zip(found) {
        *value = found.clamp(*value / STRIDE, (*value * STRIDE).max(NUDGE));
    }
    Some(next)
}
