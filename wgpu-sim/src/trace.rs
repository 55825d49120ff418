//! Traces of arrivals.

use core::fmt;
use core::time::Duration;

/// Why a text is not a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong and what to do.
    pub reason: String,
}

impl fmt::Display for TraceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

impl core::error::Error for TraceError {}

/// The gaps between the requests of a trace: comma-separated values, a line a request, whose first
/// column is when it came, as `2023-11-16 18:15:46.6805900` or in seconds. A first line without a
/// time is a heading; further columns are not read. The last gap, from the last request to the
/// first of the next round, is the mean of the others.
///
/// # Errors
/// [`TraceError`] for the first line that has no time, or one before that of the line above, and
/// for fewer than two requests.
pub fn read(text: &str) -> Result<Vec<Duration>, TraceError> {
    let fail = |line, reason: String| Err(TraceError { line, reason });
    let mut times: Vec<u64> = Vec::new();
    for (line, row) in (1_usize..).zip(text.lines()) {
        let first = row.split(',').next().unwrap_or("").trim().trim_matches('"');
        match time(first) {
            Some(at) if times.last().is_some_and(|&before| at < before) => {
                return fail(
                    line,
                    format!("`{first}` is before the line above; sort the requests by time"),
                );
            }
            Some(at) => times.push(at),
            None if line == 1 || row.trim().is_empty() => {}
            None => {
                return fail(
                    line,
                    format!(
                        "`{first}` is not a time; write it as `2023-11-16 18:15:46.68`, or in \
                         seconds"
                    ),
                );
            }
        }
    }
    let pairs = times.iter().zip(times.iter().skip(1));
    let mut gaps: Vec<Duration> = pairs
        .map(|(&a, &b)| Duration::from_nanos(b.saturating_sub(a)))
        .collect();
    let whole: Duration = gaps.iter().sum();
    let count = u32::try_from(gaps.len()).unwrap_or(u32::MAX);
    let Some(mean) = whole.checked_div(count) else {
        let line = text.lines().count().max(1);
        return fail(line, "the trace has fewer than two requests".to_owned());
    };
    gaps.push(mean);
    Ok(gaps)
}

/// A time in nanoseconds: a date, counted from the year 1970, or seconds.
fn time(text: &str) -> Option<u64> {
    let Some((date, clock)) = text.split_once([' ', 'T']) else {
        return seconds(text);
    };
    let mut date = date.splitn(3, '-').map(str::parse::<u64>);
    let (year, month, day) = (date.next()?.ok()?, date.next()?.ok()?, date.next()?.ok()?);
    let mut clock = clock.trim_end_matches('Z').splitn(3, ':');
    let hours: u64 = clock.next()?.parse().ok()?;
    let minutes: u64 = clock.next()?.parse().ok()?;
    let seconds = seconds(clock.next()?)?;
    let is_date = (1970..=2500).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hours < 24
        && minutes < 60;
    if !is_date {
        return None;
    }
    let minutes = days(year, month, day)
        .wrapping_mul(24)
        .wrapping_add(hours)
        .wrapping_mul(60)
        .wrapping_add(minutes);
    minutes.checked_mul(60_000_000_000)?.checked_add(seconds)
}

/// Days from the start of the year 1970 to a later date.
fn days(year: u64, month: u64, day: u64) -> u64 {
    // The year starts in March, so that a leap day is its last.
    let early = u64::from(month < 3);
    let year = year.wrapping_sub(early);
    let month = month.wrapping_add(early.wrapping_mul(12)).wrapping_sub(3);
    let leaps = (year / 4).wrapping_sub(year / 100).wrapping_add(year / 400);
    let months = month.wrapping_mul(153).wrapping_add(2) / 5;
    year.wrapping_mul(365)
        .wrapping_add(leaps)
        .wrapping_add(months)
        .wrapping_add(day)
        .saturating_sub(719_469)
}

/// Seconds with a fraction, in nanoseconds.
fn seconds(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    let nanos: String = fraction
        .chars()
        .chain("000000000".chars())
        .take(9)
        .collect();
    let whole: u64 = whole.parse().ok()?;
    whole
        .checked_mul(1_000_000_000)?
        .checked_add(nanos.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_seconds_are_times() {
        let text = "TIMESTAMP,ContextTokens,GeneratedTokens\n\
                    2023-12-31 23:59:59.5000000,374,44\n\
                    2024-01-01 00:00:00,396,109\n\
                    2024-02-29 00:00:00,1,1\n\
                    2024-03-01 00:00:00.25,1,1\n";
        let gaps = read(text).unwrap();
        let day = Duration::from_hours(24);
        let quarter = Duration::from_millis(250);
        assert_eq!(gaps[..3], [2 * quarter, 59 * day, day + quarter]);
        assert_eq!(gaps[3], (gaps[0] + gaps[1] + gaps[2]) / 3);
        let gaps = read("0.5\n0.75\n1.25\n").unwrap();
        assert_eq!(gaps, [quarter, 2 * quarter, Duration::from_millis(375)]);
    }

    #[test]
    fn what_is_no_trace_says_where() {
        let reason = |text: &str| read(text).unwrap_err().to_string();
        assert_eq!(
            reason("at\n1.5\n1.25\n"),
            "line 3: `1.25` is before the line above; sort the requests by time"
        );
        assert!(reason("at\n1.5\nsoon\n").starts_with("line 3: `soon` is not a time"));
        assert!(reason("at\n2023-13-01 00:00:00\n").starts_with("line 2"));
        assert!(reason("at\n1.5\n").contains("fewer than two requests"));
        assert!(reason("").contains("fewer than two requests"));
    }
}
