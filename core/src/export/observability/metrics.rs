//! The series that rules and panels ask: those that the Collector counts from spans, and those of
//! the serving programs.

use crate::spec::Duration;

/// Histogram of how long calls take, in seconds.
pub(super) const DURATION: &str = "modelgraph_duration_seconds";
/// Counter of calls.
pub(super) const CALLS: &str = "modelgraph_calls_total";
/// The role that the span of a whole request has; no node has it.
pub(super) const REQUEST: &str = "graph";

/// A label of a series and what it must be.
pub(super) fn is(label: &str, value: &str) -> String {
    format!("{label}=\"{}\"", escaped(value))
}

/// A label that must not be.
pub(super) fn is_not(label: &str, value: &str) -> String {
    format!("{label}!=\"{}\"", escaped(value))
}

fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

/// Seconds as Prometheus writes numbers: `0.06`, `8`.
pub(super) fn seconds(time: Duration) -> String {
    let (whole, rest) = (time.0 / 1_000_000_000, time.0 % 1_000_000_000);
    if rest == 0 {
        return whole.to_string();
    }
    let digits = format!("{rest:09}");
    format!("{whole}.{}", digits.trim_end_matches('0'))
}

/// A share as a number: `0.95`, `0.999`, in as few digits as it has.
pub(super) fn share(of_a_million: u64) -> String {
    let digits = format!("{of_a_million:06}");
    let digits = digits.trim_end_matches('0');
    if digits.is_empty() {
        "0".to_owned()
    } else {
        format!("0.{digits}")
    }
}

/// What so many of a hundred calls do not exceed.
pub(super) fn quantile(percent: u64, histogram: &str, labels: &str, window: &str) -> String {
    let quantile = share(percent.saturating_mul(10_000));
    format!(
        "histogram_quantile({quantile}, sum by (le) (rate({histogram}_bucket{{{labels}}}[{window}])))"
    )
}

/// The share of calls that take longer than a bucket's bound. Formats differ in how they write a
/// whole number there.
pub(super) fn over(limit: Duration, labels: &str, window: &str) -> String {
    let bound = seconds(limit).replace('.', "\\\\.");
    let whole = if limit.0.is_multiple_of(1_000_000_000) {
        "(\\\\.0)?"
    } else {
        ""
    };
    format!(
        "1 - sum(rate({DURATION}_bucket{{{labels},le=~\"{bound}{whole}\"}}[{window}])) / \
         sum(rate({DURATION}_count{{{labels}}}[{window}]))"
    )
}

/// The share of calls that fail.
pub(super) fn failing(labels: &str, window: &str) -> String {
    let failed = is("status_code", "STATUS_CODE_ERROR");
    format!(
        "sum(rate({CALLS}{{{labels},{failed}}}[{window}])) / sum(rate({CALLS}{{{labels}}}[{window}]))"
    )
}

/// A time as Go reads it: `60ms`, `8s`.
pub(super) fn go_duration(time: Duration) -> String {
    let units = [(1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us")];
    let unit = units.iter().find(|(unit, _)| time.0.is_multiple_of(*unit));
    unit.map_or_else(
        || format!("{}ns", time.0),
        |(unit, name)| format!("{}{name}", time.0.checked_div(*unit).unwrap_or(0)),
    )
}
