//! Traces of requests.

use core::fmt;
use core::time::Duration;

/// Why a table cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong and what to do.
    pub reason: String,
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

impl core::error::Error for TableError {}

/// Requests that were measured, in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestTrace {
    /// The gap before each request. A trace goes in a circle: before the first request it is the
    /// mean of the others.
    pub gaps: Vec<Duration>,
    /// The tokens of each prompt, where the trace says them.
    pub prompts: Option<Vec<u32>>,
    /// The tokens of each answer, where the trace says them.
    pub answers: Option<Vec<u32>>,
}

/// Reads a trace: comma-separated values, a line a request, whose first column is when it came, as
/// `2023-11-16 18:15:46.6805900` or in seconds. A first line without a time is a heading; of the
/// further columns those headed `ContextTokens` and `GeneratedTokens` are read.
///
/// # Errors
/// [`TableError`] for the first line that has no time, or one before that of the line above, or no
/// number of tokens where the heading has one, and for fewer than two requests.
pub fn read(text: &str) -> Result<RequestTrace, TableError> {
    let mut times: Vec<u64> = Vec::new();
    let [mut prompts, mut answers] = ["ContextTokens", "GeneratedTokens"].map(Column::new);
    for (line, row) in (1_usize..).zip(text.lines()) {
        let cells: Vec<&str> = row.split(',').map(cell).collect();
        let first = cells.first().copied().unwrap_or("");
        let fail = |reason: String| Err(TableError { line, reason });
        match time(first) {
            Some(at) if times.last().is_some_and(|&before| at < before) => {
                return fail(format!(
                    "`{first}` is before the line above; sort the requests by time"
                ));
            }
            Some(at) => times.push(at),
            None if line == 1 => {
                prompts.find(&cells);
                answers.find(&cells);
                continue;
            }
            None if row.trim().is_empty() => continue,
            None => {
                return fail(format!(
                    "`{first}` is not a time; write it as `2023-11-16 18:15:46.68`, or in seconds"
                ));
            }
        }
        prompts.read(line, &cells)?;
        answers.read(line, &cells)?;
    }
    let pairs = times.iter().zip(times.iter().skip(1));
    let mut gaps: Vec<Duration> = pairs
        .map(|(&a, &b)| Duration::from_nanos(b.saturating_sub(a)))
        .collect();
    let whole: Duration = gaps.iter().sum();
    let count = u32::try_from(gaps.len()).unwrap_or(u32::MAX);
    let Some(mean) = whole.checked_div(count) else {
        return Err(TableError {
            line: text.lines().count().max(1),
            reason: "the trace has fewer than two requests".to_owned(),
        });
    };
    gaps.insert(0, mean);
    Ok(RequestTrace {
        gaps,
        prompts: prompts.into_values(),
        answers: answers.into_values(),
    })
}

/// What a cell holds, without quotes.
pub(crate) fn cell(text: &str) -> &str {
    text.trim().trim_matches('"')
}

/// A column of numbers of tokens, where the heading has it.
struct Column {
    heading: &'static str,
    place: Option<usize>,
    values: Vec<u32>,
}

impl Column {
    fn new(heading: &'static str) -> Self {
        Self {
            heading,
            place: None,
            values: Vec::new(),
        }
    }

    fn find(&mut self, headings: &[&str]) {
        let mut headings = headings.iter();
        self.place = headings.position(|heading| heading.eq_ignore_ascii_case(self.heading));
    }

    fn read(&mut self, line: usize, cells: &[&str]) -> Result<(), TableError> {
        let Some(place) = self.place else {
            return Ok(());
        };
        let cell = cells.get(place).copied().unwrap_or("");
        let value = cell.parse().map_err(|_| TableError {
            line,
            reason: format!("`{cell}` is no number of tokens for `{}`", self.heading),
        })?;
        self.values.push(value);
        Ok(())
    }

    fn into_values(self) -> Option<Vec<u32>> {
        self.place.map(|_| self.values)
    }
}

/// A time in nanoseconds: a date, counted from the year 1970, or seconds.
pub(crate) fn time(text: &str) -> Option<u64> {
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
        let RequestTrace {
            gaps,
            prompts,
            answers,
        } = read(text).unwrap();
        let day = Duration::from_hours(24);
        let quarter = Duration::from_millis(250);
        assert_eq!(gaps[1..], [2 * quarter, 59 * day, day + quarter]);
        assert_eq!(gaps[0], (gaps[1] + gaps[2] + gaps[3]) / 3);
        assert_eq!(prompts.unwrap(), [374, 396, 1, 1]);
        assert_eq!(answers.unwrap(), [44, 109, 1, 1]);
        let plain = read("0.5\n0.75\n1.25\n").unwrap();
        let gaps = [Duration::from_millis(375), quarter, 2 * quarter];
        assert_eq!((&*plain.gaps, plain.prompts), (&gaps[..], None));
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
        assert_eq!(
            reason("at,GeneratedTokens\n1.5,30\n2.5,some\n"),
            "line 3: `some` is no number of tokens for `GeneratedTokens`"
        );
        assert!(reason("at\n1.5\n").contains("fewer than two requests"));
        assert!(reason("").contains("fewer than two requests"));
    }
}
